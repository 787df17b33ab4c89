import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { storeContract } from 'mcp-oauth-wasm/host-test';
import { createKeyringStore } from 'mcp-oauth-wasm/keyring';
import { createFileStore } from 'mcp-oauth-wasm/node';
import { createKeyring, older } from '../keyring/keyrings.js';
import { temporaryFolder } from './temporary_folder.js';
import { rejectionOf } from './world.js';

/** @import { KeyringStoreOptions } from 'mcp-oauth-wasm/keyring' */

const folder = await temporaryFolder();
const root = fileURLToPath(new URL('../../', import.meta.url));
const key = 'session https://mcp.example/mcp default';
const session = { tokens: { accessToken: 'very-secret', refreshToken: 'even-more' } };

/** @param {KeyringStoreOptions} [options] */
function start(options) {
  const keyring = createKeyring();
  const path = join(folder, `${randomUUID()}.json`);
  const open = () => createKeyringStore(path, { keyring, ...options });
  return { keyring, path, open, store: open() };
}

describe('the store with a keyring', () => {
  /** @type {WeakMap<object, () => ReturnType<typeof createKeyringStore>>} */
  const again = new WeakMap();
  const remembered = (/** @type {ReturnType<typeof start>['open']} */ open) => {
    const store = open();
    again.set(store, open);
    return store;
  };
  const cases = storeContract({
    open: () => remembered(start().open),
    openAgain: (store) => remembered(/** @type {any} */ (again.get(store))),
  });
  for (const { name, run } of cases) test(name, run);
});

test('records are encrypted, by a key that is in the keyring alone', async () => {
  const { keyring, path, store, open } = start();
  await store.compareAndSwap(key, null, session);
  const text = await readFile(path, 'utf8');
  assert.doesNotMatch(text, /very-secret|even-more|tokens/);
  assert.deepEqual([...keyring.secrets.keys()], ['mcp-oauth-wasm key']);
  const [secret = new Uint8Array()] = keyring.secrets.values();
  // What the Credential Manager of Windows takes is 2560 bytes.
  assert.equal(secret.length, 32);
  assert.ok(!text.includes(Buffer.from(secret).toString('base64')));
  assert.deepEqual((await open().read(key))?.value, session);
});

test('equal records look different each time', async () => {
  const { path, store } = start();
  for (const name of ['a', 'b']) await store.compareAndSwap(name, null, session);
  const [one, other] = await Promise.all(['a', 'b'].map((name) => createFileStore(path).read(name)));
  assert.notEqual(one?.value.iv, other?.value.iv);
  assert.notEqual(one?.value.encrypted, other?.value.encrypted);
});

test('stores that are first used at once have one key between them', async () => {
  const { keyring, open } = start();
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => open().compareAndSwap(name, null, session)));
  for (const name of ['a', 'b', 'c', 'd']) assert.deepEqual((await open().read(name))?.value, session);
  assert.equal(keyring.secrets.size, 1);
});

test('a record that no longer decrypts reads as missing, is told once, and is kept when another takes its place', async () => {
  /** @type {string[]} */
  const unreadable = [];
  const { keyring, path, store, open } = start({ onUnreadable: (record) => unreadable.push(record) });
  await store.compareAndSwap(key, null, session);
  const before = new Map(keyring.secrets);
  const lost = await createFileStore(path).read(key);
  keyring.secrets.clear();

  const anew = open();
  assert.equal(await anew.read(key), null);
  assert.equal(await anew.read(key), null);
  assert.deepEqual(unreadable, [key]);
  assert.deepEqual(await createFileStore(path).read(key), lost, 'reading changes nothing');

  assert.equal(await anew.compareAndSwap(key, null, { tokens: { accessToken: 'new' } }), true);
  assert.deepEqual((await anew.read(key))?.value, { tokens: { accessToken: 'new' } });
  for (const [name, secret] of before) keyring.secrets.set(name, secret);
  assert.deepEqual((await open().read(`unreadable ${lost?.version} ${key}`))?.value, session);
});

test('a record that somebody changed, or that is plain, is none', async () => {
  const { path, store } = start();
  await store.compareAndSwap(key, null, session);
  const file = createFileStore(path);
  const { version, value } = /** @type {import('mcp-oauth-wasm').StoredRecord} */ (await file.read(key));
  const bytes = Buffer.from(String(value.encrypted), 'base64');
  bytes[0] = Number(bytes[0]) ^ 1;
  await file.compareAndSwap(key, version, { ...value, encrypted: bytes.toString('base64') });
  await file.compareAndSwap('plain', null, session);
  for (const name of [key, 'plain']) assert.equal(await store.read(name), null);
});

test('a keyring that is locked for now is an error to retry: nobody is signed out', async () => {
  const { keyring, path, store, open } = start();
  keyring.isLocked = true;
  for (const failing of [store.read(key), store.compareAndSwap(key, null, session), store.lock(key, async () => {})]) {
    const error = await rejectionOf(failing);
    assert.deepEqual(
      [error.name, error.code, error.details],
      ['StorageError', 'keyring_unavailable', { service: 'mcp-oauth-wasm' }],
    );
  }
  await assert.rejects(stat(path), { code: 'ENOENT' });
  keyring.isLocked = false;
  await store.compareAndSwap(key, null, session);
  keyring.isLocked = true;
  assert.equal((await rejectionOf(open().read(key))).code, 'keyring_unavailable');
  keyring.isLocked = false;
  assert.deepEqual((await open().read(key))?.value, session);
});

test('what others have put into its place in the keyring is left there', async () => {
  const { keyring, store } = start();
  keyring.secrets.set('mcp-oauth-wasm key', Buffer.from('not a key'));
  assert.equal((await rejectionOf(store.compareAndSwap(key, null, session))).code, 'keyring_unavailable');
  assert.equal(String(keyring.secrets.get('mcp-oauth-wasm key')), 'not a key');
});

test('without the module `@napi-rs/keyring` it says what to install', async () => {
  const error = await rejectionOf(createKeyringStore(join(folder, 'unused.json')).read(key));
  assert.deepEqual([error.name, error.code], ['MisuseError', 'keyring_missing']);
  assert.match(error.message, /npm install @napi-rs\/keyring/);
});

test('a version of the module that takes a locked keyring for an empty one is refused, and nothing is stored', async () => {
  const { path, store } = start({ keyring: older });
  const error = await rejectionOf(store.compareAndSwap(key, null, session));
  assert.deepEqual([error.name, error.code], ['MisuseError', 'keyring_missing']);
  assert.match(error.message, /too old .*npm install keyring-2@npm:@napi-rs\/keyring@2/s);
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('on Linux a key is not kept where a restart takes it away', async () => {
  const { keyring, store } = start();
  await store.read(key);
  assert.deepEqual(keyring.options, [{ linux: { store: 'secret-service' } }]);
});

test('on Linux without a secret service the real module gives no key, and that is told', {
  skip: process.platform !== 'linux',
}, async () => {
  const program = `
    import { createKeyringStore } from 'mcp-oauth-wasm/keyring';
    import { system } from './tests/keyring/keyrings.js';
    const error = await createKeyringStore(${JSON.stringify(join(folder, 'unused.json'))}, { keyring: system }).read('k').catch((error) => error);
    console.log(error.code);`;
  const env = { ...process.env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    env,
  });
  assert.equal(stdout.trim(), 'keyring_unavailable');
});
