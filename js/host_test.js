/**
 * A test kit for hosts: what every store, `fetch` and redirect has to do, as cases for any test runner. Ours pass it, and
 * so can yours. It needs nothing of its platform, and runs in browsers as well.
 *
 * @module
 */

/**
 * @typedef {import('./testing/contract.js').ContractCase} ContractCase
 * @typedef {import('./testing/store_contract.js').StoreContractOptions} StoreContractOptions
 * @typedef {import('./testing/fetch_contract.js').FetchContractOptions} FetchContractOptions
 * @typedef {import('./testing/redirect_contract.js').RedirectContractOptions} RedirectContractOptions
 */

export { fetchContract } from './testing/fetch_contract.js';
export { redirectContract } from './testing/redirect_contract.js';
export { storeContract } from './testing/store_contract.js';
