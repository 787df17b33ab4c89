/** What is kept in a host's store, and under which keys. Records are written whole, or not at all. */

/** @import { ClientRegistration, PendingAuthorization, Session } from './records.js' */
/** @import { Store } from './host.js' */

/**
 * @template T
 * @typedef {object} Stored
 * @property {() => Promise<{ version: string, value: T } | null>} read
 * @property {(value: T) => Promise<void>} write whatever is there
 * @property {(change: (value: T) => T) => Promise<void>} change again until nobody else was first
 * @property {(version: string, value: T | null) => Promise<boolean>} replace only if it is still that version
 * @property {() => Promise<T | null>} take removes it; of several takers one gets it
 * @property {(work: () => Promise<void>, signal?: AbortSignal) => Promise<void>} lock
 */

/**
 * The session of one account at one MCP server.
 *
 * @param {Store} store
 * @param {string} endpoint
 * @param {string} account
 * @returns {Stored<Session>}
 */
export function storedSession(store, endpoint, account) {
  return stored(store, `session ${endpoint} ${account}`);
}

/**
 * @typedef {object} KeptRegistration
 * @property {1} version
 * @property {ClientRegistration} registration
 * @property {string[]} accounts whose sessions use it
 * @property {boolean} unanswered whether a person was sent to the authorization server with it, and did not come back yet
 */

/**
 * The client for one MCP server at one issuer. A client registered by hand is kept under its identifier instead, so
 * that it stays bound to the issuer that it was first used with.
 *
 * @param {Store} store
 * @param {{ issuer: string } | { clientId: string }} of
 * @param {string} endpoint
 * @returns {Pick<Stored<KeptRegistration>, 'write' | 'take'> & { read: () => Promise<KeptRegistration | undefined> }}
 */
export function storedRegistration(store, of, endpoint) {
  const clients = storedClients(store, endpoint);
  const name = 'clientId' in of ? `client ${of.clientId}` : of.issuer;
  const read = async () => (await clients.read())?.value[name];
  return {
    read,
    write: (kept) => clients.change((all) => ({ ...all, [name]: kept })),
    async take() {
      const kept = await read();
      await clients.change(({ [name]: _, ...others }) => others);
      return kept ?? null;
    },
  };
}

/**
 * All clients for one MCP server, by issuer.
 *
 * @param {Store} store
 * @param {string} endpoint
 * @returns {Stored<{ [issuer: string]: KeptRegistration }>}
 */
export function storedClients(store, endpoint) {
  return stored(store, `clients ${endpoint}`);
}

/**
 * How often more scopes were asked for in vain, by the scopes that the operation demands.
 *
 * @param {Store} store
 * @param {string} endpoint
 * @param {string} account
 * @returns {Stored<{ [operation: string]: number }>}
 */
export function storedStepUps(store, endpoint, account) {
  return stored(store, `step-ups ${endpoint} ${account}`);
}

/**
 * An authorization that waits for its response.
 *
 * @param {Store} store
 * @param {string} state
 * @returns {Stored<{ version: 1, endpoint: string, account: string, pending: PendingAuthorization }>}
 */
export function storedPending(store, state) {
  return stored(store, `pending ${state}`);
}

/**
 * @param {Store} store
 * @param {string} key
 * @returns {Stored<any>}
 */
function stored(store, key) {
  const change = async (/** @type {(value: any) => any} */ changed) => {
    let written = false;
    while (!written) {
      const there = await store.read(key);
      written = await store.compareAndSwap(key, there?.version ?? null, changed(there?.value ?? {}));
    }
  };
  return {
    read: () => store.read(key),
    write: (value) => change(() => value),
    change,
    replace: (version, value) => store.compareAndSwap(key, version, value),
    async take() {
      const there = await store.read(key);
      return there && (await store.compareAndSwap(key, there.version, null)) ? there.value : null;
    },
    lock: (work, signal) => store.lock(key, work, { signal }),
  };
}
