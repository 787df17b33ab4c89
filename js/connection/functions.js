/** Pure functions: no network, no store. They load the module on first use. */

/** @import { Challenge, GenuineResponse, PendingAuthorization, Pkce, ScopePlan, ScopeSources } from '../core/records.js' */

import { call } from '../core/wasm.js';

/**
 * Reads the challenge of a 401 or 403 (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1).
 *
 * @param {Headers | string | string[]} headers the response's headers, or the values of its `WWW-Authenticate`
 * @returns {Promise<Challenge | null>} the Bearer challenge, else the DPoP one, else null
 * @throws {MisuseError} `invalid_argument`
 */
export function readChallenge(headers) {
  // A `fetch` of the host's own may have headers of a class of its own.
  const values = typeof headers === 'object' && 'get' in headers ? (headers.get('www-authenticate') ?? []) : headers;
  return call('readChallenge', { headers: [values].flat() });
}

/**
 * Where metadata is looked for, in order (RFC 9728 §3.1; RFC 8414 §3.1 and §5).
 *
 * @param {{ resource: string, issuer?: undefined } | { issuer: string, resource?: undefined }} of whose: the URL of a
 *   protected resource, or an issuer
 * @returns {Promise<string[]>} URLs
 * @throws {MisuseError} `invalid_url`
 */
export function wellKnownLocations(of) {
  return call('wellKnownLocations', of);
}

/**
 * Plans scopes: which to register and which to request, and why (RFC 6749 §3.3; MCP, scope selection).
 *
 * @param {ScopeSources} sources everything that names scopes
 * @param {object} [known] what is known already
 * @param {ScopePlan} [known.earlier] the plan that is widened or repeated
 * @param {string[]} [known.registered] the scopes that the client is registered for
 * @returns {Promise<ScopePlan>}
 * @throws {MisuseError} `invalid_argument`
 */
export function planScopes(sources, known = {}) {
  return call('planScopes', { sources, ...known });
}

/**
 * Makes a code verifier and its S256 challenge (RFC 7636 §4).
 *
 * @returns {Promise<Pkce>}
 * @throws {TransportError} `no_randomness`
 */
export function createPkce() {
  return call('createPkce', {});
}

/**
 * Judges an authorization response: where it arrived, `state`, issuer, then the rest (RFC 6749 §4.1.2, RFC 9207 §2.4).
 *
 * @param {object} input what it is judged by
 * @param {PendingAuthorization} input.pending what was kept since the authorization request
 * @param {string} input.callbackUrl the whole URL that the browser was sent back to
 * @returns {Promise<GenuineResponse>}
 * @throws {MisbehavedError} `state_mismatch`, `response_issuer_mismatch`, `invalid_authorization_response`
 * @throws {RefusedError} `authorization_refused`, `client_refused`
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {MisuseError} `invalid_argument`
 */
export function readAuthorizationResponse(input) {
  return call('readAuthorizationResponse', input);
}
