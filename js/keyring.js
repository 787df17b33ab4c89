/**
 * A store that the keyring of the operating system protects.
 *
 * @module
 */

/**
 * @typedef {import('./store/keyring_store.js').KeyringStoreOptions} KeyringStoreOptions
 * @typedef {import('./store/keyring_parts.js').KeyringModule} KeyringModule
 * @typedef {import('./store/keyring_parts.js').KeyringEntryClass} KeyringEntryClass
 * @typedef {import('./store/keyring_parts.js').KeyringEntry} KeyringEntry
 */

export { createKeyringStore } from './store/keyring_store.js';
