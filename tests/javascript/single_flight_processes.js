/**
 * A thousand requests of four processes that share a store meet an expired token, and it is refreshed once. For any store that
 * processes can share; the authorization server is real.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callTool, createMachine, expire, startWorld, storedSession } from './world.js';

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { Report, Task } from './single_flight_member.js' */
/** @import { World } from './world.js' */

/**
 * The answers to refreshes, as the authorization server gave them.
 *
 * @param {World} world
 */
export const refreshes = (world) =>
  world.authorizationServer.requests
    .filter(({ path, body }) => path === '/token' && body.grant_type === 'refresh_token')
    .map(({ status, answer }) => answer.error ?? status);

/**
 * @param {World} world
 * @param {Store} [store]
 */
export async function signedInMachine(world, store) {
  const machine = createMachine({ ...(store && { store }) });
  await machine.start().connection(world.server).signIn();
  return machine;
}

/**
 * @param {World} world
 * @param {Store} store
 */
export async function sessionIn(world, store) {
  const session = await storedSession(store, world.server);
  assert.ok(session);
  return /** @type {import('mcp-oauth-wasm').Session} */ (/** @type {unknown} */ (session));
}

const script = fileURLToPath(new URL('single_flight_member.js', import.meta.url));

/**
 * A process that is ready to send requests.
 *
 * @param {World} world
 * @param {Task['place']} place
 * @param {{ requests?: number, stops?: Task['stops'] }} [options]
 */
async function startMember(world, place, { requests = 25, stops } = {}) {
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
 * @param {World} world
 * @param {Task['place']} place
 * @param {number} count
 * @param {number} [requests]
 */
async function startMembers(world, place, count, requests = 250) {
  return Promise.all(Array.from({ length: count }, () => startMember(world, place, { requests })));
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
 * @param {World} world
 * @param {Report[]} reports
 * @param {Store} store
 */
async function assertSameTokens(world, reports, store) {
  const { tokens } = await sessionIn(world, store);
  const expected = createHash('sha256').update(`Bearer ${tokens.accessToken}`).digest('hex');
  assert.deepEqual(
    reports.map(({ authorizations }) => authorizations),
    reports.map(() => [expected]),
  );
}

/**
 * Tests four processes that share a store.
 *
 * @param {string} where what the store is kept in
 * @param {() => { store: Store, place: Task['place'] }} createPlace a new store, and how another process finds it
 */
export function testFourProcesses(where, createPlace) {
  describe(`four processes on ${where}`, () => {
    /** @type {World} */
    let world;
    beforeEach(async () => {
      world = await startWorld();
    });
    afterEach(() => world.close());

    test('[accepts T4, interop 41] a thousand requests at once: one refresh, and all hold the same tokens', async () => {
      const { store, place } = createPlace();
      await signedInMachine(world, store);
      await expire(store, world.server);
      const reports = await reportsOf(await startMembers(world, place, 4));
      assert.deepEqual(
        reports.map(({ outcomes }) => outcomes),
        Array(4).fill({ 200: 250 }),
      );
      assert.deepEqual(refreshes(world), [200]);
      await assertSameTokens(world, reports, store);
    });

    test('[accepts T4] one is killed before its refresh was sent: another one refreshes, and nothing is lost', async () => {
      const { store, place } = createPlace();
      await signedInMachine(world, store);
      await expire(store, world.server);
      const doomed = await startMember(world, place, { stops: 'before' });
      const others = await startMembers(world, place, 3, 25);
      doomed.go();
      await doomed.stopped();
      const reporting = reportsOf(others);
      await doomed.kill();
      const reports = await reporting;
      assert.deepEqual(
        reports.map(({ outcomes }) => outcomes),
        Array(3).fill({ 200: 25 }),
      );
      assert.deepEqual(refreshes(world), [200]);
      await assertSameTokens(world, reports, store);
    });

    test('[accepts T4] one is killed after its refresh was answered: the old token is tried once more, then a person signs in again, with registration and plan kept', async () => {
      const { store, place } = createPlace();
      const { network } = await signedInMachine(world, store);
      assert.equal(network.registrations().length, 1);
      const before = await sessionIn(world, store);
      await expire(store, world.server);
      const doomed = await startMember(world, place, { stops: 'after' });
      const others = await startMembers(world, place, 3, 25);
      doomed.go();
      await doomed.stopped();
      const reporting = reportsOf(others);
      await doomed.kill();
      const reports = await reporting;
      assert.deepEqual(
        reports.map(({ outcomes }) => outcomes),
        Array(3).fill({ interaction_required: 25 }),
      );
      assert.deepEqual(refreshes(world), [200, 'invalid_grant']);
      const between = await sessionIn(world, store);
      assert.deepEqual([between.plan, between.registration], [before.plan, before.registration]);

      const person = createMachine({ store });
      assert.equal(
        (await callTool(person.start().fetch(world.server, { interaction: true }), world.server)).status,
        200,
      );
      assert.equal(person.trips.length, 1);
      assert.equal(person.network.registrations().length, 0);
      assert.equal((await sessionIn(world, store)).registration.clientId, before.registration.clientId);
      const later = await reportsOf(await startMembers(world, place, 3, 10));
      assert.deepEqual(
        later.map(({ outcomes }) => outcomes),
        Array(3).fill({ 200: 10 }),
      );
      await assertSameTokens(world, later, store);
    });
  });
}
