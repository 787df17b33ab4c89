/** @import { Grant, GrantContext } from '../../core/grant.js' */

import { MisuseError } from '../../core/errors.js';

/**
 * What an assertion has to be for.
 *
 * @typedef {object} WorkloadAssertionRequest
 * @property {string} issuer the MCP server's authorization server, as it calls itself
 * @property {string} tokenEndpoint its token endpoint: servers differ in which of the two they want as `aud`
 * @property {string} [resource] the MCP server, as `resource` (RFC 8707)
 * @property {string[]} scopes what is requested
 * @property {string} clientId the client at the authorization server
 */

/**
 * Somebody whom the authorization server trusts vouches for this workload, by a JSON Web Token (RFC 7523 §2.1; MCP
 * extension Workload Identity Federation).
 *
 * The session has no refresh token: it is obtained again, silently, when it ends, with a new assertion. A refusal is
 * final: no second assertion and no other grant is tried.
 *
 * @param {(request: WorkloadAssertionRequest) => Promise<string> | string} assertion gets a token from the platform: signed,
 *   with `iss`, `sub`, `aud`, `exp` (RFC 7523 §3). Called once for each token request
 * @returns {Grant} its `obtain` rejects with a `RefusedError` (`token_refused`), with a `MisuseError`
 *   (`invalid_argument`: no assertion was given), and with whatever `assertion` rejects with
 */
export function jwtBearer(assertion) {
  return {
    grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    async obtain(context) {
      const { discovery, registration, resource, redeem } = context;
      const { issuer, tokenEndpoint } = discovery.authorizationServer;
      const request = {
        issuer,
        tokenEndpoint,
        resource,
        scopes: requestedScopes(context),
        clientId: registration.clientId,
      };
      return redeem({ assertion: requireToken(await assertion(request), 'assertion') });
    },
  };
}

/** @param {GrantContext} context */
export function requestedScopes({ plan }) {
  return plan.scopes.filter(({ requested }) => requested).map(({ scope }) => scope);
}

/**
 * @param {unknown} token
 * @param {string} name of the argument that it came from
 */
export function requireToken(token, name) {
  if (typeof token === 'string' && token !== '') return token;
  throw new MisuseError({
    code: 'invalid_argument',
    message: `The function \`${name}\` must give a token: a string that is not empty.`,
  });
}
