/** @import { JsonObject, Store } from '../core/host.js' */
/** @import { ContractCase } from './contract.js' */

import { casesOf, check, checkSame, pause, rejectionOf } from './contract.js';

/** Who needs an abandoned lock waits for it, and a person with them. Milliseconds. */
const LONGEST_ABANDONED_LOCK = 30_000;

/** Longer than that. */
const storePatienceMilliseconds = 40_000;

/**
 * How the kit gets the stores that it tries.
 *
 * @typedef {object} StoreContractOptions
 * @property {() => Promise<Store> | Store} open Makes a store without records: another one with each call.
 * @property {(store: Store) => Promise<Store> | Store} [openAgain] Opens the same store once more, as another process or
 *   tab does. Absent where a store is for one opener alone; the rules for several are then left out.
 * @property {(store: Store, key: string) => Promise<void>} [abandonLock] Takes the lock of this key as another process or
 *   tab that ends without releasing it: killed, crashed, closed. Absent: the rule for that is left out.
 * @property {(store: Store) => Promise<void> | void} [close] Ends the use of a store that was opened.
 * @property {number} [patienceMilliseconds] How long each rule may take before it counts as broken, in milliseconds.
 *   Longer than an abandoned lock lasts. Default: 40000.
 */

/**
 * What a rule is tried on.
 *
 * @typedef {object} Openers
 * @property {() => Promise<Store>} open
 * @property {(store: Store) => Promise<Store>} openAgain
 * @property {(store: Store, key: string) => Promise<void>} abandonLock
 */

/** @typedef {Record<string, (openers: Openers) => Promise<void>>} StoreRules */

/**
 * What every store has to do, as cases for any test runner, in Node and in browsers.
 *
 * @param {StoreContractOptions} options how stores are had
 * @throws nothing: a broken rule rejects in its case
 * @returns {ContractCase[]}
 */
export function storeContract({
  open,
  openAgain,
  abandonLock,
  close,
  patienceMilliseconds = storePatienceMilliseconds,
}) {
  const rules = { ...aloneRules, ...(openAgain && sharedRules), ...(abandonLock && abandonedRules) };
  return casesOf(rules, patienceMilliseconds, async (keep) => {
    /** @type {Store[]} */
    const opened = [];
    const remembered = async (/** @type {Promise<Store> | Store | undefined} */ opening) => {
      const store = /** @type {Store} */ (await opening);
      opened.push(store);
      return store;
    };
    try {
      await keep({
        open: () => remembered(open()),
        openAgain: (store) => remembered(openAgain?.(store)),
        abandonLock: async (store, key) => abandonLock?.(store, key),
      });
    } finally {
      for (const store of opened) await close?.(store);
    }
  });
}

/**
 * @param {Store} store
 * @param {string} key
 */
async function mustRead(store, key) {
  const record = await store.read(key);
  check(record, `A record that was written under ${JSON.stringify(key.slice(0, 60))} should be there, and is not.`);
  check(typeof record.version === 'string', 'A version should be a string.');
  return record;
}

/**
 * @param {Store} store
 * @param {string} key
 * @param {string | null} expected
 * @param {JsonObject | null} value
 */
async function mustWrite(store, key, expected, value) {
  checkSame(
    await store.compareAndSwap(key, expected, value),
    true,
    'The answer of a write with the version that is there',
  );
}

/**
 * @param {Store} store
 * @param {string} key
 * @param {string | null} expected
 * @param {JsonObject | null} value
 */
async function mustNotWrite(store, key, expected, value) {
  checkSame(
    await store.compareAndSwap(key, expected, value),
    false,
    'The answer of a write with a version that is not there',
  );
}

/** Work that complains when it runs beside other work of the same kind. */
function workAlone() {
  let running = 0;
  return async () => {
    running += 1;
    check(running === 1, 'Two had the same lock at once.');
    await pause();
    running -= 1;
  };
}

/** Work that goes on until it is told to end. */
function workUntilEnded() {
  /** @type {() => void} */
  let end = () => {};
  /** @type {() => void} */
  let begun = () => {};
  const beginning = new Promise((resolve) => {
    begun = () => resolve(undefined);
  });
  const ending = new Promise((resolve) => {
    end = () => resolve(undefined);
  });
  const work = async () => {
    begun();
    await ending;
  };
  return { work, beginning, end: () => end() };
}

/** @type {StoreRules} */
const aloneRules = {
  async 'a record that was never written is null'({ open }) {
    checkSame(await (await open()).read('session a'), null, 'A missing record');
  },

  async 'a record is written, replaced and deleted by its version'({ open }) {
    const store = await open();
    await mustWrite(store, 'session a', null, { tokens: ['one'] });
    const first = await mustRead(store, 'session a');
    checkSame(first.value, { tokens: ['one'] }, 'The record');
    await mustWrite(store, 'session a', first.version, { tokens: ['two'] });
    const second = await mustRead(store, 'session a');
    checkSame(second.value, { tokens: ['two'] }, 'The replaced record');
    await mustWrite(store, 'session a', second.version, null);
    checkSame(await store.read('session a'), null, 'The deleted record');
  },

  async 'reading changes no version'({ open }) {
    const store = await open();
    await mustWrite(store, 'k', null, { n: 1 });
    const { version } = await mustRead(store, 'k');
    checkSame((await mustRead(store, 'k')).version, version, 'The version after reading');
    await mustWrite(store, 'other', null, { n: 1 });
    checkSame((await mustRead(store, 'k')).version, version, 'The version after a write of another record');
  },

  async 'a record whose `expiresAt` has passed is gone after the next write, and no other one is'({ open }) {
    const store = await open();
    const now = Math.floor(Date.now() / 1000);
    await mustWrite(store, 'pending a', null, {
      codeVerifier: 'of a sign-in that nobody finished',
      expiresAt: now - 1,
    });
    await mustWrite(store, 'pending b', null, { expiresAt: now + 3600 });
    await mustWrite(store, 'session c', null, { tokens: {} });
    checkSame(await store.read('pending a'), null, 'The record that counts no more');
    checkSame((await mustRead(store, 'pending b')).value, { expiresAt: now + 3600 }, 'The record that still counts');
    await mustRead(store, 'session c');
  },

  async 'a write that another writer has overtaken is refused'({ open }) {
    const store = await open();
    await mustWrite(store, 'k', null, { writer: 1 });
    const { version } = await mustRead(store, 'k');
    await mustWrite(store, 'k', version, { writer: 2 });
    await mustNotWrite(store, 'k', version, { writer: 3 });
    await mustNotWrite(store, 'k', version, null);
    checkSame((await mustRead(store, 'k')).value, { writer: 2 }, 'The record');
  },

  async 'a write that expects no record is refused where there is one'({ open }) {
    const store = await open();
    await mustWrite(store, 'k', null, { writer: 1 });
    await mustNotWrite(store, 'k', null, { writer: 2 });
    await mustNotWrite(store, 'k', null, null);
    checkSame((await mustRead(store, 'k')).value, { writer: 1 }, 'The record');
  },

  async 'a write that expects a record is refused where there is none'({ open }) {
    const store = await open();
    await mustNotWrite(store, 'k', 'never written', { writer: 1 });
    await mustNotWrite(store, 'k', 'never written', null);
    checkSame(await store.read('k'), null, 'The record');
  },

  async 'a version never comes back, not after the same value and not after a deletion'({ open }) {
    const store = await open();
    const seen = new Set();
    /** @type {string | null} */
    let there = null;
    for (const value of [{ n: 1 }, { n: 1 }, null, { n: 1 }, null, { n: 1 }]) {
      await mustWrite(store, 'k', there, value);
      there = value && (await mustRead(store, 'k')).version;
      if (there === null) continue;
      check(!seen.has(there), 'A version came back.');
      seen.add(there);
    }
  },

  async 'callers have copies of their own: what they change is not stored'({ open }) {
    const store = await open();
    const written = { nested: { scopes: ['openid'] } };
    const writing = store.compareAndSwap('k', null, written);
    await writing;
    written.nested.scopes.push('after writing');
    const read = await mustRead(store, 'k');
    checkSame(read.value, { nested: { scopes: ['openid'] } }, 'What was stored before the writer changed its own');
    read.value.nested = 'after reading';
    checkSame(
      (await mustRead(store, 'k')).value,
      { nested: { scopes: ['openid'] } },
      'What was stored before the reader changed its own',
    );
  },

  async 'any JSON comes back as it was'({ open }) {
    const store = await open();
    const value = JSON.parse(
      '{"__proto__":{"a":1},"none":null,"":[[],{},null,true,-1.5e-7,9007199254740991],"текст 🗝":"\\u0000\\u2028\\"\\\\"}',
    );
    await mustWrite(store, 'k', null, value);
    checkSame((await mustRead(store, 'k')).value, value, 'The record');
  },

  async 'a member that is undefined is read as absent'({ open }) {
    const store = await open();
    await mustWrite(
      store,
      'k',
      null,
      /** @type {JsonObject} */ (/** @type {unknown} */ ({ kept: 1, refreshToken: undefined })),
    );
    const { value } = await mustRead(store, 'k');
    check(value.refreshToken === undefined, 'A member that was undefined has a value.');
    checkSame(value, { kept: 1 }, 'The record');
  },

  async 'keys are any printable text, up to a few kilobytes'({ open }) {
    const store = await open();
    const keys = [
      '__proto__',
      'constructor',
      '1',
      '../../a',
      'a:*?[b]',
      'session https://mcp.example/a?b=c&d%2F default',
      'Session https://mcp.example/a?b=c&d%2F default',
      'ключ 🗝',
      'k'.repeat(4096),
      `${'k'.repeat(4095)}j`,
    ];
    for (const key of keys) {
      checkSame(await store.read(key), null, 'A missing record');
      await mustWrite(store, key, null, { key });
    }
    for (const key of keys) {
      checkSame((await mustRead(store, key)).value, { key }, 'The record');
      checkSame(await store.lock(key, async () => key), key, 'The result of work under the lock of the key');
    }
  },

  async 'a value of 256 kilobytes comes back whole'({ open }) {
    const store = await open();
    const large = 'ü'.repeat(131_072);
    await mustWrite(store, 'k', null, { large });
    check((await mustRead(store, 'k')).value.large === large, 'A large value is not what was written.');
  },

  async 'of many writers at once, one wins'({ open }) {
    const store = await open();
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => store.compareAndSwap('k', null, { n })));
    checkSame(results.filter(Boolean).length, 1, 'The number of writers that were told they had written');
    checkSame((await mustRead(store, 'k')).value, { n: results.indexOf(true) + 1 }, 'The record');
  },

  async 'work under the lock of one key runs one at a time'({ open }) {
    const store = await open();
    const alone = workAlone();
    await Promise.all([1, 2, 3, 4, 5].map(() => store.lock('k', alone)));
  },

  async 'locks of different keys, reads and writes do not wait for each other'({ open }) {
    const store = await open();
    const result = await store.lock('k', () =>
      store.lock('other', async () => {
        await mustWrite(store, 'k', null, { n: 1 });
        return (await mustRead(store, 'k')).value;
      }),
    );
    checkSame(result, { n: 1 }, 'What was written and read under two locks');
  },

  async 'a lock passes on the result of its work'({ open }) {
    checkSame(await (await open()).lock('k', async () => 'result'), 'result', 'The result');
  },

  async 'a lock passes on the error of its work, and is free afterwards'({ open }) {
    const store = await open();
    const failure = new Error('work failed');
    check(
      (await rejectionOf(
        store.lock('k', () => Promise.reject(failure)),
        'A lock whose work rejects',
      )) === failure,
      'The error is another one.',
    );
    check(
      (await rejectionOf(
        store.lock('k', () => {
          throw failure;
        }),
        'A lock whose work throws',
      )) === failure,
      'The error is another one.',
    );
    checkSame(await store.lock('k', async () => 'free'), 'free', 'The result of the next work');
  },

  async 'the wait for a lock ends with the reason of an abort, and those behind still wait'({ open }) {
    const store = await open();
    /** @type {string[]} */
    const order = [];
    const first = workUntilEnded();
    const holding = store.lock('k', first.work);
    await first.beginning;
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const second = rejectionOf(
      store.lock('k', async () => order.push('second'), { signal: controller.signal }),
      'An aborted wait',
    );
    const third = store.lock('k', async () => order.push('third'));
    controller.abort(reason);
    check((await second) === reason, 'An aborted wait should be rejected with the reason of the abort.');
    checkSame(order, [], 'The work that was done while the lock was held');
    first.end();
    await Promise.all([holding, third]);
    checkSame(order, ['third'], 'The work that was done afterwards');
  },

  async 'a lock whose signal was aborted before does no work'({ open }) {
    const store = await open();
    const reason = new Error('not wanted');
    let worked = false;
    const locking = store.lock(
      'k',
      async () => {
        worked = true;
      },
      { signal: AbortSignal.abort(reason) },
    );
    check(
      (await rejectionOf(locking, 'A lock whose signal was aborted')) === reason,
      'It should be rejected with the reason of the abort.',
    );
    check(!worked, 'The work was done.');
  },

  async 'work that has begun is not ended by an abort, and keeps its lock'({ open }) {
    const store = await open();
    const controller = new AbortController();
    const first = workUntilEnded();
    const holding = store.lock('k', first.work, { signal: controller.signal });
    await first.beginning;
    controller.abort(new Error('too late'));
    let next = false;
    const waiting = store.lock('k', async () => {
      next = true;
    });
    for (let turn = 0; turn < 20; turn += 1) await pause();
    check(!next, 'The lock was given to the next one while the work went on.');
    first.end();
    await Promise.all([holding, waiting]);
  },
};

/** @type {StoreRules} */
const sharedRules = {
  async 'what one opener wrote, another one reads'({ open, openAgain }) {
    const one = await open();
    await mustWrite(one, 'k', null, { n: 1 });
    const other = await openAgain(one);
    const record = await mustRead(other, 'k');
    checkSame(record.value, { n: 1 }, 'The record');
    await mustWrite(other, 'k', record.version, { n: 2 });
    checkSame((await mustRead(one, 'k')).value, { n: 2 }, 'The record that the other one replaced');
  },

  async 'of openers that write at once, one wins'({ open, openAgain }) {
    const one = await open();
    const stores = [one, await openAgain(one), await openAgain(one)];
    const results = await Promise.all(stores.map((store, n) => store.compareAndSwap('k', null, { n })));
    checkSame(results.filter(Boolean).length, 1, 'The number of writers that were told they had written');
    checkSame((await mustRead(one, 'k')).value, { n: results.indexOf(true) }, 'The record');
  },

  async 'openers count together and lose nothing'({ open, openAgain }) {
    const one = await open();
    await Promise.all(
      [one, await openAgain(one)].map(async (store) => {
        for (let counted = 0; counted < 10; ) {
          const there = await store.read('counter');
          if (
            await store.compareAndSwap('counter', there?.version ?? null, {
              count: Number(there?.value.count ?? 0) + 1,
            })
          )
            counted += 1;
        }
      }),
    );
    checkSame((await mustRead(one, 'counter')).value, { count: 20 }, 'The counter');
  },

  async 'work under the lock of one key runs one at a time for all openers'({ open, openAgain }) {
    const one = await open();
    const alone = workAlone();
    const stores = [one, await openAgain(one)];
    await Promise.all([...stores, ...stores, ...stores].map((store) => store.lock('k', alone)));
  },

  async 'the wait for a lock of another opener ends with the reason of an abort'({ open, openAgain }) {
    const one = await open();
    const other = await openAgain(one);
    const first = workUntilEnded();
    const holding = one.lock('k', first.work);
    await first.beginning;
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const waiting = rejectionOf(
      other.lock('k', async () => {}, { signal: controller.signal }),
      'An aborted wait',
    );
    await pause();
    controller.abort(reason);
    check((await waiting) === reason, 'An aborted wait should be rejected with the reason of the abort.');
    first.end();
    await holding;
  },
};

/** @type {StoreRules} */
const abandonedRules = {
  async 'a lock whose holder ended without releasing it comes free within 30 seconds'({ open, abandonLock }) {
    const store = await open();
    await abandonLock(store, 'k');
    const signal = AbortSignal.timeout(LONGEST_ABANDONED_LOCK);
    const free = store.lock('k', async () => 'free', { signal });
    checkSame(await free.catch((error) => (signal.aborted ? 'locked' : Promise.reject(error))), 'free', 'The lock');
  },

  async 'an abandoned lock is given to one of many who wait at a time'({ open, abandonLock }) {
    const store = await open();
    await abandonLock(store, 'k');
    const alone = workAlone();
    await Promise.all([1, 2, 3, 4].map(() => store.lock('k', alone)));
  },
};
