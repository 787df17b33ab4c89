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
 * @typedef {import('./host.js').TraceEvent} TraceEvent
 *
 * @typedef {import('./steps.js').StepHost} StepHost
 *
 * @typedef {import('./records.js').Attempts} Attempts
 * @typedef {import('./records.js').AuthorizationServer} AuthorizationServer
 * @typedef {import('./records.js').Begun} Begun
 * @typedef {import('./records.js').Challenge} Challenge
 * @typedef {import('./records.js').ClientDescription} ClientDescription
 * @typedef {import('./records.js').ClientRegistration} ClientRegistration
 * @typedef {import('./records.js').Code} Code
 * @typedef {import('./records.js').Completion} Completion
 * @typedef {import('./records.js').Discovery} Discovery
 * @typedef {import('./records.js').GenuineResponse} GenuineResponse
 * @typedef {import('./records.js').Kind} Kind
 * @typedef {import('./records.js').PendingAuthorization} PendingAuthorization
 * @typedef {import('./records.js').Pkce} Pkce
 * @typedef {import('./records.js').PlannedScope} PlannedScope
 * @typedef {import('./records.js').PreRegisteredClient} PreRegisteredClient
 * @typedef {import('./records.js').ProtectedResource} ProtectedResource
 * @typedef {import('./records.js').Registered} Registered
 * @typedef {import('./records.js').ScopePlan} ScopePlan
 * @typedef {import('./records.js').ScopeSources} ScopeSources
 * @typedef {import('./records.js').ServerSettings} ServerSettings
 * @typedef {import('./records.js').Session} Session
 * @typedef {import('./records.js').Step} Step
 * @typedef {import('./records.js').Tokens} Tokens
 */

export { createAuthorizer } from './authorizer.js';
export * from './errors.js';
export * from './functions.js';
export * from './steps.js';
export { init } from './wasm.js';
