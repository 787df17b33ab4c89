/**
 * A store for applications that run on several machines.
 *
 * @module
 */

/**
 * @typedef {import('./store/redis_store.js').RedisStoreOptions} RedisStoreOptions
 * @typedef {import('./store/redis_store.js').RedisClient} RedisClient
 */

export { createRedisStore } from './store/redis_store.js';
