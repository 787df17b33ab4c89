/** @import { JsonObject, Store, StoredRecord } from '../core/host.js' */

import { AuthorizationError, IncompatibleError, StorageError } from '../core/errors.js';
import { isExpired } from '../core/expired.js';

/** The version of the database that this code makes. */
const VERSION = 1;
const RECORDS = 'records';
const KEYS = 'keys';

/**
 * Where the records are, and whether they can be read there.
 *
 * @typedef {object} IndexedDBStoreOptions
 * @property {string} [name] of the database, and of its locks. Default: `mcp-oauth-wasm`
 * @property {boolean} [encrypted] Whether records are encrypted when they are written (AES-GCM), with a key that no script
 *   can take out of this browser. It protects the copy of a browser's profile; scripts of this origin can read the records as
 *   this one does. Names of servers and accounts stay readable. Needs a page that is served by https. Default: false
 */

/**
 * A record as it lies in the database.
 *
 * @typedef {{ version: string, value: JsonObject }} Plain
 * @typedef {{ version: string, iv: Uint8Array<ArrayBuffer>, encrypted: ArrayBuffer }} Encrypted
 */

/** @type {WeakSet<Store>} */
const ofThisBrowser = new WeakSet();

/**
 * Whether only pages and workers of this browser can have the store.
 *
 * @param {Store} store
 */
export const isOfThisBrowser = (store) => ofThisBrowser.has(store);

/**
 * A store in the browser's database (IndexedDB), which tabs and workers of one origin share and which outlives them; only one
 * of them at a time refreshes a token (Web Locks). A database that cannot be understood is reported (`store_corrupted`,
 * `store_newer`) and never overwritten.
 *
 * @param {IndexedDBStoreOptions} [options] where the records are
 * @returns {Store} whose methods reject with a `StorageError` (`store_unavailable`, also where the page is not served by https
 *   and so has no locks) or an `IncompatibleError` (`no_web_crypto`)
 */
export function createIndexedDBStore({ name = 'mcp-oauth-wasm', encrypted = false } = {}) {
  /** @type {Promise<IDBDatabase> | undefined} */
  let opening;

  const database = async () => {
    requireLocks();
    opening ??= opened(name, () => {
      opening = undefined;
    });
    return opening.catch((error) => {
      opening = undefined;
      throw error;
    });
  };

  /**
   * Runs one transaction to its end.
   *
   * @template T
   * @param {string} objectStore
   * @param {IDBTransactionMode} mode
   * @param {(records: IDBObjectStore, give: (result: T) => void) => void} work
   * @returns {Promise<T>}
   */
  const transact = (objectStore, mode, work) =>
    reported(name, async () => {
      const there = await database();
      return new Promise((resolve, reject) => {
        // To the disk: who has refreshed has nothing else any more.
        const transaction = there.transaction(objectStore, mode, { durability: 'strict' });
        /** @type {T} */
        let result;
        transaction.oncomplete = () => resolve(result);
        transaction.onabort = () => reject(transaction.error);
        work(transaction.objectStore(objectStore), (given) => {
          result = given;
        });
      });
    });

  /** Whether this page has removed what counts no more. */
  let isSwept = false;

  /** @type {(key: string) => Promise<unknown>} */
  const read = (key) =>
    transact(RECORDS, 'readonly', (records, give) => {
      const reading = records.get(key);
      reading.onsuccess = () => give(reading.result);
    });

  /** One key for all records, made by whoever comes first. @returns {Promise<CryptoKey>} */
  const cryptoKey = async () => {
    const made = await requireWebCrypto().generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
    return transact(KEYS, 'readwrite', (keys, give) => {
      const reading = keys.get(RECORDS);
      reading.onsuccess = () => {
        if (reading.result === undefined) keys.put(made, RECORDS);
        give(reading.result ?? made);
      };
    });
  };

  /** @type {(key: string, version: string, value: JsonObject) => Promise<Encrypted | Plain>} */
  const toBeKept = async (key, version, value) => {
    if (!encrypted) return { version, value };
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    return {
      version,
      iv,
      encrypted: await requireWebCrypto().encrypt(asIn(iv, key, version), await cryptoKey(), bytes),
    };
  };

  /** @type {(key: string, kept: any) => Promise<StoredRecord>} */
  const understood = async (key, kept) => {
    if (typeof kept?.version !== 'string') throw corrupted(name);
    const { version, value, iv } = kept;
    if (typeof value === 'object' && value !== null) return { version, value };
    const subtle = requireWebCrypto();
    try {
      const bytes = await subtle.decrypt(asIn(iv, key, version), await cryptoKey(), kept.encrypted);
      return { version, value: JSON.parse(new TextDecoder().decode(bytes)) };
    } catch (cause) {
      // What the parser says is dropped: it quotes the text.
      throw cause instanceof AuthorizationError ? cause : corrupted(name);
    }
  };

  /** @type {Store} */
  const store = {
    async read(key) {
      const kept = await read(key);
      return kept === undefined ? null : understood(key, kept);
    },

    async compareAndSwap(key, expected, value) {
      const { expiresAt } = value ?? {};
      const kept = value && { ...(await toBeKept(key, newVersion(), value)), expiresAt };
      return transact(RECORDS, 'readwrite', (records, give) => {
        const reading = records.get(key);
        reading.onsuccess = () => {
          const isExpected = (reading.result?.version ?? null) === expected;
          give(isExpected);
          if (isExpected && kept) records.put(kept, key);
          else if (isExpected) records.delete(key);
          if (!isExpected || isSwept) return;
          isSwept = true;
          const cursor = records.openCursor();
          cursor.onsuccess = () => {
            if (cursor.result && isExpired(cursor.result.value)) cursor.result.delete();
            cursor.result?.continue();
          };
        };
      });
    },

    async lock(key, work, { signal } = {}) {
      signal?.throwIfAborted();
      requireLocks();
      let hasBegun = false;
      const begin = () => {
        hasBegun = true;
        return work();
      };
      try {
        return await navigator.locks.request(`${name} ${key}`, { signal }, begin);
      } catch (error) {
        throw signal?.aborted && !hasBegun ? signal.reason : error;
      }
    },
  };
  ofThisBrowser.add(store);
  return store;
}

/**
 * @param {string} name
 * @param {() => void} onClose
 * @returns {Promise<IDBDatabase>}
 */
function opened(name, onClose) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name, VERSION);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore(RECORDS);
      opening.result.createObjectStore(KEYS);
    };
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      if (![RECORDS, KEYS].every((objectStore) => database.objectStoreNames.contains(objectStore))) {
        database.close();
        return reject(corrupted(name));
      }
      database.onclose = onClose;
      // Whoever wants to delete it, or a newer version of this code, is not to wait for this page.
      database.onversionchange = () => {
        database.close();
        onClose();
      };
      resolve(database);
    };
  });
}

/** Bound to its place: a record cannot be put in that of another. @param {Uint8Array<ArrayBuffer>} iv @param {string} key @param {string} version */
function asIn(iv, key, version) {
  return { name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(`${version} ${key}`) };
}

/** Never comes back; `crypto.randomUUID` is there on secure pages only. */
function newVersion() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((number) => number.toString(36)).join('-');
}

/**
 * Runs `operation`, and reports errors of the browser as errors of the store.
 *
 * @template T
 * @param {string} name
 * @param {() => Promise<T>} operation
 * @returns {Promise<T>}
 */
async function reported(name, operation) {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof AuthorizationError) throw error;
    const reason = error instanceof Error || error instanceof DOMException ? error.name : String(error);
    if (reason === 'VersionError') throw newer(name);
    throw unavailable(
      `The browser's database "${name}" cannot be used (${reason}). It may be full, or switched off for this page, as in ` +
        'some private windows and frames. Use `createMemoryStore()` there.',
      { name, reason },
      error,
    );
  }
}

/** IndexedDB is there on every page, the locks that keep its users apart are not. */
function requireLocks() {
  if (globalThis.indexedDB && globalThis.navigator?.locks) return;
  throw unavailable(
    "This page has no IndexedDB or no Web Locks, without which tabs would use up each other's refresh tokens. Serve it by " +
      'https, or use `createMemoryStore()`.',
    {},
  );
}

function requireWebCrypto() {
  const subtle = globalThis.crypto?.subtle;
  if (subtle) return subtle;
  throw new IncompatibleError({
    code: 'no_web_crypto',
    message:
      'This page has no `crypto.subtle`, which encrypts the records of the store: serve it by https, or leave out `encrypted`.',
  });
}

/**
 * @param {string} message
 * @param {Record<string, unknown>} details
 * @param {unknown} [cause]
 */
function unavailable(message, details, cause) {
  return new StorageError({ code: 'store_unavailable', message, details, cause });
}

/** @param {string} name */
function corrupted(name) {
  return new StorageError({
    code: 'store_corrupted',
    message: `The browser's database "${name}" is damaged or is not a store of this package, so it was left as it is. Choose another name, or delete it with \`indexedDB.deleteDatabase("${name}")\`: signing in again fills a new one.`,
    details: { name },
  });
}

/** @param {string} name */
function newer(name) {
  return new StorageError({
    code: 'store_newer',
    message: `The browser's database "${name}" was written by a newer version of this package, so it was left as it is. Load the application anew, or choose another name.`,
    details: { name, supported: VERSION },
  });
}
