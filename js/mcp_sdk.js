/**
 * The MCP SDK, for hosts that can give its transports a provider, and nothing else. Where a transport takes a `fetch`,
 * give it the one of the connection: it is the shorter way, and the only one for tokens that are bound to a key.
 *
 * Both majors run their own `auth()` after a 401 or 403, and it asks the provider about everything. This one answers so
 * that nothing is left to do but to prepare one token request, and that is when the connection signs in, refreshes or
 * steps up. The token request itself then goes nowhere: to a `data:` URL with an answer that nobody uses. A page has to
 * permit that in its content security policy: `connect-src data:`.
 *
 * @module
 */

export * from './adapters/mcp_sdk.js';
