/** Revocation of tokens (RFC 7009), on sign-out. Loaded when a server offers it. */

/** @import { Session } from '../core/records.js' */
/** @import { CallHost } from '../core/wasm.js' */

import { call } from '../core/wasm.js';

/**
 * Has the tokens of a session revoked: the refresh token, with which most servers revoke the access token too (§2.1), and
 * then that. The session is over in any case, so that a failure is an answer, and in the trace.
 *
 * @param {Session} session
 * @param {CallHost} calls
 * @returns {Promise<boolean>} whether the server revoked all there was
 */
export async function revoked({ discovery, registration, tokens: { accessToken, refreshToken } }, calls) {
  const endpoint = discovery.authorizationServer.endpoints?.revocation_endpoint;
  const revoke = async (/** @type {string} */ token, /** @type {string} */ hint) =>
    call('ask', { endpoint, registration, parameters: { token, token_type_hint: hint } }, calls);
  try {
    if (refreshToken) await revoke(refreshToken, 'refresh_token');
    await revoke(accessToken, 'access_token');
    return true;
  } catch {
    return false;
  }
}
