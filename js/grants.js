/**
 * Sessions without the authorization code: machines, companies, and people on another device. Loaded by who imports it.
 * Each function makes a `grant` for the settings of a server.
 *
 * @module
 */

/**
 * @typedef {import('./grants/grant.js').Grant} Grant
 * @typedef {import('./grants/grant.js').GrantContext} GrantContext
 * @typedef {import('./grants/grant.js').Client} Client
 * @typedef {import('./grants/jwt_bearer.js').WorkloadAssertionRequest} WorkloadAssertionRequest
 * @typedef {import('./grants/enterprise_managed.js').IdentityProvider} IdentityProvider
 * @typedef {import('./grants/device_authorization.js').Prompt} Prompt
 * @typedef {import('./grants/device_authorization.js').Clock} Clock
 */

export { clientCredentials } from './grants/client_credentials.js';
export { deviceAuthorization } from './grants/device_authorization.js';
export { enterpriseManaged } from './grants/enterprise_managed.js';
export { jwtBearer } from './grants/jwt_bearer.js';
export { privateKeyAssertion } from './grants/private_key_assertion.js';
