/** The example of a store in PostgreSQL, on a real one, through the client that applications use. */

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { storeContract } from 'mcp-oauth-wasm/host-test';
import { createPostgreSQLStore, createTable } from '../../examples/postgresql/store.js';
import { startPostgreSQLServer } from '../servers/postgresql_server.js';
import { Client, Pool } from './client/pg.js';

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { ClientConfig } from './client/pg.js' */

const { close, ...server } = await startPostgreSQLServer();
const administrator = new Client(server);
await administrator.connect();
after(async () => {
  await administrator.end();
  await close();
});

/** The settings of the database that a store is in. @type {WeakMap<Store, ClientConfig>} */
const settingsOf = new WeakMap();
/** @type {WeakMap<Store, Pool>} */
const pools = new WeakMap();

/** @param {ClientConfig} settings */
function openAt(settings) {
  const pool = new Pool(settings);
  const store = createPostgreSQLStore({ pool, createClient: () => new Client(settings) });
  settingsOf.set(store, settings);
  pools.set(store, pool);
  return store;
}

let databases = 0;
async function open() {
  const database = `store_${(databases += 1)}`;
  await administrator.query(`create database ${database}`);
  const store = openAt({ ...server, database });
  await pools.get(store)?.query(createTable);
  return store;
}

const contract = storeContract({
  open,
  openAgain: (store) => openAt(settingsOf.get(store) ?? {}),
  async abandonLock(store, key) {
    const holder = fork(fileURLToPath(new URL('holder.js', import.meta.url)), [
      JSON.stringify(settingsOf.get(store)),
      key,
    ]);
    await once(holder, 'message');
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  },
  close: (store) => pools.get(store)?.end(),
});
for (const { name, run } of contract) test(name, run);

test('what it rejects with quotes no record', async () => {
  const store = openAt({ ...server, database: 'postgres' });
  const error = await store.compareAndSwap('k', null, { token: 'secret' }).catch((reason) => reason);
  assert.deepEqual(
    [error.name, error.code, error.details],
    ['StorageError', 'store_unavailable', { code: '42P01' }],
    'there is no table',
  );
  assert.ok(!JSON.stringify([error, error.message, error.stack, String(error.cause)]).includes('secret'));
  await pools.get(store)?.end();
});

test('without a PostgreSQL it is store_unavailable, and no work is done', async () => {
  const store = openAt({ ...server, host: `${server.host}/nothing` });
  for (const use of [
    store.read('k'),
    store.compareAndSwap('k', null, {}),
    store.lock('k', async () => assert.fail('the work was done')),
  ]) {
    await assert.rejects(use, { name: 'StorageError', code: 'store_unavailable', details: { code: 'ENOENT' } });
  }
});
