/** A store in a file, whose records are encrypted with a key that the operating system keeps. */

/** @import { JsonObject, Store } from '../../core/host.js' */
/** @import { Seal } from '../../stores/sealed_store.js' */
/** @import { ElectronModules, ElectronSafeStorage } from './electron_parts.js' */

import { join } from 'node:path';

import { StorageError } from '../../core/errors.js';
import { createFileStore } from '../../stores/file_store.js';
import { createSealedStore } from '../../stores/sealed_store.js';
import { readyElectron } from './modules.js';

/** How often, and after how long, it is looked again whether there is a key. */
const LOOKS = 10;
const LOOK_MILLISECONDS = 100;

/**
 * How records are encrypted, and what happens where they cannot be.
 *
 * @typedef {object} SafeStorageStoreOptions
 * @property {ElectronModules} [electron] Electron's module. Default: what `import('electron')` gives in the main process.
 * @property {boolean} [allowPlainText] Whether records may be kept as plain text, in a file that this user alone can read,
 *   where the operating system has no key: on Linux without a secret service (Electron's backend `basic_text`, whose key is
 *   the same everywhere). Default: false, and then the store rejects with `store_unencrypted`.
 * @property {(record: string) => void} [onUnreadable] Is told the key of a record that no longer decrypts, as after the
 *   operating system was installed anew. It reads as missing, so that the person signs in again; it is kept, and copied
 *   aside before another takes its place. Called once for each version of a record. Default: nobody is told.
 * @property {number} [lockTimeoutMilliseconds] How long to wait for a lock that someone else holds, in milliseconds; then
 *   `lock_timeout`. Default: 600000, since a person may be signing in under it.
 */

/**
 * A file store (see `createFileStore` of `mcp-oauth-wasm/node`) whose records are encrypted by Electron's `safeStorage`.
 * Its keys are not: they name servers and accounts. The operating system's key is asked for when the store is first used,
 * and not before Electron is ready.
 *
 * It protects a file that is copied: a backup, a lost disk, another user of the machine. It does not protect against
 * programs of the same user on Windows and Linux, nor against code in the main process.
 *
 * @param {string} [path] Default: `mcp-oauth-wasm.json` in the application's folder for data (`userData`).
 * @param {SafeStorageStoreOptions} [options] how records are encrypted
 * @returns {Store} whose methods reject with a `StorageError` (`store_unencrypted`, and those of the file store) or a
 *   `MisuseError` (`electron_missing`)
 */
export function createSafeStorageStore(
  path,
  { electron: given, allowPlainText = false, onUnreadable = () => {}, lockTimeoutMilliseconds } = {},
) {
  const ready = readyElectron(given);
  return createSealedStore(async () => {
    const { app, safeStorage } = await ready();
    const store = createFileStore(path ?? join(app.getPath('userData'), 'mcp-oauth-wasm.json'), {
      lockTimeoutMilliseconds,
    });
    return { store, ...(await sealOf(safeStorage, allowPlainText)) };
  }, onUnreadable);
}

/**
 * @param {ElectronSafeStorage} safeStorage
 * @param {boolean} allowPlainText
 * @returns {Promise<Seal>}
 */
async function sealOf(safeStorage, allowPlainText) {
  const cipher = cipherOf(safeStorage);
  const unavailable = (/** @type {unknown} */ cause) => {
    throw unencrypted(safeStorage, cause);
  };
  const isEncrypting = (await isSoonAvailable(cipher)) && !(await isPlainText(safeStorage, cipher).catch(() => true));
  if (!isEncrypting && !allowPlainText) throw unencrypted(safeStorage);
  return {
    async seal(value) {
      /** @type {JsonObject} */
      const stored = {};
      if (isEncrypting)
        stored.encrypted = (await cipher.encrypt(JSON.stringify(value)).catch(unavailable)).toString('base64');
      else stored.plain = value;
      return stored;
    },
    async open({ plain, encrypted }) {
      if (allowPlainText && plain) return /** @type {JsonObject} */ (plain);
      if (typeof encrypted !== 'string') return null;
      if (!isEncrypting) throw unencrypted(safeStorage);
      // No new encryption on the way: it would change the version of a record that somebody is about to replace.
      return cipher
        .decrypt(Buffer.from(encrypted, 'base64'))
        .then(JSON.parse)
        .catch(async (error) => {
          // A key that is locked for now will be there again, and so will the record. The asynchronous members say it in
          // these words, and say all the same that there is a key.
          const isLocked = /temporarily unavailable/i.test(String(error)) || !(await cipher.isAvailable());
          return isLocked ? unavailable(error) : null;
        });
    },
  };
}

/**
 * The asynchronous members where Electron has them: the others block the application while the person unlocks the key, and
 * are gone in Electron 46.
 *
 * @param {ElectronSafeStorage} safeStorage
 */
function cipherOf(safeStorage) {
  const { isAsyncEncryptionAvailable } = safeStorage;
  if (isAsyncEncryptionAvailable) {
    return {
      isAsynchronous: true,
      isAvailable: async () => isAsyncEncryptionAvailable.call(safeStorage),
      encrypt: async (/** @type {string} */ text) =>
        /** @type {Promise<Buffer>} */ (safeStorage.encryptStringAsync?.(text)),
      decrypt: async (/** @type {Buffer} */ encrypted) =>
        (await safeStorage.decryptStringAsync?.(encrypted))?.result ?? '',
    };
  }
  return {
    isAsynchronous: false,
    isAvailable: async () => safeStorage.isEncryptionAvailable?.() === true,
    encrypt: async (/** @type {string} */ text) => /** @type {Buffer} */ (safeStorage.encryptString?.(text)),
    decrypt: async (/** @type {Buffer} */ encrypted) => safeStorage.decryptString?.(encrypted) ?? '',
  };
}

/**
 * Whether there is a key. Electron 42.0 to 42.2 say no for a moment after they are ready (electron#51924).
 *
 * @param {ReturnType<typeof cipherOf>} cipher
 */
async function isSoonAvailable(cipher) {
  for (let left = cipher.isAsynchronous ? LOOKS : 0; ; left -= 1) {
    const isAvailable = await cipher.isAvailable();
    if (isAvailable || left <= 0) return isAvailable;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
  }
}

/**
 * Whether the key is the one that is the same everywhere. Chromium marks what it encrypted with that on Linux. The name of
 * the backend says it for the older members alone: the others may have their key elsewhere (Secret portal).
 *
 * @param {ElectronSafeStorage} safeStorage
 * @param {ReturnType<typeof cipherOf>} cipher
 */
async function isPlainText(safeStorage, cipher) {
  if (process.platform !== 'linux') return false;
  if (!cipher.isAsynchronous && safeStorage.getSelectedStorageBackend?.() === 'basic_text') return true;
  return (await cipher.encrypt('which key')).subarray(0, 3).toString('latin1') === 'v10';
}

/**
 * @param {ElectronSafeStorage} safeStorage
 * @param {unknown} [cause]
 */
function unencrypted(safeStorage, cause) {
  const backend = process.platform === 'linux' ? safeStorage.getSelectedStorageBackend?.() : undefined;
  return new StorageError({
    code: 'store_unencrypted',
    message:
      'The operating system has no key to encrypt what is stored, or keeps it locked' +
      (backend ? ` (backend ${backend})` : '') +
      '. Nothing was stored. ' +
      'Unlock the keychain; on Linux install a secret service (GNOME Keyring, KWallet), and where it is not found start the application ' +
      'with `--password-store=gnome-libsecret`. Or accept plain text that this user alone can read: `allowPlainText: true`.',
    details: { backend: backend ?? null },
    cause,
  });
}
