/** A store whose values are sealed before another store keeps them. */

/** @import { JsonObject, Store } from '../core/host.js' */

/**
 * From values to what is kept, and back.
 *
 * @typedef {object} Seal
 * @property {(value: JsonObject) => Promise<JsonObject>} seal
 * @property {(sealed: JsonObject) => Promise<JsonObject | null>} open null: it cannot be opened any more. Rejects where it
 *   only cannot be opened now
 */

/**
 * A value that no longer opens reads as missing. It stays where it is, and is copied aside before another takes its place.
 *
 * @param {() => Promise<Seal & { store: Store }>} prepare is called when the store is first used, and again if that failed
 * @param {(key: string) => void} onUnreadable is told of a value that no longer opens, once for each version of it
 * @returns {Store} whose methods also reject with what `prepare`, `seal` and `open` reject with
 */
export function createSealedStore(prepare, onUnreadable) {
  /** @type {ReturnType<typeof prepare> | undefined} */
  let preparing;
  const prepared = () =>
    (preparing ??= prepare().catch((error) => {
      // The person may unlock the key, and the next call may find it.
      preparing = undefined;
      throw error;
    }));
  /** @type {Set<string>} */
  const told = new Set();

  return {
    async read(key) {
      const { store, open } = await prepared();
      const there = await store.read(key);
      const value = there && (await open(there.value));
      if (there && value) return { version: there.version, value };
      if (there && !told.has(there.version)) {
        told.add(there.version);
        onUnreadable(key);
      }
      return null;
    },

    async compareAndSwap(key, expected, value) {
      const { store, seal, open } = await prepared();
      // Until when it counts is no secret, and whoever keeps it can remove it then.
      const { expiresAt = null } = value ?? {};
      const sealed = value && { ...(await seal(value)), ...(expiresAt !== null && { expiresAt }) };
      const there = expected === null ? await store.read(key) : null;
      if (!there) return store.compareAndSwap(key, expected, sealed);
      if (await open(there.value)) return false;
      // The only copy of it: whoever finds the key again can still use it.
      await store.compareAndSwap(`unreadable ${there.version} ${key}`, null, there.value);
      return store.compareAndSwap(key, there.version, sealed);
    },

    async lock(key, work, options) {
      const { store } = await prepared();
      return store.lock(key, work, options);
    },
  };
}
