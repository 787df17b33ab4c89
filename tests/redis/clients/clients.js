/** Clients of Redis, as applications make them. */

import { Redis } from 'ioredis';
import { createClient } from 'redis';

/** @import { RedisClient } from '../../../js/redis.js' */

/**
 * What a store gets of it, and the end of its connection.
 *
 * @typedef {{ client: RedisClient, disconnect: () => void }} Connected
 */

/** By the package that they are of. @type {Record<string, (path: string) => Promise<Connected>>} */
export const connectBy = {
  async redis(path) {
    const client = createClient({ socket: { path, tls: false } });
    await client.connect();
    return { client, disconnect: () => client.destroy() };
  },
  async ioredis(path) {
    const client = new Redis({ path });
    return {
      client: { sendCommand: ([name = '', ...args]) => client.call(name, ...args) },
      disconnect: () => client.disconnect(),
    };
  },
};
