/** @import { Store } from '../../js/host.js' */

import assert from 'node:assert/strict';
import { test } from 'node:test';

/**
 * What every store has to do.
 *
 * @param {string} name
 * @param {() => Promise<Store> | Store} createEmptyStore
 */
export function testStoreContract(name, createEmptyStore) {
  test(`${name}: a missing record is null`, async () => {
    const store = await createEmptyStore();
    assert.equal(await store.read('session a'), null);
  });

  test(`${name}: writes, replaces and deletes by version`, async () => {
    const store = await createEmptyStore();
    assert.equal(await store.compareAndSwap('session a', null, { tokens: ['one'] }), true);
    const first = await store.read('session a');
    assert.deepEqual(first?.value, { tokens: ['one'] });

    assert.equal(await store.compareAndSwap('session a', first.version, { tokens: ['two'] }), true);
    const second = await store.read('session a');
    assert.deepEqual(second?.value, { tokens: ['two'] });
    assert.notEqual(second.version, first.version);

    assert.equal(await store.compareAndSwap('session a', second.version, null), true);
    assert.equal(await store.read('session a'), null);
  });

  test(`${name}: refuses a write that another writer has overtaken`, async () => {
    const store = await createEmptyStore();
    await store.compareAndSwap('k', null, { writer: 1 });
    const seen = await store.read('k');
    assert.ok(seen);
    await store.compareAndSwap('k', seen.version, { writer: 2 });

    assert.equal(await store.compareAndSwap('k', seen.version, { writer: 3 }), false);
    assert.equal(await store.compareAndSwap('k', seen.version, null), false);
    assert.equal(await store.compareAndSwap('k', null, { writer: 4 }), false);
    assert.equal(await store.compareAndSwap('other', 'never written', { writer: 5 }), false);
    assert.deepEqual((await store.read('k'))?.value, { writer: 2 });
    assert.equal(await store.read('other'), null);
  });

  test(`${name}: the version of a deleted record does not come back`, async () => {
    const store = await createEmptyStore();
    await store.compareAndSwap('k', null, { n: 1 });
    const deleted = await store.read('k');
    assert.ok(deleted);
    await store.compareAndSwap('k', deleted.version, null);
    await store.compareAndSwap('k', null, { n: 1 });
    assert.equal(await store.compareAndSwap('k', deleted.version, { n: 2 }), false);
  });

  test(`${name}: callers cannot change what is stored`, async () => {
    const store = await createEmptyStore();
    /** @type {{ nested: { scopes: string[] } }} */
    const written = { nested: { scopes: ['openid'] } };
    await store.compareAndSwap('k', null, written);
    written.nested.scopes.push('after writing');
    const read = await store.read('k');
    assert.ok(read);
    assert.equal(JSON.stringify(read.value), '{"nested":{"scopes":["openid"]}}');
    read.value.nested = 'after reading';
    assert.deepEqual((await store.read('k'))?.value, { nested: { scopes: ['openid'] } });
  });

  test(`${name}: keys are any text`, async () => {
    const store = await createEmptyStore();
    const keys = ['__proto__', 'constructor', '1', 'session https://mcp.example/a?b=c&d default', 'ключ 🗝', 'k'.repeat(4096)];
    for (const key of keys) {
      assert.equal(await store.read(key), null);
      assert.equal(await store.compareAndSwap(key, null, { key }), true);
    }
    for (const key of keys) {
      assert.deepEqual((await store.read(key))?.value, { key });
      assert.equal(await store.lock(key, async () => key), key);
    }
  });

  test(`${name}: one of many simultaneous writers wins`, async () => {
    const store = await createEmptyStore();
    const results = await Promise.all([1, 2, 3, 4, 5].map((n) => store.compareAndSwap('k', null, { n })));
    assert.equal(results.filter(Boolean).length, 1);
    assert.deepEqual((await store.read('k'))?.value, { n: results.indexOf(true) + 1 });
  });

  test(`${name}: work under one key runs one at a time, under different keys together`, async () => {
    const store = await createEmptyStore();
    let running = 0;
    const alone = async () => {
      running += 1;
      assert.equal(running, 1);
      await new Promise(setImmediate);
      running -= 1;
    };
    await Promise.all([1, 2, 3, 4, 5].map(() => store.lock('k', alone)));
    assert.equal(await store.lock('k', () => store.lock('other', async () => 'both held')), 'both held');
  });

  test(`${name}: a lock passes on results and errors, and is free afterwards`, async () => {
    const store = await createEmptyStore();
    assert.equal(await store.lock('k', async () => 'result'), 'result');
    const failure = new Error('work failed');
    await assert.rejects(store.lock('k', () => Promise.reject(failure)), failure);
    await assert.rejects(store.lock('k', () => { throw failure; }), failure);
    assert.equal(await store.lock('k', async () => 'free'), 'free');
  });

  test(`${name}: the wait for a lock can be aborted, and those behind still wait`, async () => {
    const store = await createEmptyStore();
    /** @type {() => void} */
    let finish = () => {};
    /** @type {string[]} */
    const order = [];
    const first = store.lock('k', () => new Promise((resolve) => { finish = () => resolve(order.push('first')); }));
    const controller = new AbortController();
    const reason = new Error('no longer wanted');
    const second = store.lock('k', async () => order.push('second'), { signal: controller.signal });
    const third = store.lock('k', async () => order.push('third'));
    controller.abort(reason);
    await assert.rejects(second, reason);
    assert.deepEqual(order, []);
    // The first may still be on its way to its work.
    while (order.length === 0) {
      finish();
      await new Promise(setImmediate);
    }
    await Promise.all([first, third]);
    assert.deepEqual(order, ['first', 'third']);

    await assert.rejects(store.lock('k', async () => assert.fail(), { signal: controller.signal }), reason);
  });
}
