/** Signs in as applications do that use the official SDK and no more: what its provider is told to keep is the outcome. */

import * as client2 from '@modelcontextprotocol/client';
import * as auth1 from '@modelcontextprotocol/sdk/client/auth.js';
import * as client1 from '@modelcontextprotocol/sdk/client/index.js';
import * as middleware1 from '@modelcontextprotocol/sdk/client/middleware.js';
import * as transport1 from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as errors1 from '@modelcontextprotocol/sdk/server/auth/errors.js';
import * as auth127 from 'mcp-sdk-1-27-1/client/auth.js';
import * as client127 from 'mcp-sdk-1-27-1/client/index.js';
import * as middleware127 from 'mcp-sdk-1-27-1/client/middleware.js';
import * as transport127 from 'mcp-sdk-1-27-1/client/streamableHttp.js';
import * as errors127 from 'mcp-sdk-1-27-1/server/auth/errors.js';

/** @import { UserAgent } from '../servers/user_agent.js' */

/** Both majors, and a version of the first that stamps nothing with its issuer. */
export const sdks = {
  'sdk 1.32': { ...client1, ...auth1, ...middleware1, ...transport1, InvalidGrantError: errors1.InvalidGrantError },
  'sdk 1.27': {
    ...client127,
    ...auth127,
    ...middleware127,
    ...transport127,
    InvalidGrantError: errors127.InvalidGrantError,
  },
  'client 2.4': { ...client2, InvalidGrantError: undefined },
};

/** @typedef {keyof typeof sdks} Sdk */

/**
 * @param {Sdk} sdk
 * @param {string} endpoint
 * @param {UserAgent} userAgent
 */
export async function signInWithSdk(sdk, endpoint, userAgent) {
  const { Client, StreamableHTTPClientTransport, UnauthorizedError } = sdks[sdk];
  const provider = createProvider();
  const transport = new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: provider });
  const connected = new Client({ name: 'the tests', version: '1' }).connect(/** @type {any} */ (transport));
  await connected.then(
    () => {
      throw new Error('it was signed in already');
    },
    (error) => {
      if (!(error instanceof UnauthorizedError)) throw error;
    },
  );
  const callback = new URL(await userAgent.signIn(provider.authorizationUrl));
  if (transport instanceof client2.StreamableHTTPClientTransport) await transport.finishAuth(callback.searchParams);
  else await transport.finishAuth(callback.searchParams.get('code') ?? '');
  await transport.close();
  const { tokens, clientInformation, discoveryState } = provider.records;
  return JSON.parse(JSON.stringify({ tokens, clientInformation, discoveryState }));
}

function createProvider() {
  /** @type {{ tokens?: any, clientInformation?: any, discoveryState?: any, verifier: string }} */
  const records = { verifier: '' };
  return {
    records,
    authorizationUrl: '',
    redirectUrl: 'http://127.0.0.1:48976/callback',
    clientMetadata: {
      client_name: 'the other client',
      redirect_uris: ['http://127.0.0.1:48976/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      // The oldest registers this and requests what it is challenged for, whether or not they agree.
      scope: 'openid email offline_access',
    },
    clientInformation: () => records.clientInformation,
    saveClientInformation: (/** @type {any} */ information) => void (records.clientInformation = information),
    tokens: () => records.tokens,
    saveTokens: (/** @type {any} */ tokens) => void (records.tokens = tokens),
    discoveryState: () => records.discoveryState,
    saveDiscoveryState: (/** @type {any} */ state) => void (records.discoveryState = state),
    codeVerifier: () => records.verifier,
    saveCodeVerifier: (/** @type {string} */ verifier) => void (records.verifier = verifier),
    redirectToAuthorization(/** @type {URL} */ url) {
      this.authorizationUrl = String(url);
    },
  };
}
