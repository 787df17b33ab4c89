/**
 * A test kit for hosts: what every store, `fetch` and redirect has to do, and what people do to a whole host, as cases for
 * any test runner. Ours pass it, and so can yours. It needs nothing of its platform, and runs in browsers as well. `hostContract`
 * uses the WebAssembly module that `mcp-oauth-wasm` brings, or `init` of `mcp-oauth-wasm/slim`: import one of them too.
 *
 * @module
 */

/**
 * @typedef {import('./testing/contract.js').ContractCase} ContractCase
 * @typedef {import('./testing/store_contract.js').StoreContractOptions} StoreContractOptions
 * @typedef {import('./testing/fetch_contract.js').FetchContractOptions} FetchContractOptions
 * @typedef {import('./testing/redirect_contract.js').RedirectContractOptions} RedirectContractOptions
 * @typedef {import('./testing/host_contract.js').HostContractOptions} HostContractOptions
 */

export { fetchContract } from './testing/fetch_contract.js';
export { hostContract } from './testing/host_contract.js';
export { redirectContract } from './testing/redirect_contract.js';
export { storeContract } from './testing/store_contract.js';
