/**
 * What is kept in a host's store, and under which keys. Records are written whole, or not at all. One that is damaged or
 * was written by a newer version is reported, and never overwritten.
 */

/** @import { ClientRegistration, KeptSignIn, PendingAuthorization, PreRegisteredClient, Session } from '../core/records.js' */
/** @import { Store } from '../core/host.js' */

import { StorageError } from '../core/errors.js';
import { isExpired } from '../core/expired.js';

/** The version of the records that this code writes. */
const VERSION = 1;

/** Seconds. */
const DAY = 86_400;

/**
 * @template T
 * @typedef {object} Stored
 * @property {() => Promise<{ version: string, value: T } | null>} read
 * @property {(value: T | null) => Promise<void>} write whatever is there; null removes it
 * @property {(change: (value: T | null) => T | null) => Promise<void>} change again until nobody else was first; null removes it
 * @property {(version: string | null, value: T | null) => Promise<boolean>} replace only if it is still that version; null: if there is none
 * @property {() => Promise<T | null>} take removes it; of several takers one gets it
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
  return stored(
    store,
    `session ${placeOf(endpoint, account)}`,
    ({ tokens, plan, registration }) =>
      typeof tokens.accessToken === 'string' &&
      /^[\x21-\x7e]+$/.test(tokens.accessToken) &&
      Array.isArray(plan.scopes) &&
      typeof registration.issuer === 'string',
  );
}

/**
 * @typedef {object} KeptRegistration
 * @property {ClientRegistration} registration
 * @property {string[]} accounts whose sessions use it
 */

/**
 * The client for one MCP server at one issuer. A client registered by hand is kept under its identifier instead, so
 * that it stays bound to the issuer that it was first used with.
 *
 * @param {Store} store
 * @param {string} endpoint
 * @param {string} issuer
 * @param {PreRegisteredClient | undefined} byHand
 */
export function storedRegistration(store, endpoint, issuer, byHand) {
  const all = storedClients(store, endpoint);
  const name = byHand ? `client ${byHand.clientId}` : issuer;
  return {
    read: async () => (await all.read())?.value.clients[name],
    /** @param {KeptRegistration} kept */
    write: (kept) => all.change((there) => ({ version: 1, clients: { ...there?.clients, [name]: kept } })),
    remove: () =>
      all.change((there) => {
        const { [name]: _, ...clients } = there?.clients ?? {};
        return { version: 1, clients };
      }),
  };
}

/**
 * All clients for one MCP server, by issuer.
 *
 * @param {Store} store
 * @param {string} endpoint
 * @returns {Stored<{ version: 1, clients: { [issuer: string]: KeptRegistration } }>}
 */
function storedClients(store, endpoint) {
  return stored(store, `clients ${endpointOf(endpoint)}`, ({ clients }) =>
    Object.values(clients).every(
      ({ registration, accounts }) => typeof registration.clientId === 'string' && Array.isArray(accounts),
    ),
  );
}

/**
/**
 * The sign-in of a person that was begun last, as src/connection/stored.rs has it.
 *
 * @param {Store} store
 * @param {string} endpoint
 * @param {string} account
 * @returns {Stored<KeptSignIn>}
 */
export function storedSignIn(store, endpoint, account) {
  return stored(store, `sign-in ${placeOf(endpoint, account)}`, ({ id }) => typeof id === 'string', DAY);
}

/**
 * An authorization that waits for its response.
 *
 * @param {Store} store
 * @param {string} state
 * @returns {Stored<{ version: 1, endpoint: string, account: string, pending: PendingAuthorization }>}
 */
export function storedPending(store, state) {
  return stored(
    store,
    `pending ${state}`,
    ({ endpoint, account, pending }) =>
      typeof endpoint === 'string' && typeof account === 'string' && typeof pending === 'object',
  );
}

/**
 * No account of one server has the place of another server's: an account may contain spaces, a URL as it is called does not.
 *
 * @param {string} endpoint
 * @param {string} account
 */
export function placeOf(endpoint, account) {
  return `${endpointOf(endpoint)} ${account}`;
}

/**
 * However a URL is spelled, it is one MCP server's. What is none is refused when it is used.
 *
 * @param {string | URL} server
 */
export function endpointOf(server) {
  const text = String(server);
  return URL.canParse(text) ? new URL(text).href : text.replaceAll(' ', '%20');
}

/**
 * @param {Store} store
 * @param {string} key
 * @param {(value: any) => boolean} isWhole whether what this part of the code relies on is there; the steps read the rest
 * @param {number} [lifetime] for how long it counts after it was written, in seconds; 0: for ever
 * @returns {Stored<any>}
 */
export function stored(store, key, isWhole, lifetime = 400 * DAY) {
  const read = async () => {
    const there = await store.read(key);
    if (!there) return null;
    requireReadable(key, there.value, isWhole);
    const { key: _, expiresAt: __, ...value } = there.value;
    if (!isExpired(there.value)) return { version: there.version, value };
    await store.compareAndSwap(key, there.version, null);
    return null;
  };
  // A record says where it belongs: put in the place of another, it would send tokens elsewhere.
  const swap = (/** @type {string | null} */ version, /** @type {any} */ value) => {
    const expiresAt = lifetime && Math.floor(Date.now() / 1000) + lifetime;
    return store.compareAndSwap(key, version, value && { ...value, key, ...(expiresAt && { expiresAt }) });
  };
  const change = async (/** @type {(value: any) => any} */ changed) => {
    let written = false;
    while (!written) {
      const there = await read();
      written = await swap(there?.version ?? null, changed(there?.value ?? null));
    }
  };
  return {
    read,
    write: (value) => change(() => value),
    change,
    replace: swap,
    async take() {
      const there = await read();
      return there && (await store.compareAndSwap(key, there.version, null)) ? there.value : null;
    },
  };
}

/**
 * @param {string} key
 * @param {any} value
 * @param {(value: any) => boolean} isWhole
 */
function requireReadable(key, value, isWhole) {
  const [kind] = key.split(' ');
  if (value?.version > VERSION) {
    throw new StorageError({
      code: 'record_newer',
      message: `The stored ${kind} was written by a newer version of this package. It was left as it is; update the application.`,
      details: { record: kind },
    });
  }
  try {
    if (value.version === VERSION && value.key === key && isWhole(value)) return;
  } catch {
    // A part of it is missing altogether.
  }
  throw new StorageError({
    code: 'record_invalid',
    message: `The stored ${kind} is damaged. It was left as it is; move it aside to sign in anew.`,
    details: { record: kind },
  });
}
