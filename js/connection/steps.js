/**
 * The steps of a sign-in, for inspectors and for hosts with their own user interface. Plain data in, plain data out:
 * a step can be shown, stored, and repeated elsewhere.
 */

/** @import { AskInput, BeginInput, Begun, Completion, CompleteInput, DiscoverInput, Discovery, GrantInput, PlanInput, RefreshInput,
 *   Registered, RegisterInput, ScopePlan, ServerSettings, Session, UnregisterInput } from '../core/records.js' */
/** @import { ClientAssertion, Host } from '../core/host.js' */

import { call } from '../core/wasm.js';
import { callHost } from './trace.js';

/**
 * What a step needs of its host; all of it may be absent.
 *
 * @typedef {object} StepHost
 * @property {Host['fetch']} [fetch] Sends its requests. Default: `globalThis.fetch`; on Node, as `nodeHost` does, so that no
 *   server has requests sent nearer to this machine than itself.
 * @property {Host['admit']} [admit] Sees where a person is about to be sent. Default: as the default `fetch` judges.
 * @property {Host['trace']} [trace] Receives its events.
 * @property {Host['timeoutMilliseconds']} [timeoutMilliseconds] How long each request may take, its body included, in
 *   milliseconds. Default: 30000.
 * @property {AbortSignal} [signal] Ends the step; it rejects with a `TransportError` (`aborted`).
 * @property {Host['dpop']} [dpop] Binds tokens to a key (RFC 9449).
 * @property {ClientAssertion} [clientAssertion] For clients that authenticate with a key (RFC 7523 §2.2).
 */

/**
 * @param {string} name
 * @param {unknown} input
 * @param {StepHost} host
 */
function step(name, input, host) {
  const given = /** @type {{ settings?: ServerSettings, [member: string]: any }} */ (Object(input));
  const { discovery } = given.session ?? given.pending ?? given;
  const server = given.namedBy ?? discovery?.endpoint ?? given.endpoint ?? given.registration?.issuer;
  const isTrusted = given.settings?.allowPrivateAddresses === true;
  return call(name, input, callHost(host, { ...host, server, isTrusted }));
}

/**
 * Finds out who protects an MCP server and who signs people in for it (RFC 9728, RFC 8414).
 *
 * @param {DiscoverInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<Discovery>}
 * @throws {TransportError} `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is decided, try
 *   again
 * @throws {IncompatibleError} `no_protected_resource_metadata`, `no_authorization_server_metadata`, `no_s256`
 * @throws {MisbehavedError} `resource_mismatch`, `issuer_mismatch`, `insecure_endpoint`, `private_address`, `not_json`,
 *   `invalid_document`, `response_too_large`, `limit_exceeded`, `redirect_refused`
 * @throws {MisuseError} `invalid_argument`
 */
export function discover(input, host = {}) {
  return step('discover', input, host);
}

/**
 * Plans the scopes for a discovered server, before anything is registered (RFC 6749 §3.3; MCP, scope selection).
 *
 * @param {PlanInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<ScopePlan>}
 * @throws {MisuseError} `invalid_argument`
 */
export function plan(input, host = {}) {
  return step('plan', input, host);
}

/**
 * Gets a client: pre-registered, by metadata document, stored, or newly registered (RFC 7591).
 *
 * @param {RegisterInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<Registered>}
 * @throws {TransportError} `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is decided, try
 *   again
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {RefusedError} `registration_refused`, `scope_not_registered`, `attempts_exhausted`
 * @throws {IncompatibleError} `needs_client_id`, `no_client_authentication`; `no_protected_resource_metadata`: the MCP
 *   server has neither metadata nor a registration at its own origin
 * @throws {MisbehavedError} `not_json`, `invalid_document`, `response_too_large`, `limit_exceeded`, `redirect_refused`
 * @throws {MisuseError} `client_of_other_issuer`, `invalid_client_metadata_url`, `redirect_not_listed`, `invalid_argument`
 */
export function register(input, host = {}) {
  return step('register', input, host);
}

/**
 * Builds the authorization request (RFC 6749 §4.1.1, RFC 7636, RFC 8707): the URL to open, and what to keep.
 *
 * @param {BeginInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<Begun>}
 * @throws {RefusedError} `scope_not_registered`; where the request is pushed (RFC 9126), or after a look at the
 *   authorization endpoint (`preflight`), also `authorization_refused`, `client_refused` and all that `register` rejects
 *   with
 * @throws {MisbehavedError} `not_json`, `invalid_document`, `response_too_large`, `limit_exceeded`, `redirect_refused`: of a pushed request
 * @throws {TransportError} `no_randomness`; `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is
 *   decided, try again
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {MisuseError} `reserved_parameter`, `client_of_other_issuer`, `invalid_argument`
 */
export function begin(input, host = {}) {
  return step('begin', input, host);
}

/**
 * Reads the authorization response and trades its code for tokens (RFC 6749 §4.1.2 to §4.1.4, RFC 9207). An ID Token that
 * comes with them is checked (OpenID Connect Core §3.1.3.7).
 *
 * @param {CompleteInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<Completion>} signed in, or one more authorization request after a repair
 * @throws {TransportError} `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is decided, try
 *   again
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {MisbehavedError} `state_mismatch`, `response_issuer_mismatch`, `invalid_authorization_response`,
 *   `invalid_token`, `not_json`, `invalid_document`, `response_too_large`, `limit_exceeded`, `redirect_refused`, `unexpected_status`,
 *   `id_token_invalid`
 * @throws {RefusedError} `authorization_refused`, `token_refused`, `client_refused`; after a repair also those of
 *   `register`, such as `scope_not_registered`
 * @throws {IncompatibleError} `token_type_unsupported`
 * @throws {MisuseError} `client_of_other_issuer`, `invalid_argument`
 */
export function complete(input, host = {}) {
  return step('complete', input, host);
}

/**
 * Trades the refresh token for new tokens (RFC 6749 §6).
 *
 * @param {RefreshInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<Session>}
 * @throws {TransportError} `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is decided, try
 *   again
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {RefusedError} `refresh_token_refused`: sign in again; `client_refused`: register again; `token_refused`
 * @throws {MisbehavedError} `invalid_token`, `not_json`, `invalid_document`, `response_too_large`, `limit_exceeded`, `redirect_refused`,
 *   `unexpected_status`
 * @throws {IncompatibleError} `token_type_unsupported`
 * @throws {MisuseError} `no_refresh_token`, `client_of_other_issuer`, `invalid_argument`
 */
export function refresh(input, host = {}) {
  return step('refresh', input, host);
}

/**
 * Trades another grant than the authorization code for tokens (RFC 6749 §4.4, RFC 7523 §2.1, RFC 8628 §3.4).
 *
 * @param {GrantInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<Session>}
 * @throws {TransportError} `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is decided, try
 *   again
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {RefusedError} `token_refused` with the OAuth error as `details.error`; `client_refused`
 * @throws {MisbehavedError} `invalid_token`, `not_json`, `invalid_document`, `response_too_large`, `limit_exceeded`, `redirect_refused`,
 *   `unexpected_status`
 * @throws {IncompatibleError} `token_type_unsupported`
 * @throws {MisuseError} `invalid_argument`
 */
export function grant(input, host = {}) {
  return step('grant', input, host);
}

/**
 * Reads a JSON document of an authorization server, such as its keys (RFC 7517); or, as a client that authenticates,
 * sends a form and reads what it is answered with: for revocation (RFC 7009), device authorization (RFC 8628) and token
 * exchange (RFC 8693).
 *
 * @param {AskInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<any>} the JSON document; without members, where the answer was empty
 * @throws {TransportError} `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is decided, try
 *   again
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {RefusedError} `token_refused` with the OAuth error as `details.error`; `client_refused`
 * @throws {MisbehavedError} `not_json`, `invalid_document`, `response_too_large`, `limit_exceeded`, `redirect_refused`, `unexpected_status`
 * @throws {MisuseError} `invalid_argument`
 */
export function ask(input, host = {}) {
  return step('ask', input, host);
}

/**
 * Deletes a dynamic registration that is no longer needed, where the server offers that (RFC 7592 §2.3).
 *
 * @param {UnregisterInput} input what it starts from
 * @param {StepHost} [host] what it needs of its host
 * @returns {Promise<boolean>} whether the server deleted it
 * @throws {TransportError} `network_failed`, `timed_out`, `aborted`, `server_unavailable`: nothing is decided, try
 *   again
 * @throws {StorageError} `record_invalid`, `record_newer`: of what a store gave back
 * @throws {MisbehavedError} `response_too_large`, `limit_exceeded`, `redirect_refused`
 * @throws {MisuseError} `invalid_argument`
 */
export function unregister(input, host = {}) {
  return step('unregister', input, host);
}
