/** Four processes that share a Redis refresh once: what tests/javascript/single_flight.test.js shows for a file. */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { createRedisStore } from 'mcp-oauth-wasm/redis';
import { testFourProcesses } from '../javascript/single_flight_processes.js';
import { startRedisServer } from '../servers/redis_server.js';
import { connectBy } from './clients/clients.js';

const redis = await startRedisServer();
const connected = await connectBy.redis?.(redis.path);
after(async () => {
  connected?.disconnect();
  await redis.close();
});

let applications = 0;
testFourProcesses('one Redis', () => {
  assert.ok(connected);
  const place = { redis: redis.path, prefix: `application ${(applications += 1)}:`, lockMilliseconds: 2_000 };
  return { store: createRedisStore({ ...place, client: connected.client }), place };
});
