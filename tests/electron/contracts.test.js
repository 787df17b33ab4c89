// Whether the parts of the host for Electron do what every host's have to.

import { after, test } from 'node:test';

import { createSafeStorageStore, electronFetch, loopbackRedirect, schemeRedirect } from 'mcp-oauth-wasm/electron';
import { fetchContract, redirectContract, storeContract } from 'mcp-oauth-wasm/host-test';
import { startFetchTestServer } from 'mcp-oauth-wasm/host-test/server';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { createElectron } from './electron.js';

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { StandIn, StandInKeyOptions } from './electron.js' */

const server = await startFetchTestServer();
after(() => server.close());

/** @param {Partial<StandInKeyOptions>} [key] */
function storesWith(key) {
  /** @type {WeakMap<Store, StandIn>} */
  const installed = new WeakMap();
  const open = (/** @type {StandIn} */ electron) => {
    const store = createSafeStorageStore(undefined, { electron });
    installed.set(store, electron);
    return store;
  };
  return storeContract({
    open: async () => open(createElectron({ userData: await temporaryFolder(), key })),
    openAgain: (store) => open(/** @type {StandIn} */ (installed.get(store))),
  });
}

/** A person whose browser hands links of the application's scheme to the operating system. */
function schemes() {
  /** @type {StandIn} */
  let electron;
  return redirectContract({
    create(open) {
      electron = createElectron({ userData: '' });
      electron.shell.openExternal = async (url) => open(url);
      return schemeRedirect({ electron, scheme: 'com.example.app' });
    },
    visit: async (url) => electron.openLink(url),
  });
}

const contracts = {
  'the store': storesWith(),
  'the store of an older Electron': storesWith({ isAsynchronous: false }),
  'the fetch': fetchContract({ fetch: electronFetch({ electron: createElectron({ userData: '' }) }), ...server }),
  'the loopback redirect': redirectContract({ create: (open) => loopbackRedirect({ open }) }),
  'the redirect by a scheme': schemes(),
};

for (const [part, contract] of Object.entries(contracts)) {
  for (const { name, run } of contract) test(`${part}: ${name}`, run);
}
