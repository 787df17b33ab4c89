/** The keyring of the operating system, and one in memory. */

import * as systemKeyring from '@napi-rs/keyring';
import * as olderKeyring from 'keyring-1';

/** @import { AsyncEntry } from '@napi-rs/keyring' */
/** @import { KeyringModule } from '../../js/keyring.js' */

/** What the package uses of it is what there is. @type {KeyringModule} */
export const system = systemKeyring;

/** The module before it knew a locked keyring from an empty one. @type {any} */
export const older = olderKeyring;

/** A keyring of nobody else's, which can be locked and emptied. */
export function createKeyring() {
  /** @type {Map<string, Uint8Array>} */
  const secrets = new Map();
  const keyring = {
    secrets,
    /** What was asked of the system, entry by entry. @type {ConstructorParameters<typeof AsyncEntry>[2][]} */
    options: [],
    isLocked: false,
    /** @implements {Pick<AsyncEntry, 'getSecret' | 'setSecret'>} */
    AsyncEntry: class {
      #name;
      /** @param {ConstructorParameters<typeof AsyncEntry>} names */
      constructor(...[service, username, options]) {
        this.#name = `${service} ${username}`;
        keyring.options.push(options);
      }

      async getSecret() {
        if (keyring.isLocked) throw new Error('Platform failure: the keyring is locked');
        const secret = secrets.get(this.#name);
        return secret ? [...secret] : null;
      }

      /** @param {Uint8Array} secret */
      async setSecret(secret) {
        if (keyring.isLocked) throw new Error('Platform failure: the keyring is locked');
        secrets.set(this.#name, Uint8Array.from(secret));
      }
    },
  };
  return keyring;
}
