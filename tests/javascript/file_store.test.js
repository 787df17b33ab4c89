/** @import { Store } from 'mcp-oauth-wasm' */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { utimesSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { storeContract } from 'mcp-oauth-wasm/host-test';
import { MisuseError, StorageError } from '../../js/core/errors.js';
import { createFileStore } from '../../js/stores/file_store.js';
import { takeLockFile } from '../../js/stores/lock_file.js';
import { killedHolder } from './file_store_holder.js';
import { temporaryFolder } from './temporary_folder.js';
import { rejectionOf } from './world.js';

const folder = await temporaryFolder();
let stores = 0;
const newPath = () => {
  stores += 1;
  return join(folder, String(stores), 'store.json');
};

/** @param {string} code */
const storageError = (code) => (/** @type {unknown} */ error) => {
  assert.ok(error instanceof StorageError, String(error));
  assert.equal(error.code, code);
  assert.ok(error.message.includes(folder), 'says the path');
  return true;
};

test('a store without a path is refused when it is made', () => {
  for (const path of [undefined, null, '', 5]) {
    assert.throws(
      () => createFileStore(/** @type {any} */ (path)),
      (error) => error instanceof MisuseError && error.code === 'invalid_argument' && error.message.includes('`path`'),
    );
  }
});

/** Where the stores of the contract are. @type {WeakMap<Store, string>} */
const paths = new WeakMap();

/** @param {string} path */
function openAt(path) {
  const store = createFileStore(path);
  paths.set(store, path);
  return store;
}

/** @param {Store} store */
const pathOf = (store) => paths.get(store) ?? '';

const contract = storeContract({
  open: () => openAt(newPath()),
  openAgain: (store) => openAt(pathOf(store)),
  abandonLock: (store, key) => killedHolder(pathOf(store), key),
});
for (const { name, run } of contract) test(`file store: ${name}`, run);

test('the file is one JSON document with a format version, and nothing else stays behind', async () => {
  const path = newPath();
  const store = createFileStore(path);
  await store.compareAndSwap('k', null, { n: 1 });
  await store.lock('k', async () => {});
  const content = JSON.parse(await readFile(path, 'utf8'));
  assert.equal(content.format, 'mcp-oauth-wasm store');
  assert.equal(content.version, 1);
  assert.deepEqual(content.records.k.value, { n: 1 });
  assert.deepEqual(await readdir(`${path}.locks`), []);
});

test('reading a missing store creates nothing', async () => {
  const path = newPath();
  assert.equal(await createFileStore(path).read('k'), null);
  await assert.rejects(stat(join(path, '..')), { code: 'ENOENT' });
});

test('file and folders are for their owner alone', {
  skip: process.platform === 'win32' && 'no mode bits',
}, async () => {
  const path = newPath();
  const store = createFileStore(path);
  await store.compareAndSwap('k', null, { n: 1 });
  const mode = async (/** @type {string} */ file) => (await stat(file)).mode & 0o777;
  assert.equal(await mode(path), 0o600);
  assert.equal(await mode(join(path, '..')), 0o700);
  assert.equal(await mode(`${path}.locks`), 0o700);

  await chmod(path, 0o644);
  await store.compareAndSwap('other', null, { n: 2 });
  assert.equal(await mode(path), 0o600);
});

test('what others may write is not believed, and the command that repairs it is said', {
  skip: process.platform === 'win32' && 'no mode bits',
}, async () => {
  for (const [mode, repaired] of /** @type {const} */ ([
    [0o666, 0o644],
    [0o620, 0o600],
    [0o602, 0o600],
    [0o777, 0o755],
    [0o770, 0o750],
  ])) {
    const path = newPath();
    const store = createFileStore(path);
    await store.compareAndSwap('k', null, { n: 1 });
    const { uid, gid } = await stat(path);
    if (uid === gid && uid !== 0 && (mode & 0o002) === 0) {
      await chmod(path, mode);
      assert.deepEqual((await store.read('k'))?.value, { n: 1 }, 'a group of this user alone');
      continue;
    }
    for (const loose of [path, join(path, '..'), `${path}.locks`]) {
      const [before, executable] = [(await stat(loose)).mode & 0o777, loose === path ? 0 : 0o100];
      await chmod(loose, mode | executable);
      const uses = [() => store.read('k'), () => store.keys(), () => store.compareAndSwap('k', null, { n: 2 })];
      for (const use of uses) {
        const error = await rejectionOf(use());
        assert.equal(error.code, 'store_not_private');
        const [, command = ''] = /: (chmod .*)$/.exec(error.message) ?? [];
        assert.equal(command, `chmod go-w '${loose}'`);
      }
      await promisify(execFile)('sh', ['-c', `chmod go-w '${loose}'`]);
      assert.equal((await stat(loose)).mode & 0o777, repaired | executable);
      assert.deepEqual((await store.read('k'))?.value, { n: 1 });
      await chmod(loose, before);
    }
  }
  const shared = newPath();
  await mkdir(join(shared, '..'));
  await chmod(join(shared, '..'), 0o1777);
  assert.equal(await createFileStore(shared).compareAndSwap('k', null, { n: 1 }), true, 'a folder like /tmp');
});

test('a symbolic link stays, and its target is replaced, even one that does not exist yet', async () => {
  const target = newPath();
  const link = newPath();
  await mkdir(join(target, '..'));
  await mkdir(join(link, '..'));
  await symlink(join('..', target.slice(folder.length)), link);
  const throughLink = createFileStore(link);
  const direct = createFileStore(target);

  await throughLink.compareAndSwap('a', null, { n: 1 });
  await throughLink.compareAndSwap('b', null, { n: 2 });
  assert.ok(await readlink(link));
  assert.deepEqual((await direct.read('b'))?.value, { n: 2 });
  assert.deepEqual(await readdir(join(link, '..')), ['store.json']);
  await direct.lock('k', async () => {
    const impatient = createFileStore(link, { lockTimeoutMilliseconds: 20 });
    await assert.rejects(
      impatient.lock('k', async () => {}),
      storageError('lock_timeout'),
    );
  });
});

const complete =
  '{"format":"mcp-oauth-wasm store","version":1,"records":{"k":{"version":"v","value":{"token":"secret"}}}}';

for (const [name, code, content] of /** @type {const} */ ([
  ['an empty file', 'store_corrupted', ''],
  ['a half-written file', 'store_corrupted', complete.slice(0, -20)],
  ['a file with bytes that are not text', 'store_corrupted', complete.replace('{"', '{\0"')],
  ['another JSON document', 'store_corrupted', '{"name":"some package","version":1,"records":{}}'],
  ['a list', 'store_corrupted', '[]'],
  ['an older format that never was', 'store_corrupted', complete.replace('"version":1', '"version":0')],
  ['a version that is not a number', 'store_corrupted', complete.replace('"version":1', '"version":"1"')],
  ['no records', 'store_corrupted', complete.replace('records', 'record')],
  ['a record without version', 'store_corrupted', complete.replace('"version":"v",', '')],
  ['a record that is not an object', 'store_corrupted', complete.replace('{"token":"secret"}', '["secret"]')],
  ['a file of a newer version', 'store_newer', complete.replace('"version":1', '"version":2,"addition":true')],
])) {
  test(`${name} is reported as ${code} and never overwritten`, async () => {
    const path = newPath();
    await mkdir(join(path, '..'));
    await writeFile(path, content);
    const store = createFileStore(path);
    await assert.rejects(store.read('k'), (/** @type {Error} */ error) => {
      assert.ok(!`${error.stack} ${error.cause}`.includes('secret'));
      return storageError(code)(error);
    });
    await assert.rejects(store.compareAndSwap('k', null, { n: 1 }), storageError(code));
    await assert.rejects(store.compareAndSwap('k', 'v', null), storageError(code));
    assert.equal(await readFile(path, 'utf8'), content);
    assert.deepEqual(await readdir(`${path}.locks`), []);
  });
}

test('the intact file that the damaged ones are made of is read', async () => {
  const path = newPath();
  await mkdir(join(path, '..'));
  await writeFile(path, complete);
  assert.deepEqual(await createFileStore(path).read('k'), { version: 'v', value: { token: 'secret' } });
});

test('a path that cannot be a store file is store_unavailable', async () => {
  const path = newPath();
  await mkdir(path, { recursive: true });
  const file = newPath();
  await mkdir(join(file, '..'));
  await writeFile(file, complete);
  for (const impossible of [path, join(file, 'below', 'a file')]) {
    const store = createFileStore(impossible);
    await assert.rejects(store.read('k'), storageError('store_unavailable'));
    await assert.rejects(store.compareAndSwap('k', null, { n: 1 }), storageError('store_unavailable'));
  }
  await assert.rejects(
    createFileStore(join(file, 'below')).lock('k', async () => {}),
    storageError('store_unavailable'),
  );
});

test('a file that this user may not use is store_unavailable', {
  skip: process.platform === 'win32' && 'no mode bits',
}, async () => {
  const path = newPath();
  await mkdir(join(path, '..'));
  await writeFile(path, complete);
  await chmod(join(path, '..'), 0o000);
  // No mode bits hold root back, so root becomes nobody for a moment.
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) {
    await chmod(folder, 0o755);
    process.seteuid?.(65534);
  }
  try {
    const store = createFileStore(path);
    await assert.rejects(store.read('k'), storageError('store_unavailable'));
    await assert.rejects(store.compareAndSwap('k', null, { n: 1 }), storageError('store_unavailable'));
    await assert.rejects(
      store.lock('k', async () => {}),
      storageError('store_unavailable'),
    );
  } finally {
    if (isRoot) process.seteuid?.(0);
    await chmod(join(path, '..'), 0o700);
  }
  assert.equal(await readFile(path, 'utf8'), complete);
});

test('errors of the work under a lock, and reasons of an abort, pass as they are', async () => {
  const store = createFileStore(newPath());
  const missing = await readFile(join(folder, 'missing')).catch((error) => error);
  await assert.rejects(
    store.lock('k', () => Promise.reject(missing)),
    missing,
  );
  await store.lock('k', () =>
    assert.rejects(
      store.lock('k', async () => {}, { signal: AbortSignal.abort(missing) }),
      missing,
    ),
  );
});

test('a lock that is held for too long is lock_timeout, in the same store and in another', async () => {
  const path = newPath();
  const store = createFileStore(path, { lockTimeoutMilliseconds: 20 });
  const other = createFileStore(path, { lockTimeoutMilliseconds: 20 });
  await store.lock('k', async () => {
    await assert.rejects(
      store.lock('k', async () => {}),
      storageError('lock_timeout'),
    );
    await assert.rejects(
      other.lock('k', async () => {}),
      storageError('lock_timeout'),
    );
  });
  assert.equal(await other.lock('k', async () => 'free'), 'free');
});

test('a lock file of another machine is recovered only after it has been silent for long enough', async () => {
  const locks = await temporaryFolder();
  const left = join(locks, 'records-0123456789abcdef-1-00');
  await writeFile(left, '');
  const beating = setInterval(() => utimesSync(left, new Date(), new Date()), 5);
  const heartbeat = { everyMilliseconds: 1000, silentMilliseconds: 300 };
  const impatient = AbortSignal.timeout(1200);
  await assert.rejects(takeLockFile({ folder: locks, name: 'records', signal: impatient, heartbeat }), {
    name: 'TimeoutError',
  });
  clearInterval(beating);

  const { signal } = new AbortController();
  const lock = await takeLockFile({ folder: locks, name: 'records', signal, heartbeat });
  assert.deepEqual(await readdir(locks), [lock.path.slice(locks.length + 1)]);
  await lock.release();
  assert.deepEqual(await readdir(locks), []);
});

test('a writer that has lost its lock publishes nothing, and tries again', async () => {
  const path = newPath();
  const count = async () => {
    const store = createFileStore(path);
    for (let done = 0; done < 20; ) {
      const record = await store.read('counter');
      const next = { count: Number(record?.value.count ?? 0) + 1 };
      if (await store.compareAndSwap('counter', record?.version ?? null, next)) done += 1;
    }
  };
  let counting = true;
  const counters = Promise.all([count(), count(), count()]).finally(() => {
    counting = false;
  });
  let removed = 0;
  while (counting && removed < 100) {
    const locks = await readdir(`${path}.locks`).catch(() => []);
    for (const lock of locks) {
      // At any point of the work of its owner.
      await pause(Math.random() * 4);
      await rm(join(`${path}.locks`, lock), { force: true });
      removed += 1;
    }
  }
  await counters;
  assert.deepEqual((await createFileStore(path).read('counter'))?.value, { count: 60 });
});

test('a holder gives signs of life', async () => {
  const locks = await temporaryFolder();
  const { signal } = new AbortController();
  const heartbeat = { everyMilliseconds: 5, silentMilliseconds: 60_000 };
  const lock = await takeLockFile({ folder: locks, name: 'records', signal, heartbeat });
  const { mtimeMs } = await stat(lock.path);
  while ((await stat(lock.path)).mtimeMs === mtimeMs) await new Promise(setImmediate);
  await lock.release();
});
