/** @import { LockOptions } from '../core/host.js' */

import { untilAborted } from '../core/until_aborted.js';

/**
 * A lock within this process: work under the same key runs one after another, in the order of the calls.
 *
 * @returns {<T>(key: string, work: () => Promise<T>, options?: LockOptions) => Promise<T>}
 */
export function createKeyedLock() {
  /** For each key, what the next caller has to wait for. @type {Map<string, Promise<void>>} */
  const tails = new Map();

  return async (key, work, { signal } = {}) => {
    signal?.throwIfAborted();
    const previous = tails.get(key) ?? Promise.resolve();
    /** @type {() => void} */
    let release = () => {};
    /** @type {Promise<void>} */
    const released = new Promise((resolve) => {
      release = resolve;
    });
    // One who gives up waiting releases early, but those behind still wait for those before.
    const tail = previous.then(() => released);
    tails.set(key, tail);
    tail.then(() => {
      if (tails.get(key) === tail) tails.delete(key);
    });
    try {
      await untilAborted(previous, signal);
      return await work();
    } finally {
      release();
    }
  };
}
