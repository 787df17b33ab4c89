/**
 * The steps of a sign-in, for inspectors and for hosts with their own user interface. Plain data in, plain data out:
 * a step can be shown, stored, and repeated elsewhere.
 *
 * Every step may reject with a `TransportError` (`network_failed`, `timed_out`, `aborted`, `server_unavailable`), after
 * which nothing is decided, and with a `StorageError` (`record_invalid`, `record_newer`) for what a store gave back.
 */

/** @import { AskInput, BeginInput, Begun, Completion, CompleteInput, DiscoverInput, Discovery, GrantInput, PlanInput, RefreshInput,
 *   Registered, RegisterInput, ScopePlan, Session, UnregisterInput } from './records.js' */
/** @import { ClientAssertion, Host } from './host.js' */

import { completed } from './completed.js';
import { callHost } from './trace.js';
import { call } from './wasm.js';

/**
 * What a step needs of its host; all of it may be absent.
 *
 * @typedef {Pick<Host, 'fetch' | 'trace' | 'timeoutMilliseconds' | 'dpop'> & { signal?: AbortSignal, clientAssertion?: ClientAssertion }} StepHost
 *   `clientAssertion`: for clients that authenticate with a key (RFC 7523 §2.2)
 */

/**
 * @param {string} name
 * @param {unknown} input
 * @param {StepHost} host
 */
function step(name, input, host) {
  return call(name, input, callHost(host, host.signal, host.clientAssertion));
}

/**
 * Finds out who protects an MCP server and who signs people in for it (RFC 9728, RFC 8414).
 *
 * @param {DiscoverInput} input
 * @param {StepHost} [host]
 * @returns {Promise<Discovery>}
 * @throws {IncompatibleError} `no_protected_resource_metadata`, `no_authorization_server_metadata`, `no_s256`
 * @throws {MisbehavedError} `resource_mismatch`, `issuer_mismatch`, `insecure_endpoint`, `private_address`, `not_json`,
 *   `invalid_document`, `response_too_large`, `redirect_refused`
 */
export function discover(input, host = {}) {
  return step('discover', input, host);
}

/**
 * Plans the scopes for a discovered server, before anything is registered.
 *
 * @param {PlanInput} input
 * @param {StepHost} [host]
 * @returns {Promise<ScopePlan>}
 */
export function plan(input, host = {}) {
  return step('plan', input, host);
}

/**
 * Gets a client: pre-registered, by metadata document, stored, or newly registered (RFC 7591).
 *
 * @param {RegisterInput} input
 * @param {StepHost} [host]
 * @returns {Promise<Registered>}
 * @throws {RefusedError} `registration_refused`, `scope_not_registered`, `attempts_exhausted`
 * @throws {IncompatibleError} `needs_client_id`, `no_client_authentication`
 * @throws {MisuseError} `client_of_other_issuer`, `invalid_client_metadata_url`
 */
export function register(input, host = {}) {
  return step('register', input, host);
}

/**
 * Builds the authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707): the URL to open, and what to keep.
 *
 * @param {BeginInput} input
 * @param {StepHost} [host]
 * @returns {Promise<Begun>}
 * @throws {RefusedError} `scope_not_registered`
 * @throws {MisuseError} `reserved_parameter`
 */
export function begin(input, host = {}) {
  return step('begin', input, host);
}

/**
 * Reads the authorization response and trades its code for tokens (RFC 6749 §4.1.2 to §4.1.4, RFC 9207). An ID Token that
 * comes with them is checked (OpenID Connect Core §3.1.3.7).
 *
 * @param {CompleteInput} input
 * @param {StepHost} [host]
 * @returns {Promise<Completion>} signed in, or one more authorization request after a repair
 * @throws {MisbehavedError} `state_mismatch`, `response_issuer_mismatch`, `invalid_authorization_response`, `invalid_token`,
 *   `invalid_document`, `id_token_invalid`
 * @throws {RefusedError} `authorization_refused`, `token_refused`, `client_refused`
 */
export function complete(input, host = {}) {
  return completed(input, callHost(host, host.signal, host.clientAssertion));
}

/**
 * Trades the refresh token for new tokens (RFC 6749 §6).
 *
 * @param {RefreshInput} input
 * @param {StepHost} [host]
 * @returns {Promise<Session>}
 * @throws {RefusedError} `refresh_token_refused`: sign in again; `client_refused`: register again
 * @throws {MisuseError} `no_refresh_token`
 */
export function refresh(input, host = {}) {
  return step('refresh', input, host);
}

/**
 * Trades another grant than the authorization code for tokens (RFC 6749 §4.4, RFC 7523 §2.1, RFC 8628 §3.4).
 *
 * @param {GrantInput} input
 * @param {StepHost} [host]
 * @returns {Promise<Session>}
 * @throws {RefusedError} `token_refused` with the OAuth error as `details.error`; `client_refused`
 * @throws {MisbehavedError} `invalid_token`, `invalid_document`
 */
export function grant(input, host = {}) {
  return step('grant', input, host);
}

/**
 * Reads a JSON document of an authorization server, such as its keys (RFC 7517); or, as a client that authenticates,
 * sends a form and reads what it is answered with: for revocation (RFC 7009), device authorization (RFC 8628) and token
 * exchange (RFC 8693).
 *
 * @param {AskInput} input
 * @param {StepHost} [host]
 * @returns {Promise<any>} the JSON document; without members, where the answer was empty
 * @throws {RefusedError} `token_refused` with the OAuth error as `details.error`; `client_refused`
 */
export function ask(input, host = {}) {
  return step('ask', input, host);
}

/**
 * Deletes a dynamic registration that is no longer needed, where the server offers that (RFC 7592 §2.3).
 *
 * @param {UnregisterInput} input
 * @param {StepHost} [host]
 * @returns {Promise<boolean>} whether the server deleted it
 */
export function unregister(input, host = {}) {
  return step('unregister', input, host);
}
