/**
 * A store that the keyring of the operating system protects.
 *
 * @module
 */

/**
 * @typedef {import('./stores/keyring_store.js').KeyringStoreOptions} KeyringStoreOptions
 * @typedef {import('./stores/keyring_parts.js').KeyringModule} KeyringModule
 * @typedef {import('./stores/keyring_parts.js').KeyringEntryClass} KeyringEntryClass
 * @typedef {import('./stores/keyring_parts.js').KeyringEntry} KeyringEntry
 */

export { createKeyringStore } from './stores/keyring_store.js';
