import { randomBytes } from 'node:crypto';
import { deviceFlow, startAuthorizationServer } from '../../servers/authorization_server.js';
import { createUserAgent } from '../../servers/user_agent.js';
import { fetchWithDocument } from './client_metadata_document.js';
import { errorIn, withMcpServer } from './interop_server.js';

/** @import { AuthorizationServerOptions, RecordedRequest } from '../../servers/authorization_server.js' */
/** @import { AuthorizationRequest } from './interop_server.js' */

/**
 * `oidc-provider` refuses scopes that a client did not register; where the client registered none, only if there is
 * a default.
 *
 * @param {Pick<AuthorizationServerOptions, 'defaultScope' | 'rotateRegistrationAccessToken' | 'features' | 'configuration'>} policy
 * @param {{ bound?: boolean }} [mcpServer]
 */
export async function startOidcProvider(policy, mcpServer) {
  const { requests, ...authorizationServer } = await startAuthorizationServer({
    scopes: ['openid', 'profile', 'email', 'offline_access', 'files:write', 'files:delete', 'files:share'],
    ...policy,
  });
  const authorizationRequests = () => requests.flatMap(asAuthorizationRequest);
  // On this machine there is one person, who has one browser for all there is to do.
  const { signIn, approve } = createUserAgent();
  const visit = policy.features?.deviceFlow ? approve : undefined;
  return withMcpServer(
    { ...authorizationServer, authorizationRequests, signIn, visit },
    ['openid', 'email'],
    mcpServer,
  );
}

/** It takes authorization requests only by the back channel (RFC 9126). */
export function startOidcProviderWithPushedRequests() {
  return startOidcProvider({
    defaultScope: null,
    features: { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } },
  });
}

/** It binds tokens to keys and demands a nonce in every proof, and so does the MCP server (RFC 9449). */
export function startOidcProviderWithProofs() {
  return startOidcProvider(
    {
      defaultScope: null,
      features: { dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true } },
    },
    { bound: true },
  );
}

/** The person signs in on another device (RFC 8628). */
export function startOidcProviderForDevices() {
  return startOidcProvider({ defaultScope: null, features: { deviceFlow } });
}

/** It knows clients by the URL of their metadata document, and registers none. */
export function startOidcProviderWithMetadataDocuments() {
  // It needs this function of newer platforms than it says.
  URL.parse ??= (url, base) => (URL.canParse(url, base) ? new URL(url, base) : null);
  return startOidcProvider({
    defaultScope: null,
    features: {
      clientIdMetadataDocument: { enabled: true, ack: 'draft-02' },
      registration: { enabled: false },
      registrationManagement: { enabled: false },
    },
    configuration: { fetch: fetchWithDocument },
  });
}

/** The scopes are in what was pushed, in the URL, or in what a device asked for. @type {Record<string, 'query' | 'body'>} */
const endpoints = { '/auth': 'query', '/request': 'body', '/device/auth': 'body' };

/**
 * @param {RecordedRequest} request
 * @returns {AuthorizationRequest[]} empty for what is no authorization request, or was refused only for want of a nonce
 */
function asAuthorizationRequest({ path, query, body, client, location, answer }) {
  const where = endpoints[path];
  const parameters = where === 'query' ? query : body;
  if (!where || parameters.request_uri !== undefined || answer.error === 'use_dpop_nonce') return [];
  const { error } = /** @type {{ error?: string }} */ (answer);
  return [
    {
      clientId: String(parameters.client_id ?? client?.clientId),
      redirectUri: String(parameters.redirect_uri),
      registered: client?.scope ?? null,
      requested: parameters.scope === undefined ? null : String(parameters.scope),
      error: where === 'query' ? errorIn(location) : (error ?? null),
    },
  ];
}
