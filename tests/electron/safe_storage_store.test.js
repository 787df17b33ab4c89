import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { createSafeStorageStore } from 'mcp-oauth-wasm/electron';
import { createFileStore } from 'mcp-oauth-wasm/node';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { rejectionOf } from '../javascript/world.js';
import { createElectron } from './electron.js';

/** @import { StandInKeyOptions } from './electron.js' */
/** @import { SafeStorageStoreOptions } from 'mcp-oauth-wasm/electron' */

/**
 * @param {Partial<StandInKeyOptions>} [key]
 * @param {SafeStorageStoreOptions} [options]
 */
async function start(key, options) {
  const userData = await temporaryFolder();
  const electron = createElectron({ userData, key });
  const path = join(userData, 'mcp-oauth-wasm.json');
  const open = (/** @type {SafeStorageStoreOptions} */ others = {}) =>
    createSafeStorageStore(undefined, { electron, ...options, ...others });
  return { electron, path, open, store: open(), text: () => readFile(path, 'utf8') };
}

const key = 'session https://mcp.example/mcp default';
const session = { tokens: { accessToken: 'very-secret', refreshToken: 'even-more' } };

test("records are in the application's folder, encrypted, and other stores on the same file read them", async () => {
  for (const isAsynchronous of [true, false]) {
    const { open, store, text } = await start({ isAsynchronous });
    await store.compareAndSwap(key, null, session);
    assert.doesNotMatch(await text(), /very-secret|even-more|tokens/);
    assert.deepEqual((await open().read(key))?.value, session);
  }
});

test('what an older Electron encrypted is read by a newer one', async () => {
  const secret = randomBytes(32);
  const older = await start({ secret, isAsynchronous: false });
  await older.store.compareAndSwap(key, null, session);
  const { electron } = await start({ secret, isAsynchronous: true });
  assert.deepEqual((await createSafeStorageStore(older.path, { electron }).read(key))?.value, session);
});

test('the key is asked for when the store is first used, and not before Electron is ready', async () => {
  const userData = await temporaryFolder();
  const electron = createElectron({ userData, isReady: false });
  let asked = 0;
  const { isAsyncEncryptionAvailable } = electron.safeStorage;
  electron.safeStorage.isAsyncEncryptionAvailable = () => {
    asked += 1;
    return isAsyncEncryptionAvailable();
  };
  const store = createSafeStorageStore(undefined, { electron });
  const reading = store.read(key);
  await new Promise(setImmediate);
  assert.equal(asked, 0);
  electron.becomeReady();
  assert.equal(await reading, null);
  assert.equal(asked, 1);
});

test('a key that is the same everywhere counts as none: the store refuses, and says what to do', async (context) => {
  onLinux(context);
  const { path, store, electron } = await start({ backend: 'basic_text' });
  // Also where Electron no longer says which backend it is.
  for (const isNamed of [true, false]) {
    if (!isNamed) electron.safeStorage.getSelectedStorageBackend = () => 'unknown';
    for (const failing of [
      store.read(key),
      store.compareAndSwap(key, null, session),
      store.lock(key, async () => {}),
    ]) {
      const error = await rejectionOf(failing);
      assert.deepEqual([error.name, error.code], ['StorageError', 'store_unencrypted']);
      assert.match(error.message, /allowPlainText/);
    }
  }
  await assert.rejects(stat(path), { code: 'ENOENT' });
});

test('plain text that the host allows is plain, for this user alone', async (context) => {
  onLinux(context);
  const { open, store, path, text } = await start({ backend: 'basic_text' }, { allowPlainText: true });
  await store.compareAndSwap(key, null, session);
  assert.match(await text(), /very-secret/);
  assert.deepEqual((await open().read(key))?.value, session);
  if (!isWindows) assert.equal((await stat(path)).mode & 0o077, 0);
});

test('plain records are read only where the host allows them', async () => {
  const { open, path } = await start();
  await createFileStore(path).compareAndSwap(key, null, { plain: session });
  assert.equal(await open().read(key), null);
  assert.deepEqual((await open({ allowPlainText: true }).read(key))?.value, session);
});

test('a record that no longer decrypts reads as missing, is told once, and is kept when another takes its place', async () => {
  /** @type {string[]} */
  const unreadable = [];
  const { electron, open, store, path } = await start({}, { onUnreadable: (record) => unreadable.push(record) });
  await store.compareAndSwap(key, null, session);
  const { secret } = electron.safeStorage.state;
  const lost = await createFileStore(path).read(key);
  electron.safeStorage.state.secret = randomBytes(32);

  assert.equal(await store.read(key), null);
  assert.equal(await store.read(key), null);
  assert.deepEqual(unreadable, [key]);
  // Reading has changed nothing: were the key to come back, so would the record.
  assert.deepEqual(await createFileStore(path).read(key), lost);

  assert.equal(await store.compareAndSwap(key, null, { tokens: { accessToken: 'new' } }), true);
  assert.deepEqual((await store.read(key))?.value, { tokens: { accessToken: 'new' } });
  electron.safeStorage.state.secret = secret;
  assert.deepEqual((await open().read(`unreadable ${lost?.version} ${key}`))?.value, session);
});

for (const isAsynchronous of [true, false]) {
  test(`a key that is locked for now is an error to retry, and nothing is written over what it opens (${isAsynchronous ? 'newer' : 'older'} members)`, async () => {
    const { electron, open, store, text } = await start({ isAsynchronous });
    await store.compareAndSwap(key, null, session);
    const kept = await text();
    electron.safeStorage.state.isAvailable = false;
    // Also for whoever accepts plain text where there is no key.
    for (const locked of [store, open(), open({ allowPlainText: true })]) {
      for (const failing of [() => locked.read(key), () => locked.compareAndSwap(key, null, {})]) {
        const error = await rejectionOf(failing());
        assert.deepEqual([error.kind, error.code], ['storage', 'store_unencrypted']);
      }
    }
    assert.equal(await text(), kept);
    electron.safeStorage.state.isAvailable = true;
    assert.deepEqual((await store.read(key))?.value, session);
  });
}

test('a key that is there a moment after Electron is ready is waited for', async () => {
  const { electron, store } = await start();
  let looks = 0;
  electron.safeStorage.isAsyncEncryptionAvailable = async () => (looks += 1) > 2;
  await store.compareAndSwap(key, null, session);
  assert.deepEqual((await store.read(key))?.value, session);
});

test('the newer members may have a key where the desktop has none: what they encrypt says which', async (context) => {
  onLinux(context);
  const { electron, store, text } = await start();
  electron.safeStorage.getSelectedStorageBackend = () => 'basic_text';
  await store.compareAndSwap(key, null, session);
  assert.doesNotMatch(await text(), /very-secret/);
});

const isWindows = process.platform === 'win32';

/**
 * The key that is the same everywhere is Linux' alone.
 *
 * @param {import('node:test').TestContext} context
 */
function onLinux(context) {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform');
  Object.defineProperty(process, 'platform', { value: 'linux', configurable: true });
  context.after(() => Object.defineProperty(process, 'platform', /** @type {PropertyDescriptor} */ (platform)));
}
