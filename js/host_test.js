/**
 * A test kit for hosts: what every store, `fetch` and redirect has to do, as cases for any test runner. Ours pass it, and
 * so can yours. It needs nothing of its platform, and runs in browsers as well.
 *
 * @module
 */

/**
 * @typedef {import('./host_test/contract.js').ContractCase} ContractCase
 * @typedef {import('./host_test/store_contract.js').StoreContractOptions} StoreContractOptions
 * @typedef {import('./host_test/fetch_contract.js').FetchContractOptions} FetchContractOptions
 * @typedef {import('./host_test/redirect_contract.js').RedirectContractOptions} RedirectContractOptions
 */

export { fetchContract } from './host_test/fetch_contract.js';
export { redirectContract } from './host_test/redirect_contract.js';
export { storeContract } from './host_test/store_contract.js';
