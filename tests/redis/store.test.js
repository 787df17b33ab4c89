/** The store for fleets, on a real Redis, through the two clients that applications use. */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { StorageError } from 'mcp-oauth-wasm';
import { storeContract } from 'mcp-oauth-wasm/host-test';
import { createRedisStore } from 'mcp-oauth-wasm/redis';
import { startRedisServer } from '../servers/redis_server.js';
import { connectBy } from './clients/clients.js';

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { RedisStoreOptions } from 'mcp-oauth-wasm/redis' */

const server = await startRedisServer();
after(server.close);

let stores = 0;
const newPrefix = () => {
  stores += 1;
  return `store ${stores}:`;
};

for (const [name, connect] of Object.entries(connectBy)) {
  describe(`with the client of ${name}`, async () => {
    const one = await connect(server.path);
    const other = await connect(server.path);
    after(() => {
      one.disconnect();
      other.disconnect();
    });

    /** @type {WeakMap<Store, string>} */
    const prefixes = new WeakMap();
    const openWith = (/** @type {RedisStoreOptions} */ options) => {
      const store = createRedisStore({ lockMilliseconds: 500, ...options });
      prefixes.set(store, options.prefix ?? '');
      return store;
    };
    const prefixOf = (/** @type {Store} */ store) => prefixes.get(store) ?? '';

    const contract = storeContract({
      open: () => openWith({ client: one.client, prefix: newPrefix() }),
      openAgain: (store) => openWith({ client: other.client, prefix: prefixOf(store) }),
      // A machine that is switched off: nothing that it sends arrives any more.
      async abandonLock(store, key) {
        const machine = await connect(server.path);
        await new Promise((taken) => {
          openWith({ client: machine.client, prefix: prefixOf(store) }).lock(
            key,
            () => new Promise(() => taken(undefined)),
          );
        });
        machine.disconnect();
      },
    });
    for (const { name, run } of contract) test(name, run);
  });
}

describe('in Redis', async () => {
  const { client, disconnect } = await /** @type {NonNullable<typeof connectBy[string]>} */ (connectBy.redis)(
    server.path,
  );
  after(disconnect);
  const ask = (/** @type {string[]} */ ...command) => client.sendCommand(command);

  test('a lock that is held for longer than it lasts by itself is held all the same', async () => {
    const prefix = newPrefix();
    const store = createRedisStore({ client, prefix, lockMilliseconds: 150 });
    let isOver = false;
    /** @type {Promise<void> | undefined} */
    let next;
    await store.lock('k', async () => {
      next = createRedisStore({ client, prefix }).lock('k', async () => assert.ok(isOver, 'the lock was given away'));
      next.catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 600));
      isOver = true;
    });
    await next;
  });

  test('a lock that somebody else has by now is not released', async () => {
    const prefix = newPrefix();
    const store = createRedisStore({ client, prefix, lockMilliseconds: 60_000 });
    await store.lock('k', async () => void (await ask('SET', `${prefix}lock:k`, 'of somebody else')));
    assert.equal(await ask('GET', `${prefix}lock:k`), 'of somebody else');
  });

  test('the lock of one that was killed lasts no longer than `lockMilliseconds`', async () => {
    const prefix = newPrefix();
    const store = createRedisStore({ client, prefix, lockMilliseconds: 60_000 });
    await store.lock('k', async () => {
      const left = Number(await ask('PTTL', `${prefix}lock:k`));
      assert.ok(left > 0 && left <= 60_000, `it lasts ${left} ms`);
    });
    assert.equal(await ask('EXISTS', `${prefix}lock:k`), 0);
  });

  test('a lock that is held for too long is lock_timeout', async () => {
    const prefix = newPrefix();
    const store = createRedisStore({ client, prefix });
    const impatient = createRedisStore({ client, prefix, lockTimeoutMilliseconds: 50 });
    await store.lock('k', () =>
      assert.rejects(
        impatient.lock('k', async () => {}),
        { name: 'StorageError', code: 'lock_timeout' },
      ),
    );
  });

  test('what is no record is store_corrupted, and left as it is', async () => {
    const prefix = newPrefix();
    const store = createRedisStore({ client, prefix });
    for (const fields of [
      ['value', '{"token":"secret"}'],
      ['version', 'v'],
      ['version', 'v', 'value', '["secret"]'],
      ['version', 'v', 'value', '{"token":"secre'],
    ]) {
      await ask('DEL', `${prefix}record:k`);
      await ask('HSET', `${prefix}record:k`, ...fields);
      await assert.rejects(store.read('k'), (/** @type {Error} */ error) => {
        assert.ok(!JSON.stringify([error, error.message, String(error.cause)]).includes('secre'));
        return error instanceof StorageError && error.code === 'store_corrupted';
      });
      assert.equal(await ask('EXISTS', `${prefix}record:k`), 1);
    }
  });

  test('a key of another kind, and a Redis that does not answer, are store_unavailable', async () => {
    const prefix = newPrefix();
    await ask('SET', `${prefix}record:k`, 'text');
    const store = createRedisStore({ client, prefix });
    await assert.rejects(store.read('k'), { code: 'store_unavailable', details: { prefix, reason: 'WRONGTYPE' } });
    await assert.rejects(store.compareAndSwap('k', null, { n: 1 }), { code: 'store_unavailable' });
    assert.equal(await ask('GET', `${prefix}record:k`), 'text');

    const gone = createRedisStore({
      client: { sendCommand: () => Promise.reject(new Error('Connection is closed.')) },
    });
    for (const use of [gone.read('k'), gone.compareAndSwap('k', null, {}), gone.lock('k', async () => assert.fail())]) {
      await assert.rejects(use, (error) => error instanceof StorageError && error.code === 'store_unavailable');
    }
  });

  test('the command that a client quotes in its errors is not in ours', async () => {
    const quoting = {
      sendCommand: (/** @type {string[]} */ command) =>
        Promise.reject(Object.assign(new Error(`ERR ${command.join(' ')}`), { command })),
    };
    const error = await createRedisStore({ client: quoting })
      .compareAndSwap('k', null, { token: 'secret' })
      .catch((reason) => reason);
    assert.ok(!JSON.stringify([error, error.message, error.stack, String(error.cause)]).includes('secret'));
    assert.equal(error.details.reason, 'ERR');
  });
});
