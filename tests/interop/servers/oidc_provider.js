import { startAuthorizationServer } from '../../servers/authorization_server.js';
import { errorIn, withMcpServer } from './interop_server.js';

/** @import { AuthorizationServerOptions, RecordedRequest } from '../../servers/authorization_server.js' */
/** @import { AuthorizationRequest } from './interop_server.js' */

/**
 * `oidc-provider` refuses scopes that a client did not register; where the client registered none, only if there is
 * a default.
 *
 * @param {Pick<AuthorizationServerOptions, 'defaultScope' | 'rotateRegistrationAccessToken'>} policy
 */
export async function startOidcProvider(policy) {
  const { requests, ...authorizationServer } = await startAuthorizationServer({
    scopes: ['openid', 'profile', 'email', 'offline_access', 'files:write', 'files:delete', 'files:share'],
    ...policy,
  });
  const authorizationRequests = () => requests.filter(({ path }) => path === '/auth').map(asAuthorizationRequest);
  return withMcpServer({ ...authorizationServer, authorizationRequests }, ['openid', 'email']);
}

/**
 * @param {RecordedRequest} request
 * @returns {AuthorizationRequest}
 */
function asAuthorizationRequest({ query, client, location }) {
  return {
    clientId: String(query.client_id),
    redirectUri: String(query.redirect_uri),
    registered: client?.scope ?? null,
    requested: query.scope === undefined ? null : String(query.scope),
    error: errorIn(location),
  };
}
