/**
 * A store for applications that run on several machines.
 *
 * @module
 */

/**
 * @typedef {import('./stores/redis_store.js').RedisStoreOptions} RedisStoreOptions
 * @typedef {import('./stores/redis_store.js').RedisClient} RedisClient
 */

export { createRedisStore } from './stores/redis_store.js';
