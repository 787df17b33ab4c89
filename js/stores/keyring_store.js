/** A store in a file, whose records are encrypted with a key in the keyring of the operating system. */

/** @import { Store } from '../core/host.js' */
/** @import { ClientDescription } from '../core/records.js' */
/** @import { KeyringEntry, KeyringModule } from './keyring_parts.js' */
/** @import { Seal } from './sealed_store.js' */

import { dirname, join } from 'node:path';

import { MisuseError, StorageError } from '../core/errors.js';
import { applicationOf, defaultStorePath } from './default_store_path.js';
import { createFileStore } from './file_store.js';
import { createSealedStore } from './sealed_store.js';

/** Bytes of a key (AES-256), and of the number that is used once with it (NIST SP 800-38D §8.2). */
const KEY_LENGTH = 32;
const IV_LENGTH = 12;

/**
 * Which keyring, and what happens to records that it no longer opens.
 *
 * @typedef {object} KeyringStoreOptions
 * @property {KeyringModule} [keyring] The module. Default: what `import('@napi-rs/keyring')` gives: install it, 2.1 or newer,
 *   beside this package.
 * @property {string} [service] The name of the key in the keyring, where people see it. Files with the same name share its
 *   key. Default: `mcp-oauth-wasm`
 * @property {(record: string) => void} [onUnreadable] Is told the key of a record that no longer decrypts, as after the
 *   keyring was made anew. It reads as missing, so that the person signs in again; it is kept, and copied aside before
 *   another takes its place. Called once for each version of a record. Default: nobody is told.
 * @property {number} [lockTimeoutMilliseconds] How long to wait for a lock that someone else holds, in milliseconds; then
 *   `lock_timeout`. Default: 600000, since a person may be signing in under it.
 */

/**
 * A file store (see `createFileStore` of `mcp-oauth-wasm/node`) whose records are encrypted (AES-256-GCM) with a random key
 * that lies in the keyring of the operating system: Keychain, Windows Credential Manager, the Secret Service on Linux. Its
 * keys are not: they name servers and accounts. The keyring is asked when the store is first used.
 *
 * It protects a file that is copied: a backup, a lost disk, another user of the machine. It does not protect against
 * programs of the same user, which may ask the keyring too.
 *
 * @param {string} [path] Default: `encrypted.json` beside the store of `nodeHost`, for each application its own.
 * @param {KeyringStoreOptions} [options] which keyring
 * @returns {Store} whose methods reject with a `StorageError` (`keyring_unavailable`, and those of the file store) or a
 *   `MisuseError` (`keyring_missing`)
 */
export function createKeyringStore(
  path,
  { keyring, service = 'mcp-oauth-wasm', onUnreadable = () => {}, lockTimeoutMilliseconds } = {},
) {
  const at = (/** @type {() => string} */ pathOf) =>
    createSealedStore(async () => {
      const { AsyncEntry } = requireNew(keyring ?? (await importKeyring()));
      const store = createFileStore(pathOf(), { lockTimeoutMilliseconds });
      // Without a secret service the module would take Linux' own keys, which are gone after a restart.
      const openEntry = () => new AsyncEntry(service, 'key', { linux: { store: 'secret-service' } });
      return { store, ...sealBy(await keyOf(openEntry, service, store)) };
    }, onUnreadable);
  if (path !== undefined) return at(() => path);
  const ofClient = (/** @type {ClientDescription} */ client) =>
    at(() => join(dirname(defaultStorePath({ application: applicationOf(client) })), 'encrypted.json'));
  return { ...ofClient({}), forClient: ofClient };
}

/** @returns {Promise<KeyringModule>} */
async function importKeyring() {
  try {
    // @ts-ignore: whoever runs this has it
    return await import('@napi-rs/keyring');
  } catch (cause) {
    throw new MisuseError({
      code: 'keyring_missing',
      message:
        'The module `@napi-rs/keyring`, by which the store reaches the keyring, cannot be loaded. Install it beside this package ' +
        '(`npm install @napi-rs/keyring`), tell a bundler that it is external, or pass it as the option `keyring`.',
      cause,
    });
  }
}

/**
 * Versions before 2.1 answer "no key" where the keyring is locked, and a new key would take the place of the old; and they
 * cannot be told where Linux is to keep it.
 *
 * @param {KeyringModule} keyring
 */
function requireNew(keyring) {
  if (!('findCredentials' in keyring) || 'LinuxStore' in keyring) return keyring;
  throw new MisuseError({
    code: 'keyring_missing',
    message:
      'This version of `@napi-rs/keyring` is too old for the store: it takes a locked keyring for an empty one, by which sessions would be lost. ' +
      'Install 2.1 or newer. Where the application needs the older one too, install this one by another name ' +
      '(`npm install keyring-2@npm:@napi-rs/keyring@2`) and pass it as the option `keyring` (`await import("keyring-2")`).',
  });
}

/**
 * The key, made by whoever comes first.
 *
 * @param {() => KeyringEntry} openEntry
 * @param {string} service
 * @param {Store} store
 */
async function keyOf(openEntry, service, store) {
  const entry = await asked(service, async () => openEntry());
  const kept = () => asked(service, () => entry.getSecret());
  const made = () =>
    store.lock(`keyring ${service}`, async () => {
      const there = await kept();
      if (there) return there;
      const secret = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
      await asked(service, () => entry.setSecret(secret));
      return secret;
    });
  const secret = Uint8Array.from((await kept()) ?? (await made()));
  return asked(service, () => crypto.subtle.importKey('raw', secret, 'AES-GCM', false, ['encrypt', 'decrypt']));
}

/**
 * @param {CryptoKey} key
 * @returns {Seal}
 */
function sealBy(key) {
  return {
    async seal(value) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_LENGTH));
      const encrypted = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, Buffer.from(JSON.stringify(value)));
      return { iv: Buffer.from(iv).toString('base64'), encrypted: Buffer.from(encrypted).toString('base64') };
    },
    async open({ iv, encrypted }) {
      if (typeof iv !== 'string' || typeof encrypted !== 'string') return null;
      const algorithm = { name: 'AES-GCM', iv: Buffer.from(iv, 'base64') };
      const opened = crypto.subtle.decrypt(algorithm, key, Buffer.from(encrypted, 'base64'));
      return opened.then(
        (text) => JSON.parse(Buffer.from(text).toString()),
        () => null,
      );
    },
  };
}

/**
 * @template T
 * @param {string} service
 * @param {() => Promise<T>} question
 * @returns {Promise<T>}
 */
async function asked(service, question) {
  try {
    return await question();
  } catch (cause) {
    throw new StorageError({
      code: 'keyring_unavailable',
      message:
        `The keyring of the operating system does not give the key "${service}" that the store is encrypted with: it is locked, it did not permit it, ` +
        'or there is none. Nothing was stored, and nobody is signed out. Unlock the keyring; on Linux install a secret service (GNOME Keyring, KWallet).',
      details: { service },
      cause,
    });
  }
}
