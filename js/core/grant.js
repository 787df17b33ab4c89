/** What a grant is: types only. */

/** @import { ClientRegistration, Discovery, ScopePlan, Session } from './records.js' */

/**
 * How a session is had without the authorization code. `mcp-oauth-wasm/grants` has those of MCP's extensions; a host can
 * write its own.
 *
 * @typedef {object} Grant
 * @property {'client_credentials' | 'urn:ietf:params:oauth:grant-type:jwt-bearer' | 'urn:ietf:params:oauth:grant-type:device_code'} grantType
 *   the `grant_type` of the token request (RFC 6749 §4.5), and what a client is registered for
 * @property {boolean} [interactive] whether a person takes part: then it needs a call that allows interaction.
 *   Default: false
 * @property {(context: GrantContext) => Promise<Session>} obtain
 *   gets a session. Whatever it rejects with, nothing is stored
 */

/**
 * What a grant works with: everything is discovered, planned and registered.
 *
 * @typedef {object} GrantContext
 * @property {Discovery} discovery what discovery found
 * @property {ClientRegistration} registration the client at the MCP server's authorization server
 * @property {ScopePlan} plan the scopes, as far as they are registered
 * @property {string} [resource] the `resource` parameter (RFC 8707), where one is sent
 * @property {AbortSignal} [signal] ends it
 * @property {(parameters: Record<string, string>) => Promise<Session>} redeem
 *   the token request, authenticated as the client: these parameters beside `grant_type`, `scope` and `resource`.
 *   Rejects with a `RefusedError` of code `token_refused` or `client_refused` (its `details.error` is the server's), a
 *   `TransportError` after which nothing is decided, a `MisbehavedError`
 * @property {(endpoint: string, parameters: Record<string, string>, client?: Client) => Promise<any>} post
 *   a form POST, authenticated as the client or as another one; resolves with the JSON document that answers it, and
 *   rejects as `redeem` does
 * @property {(url: string) => Promise<void>} [admit]
 *   sees a URL that a server named, before a person is shown it: rejects with a `MisbehavedError` (`insecure_endpoint`,
 *   `private_address`) where nobody should open that
 */

/**
 * A client of another server than the MCP server's (RFC 6749 §2).
 *
 * @typedef {object} Client
 * @property {string} clientId its identifier
 * @property {string} [clientSecret] its secret, if it has one
 * @property {'none' | 'client_secret_basic' | 'client_secret_post'} [tokenEndpointAuthMethod]
 *   default: by Basic if it has a secret, else not at all
 */

export {};
