/**
 * What applications on Electron need in their main process: a host, its parts, and a bridge for their pages.
 *
 * @module
 */

/** @import { Host } from './core/host.js' */

/**
 * @typedef {import('./hosts/electron/bridge.js').BridgeOptions} BridgeOptions
 * @typedef {import('./hosts/electron/bridge_messages.js').ProcessPort} ProcessPort
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronApp} ElectronApp
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronAuthInfo} ElectronAuthInfo
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronCredentials} ElectronCredentials
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronDecrypted} ElectronDecrypted
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronEvents} ElectronEvents
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronModules} ElectronModules
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronNet} ElectronNet
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronPreloadScript} ElectronPreloadScript
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronRequest} ElectronRequest
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronRequestOptions} ElectronRequestOptions
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronResolvedEndpoint} ElectronResolvedEndpoint
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronResolvedHost} ElectronResolvedHost
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronSafeStorage} ElectronSafeStorage
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronSession} ElectronSession
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronSessions} ElectronSessions
 * @typedef {import('./hosts/electron/electron_parts.js').ElectronShell} ElectronShell
 * @typedef {import('./hosts/electron/network_fetch.js').ElectronFetchOptions} ElectronFetchOptions
 * @typedef {import('./hosts/electron/safe_storage_store.js').SafeStorageStoreOptions} SafeStorageStoreOptions
 * @typedef {import('./hosts/electron/scheme_redirect.js').SchemeRedirectOptions} SchemeRedirectOptions
 * @typedef {import('./hosts/node/loopback_redirect.js').LoopbackRedirectOptions} LoopbackRedirectOptions
 */

import { readyElectron } from './hosts/electron/modules.js';
import { electronGate } from './hosts/electron/network_fetch.js';
import { openExternal } from './hosts/electron/open_external.js';
import { createSafeStorageStore } from './hosts/electron/safe_storage_store.js';
import { loopbackRedirect } from './hosts/node/loopback_redirect.js';
import { processOwner } from './stores/this_process.js';

export { explain } from './core/explain.js';
export { serveBridge, serveBridgePort } from './hosts/electron/bridge.js';
export { electronFetch } from './hosts/electron/network_fetch.js';
export { createSafeStorageStore } from './hosts/electron/safe_storage_store.js';
export { schemeRedirect } from './hosts/electron/scheme_redirect.js';
export { loopbackRedirect } from './hosts/node/loopback_redirect.js';

/**
 * The host for the main process of Electron: a store that the operating system's key encrypts, the system browser, which
 * comes back to a port of the loopback interface (RFC 8252 §7.3), and Electron's network stack. All of it can be replaced.
 *
 * @param {Partial<Host> & Pick<import('./hosts/electron/network_fetch.js').ElectronFetchOptions, 'electron' | 'session' | 'privateNetworks'>} [options]
 *   `electron`: default, what `import('electron')` gives. `store`: default, `createSafeStorageStore()`. `redirect`: default,
 *   `loopbackRedirect()` with the browser opened by Electron; where none opens, the sign-in goes on waiting, and `onPending`
 *   has the URL to show; `schemeRedirect` where the answer shall come by a scheme. `fetch`: default, `electronFetch()`, which
 *   is given `privateNetworks` and `session`. The others are passed on.
 * @throws nothing: Electron, the store and the network are touched when they are used
 * @returns {Omit<Host, 'store' | 'redirect' | 'fetch'> & Required<Pick<Host, 'store' | 'redirect' | 'fetch'>>}
 */
export function electronHost({ electron, store, redirect, fetch, privateNetworks, session, ...others } = {}) {
  const gate = electronGate({ electron, privateNetworks, session });
  const ready = readyElectron(electron);
  const open = async (/** @type {string} */ url) => openExternal((await ready()).shell, url);
  return {
    owner: processOwner(),
    ...(!fetch && { admit: gate.admit }),
    ...others,
    store: store ?? createSafeStorageStore(undefined, { electron }),
    redirect: redirect ?? loopbackRedirect({ open }),
    fetch: fetch ?? gate.fetch,
  };
}
