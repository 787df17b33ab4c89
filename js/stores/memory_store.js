/** @import { Store, StoredRecord } from '../core/host.js' */

import { isExpired } from '../core/expired.js';
import { createKeyedLock } from './keyed_lock.js';

/**
 * A store that forgets everything when the process ends.
 * Values are copied in and out, so that no caller can change what is stored.
 *
 * @returns {Store} none of whose methods rejects by itself
 */
export function createMemoryStore() {
  /** @type {Map<string, StoredRecord>} */
  const records = new Map();
  let writes = 0;

  return {
    async read(key) {
      return structuredClone(records.get(key) ?? null);
    },

    async compareAndSwap(key, expected, value) {
      if ((records.get(key)?.version ?? null) !== expected) return false;
      for (const [key, { value }] of records) if (isExpired(value)) records.delete(key);
      if (value === null) {
        records.delete(key);
      } else {
        writes += 1;
        records.set(key, { version: String(writes), value: structuredClone(value) });
      }
      return true;
    },

    lock: createKeyedLock(),
  };
}
