/** Stores that have one fault each, and the case of the test kit that has to notice. */

import { createMemoryStore } from 'mcp-oauth-wasm/node';

/** @import { JsonObject, Store } from 'mcp-oauth-wasm' */
/** @import { StoreContractOptions } from 'mcp-oauth-wasm/host-test' */

const turn = () => new Promise((resolve) => setTimeout(resolve));

/**
 * A store that differs from a right one.
 *
 * @param {(right: Store) => Partial<Store>} differences
 * @returns {StoreContractOptions}
 */
function alone(differences) {
  const open = () => {
    const right = createMemoryStore();
    return { ...right, ...differences(right) };
  };
  return { open };
}

/**
 * Openers of a right store that differ from it.
 *
 * @param {(right: Store) => Partial<Store>} differences of each opener
 * @returns {StoreContractOptions}
 */
function shared(differences) {
  /** @type {WeakMap<Store, Store>} */
  const rights = new WeakMap();
  const openerOf = (/** @type {Store} */ right) => {
    const store = { ...right, ...differences(right) };
    rights.set(store, right);
    return store;
  };
  return { open: () => openerOf(createMemoryStore()), openAgain: (store) => openerOf(rights.get(store) ?? store) };
}

/**
 * Changes what is written.
 *
 * @param {(value: JsonObject) => JsonObject} change
 */
const writing = (change) =>
  alone(({ compareAndSwap }) => ({
    compareAndSwap: (key, expected, value) => compareAndSwap(key, expected, value && change(value)),
  }));

/**
 * Writes without looking at the version in one situation.
 *
 * @param {(expected: string | null, there: string | null) => boolean} blind
 */
const blindWrites = (blind) =>
  alone(({ read, compareAndSwap }) => ({
    async compareAndSwap(key, expected, value) {
      const there = (await read(key))?.version ?? null;
      return compareAndSwap(key, blind(expected, there) ? there : expected, value);
    },
  }));

/** Reads, waits, and writes whatever has come in the meantime. @param {Store} right @returns {Partial<Store>} */
const slowWrites = ({ read, compareAndSwap }) => ({
  async compareAndSwap(key, expected, value) {
    if (((await read(key))?.version ?? null) !== expected) return false;
    await turn();
    return compareAndSwap(key, (await read(key))?.version ?? null, value);
  },
});

/** @type {Store['lock']} */
const noLock = async (_key, work) => work();

/** @param {Store} right @param {(key: string) => string} change @returns {Store} */
function renamed({ read, compareAndSwap, lock }, change) {
  return {
    read: (key) => read(change(key)),
    compareAndSwap: (key, expected, value) => compareAndSwap(change(key), expected, value),
    lock: (key, work, options) => lock(change(key), work, options),
  };
}

/** @type {Record<string, StoreContractOptions & { caughtBy: string, saying?: RegExp }>} */
export const faultyStores = {
  'gives undefined for a missing record': {
    ...alone(({ read }) => ({ read: async (key) => (await read(key)) ?? /** @type {any} */ (undefined) })),
    caughtBy: 'a record that was never written is null',
    saying: /should be null, and is undefined/,
  },
  'never deletes': {
    ...alone(({ compareAndSwap }) => ({
      compareAndSwap: (key, expected, value) => (value ? compareAndSwap(key, expected, value) : Promise.resolve(true)),
    })),
    caughtBy: 'a record is written, replaced and deleted by its version',
    saying: /The deleted record should be null/,
  },
  'keeps for ever what counts no more': {
    ...alone(({ read, compareAndSwap }) => ({
      read: async (key) => {
        const record = await read(key);
        return record && { ...record, value: /** @type {JsonObject} */ (record.value.kept ?? record.value) };
      },
      compareAndSwap: (key, expected, value) => compareAndSwap(key, expected, value && { kept: value }),
    })),
    caughtBy: 'a record whose `expiresAt` has passed is gone after the next write, and no other one is',
    saying: /The record that counts no more should be null/,
  },
  'removes what has any end': {
    ...writing((value) => ({ ...value, ...(value.expiresAt !== undefined && { expiresAt: 1 }) })),
    caughtBy: 'a record whose `expiresAt` has passed is gone after the next write, and no other one is',
    saying: /is not/,
  },
  'gives a new version with every read': {
    ...alone(({ read }) => ({
      read: async (key) => {
        const record = await read(key);
        return record && { ...record, version: String(Math.random()) };
      },
    })),
    caughtBy: 'reading changes no version',
    saying: /The version after reading/,
  },
  'overwrites what it does not know': {
    ...blindWrites((expected, there) => expected !== null && there !== null),
    caughtBy: 'a write that another writer has overtaken is refused',
    saying: /should be false, and is true/,
  },
  'overwrites where it expects nothing': {
    ...blindWrites((expected, there) => expected === null && there !== null),
    caughtBy: 'a write that expects no record is refused where there is one',
    saying: /should be false, and is true/,
  },
  'brings back what was deleted': {
    ...blindWrites((expected, there) => expected !== null && there === null),
    caughtBy: 'a write that expects a record is refused where there is none',
    saying: /should be false, and is true/,
  },
  'takes the value for the version': {
    ...alone(({ read, compareAndSwap }) => {
      const versionOf = (/** @type {JsonObject} */ value) => JSON.stringify(value);
      return {
        read: async (key) => {
          const record = await read(key);
          return record && { ...record, version: versionOf(record.value) };
        },
        compareAndSwap: async (key, expected, value) => {
          const there = await read(key);
          return expected === (there && versionOf(there.value)) && compareAndSwap(key, there?.version ?? null, value);
        },
      };
    }),
    caughtBy: 'a version never comes back, not after the same value and not after a deletion',
    saying: /A version came back/,
  },
  'keeps the object that it was given': {
    ...alone(() => {
      /** @type {Map<string, { version: string, value: JsonObject }>} */
      const records = new Map();
      return {
        read: async (key) => records.get(key) ?? null,
        compareAndSwap: async (key, _expected, value) =>
          Boolean(value && records.set(key, { version: String(Math.random()), value })),
      };
    }),
    caughtBy: 'callers have copies of their own: what they change is not stored',
    saying: /before the writer changed its own/,
  },
  'loses null': {
    ...writing((value) => JSON.parse(JSON.stringify(value, (_name, part) => (part === null ? undefined : part)))),
    caughtBy: 'any JSON comes back as it was',
    saying: /The record should be/,
  },
  'makes null of undefined': {
    ...writing((value) => JSON.parse(JSON.stringify(value, (_name, part) => part ?? null))),
    caughtBy: 'a member that is undefined is read as absent',
    saying: /undefined has a value/,
  },
  'cuts keys off': {
    ...alone((right) => renamed(right, (key) => key.slice(0, 255))),
    caughtBy: 'keys are any printable text, up to a few kilobytes',
    saying: /A missing record/,
  },
  'cuts values off': {
    ...writing((value) =>
      Object.fromEntries(
        Object.entries(value).map(([name, part]) => [name, typeof part === 'string' ? part.slice(0, 65_535) : part]),
      ),
    ),
    caughtBy: 'a value of 256 kilobytes comes back whole',
    saying: /not what was written/,
  },
  'looks first and writes later': {
    ...alone(slowWrites),
    caughtBy: 'of many writers at once, one wins',
    saying: /number of writers .* should be 1, and is 5/,
  },
  'has no lock': {
    ...alone(() => ({ lock: noLock })),
    caughtBy: 'work under the lock of one key runs one at a time',
    saying: /Two had the same lock/,
  },
  'has one lock for all keys': {
    ...alone(({ lock }) => ({ lock: (_key, work, options) => lock('all', work, options) })),
    caughtBy: 'locks of different keys, reads and writes do not wait for each other',
  },
  'keeps results of work to itself': {
    ...alone(({ lock }) => ({
      lock: (key, work, options) => lock(key, work, options).then(() => /** @type {any} */ (undefined)),
    })),
    caughtBy: 'a lock passes on the result of its work',
    saying: /The result should be "result"/,
  },
  'keeps the lock when work fails': {
    ...alone(() => {
      let last = Promise.resolve();
      return {
        async lock(_key, work) {
          await last;
          let release = () => {};
          last = new Promise((resolve) => {
            release = resolve;
          });
          const result = await work();
          release();
          return result;
        },
      };
    }),
    caughtBy: 'a lock passes on the error of its work, and is free afterwards',
  },
  'lets those in who are behind one that gave up': {
    ...alone(() => {
      let last = Promise.resolve();
      return {
        async lock(_key, work, { signal } = {}) {
          const before = last;
          let release = () => {};
          last = new Promise((resolve) => {
            release = resolve;
          });
          try {
            await Promise.race([
              before,
              new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
            ]);
            return await work();
          } finally {
            release();
          }
        },
      };
    }),
    caughtBy: 'the wait for a lock ends with the reason of an abort, and those behind still wait',
    saying: /while the lock was held should be \[\], and is \["third"\]/,
  },
  'does not look at signals': {
    ...alone(({ lock }) => ({ lock: (key, work) => lock(key, work) })),
    caughtBy: 'a lock whose signal was aborted before does no work',
    saying: /should be rejected, and is not/,
  },
  'gives up the lock on an abort, and works on': {
    ...alone(({ lock }) => ({
      lock(key, work, { signal } = {}) {
        return new Promise((resolve, reject) => {
          const aborted = new Promise((end) => signal?.addEventListener('abort', end));
          lock(key, () => Promise.race([work().then(resolve, reject), aborted])).catch(reject);
        });
      },
    })),
    caughtBy: 'work that has begun is not ended by an abort, and keeps its lock',
    saying: /given to the next one while the work went on/,
  },

  'is another store for each opener': {
    open: createMemoryStore,
    openAgain: createMemoryStore,
    caughtBy: 'what one opener wrote, another one reads',
    saying: /should be there, and is not/,
  },
  'looks first and writes later, where others write as well': {
    ...shared(slowWrites),
    caughtBy: 'of openers that write at once, one wins',
    saying: /should be 1, and is 3/,
  },
  'says that it has written before it knows': {
    ...shared((right) => ({
      compareAndSwap: async (...write) => {
        await turn();
        await right.compareAndSwap(...write);
        return true;
      },
    })),
    caughtBy: 'openers count together and lose nothing',
    saying: /The counter should be/,
  },
  'has a lock for each opener': {
    ...shared(() => ({ lock: createMemoryStore().lock })),
    caughtBy: 'work under the lock of one key runs one at a time for all openers',
    saying: /Two had the same lock/,
  },
  'does not look at signals while others hold the lock': {
    ...shared(({ lock }) => ({ lock: (key, work) => lock(key, work) })),
    caughtBy: 'the wait for a lock of another opener ends with the reason of an abort',
  },
  'never gives up an abandoned lock': {
    ...alone(() => ({})),
    abandonLock: async (store, key) => void store.lock(key, () => new Promise(() => {})),
    caughtBy: 'a lock whose holder ended without releasing it comes free within 30 seconds',
  },
  'gives an abandoned lock to all who wait': {
    ...alone(() => ({
      lock: async (_key, work) => {
        await turn();
        return work();
      },
    })),
    abandonLock: async () => {},
    caughtBy: 'an abandoned lock is given to one of many who wait at a time',
    saying: /Two had the same lock/,
  },
};
