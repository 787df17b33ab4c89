/**
 * A thousand requests meet an expired token, and it is refreshed once: in one process, and in four that share a store. The
 * authorization server is real: it rotates refresh tokens, and takes all tokens away when one is used twice.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createFileStore } from 'mcp-oauth-wasm/node';
import { createRedisStore } from 'mcp-oauth-wasm/redis';
import { connectBy } from '../redis/clients.js';
import { startRedisServer } from '../servers/redis_server.js';
import { temporaryFolder } from './temporary_folder.js';
import { callTool, createMachine, expire, startWorld, storedSession } from './world.js';

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { Report, Task } from './single_flight_member.js' */
/** @import { World } from './world.js' */

/** @type {World} */
let world;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world.close());

/** The answers to refreshes, as the authorization server gave them. */
const refreshes = () =>
  world.authorizationServer.requests.filter(({ path, body }) => path === '/token' && body.grant_type === 'refresh_token').map(({ status, answer }) => answer.error ?? status);

/** @param {Store} [store] */
async function signedInMachine(store) {
  const machine = createMachine({ ...(store && { store }) });
  await machine.start().connection(world.server).signIn();
  return machine;
}

/** @param {Store} store */
async function sessionIn(store) {
  const session = await storedSession(store, world.server);
  assert.ok(session);
  return /** @type {import('mcp-oauth-wasm').Session} */ (/** @type {unknown} */ (session));
}

describe('a thousand requests at once in one process', () => {
  for (const [what, spoil] of Object.entries({
    'whose token has expired': (/** @type {Store} */ store) => expire(store, world.server),
    'whose token the server does not take any more': async (/** @type {Store} */ store) => {
      const { tokens } = await sessionIn(store);
      await (await world.authorizationServer.provider.AccessToken.find(tokens.accessToken))?.destroy();
    },
  })) {
    test(`[accepts T4, interop 41] ${what}: one refresh`, async () => {
      const { host, start } = await signedInMachine();
      await spoil(host.store);
      const { fetch } = start().connection(world.server);
      const statuses = await Promise.all(Array.from({ length: 1000 }, async () => {
        const response = await callTool(fetch, world.server);
        await response.text();
        return response.status;
      }));
      assert.deepEqual([...new Set(statuses)], [200]);
      assert.deepEqual(refreshes(), [200]);
    });
  }
});

const redis = await startRedisServer();
const connected = await connectBy.redis?.(redis.path);
after(async () => {
  connected?.disconnect();
  await redis.close();
});
const folder = await temporaryFolder();

let places = 0;
/** @type {Record<string, () => { store: Store, place: Task['place'] }>} */
const stores = {
  'one file store': () => {
    const place = { file: join(folder, `${(places += 1)}.json`) };
    return { store: createFileStore(place.file), place };
  },
  'one Redis': () => {
    assert.ok(connected);
    const place = { redis: redis.path, prefix: `application ${(places += 1)}:`, lockMilliseconds: 2_000 };
    return { store: createRedisStore({ ...place, client: connected.client }), place };
  },
};

const script = fileURLToPath(new URL('single_flight_member.js', import.meta.url));

/**
 * A process that is ready to send requests.
 *
 * @param {Task['place']} place
 * @param {{ requests?: number, stops?: Task['stops'] }} [options]
 */
async function startMember(place, { requests = 25, stops } = {}) {
  /** @type {Task} */
  const task = { place, server: world.server, requests, ...(stops && { stops }) };
  const child = spawn(process.execPath, [script, JSON.stringify(task)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hear = async () => JSON.parse((await lines.next()).value ?? 'null');
  assert.equal(await hear(), 'ready');
  return {
    go: () => void child.stdin.write('go\n'),
    /** @returns {Promise<Report>} */
    report: hear,
    async stopped() {
      assert.equal(await hear(), 'stopped');
    },
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/**
 * @param {Task['place']} place
 * @param {number} count
 * @param {number} [requests]
 */
async function startMembers(place, count, requests = 250) {
  return Promise.all(Array.from({ length: count }, () => startMember(place, { requests })));
}

/**
 * Lets all of them send their requests at once.
 *
 * @param {Awaited<ReturnType<typeof startMembers>>} members
 */
async function reportsOf(members) {
  for (const { go } of members) go();
  return Promise.all(members.map(({ report }) => report()));
}

/**
 * @param {Report[]} reports
 * @param {Store} store
 */
async function assertSameTokens(reports, store) {
  const { tokens } = await sessionIn(store);
  const expected = createHash('sha256').update(`Bearer ${tokens.accessToken}`).digest('hex');
  assert.deepEqual(reports.map(({ authorizations }) => authorizations), reports.map(() => [expected]));
}

for (const [where, createPlace] of Object.entries(stores)) {
  describe(`four processes on ${where}`, () => {
    test('[accepts T4, interop 41] a thousand requests at once: one refresh, and all hold the same tokens', async () => {
      const { store, place } = createPlace();
      await signedInMachine(store);
      await expire(store, world.server);
      const reports = await reportsOf(await startMembers(place, 4));
      assert.deepEqual(reports.map(({ outcomes }) => outcomes), Array(4).fill({ 200: 250 }));
      assert.deepEqual(refreshes(), [200]);
      await assertSameTokens(reports, store);
    });

    test('[accepts T4] one is killed before its refresh was sent: another one refreshes, and nothing is lost', async () => {
      const { store, place } = createPlace();
      await signedInMachine(store);
      await expire(store, world.server);
      const doomed = await startMember(place, { stops: 'before' });
      const others = await startMembers(place, 3, 25);
      doomed.go();
      await doomed.stopped();
      const reporting = reportsOf(others);
      await doomed.kill();
      const reports = await reporting;
      assert.deepEqual(reports.map(({ outcomes }) => outcomes), Array(3).fill({ 200: 25 }));
      assert.deepEqual(refreshes(), [200]);
      await assertSameTokens(reports, store);
    });

    test('[accepts T4] one is killed after its refresh was answered: the old token is tried once more, then a person signs in again, with registration and plan kept', async () => {
      const { store, place } = createPlace();
      const { network } = await signedInMachine(store);
      assert.equal(network.registrations().length, 1);
      const before = await sessionIn(store);
      await expire(store, world.server);
      const doomed = await startMember(place, { stops: 'after' });
      const others = await startMembers(place, 3, 25);
      doomed.go();
      await doomed.stopped();
      const reporting = reportsOf(others);
      await doomed.kill();
      const reports = await reporting;
      assert.deepEqual(reports.map(({ outcomes }) => outcomes), Array(3).fill({ interaction_required: 25 }));
      assert.deepEqual(refreshes(), [200, 'invalid_grant']);
      const between = await sessionIn(store);
      assert.deepEqual([between.plan, between.registration], [before.plan, before.registration]);

      const person = createMachine({ store });
      assert.equal((await callTool(person.start().fetch(world.server, { interaction: true }), world.server)).status, 200);
      assert.equal(person.trips.length, 1);
      assert.equal(person.network.registrations().length, 0);
      assert.equal((await sessionIn(store)).registration.clientId, before.registration.clientId);
      const later = await reportsOf(await startMembers(place, 3, 10));
      assert.deepEqual(later.map(({ outcomes }) => outcomes), Array(3).fill({ 200: 10 }));
      await assertSameTokens(later, store);
    });
  });
}
