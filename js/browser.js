/**
 * What pages and workers need beside `mcp-oauth-wasm`: a host, and its parts.
 *
 * @module
 */

/** @import { Host } from './core/host.js' */

/**
 * @typedef {import('./hosts/browser/popup_redirect.js').BlockedPopup} BlockedPopup
 * @typedef {import('./hosts/browser/popup_redirect.js').PopupRedirectOptions} PopupRedirectOptions
 * @typedef {import('./hosts/browser/page_redirect.js').PageRedirectOptions} PageRedirectOptions
 * @typedef {import('./hosts/browser/page_redirect.js').PageReturn} PageReturn
 * @typedef {import('./hosts/browser/proxied_fetch.js').ProxiedFetchOptions} ProxiedFetchOptions
 * @typedef {import('./stores/indexed_db_store.js').IndexedDBStoreOptions} IndexedDBStoreOptions
 */

import { MisuseError } from './core/errors.js';
import { explainingFetch } from './hosts/browser/explaining_fetch.js';
import { pageOwner } from './hosts/browser/page_owner.js';
import { popupRedirect } from './hosts/browser/popup_redirect.js';
import { isOfThisBrowser } from './stores/indexed_db_store.js';
import { createMemoryStore } from './stores/memory_store.js';

export { explain } from './core/explain.js';
export { pageRedirect } from './hosts/browser/page_redirect.js';
export { popupRedirect } from './hosts/browser/popup_redirect.js';
export { proxiedFetch } from './hosts/browser/proxied_fetch.js';
export { pastedRedirect } from './pasted_redirect.js';
export { createIndexedDBStore } from './stores/indexed_db_store.js';
export { createMemoryStore } from './stores/memory_store.js';

/**
 * What a host for browsers is made of.
 *
 * @typedef {object} BrowserHostOptions
 * @property {string} [redirectUri] For the redirect by `popupRedirect`, which is the default: the page that calls
 *   `handOverCallback` (RFC 6749 §3.1.2). May be relative to this page.
 */

/**
 * The host for pages and workers: a store in memory, and a window that the person signs in with. All of it can be replaced.
 *
 * @param {Partial<Host> & BrowserHostOptions} [options]
 *   `redirectUri`: where the window comes back to. `store`: default, `createMemoryStore()`; `createIndexedDBStore()` outlives
 *   the page and is shared by tabs and workers. `redirect`: default, `popupRedirect({ redirectUri })`; none in a worker,
 *   whose calls reject with `interaction_required`. `fetch`: default, that of the browser; its errors name the CORS headers
 *   that a server lacks. The others are passed on.
 * @throws {MisuseError} `invalid_argument`: a redirect that leaves the page needs a `store` that outlives it
 * @returns {Omit<Host, 'store' | 'fetch'> & Required<Pick<Host, 'store' | 'fetch'>>}
 */
export function browserHost({ redirectUri, store, redirect, fetch, ...others } = {}) {
  if (!store && [redirect ?? []].flat().some((way) => 'complete' in way)) {
    throw new MisuseError({
      code: 'invalid_argument',
      message:
        'A page redirect leaves this page, and the default store forgets with it who is signing in. Set `store`, for instance to `createIndexedDBStore()`.',
    });
  }
  const hasWindows = typeof document !== 'undefined';
  return {
    owner: store && isOfThisBrowser(store) ? pageOwner() : undefined,
    ...others,
    store: store ?? createMemoryStore(),
    redirect: redirect ?? (redirectUri !== undefined && hasWindows ? popupRedirect({ redirectUri }) : undefined),
    // Looked up when it is used, so that a fetch that is replaced later (proxies, tests) counts.
    fetch: explainingFetch(fetch ?? ((input, init) => globalThis.fetch(input, init))),
  };
}
