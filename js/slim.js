/**
 * What `mcp-oauth-wasm` exports, but for the WebAssembly module itself and what a small page does without
 * (`explain`, `createMemoryStore`): `await init(source)` first, with the module as it is exported at `mcp-oauth-wasm/wasm`.
 *
 * @module
 */

/**
 * @typedef {import('./connection/authorizer.js').Authorizer} Authorizer
 * @typedef {import('./connection/authorizer.js').AuthorizerOptions} AuthorizerOptions
 * @typedef {import('./connection/authorizer.js').SignedInConnection} Connection
 * @typedef {import('./connection/authorizer.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./connection/sign_in_under_way.js').SignInChange} SignInChange
 * @typedef {import('./connection/authorizer.js').RequestToSign} RequestToSign
 * @typedef {import('./connection/authorizer.js').ResponseToJudge} ResponseToJudge
 * @typedef {import('./connection/authorizer.js').CompletedSignIn} CompletedSignIn
 * @typedef {import('./connection/authorizer.js').CompleteOptions} CompleteOptions
 *
 * @typedef {import('./core/host.js').Host} Host
 * @typedef {import('./core/host.js').Store} Store
 * @typedef {import('./core/host.js').StoredRecord} StoredRecord
 * @typedef {import('./core/host.js').LockOptions} LockOptions
 * @typedef {import('./core/host.js').JsonObject} JsonObject
 * @typedef {import('./core/host.js').JsonValue} JsonValue
 * @typedef {import('./core/host.js').Redirect} Redirect
 * @typedef {import('./core/host.js').PrepareRequest} PrepareRequest
 * @typedef {import('./core/host.js').Reserved} Reserved
 * @typedef {import('./core/host.js').RedirectReceiver} RedirectReceiver
 * @typedef {import('./core/host.js').AuthorizeRequest} AuthorizeRequest
 * @typedef {import('./core/host.js').Outcome} Outcome
 * @typedef {import('./core/host.js').ApprovalRequest} ApprovalRequest
 * @typedef {import('./core/host.js').PendingSignIn} PendingSignIn
 * @typedef {import('./core/host.js').Owner} Owner
 * @typedef {import('./core/host.js').Fetch} Fetch
 * @typedef {import('./core/host.js').FetchContext} FetchContext
 * @typedef {import('./core/host.js').AssertionRequest} AssertionRequest
 * @typedef {import('./core/host.js').ClientAssertion} ClientAssertion
 * @typedef {import('./core/host.js').ClientAbilities} ClientAbilities
 * @typedef {import('./core/host.js').ConnectionAbilities} ConnectionAbilities
 * @typedef {import('./core/host.js').ConnectionSettings} ConnectionSettings
 * @typedef {import('./core/grant.js').Grant} Grant
 * @typedef {import('./core/host.js').Dpop} Dpop
 * @typedef {import('./core/host.js').ProofRequest} ProofRequest
 * @typedef {import('./core/host.js').TraceEvent} TraceEvent
 * @typedef {import('./core/host.js').TracePlace} TracePlace
 *
 * @typedef {import('./connection/steps.js').StepHost} StepHost
 *
 * @typedef {import('./core/errors.js').ErrorJSON} ErrorJSON
 *
 * @typedef {import('./core/wasm.js').WasmSource} WasmSource
 */

export { createAuthorizer } from './connection/authorizer.js';
export * from './connection/functions.js';
export * from './connection/steps.js';
export { errorFromJSON } from './core/error_json.js';
export * from './core/errors.js';
export { init } from './core/wasm.js';
