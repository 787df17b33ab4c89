/** Everything but the WebAssembly module itself: `await init(source)` first. */

/**
 * @typedef {import('./authorizer.js').Authorizer} Authorizer
 * @typedef {import('./authorizer.js').AuthorizerOptions} AuthorizerOptions
 * @typedef {import('./authorizer.js').SignedInConnection} Connection
 * @typedef {import('./authorizer.js').ConnectionOptions} ConnectionOptions
 * @typedef {import('./host.js').Host} Host
 * @typedef {import('./host.js').Store} Store
 * @typedef {import('./host.js').Redirect} Redirect
 * @typedef {import('./host.js').RedirectReceiver} RedirectReceiver
 * @typedef {import('./steps.js').StepHost} StepHost
 * @typedef {import('./host.js').TraceEvent} TraceEvent
 */

export { createAuthorizer } from './authorizer.js';
export * from './errors.js';
export * from './functions.js';
export * from './steps.js';
export { createMemoryStore } from './store/memory_store.js';
export { init } from './wasm.js';
