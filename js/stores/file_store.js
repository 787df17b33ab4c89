/** @import { FileHandle } from 'node:fs/promises' */
/** @import { Store, StoredRecord } from '../core/host.js' */

import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, readlink, realpath, rename, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { MisuseError, StorageError } from '../core/errors.js';
import { isExpired } from '../core/expired.js';
import { createKeyedLock } from './keyed_lock.js';
import { limitedWait } from './limited_wait.js';
import { ignoreMissing, takeLockFile } from './lock_file.js';
import { systemErrorCode } from './this_process.js';

const format = 'mcp-oauth-wasm store';
const formatVersion = 1;

/** The lock under which the file is replaced. Locks of callers are named by a hash, never by this. */
const recordsLock = 'records';

/**
 * How patient a store in a file is.
 *
 * @typedef {object} FileStoreOptions
 * @property {number} [lockTimeoutMilliseconds]
 *   How long to wait for a lock that someone else holds, in milliseconds; then `lock_timeout`.
 *   Default: 600000, since a person may be signing in under it.
 */

/**
 * Names what is in it, beside what every store does.
 *
 * @typedef {object} Listing
 * @property {() => Promise<string[]>} keys The keys of all records, such as `session <endpoint> <account>`. Rejects like
 *   `read`.
 *
 * @typedef {Store & Listing} FileStore A store in a file, which can also say what is in it.
 */

/**
 * A store in one JSON file, readable by its owner alone, that any number of processes can use at once.
 * A reader sees the file before or after a write, never in between; no write is lost.
 * A file that cannot be understood is reported (`store_corrupted`, `store_newer`) and never overwritten; one that other users
 * may write, or whose folder they may, is not believed (`store_not_private`; not on Windows).
 * Locks live beside it, in the folder `<path>.locks`.
 *
 * @param {string} path If it is a symbolic link, the file that it points to is the store.
 * @param {FileStoreOptions} [options] how patient it is
 * @returns {FileStore} whose methods reject with a `StorageError`
 * @throws {MisuseError} `invalid_argument`
 */
export function createFileStore(path, { lockTimeoutMilliseconds = 600_000 } = {}) {
  if (typeof path !== 'string' || path === '') {
    const message = 'The argument `path` must be the path of a file, such as `/home/me/.config/my-app/sessions.json`.';
    throw new MisuseError({ code: 'invalid_argument', message });
  }
  const givenPath = resolve(path);
  const inTurn = createKeyedLock();

  /**
   * @template T
   * @param {string} name
   * @param {AbortSignal | undefined} signal
   * @param {(file: string, lockFile: string) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async function locked(name, signal, work) {
    const waiting = limitedWait(signal, lockTimeoutMilliseconds, () => lockTimeout(givenPath, lockTimeoutMilliseconds));
    try {
      return await inTurn(
        name,
        async () => {
          const { file, lock } = await reported(givenPath, async () => {
            const file = await followLinks(givenPath);
            return { file, lock: await takeLockFile({ folder: `${file}.locks`, name, signal: waiting.signal }) };
          });
          waiting.end();
          try {
            return await work(file, lock.path);
          } finally {
            await lock.release();
          }
        },
        { signal: waiting.signal },
      );
    } finally {
      waiting.end();
    }
  }

  return {
    async read(key) {
      return reported(givenPath, async () => (await readRecords(await followLinks(givenPath))).get(key) ?? null);
    },

    async keys() {
      return reported(givenPath, async () => [...(await readRecords(await followLinks(givenPath))).keys()]);
    },

    async compareAndSwap(key, expected, value) {
      for (;;) {
        const written = await locked(recordsLock, undefined, (file, lockFile) =>
          reported(givenPath, async () => {
            const records = await readRecords(file);
            if ((records.get(key)?.version ?? null) !== expected) return false;
            for (const [key, { value }] of records) if (isExpired(value)) records.delete(key);
            if (value === null) records.delete(key);
            else records.set(key, { version: randomUUID(), value });
            return replaceRecords(file, records, lockFile);
          }),
        );
        if (written !== 'lock lost') return written;
      }
    },

    async lock(key, work, { signal } = {}) {
      return locked(createHash('sha256').update(key).digest('hex'), signal, work);
    },
  };
}

/**
 * @param {string} file
 * @returns {Promise<Map<string, StoredRecord>>}
 */
async function readRecords(file) {
  await requireOwn(file);
  /** @type {string} */
  let text;
  try {
    text = await persistently(() => readFile(file, 'utf8'));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return new Map();
    throw error;
  }
  const content = parse(text);
  if (!isObject(content) || content.format !== format || !Number.isInteger(content.version)) throw corrupted(file);
  if (Number(content.version) > formatVersion) throw newer(file, Number(content.version));
  if (content.version !== formatVersion || !isObject(content.records)) throw corrupted(file);
  const records = Object.entries(content.records);
  if (!records.every(isRecordEntry)) throw corrupted(file);
  return new Map(records);
}

/**
 * What others may write is not believed: they could have their own sessions used, or scripts run. Windows has no modes.
 *
 * @param {string} file
 */
export async function requireOwn(file) {
  if (process.platform === 'win32') return;
  for (const path of [file, dirname(file), `${file}.locks`]) {
    const { mode = 0, uid = 0, gid = 0 } = (await stat(path).catch(ignoreMissing)) ?? {};
    const isSticky = path === dirname(file) && (mode & 0o1000) !== 0;
    // Many systems give each user a group of their own, by the same number, and let it write by default.
    const others = uid === gid && uid !== 0 ? 0o002 : 0o022;
    if ((mode & others) !== 0 && !isSticky) throw notOwn(path, `mode ${(mode & 0o777).toString(8)}`, 'chmod go-w');
    if (![0, process.geteuid?.()].includes(uid) && process.geteuid?.() !== 0)
      throw notOwn(path, `it belongs to the user ${uid}`, `sudo chown "$USER"`);
  }
}

/**
 * The lock file itself becomes the store: if the lock was lost, it is gone, and so nothing is published;
 * if this process is killed on the way, it is recovered like any lock.
 *
 * @param {string} file
 * @param {Map<string, StoredRecord>} records
 * @param {string} lockFile
 * @returns {Promise<true | 'lock lost'>}
 */
async function replaceRecords(file, records, lockFile) {
  const content = { format, version: formatVersion, records: Object.fromEntries(records) };
  try {
    await writeThrough(await open(lockFile, 'r+'), `${JSON.stringify(content, null, 2)}\n`);
    await persistently(() => rename(lockFile, file));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 'lock lost';
    throw error;
  }
  // The new file is in place; a file system that cannot do this changes nothing about that.
  await syncFolder(dirname(file)).catch(() => {});
  return true;
}

/**
 * @param {FileHandle} handle
 * @param {string} text
 */
async function writeThrough(handle, text) {
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Makes a rename survive a power failure. Not every system opens or syncs folders: Windows does not.
 *
 * @param {string} folder
 */
async function syncFolder(folder) {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * On Windows a file can be neither read nor replaced for the moment in which another process
 * (a writer, a virus scanner) has it open.
 *
 * @template T
 * @param {() => Promise<T>} operation
 * @returns {Promise<T>}
 */
export async function persistently(operation) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await operation();
    } catch (error) {
      const isBusy = ['EPERM', 'EACCES', 'EBUSY'].includes(systemErrorCode(error) ?? '');
      if (process.platform !== 'win32' || !isBusy || attempt === 20) throw error;
      await pause(10 * attempt);
    }
  }
}

/**
 * @param {string} path
 * @returns {Promise<string>} The file that is to be replaced, which need not exist.
 */
async function followLinks(path) {
  try {
    return await realpath(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
  const target = await readlink(path).catch(() => null);
  return target === null ? path : followLinks(resolve(dirname(path), target));
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error is dropped: it quotes the text, which holds tokens.
    return undefined;
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * @param {[string, unknown]} entry
 * @returns {entry is [string, StoredRecord]}
 */
function isRecordEntry(entry) {
  const [, record] = entry;
  return isObject(record) && typeof record.version === 'string' && isObject(record.value);
}

/**
 * Runs `operation`, and reports errors of the operating system as errors of the store.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} operation
 * @returns {Promise<T>}
 */
export async function reported(path, operation) {
  try {
    return await operation();
  } catch (error) {
    const systemCode = systemErrorCode(error);
    if (systemCode === undefined) throw error;
    throw new StorageError({
      code: 'store_unavailable',
      message:
        `The file ${path} or its folder cannot be used (${systemCode}). ` +
        'Make sure that it is a file which this user may read and write, in a folder which this user may write to, ' +
        'with room left on the disk; or choose another path for the store (the option `store` of the host, `--store` of the command line).',
      details: { path, systemCode },
      cause: error,
    });
  }
}

/**
 * @param {string} path
 * @param {string} reason
 * @param {string} command
 */
function notOwn(path, reason, command) {
  const quoted = `'${path.replaceAll("'", "'\\''")}'`;
  return new StorageError({
    code: 'store_not_private',
    message:
      `${path} can be written by other users of this machine (${reason}), who could put their own ` +
      `sessions or scripts there. It was left as it is. Choose a file in a folder that is yours alone; or, if nobody else has used it: ${command} ${quoted}`,
    details: { path },
  });
}

/** @param {string} path */
function corrupted(path) {
  return new StorageError({
    code: 'store_corrupted',
    message:
      `The store file ${path} is damaged or is not a store of this package, so it was left as it is. ` +
      'Restore it from a backup, or move it away: a new one is then made, and signing in again fills it.',
    details: { path },
  });
}

/**
 * @param {string} path
 * @param {number} version
 */
function newer(path, version) {
  return new StorageError({
    code: 'store_newer',
    message:
      `The store file ${path} was written by a newer version of this package (store format ${version}; ` +
      `this version knows ${formatVersion}), so it was left as it is. ` +
      'Update this application, or choose another path for the store.',
    details: { path, version, supported: formatVersion },
  });
}

/**
 * @param {string} path
 * @param {number} milliseconds
 */
function lockTimeout(path, milliseconds) {
  return new StorageError({
    code: 'lock_timeout',
    message:
      `Another task or program kept a lock of the store file ${path} for longer than ${milliseconds} ms. ` +
      'It may be waiting for someone to sign in. Finish or close it, then try again.',
    details: { path, milliseconds },
  });
}
