/** @import { JsonObject, Store } from '../core/host.js' */

import { StorageError } from '../core/errors.js';
import { untilAborted } from '../core/until_aborted.js';
import { createKeyedLock } from './keyed_lock.js';
import { limitedWait } from './limited_wait.js';

/**
 * What the store needs of a client of Redis: one command there, its answer back. A client of the package `redis` is one;
 * a client of `ioredis` becomes one by `{ sendCommand: ([name, ...args]) => client.call(name, ...args) }`.
 *
 * @typedef {object} RedisClient
 * @property {(command: string[]) => Promise<unknown>} sendCommand Sends a command, its name first. Rejects with whatever it
 *   fails with.
 */

/**
 * Where records are kept in Redis, and how patient their store is.
 *
 * @typedef {object} RedisStoreOptions
 * @property {RedisClient} client The application's own client, connected. Who shares the Redis and the prefix shares the store.
 * @property {string} [prefix] How the keys in Redis begin. Default: `mcp-oauth-wasm:`.
 * @property {number} [lockMilliseconds] How long a lock lasts after the last sign of life of its holder, in milliseconds: so
 *   long others wait for one that was killed. Default: 30000, as long as a request may take.
 * @property {number} [lockTimeoutMilliseconds] How long to wait for a lock that someone else holds, in milliseconds; then
 *   `lock_timeout`. Default: 600000, since a person may be signing in under it.
 */

/** Replaces a record if its version is the expected one; none is the empty one. */
const swapScript = `
if (redis.call('HGET', KEYS[1], 'version') or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else
  redis.call('HSET', KEYS[1], 'version', ARGV[2], 'value', ARGV[3])
  if ARGV[4] ~= '' then redis.call('EXPIREAT', KEYS[1], ARGV[4]) else redis.call('PERSIST', KEYS[1]) end
end
return 1`;

// A lock that was lost in the meantime is somebody else's, and is left alone.
const extendScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0`;
const releaseScript = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`;

const firstPauseMilliseconds = 10;
const longestPauseMilliseconds = 200;

/**
 * A store in Redis, for applications that run on several machines: all of them share sessions, and refresh once.
 *
 * A lock is held as long as its holder gives signs of life, three in each `lockMilliseconds`. One that is silent for
 * longer loses it; what it then writes is refused where another one has written.
 *
 * Tokens are in Redis as they are: who can read it can use them.
 *
 * @param {RedisStoreOptions} options where, and how patient
 * @throws nothing: Redis is asked when the store is used
 * @returns {Store} whose methods reject with a `StorageError`: `store_unavailable`, `store_corrupted`, `lock_timeout`
 */
export function createRedisStore({
  client,
  prefix = 'mcp-oauth-wasm:',
  lockMilliseconds = 30_000,
  lockTimeoutMilliseconds = 600_000,
}) {
  // Of the waiters in this process, one at a time asks Redis.
  const inTurn = createKeyedLock();

  const ask = async (/** @type {string[]} */ ...command) => {
    try {
      return await client.sendCommand(command);
    } catch (error) {
      throw unavailable(prefix, error);
    }
  };
  const run = (/** @type {string} */ script, /** @type {string} */ key, /** @type {string[]} */ ...args) =>
    ask('EVAL', script, '1', key, ...args);

  /**
   * @param {string} lock
   * @param {string} token
   * @param {AbortSignal} signal
   */
  async function take(lock, token, signal) {
    for (let longest = firstPauseMilliseconds; ; longest = Math.min(longest * 2, longestPauseMilliseconds)) {
      signal.throwIfAborted();
      if ((await ask('SET', lock, token, 'NX', 'PX', String(lockMilliseconds))) !== null) return;
      // Drawn at random, so that those who wait do not ask all at once.
      const milliseconds = longest * (0.5 + Math.random() / 2);
      await untilAborted(new Promise((resolve) => setTimeout(resolve, milliseconds)), signal);
    }
  }

  return {
    async read(key) {
      const record = await ask('HMGET', `${prefix}record:${key}`, 'version', 'value');
      const [version, text] = Array.isArray(record) ? record : [];
      if (version === null && text === null) return null;
      const value = parsed(text);
      if (typeof version !== 'string' || !value) throw corrupted(`${prefix}record:${key}`);
      return { version, value };
    },

    async compareAndSwap(key, expected, value) {
      const [version, text] = value === null ? ['', ''] : [crypto.randomUUID(), JSON.stringify(value)];
      const expiresAt = typeof value?.expiresAt === 'number' ? String(value.expiresAt) : '';
      return Number(await run(swapScript, `${prefix}record:${key}`, expected ?? '', version, text, expiresAt)) === 1;
    },

    async lock(key, work, { signal } = {}) {
      const [lock, token] = [`${prefix}lock:${key}`, crypto.randomUUID()];
      const waiting = limitedWait(signal, lockTimeoutMilliseconds, () => lockTimeout(prefix, lockTimeoutMilliseconds));
      try {
        return await inTurn(
          key,
          async () => {
            await take(lock, token, waiting.signal);
            waiting.end();
            // Once the lock is lost there is nobody to tell: the work goes on, and its writes are compared.
            const beat = setInterval(
              () => run(extendScript, lock, token, String(lockMilliseconds)).catch(() => {}),
              lockMilliseconds / 3,
            );
            // Work that waits for nothing keeps no process alive.
            beat.unref?.();
            try {
              return await work();
            } finally {
              clearInterval(beat);
              // What was done under the lock is done. A lock that stays behind ends by itself.
              await run(releaseScript, lock, token).catch(() => {});
            }
          },
          { signal: waiting.signal },
        );
      } finally {
        waiting.end();
      }
    },
  };
}

/**
 * @param {unknown} text
 * @returns {JsonObject | null}
 */
function parsed(text) {
  try {
    const value = JSON.parse(String(text));
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    // The parser's error is dropped: it quotes the text, which holds tokens.
    return null;
  }
}

/**
 * @param {string} prefix
 * @param {unknown} error of the client. It stays behind: clients quote commands, which hold tokens.
 */
function unavailable(prefix, error) {
  const { code, message } = /** @type {{ code?: unknown, message?: unknown }} */ (Object(error));
  const reason = String(code ?? /^[A-Z]+\b/.exec(String(message))?.[0] ?? 'no answer');
  return new StorageError({
    code: 'store_unavailable',
    message:
      `Redis could not be asked for the records of \`${prefix}\` (${reason}). Make sure that its client is connected and that it may ` +
      'use the commands HMGET, SET and EVAL; then try again.',
    details: { prefix, reason },
  });
}

/** @param {string} key */
function corrupted(key) {
  return new StorageError({
    code: 'store_corrupted',
    message:
      `What Redis has under \`${key}\` is no record of this package, so it was left as it is. ` +
      'Choose another `prefix`, or delete the key: signing in again fills it.',
    details: { key },
  });
}

/**
 * @param {string} prefix
 * @param {number} milliseconds
 */
function lockTimeout(prefix, milliseconds) {
  return new StorageError({
    code: 'lock_timeout',
    message:
      `Another task or machine kept a lock of \`${prefix}\` in Redis for longer than ${milliseconds} ms. ` +
      'It may be waiting for someone to sign in. Finish or end it, then try again.',
    details: { prefix, milliseconds },
  });
}
