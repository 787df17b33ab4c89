/** Everything but the WebAssembly module itself: `await init(source)` first. */

/**
 * @typedef {import('./authorizer.js').Authorizer} Authorizer
 * @typedef {import('./authorizer.js').AuthorizerOptions} AuthorizerOptions
 * @typedef {import('./authorizer.js').SignedInConnection} Connection
 * @typedef {import('./authorizer.js').ConnectionOptions} ConnectionOptions
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
 * @typedef {import('./host.js').AssertionRequest} AssertionRequest
 * @typedef {import('./host.js').ClientAssertion} ClientAssertion
 * @typedef {import('./host.js').ConnectionSettings} ConnectionSettings
 * @typedef {import('./grants/grant.js').Grant} Grant
 * @typedef {import('./host.js').Dpop} Dpop
 * @typedef {import('./host.js').ProofRequest} ProofRequest
 * @typedef {import('./host.js').TraceEvent} TraceEvent
 *
 * @typedef {import('./steps.js').StepHost} StepHost
 */

export { createAuthorizer } from './authorizer.js';
export * from './errors.js';
export * from './functions.js';
export * from './steps.js';
export { init } from './wasm.js';
