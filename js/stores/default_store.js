/** @import { FileStore } from './file_store.js' */

import { applicationOf, defaultStorePath } from './default_store_path.js';
import { createFileStore } from './file_store.js';

/**
 * The store of a host that was given none: each application has a file of its own, by the name of its client.
 *
 * @param {string} [application]
 * @returns {FileStore}
 */
export function createDefaultStore(application) {
  /** @type {FileStore | undefined} */
  let opened;
  // A missing home folder is told when the store is used.
  const store = async () => {
    opened ??= createFileStore(defaultStorePath({ application }));
    return opened;
  };
  return {
    read: async (key) => (await store()).read(key),
    keys: async () => (await store()).keys(),
    compareAndSwap: async (...record) => (await store()).compareAndSwap(...record),
    lock: async (...work) => (await store()).lock(...work),
    forClient: (client) => createDefaultStore(applicationOf(client)),
  };
}
