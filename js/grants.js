/**
 * Sessions without the authorization code: machines, companies, and people on another device. Loaded by who imports it.
 * Each function makes a `grant` for the settings of a server.
 *
 * @module
 */

/**
 * @typedef {import('./core/grant.js').Grant} Grant
 * @typedef {import('./core/grant.js').GrantContext} GrantContext
 * @typedef {import('./core/grant.js').Client} Client
 * @typedef {import('./extensions/grants/jwt_bearer.js').WorkloadAssertionRequest} WorkloadAssertionRequest
 * @typedef {import('./extensions/grants/enterprise_managed.js').IdentityProvider} IdentityProvider
 * @typedef {import('./extensions/grants/device_authorization.js').Prompt} Prompt
 * @typedef {import('./extensions/grants/device_authorization.js').Clock} Clock
 */

export { clientCredentials } from './extensions/grants/client_credentials.js';
export { deviceAuthorization } from './extensions/grants/device_authorization.js';
export { enterpriseManaged } from './extensions/grants/enterprise_managed.js';
export { jwtBearer } from './extensions/grants/jwt_bearer.js';
export { privateKeyAssertion } from './extensions/grants/private_key_assertion.js';
