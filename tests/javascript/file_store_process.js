/**
 * One of several processes that use the same store; started by tests as
 * `node file_store_process.js <what to do> <path of the store> [how often, or which key]`.
 */

import { writeFile } from 'node:fs/promises';

import { createFileStore } from '../../js/stores/file_store.js';
import { takeLockFile } from '../../js/stores/lock_file.js';

const [task = '', path = '', argument = ''] = process.argv.slice(2);
const store = createFileStore(path);

// Nobody is left behind if the tests are killed.
process.stdin.resume().once('end', () => process.exit(1));
/** @type {import('node:net').Socket} */ (process.stdin).unref();

/** @param {string} word */
const say = (word) => new Promise((resolve) => process.stdout.write(`${word}\n`, resolve));
const forever = () => new Promise(() => setInterval(() => {}, 60_000));

/** @type {Record<string, () => Promise<unknown>>} */
const tasks = {
  async 'count by compareAndSwap'() {
    for (let n = 0; n < Number(argument); n += 1) {
      for (let written = false; !written; ) {
        const record = await store.read('counter');
        written = await store.compareAndSwap('counter', record?.version ?? null, {
          count: Number(record?.value.count ?? 0) + 1,
        });
      }
      await store.compareAndSwap(`record ${process.pid} ${n}`, null, { n });
    }
  },

  async 'count under a lock'() {
    for (let n = 0; n < Number(argument); n += 1) {
      await store.lock('the counter', async () => {
        const record = await store.read('counter');
        const written = await store.compareAndSwap('counter', record?.version ?? null, {
          count: Number(record?.value.count ?? 0) + 1,
        });
        if (!written) throw new Error('somebody else wrote while this process held the lock');
      });
    }
  },

  async 'swap without end'() {
    for (let n = 0; ; n += 1) {
      const record = await store.read('swapped');
      await store.compareAndSwap('swapped', record?.version ?? null, { n, filler: 'x'.repeat(100_000) });
      if (n === 0) await say('swapping');
    }
  },

  async 'hold a lock'() {
    await store.lock(argument, async () => {
      await say('holding');
      await forever();
    });
  },

  async 'write half'() {
    const { signal } = new AbortController();
    const lock = await takeLockFile({ folder: `${path}.locks`, name: 'records', signal });
    await writeFile(lock.path, '{"format":"mcp-oauth-wasm sto');
    await say('half written');
    await forever();
  },
};

await tasks[task]?.();
