/** @import { Grant } from '../../core/grant.js' */

/**
 * The client acts for itself, without a person (RFC 6749 §4.4; MCP extension OAuth Client Credentials). It is registered
 * by hand (`client` of the settings) and authenticates by its secret or, better, by `privateKeyAssertion`.
 *
 * The session has no refresh token: it is obtained again, silently, when it ends.
 *
 * @returns {Grant} its `obtain` rejects with a `RefusedError` (`token_refused`, `client_refused`)
 */
export function clientCredentials() {
  return { grantType: 'client_credentials', obtain: ({ redeem }) => redeem({}) };
}
