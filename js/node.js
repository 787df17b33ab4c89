/**
 * What programs on Node need beside `mcp-oauth-wasm`: a host, and its parts.
 *
 * @module
 */

/** @import { Host } from './core/host.js' */

/**
 * @typedef {import('./hosts/node/loopback_redirect.js').LoopbackRedirectOptions} LoopbackRedirectOptions
 * @typedef {import('./hosts/node/open_browser.js').Environment} Environment
 * @typedef {import('./pasted_redirect.js').PastedRedirectOptions} PastedRedirectOptions
 * @typedef {import('./pasted_redirect.js').PasteRequest} PasteRequest
 * @typedef {import('./pasted_redirect.js').PasteProblem} PasteProblem
 * @typedef {import('./stores/file_store.js').FileStoreOptions} FileStoreOptions
 * @typedef {import('./stores/file_store.js').FileStore} FileStore
 * @typedef {import('./stores/file_store.js').Listing} Listing
 */

import { explainingFetch } from './hosts/node/explaining_fetch.js';
import { nodeGate } from './hosts/node/gate.js';
import { loopbackRedirect } from './hosts/node/loopback_redirect.js';
import { createDefaultStore } from './stores/default_store.js';
import { processOwner } from './stores/this_process.js';

export { explain } from './core/explain.js';
export { loopbackRedirect } from './hosts/node/loopback_redirect.js';
export { openBrowser } from './hosts/node/open_browser.js';
export { pastedRedirect } from './pasted_redirect.js';
export { defaultStorePath } from './stores/default_store_path.js';
export { createFileStore } from './stores/file_store.js';
export { createMemoryStore } from './stores/memory_store.js';

/**
 * The host for programs that run on Node: a store in a file of this user, and the system browser,
 * which comes back to a port of the loopback interface (RFC 8252 §7.3). All of it can be replaced.
 *
 * @param {Partial<Host> & { privateNetworks?: string[] }} [options]
 *   `store`: default, `createFileStore` with a file of this application's own, by what its authorizer's `client` says (`softwareId`, or else `clientName`), in
 *   `mcp-oauth-wasm` in this user's folder for state (`defaultStorePath`). Applications that shall share sessions are given
 *   the same store.
 *   `redirect`: default, `loopbackRedirect()`. `fetch`: default, that of Node, which uses the proxy that HTTPS_PROXY
 *   names where it is started with NODE_USE_ENV_PROXY=1; its errors name the remedy where a company's certificate authority or
 *   proxy is in the way, and names that lead a public server's requests into a private
 *   network are refused when the connection is made. `privateNetworks`: networks into which servers elsewhere may lead all the
 *   same, such as `10.1.0.0/16`. Default: none. The others are passed on.
 * @throws {MisuseError} `invalid_argument`: `privateNetworks` has what is no network. Nothing else: the store is touched, and a port listened at, when they are used
 * @returns {Omit<Host, 'store' | 'redirect' | 'fetch'> & Required<Pick<Host, 'store' | 'redirect' | 'fetch'>>}
 */
export function nodeHost({ store, redirect, fetch, privateNetworks, ...others } = {}) {
  const gate = nodeGate({ privateNetworks });
  return {
    owner: processOwner(),
    ...(!fetch && { admit: gate.admit }),
    ...others,
    store: store ?? createDefaultStore(),
    redirect: redirect ?? loopbackRedirect(),
    // Looked up when it is used, so that a fetch that is replaced later (proxies, tests) counts.
    fetch: explainingFetch(fetch ?? gate.fetch),
  };
}
