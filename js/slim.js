/**
 * What `mcp-oauth-wasm` exports, but for the WebAssembly module itself and what a small page does without
 * (`explain`, `createMemoryStore`): `await init(source)` first, with the module as it is exported at `mcp-oauth-wasm/wasm`.
 *
 * @module
 */

/**
 * @typedef {import('./authorizer.js').Authorizer} Authorizer
 * @typedef {import('./authorizer.js').AuthorizerOptions} AuthorizerOptions
 * @typedef {import('./authorizer.js').SignedInConnection} Connection
 * @typedef {import('./authorizer.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./authorizer.js').RequestToSign} RequestToSign
 * @typedef {import('./authorizer.js').ResponseToJudge} ResponseToJudge
 * @typedef {import('./authorizer.js').CompletedSignIn} CompletedSignIn
 *
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('./host.js').Store} Store
 * @typedef {import('./host.js').StoredRecord} StoredRecord
 * @typedef {import('./host.js').LockOptions} LockOptions
 * @typedef {import('./host.js').JsonObject} JsonObject
 * @typedef {import('./host.js').JsonValue} JsonValue
 * @typedef {import('./host.js').Redirect} Redirect
 * @typedef {import('./host.js').PrepareRequest} PrepareRequest
 * @typedef {import('./host.js').RedirectReceiver} RedirectReceiver
 * @typedef {import('./host.js').AuthorizeRequest} AuthorizeRequest
 * @typedef {import('./host.js').Outcome} Outcome
 * @typedef {import('./host.js').ApprovalRequest} ApprovalRequest
 * @typedef {import('./host.js').Fetch} Fetch
 * @typedef {import('./host.js').FetchContext} FetchContext
 * @typedef {import('./host.js').AssertionRequest} AssertionRequest
 * @typedef {import('./host.js').ClientAssertion} ClientAssertion
 * @typedef {import('./host.js').ClientAbilities} ClientAbilities
 * @typedef {import('./host.js').ConnectionAbilities} ConnectionAbilities
 * @typedef {import('./host.js').ConnectionSettings} ConnectionSettings
 * @typedef {import('./grants/grant.js').Grant} Grant
 * @typedef {import('./host.js').Dpop} Dpop
 * @typedef {import('./host.js').ProofRequest} ProofRequest
 * @typedef {import('./host.js').TraceEvent} TraceEvent
 * @typedef {import('./host.js').TracePlace} TracePlace
 *
 * @typedef {import('./steps.js').StepHost} StepHost
 *
 * @typedef {import('./wasm.js').WasmSource} WasmSource
 */

export { createAuthorizer } from './authorizer.js';
export * from './errors.js';
export * from './functions.js';
export * from './steps.js';
export { init } from './wasm.js';
