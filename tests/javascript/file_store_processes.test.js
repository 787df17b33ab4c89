import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { createFileStore } from '../../js/stores/file_store.js';
import { killWithoutWarning, startProcess as start } from './file_store_holder.js';
import { temporaryFolder } from './temporary_folder.js';

const folder = await temporaryFolder();

/**
 * @param {number} processes
 * @param {string[]} args
 */
async function runTogether(processes, ...args) {
  const children = Array.from({ length: processes }, () => start(...args));
  const exits = await Promise.all(children.map((child) => once(child, 'exit')));
  assert.deepEqual(
    exits.map(([code]) => code),
    Array(processes).fill(0),
  );
}

test('four processes lose no write', async () => {
  const path = join(folder, 'writes.json');
  await runTogether(4, 'count by compareAndSwap', path, '25');
  const { records } = JSON.parse(await readFile(path, 'utf8'));
  assert.deepEqual(records.counter.value, { count: 100 });
  assert.equal(Object.keys(records).length, 101);
  assert.deepEqual(await readdir(`${path}.locks`), []);
});

test('four processes never work under the same lock at once', async () => {
  const path = join(folder, 'locks.json');
  await runTogether(4, 'count under a lock', path, '25');
  assert.deepEqual((await createFileStore(path).read('counter'))?.value, { count: 100 });
  assert.deepEqual(await readdir(`${path}.locks`), []);
});

test('a lock whose holder was killed is recovered, by one of many waiters at a time', async () => {
  const path = join(folder, 'killed holder.json');
  const holder = start('hold a lock', path, 'k');
  await once(holder.stdout, 'data');
  let running = 0;
  const waiters = Array.from({ length: 8 }, () =>
    createFileStore(path).lock('k', async () => {
      running += 1;
      assert.equal(running, 1);
      await pause(1);
      running -= 1;
    }),
  );
  const first = await Promise.race([Promise.any(waiters).then(() => 'recovered'), pause(50).then(() => 'held')]);
  assert.equal(first, 'held');
  await killWithoutWarning(holder);
  await Promise.all(waiters);
  assert.deepEqual(await readdir(`${path}.locks`), []);
});

test('a process killed in the middle of writing harms neither the store nor the next writer', async () => {
  const path = join(folder, 'half written.json');
  const store = createFileStore(path);
  await store.compareAndSwap('kept', null, { n: 1 });
  const writer = start('write half', path);
  await once(writer.stdout, 'data');
  assert.deepEqual((await store.read('kept'))?.value, { n: 1 });
  await killWithoutWarning(writer);
  assert.equal(await store.compareAndSwap('new', null, { n: 2 }), true);
  assert.deepEqual((await store.read('kept'))?.value, { n: 1 });
  assert.deepEqual(await readdir(`${path}.locks`), []);
});

test('processes killed at any moment of a swap leave a whole file', async () => {
  const path = join(folder, 'killed writers.json');
  const store = createFileStore(path);
  await store.compareAndSwap('kept', null, { n: 1 });
  for (let round = 0; round < 5; round += 1) {
    const writers = [start('swap without end', path), start('swap without end', path)];
    await Promise.all(writers.map((writer) => once(writer.stdout, 'data')));
    await pause(Math.random() * 20);
    await Promise.all(writers.map(killWithoutWarning));
    assert.deepEqual((await store.read('kept'))?.value, { n: 1 });
    assert.equal(await store.compareAndSwap(`round ${round}`, null, { round }), true);
  }
  assert.deepEqual(await readdir(`${path}.locks`), []);
});
