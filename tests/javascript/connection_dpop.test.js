import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { decodeJwt } from 'jose';

import { createDpop } from 'mcp-oauth-wasm/dpop';
import { createMemoryStore } from 'mcp-oauth-wasm/node';
import { callTool, createMachine, expire, rejectionOf, startWorld, storedSession } from './world.js';

/** @import { World } from './world.js' */

const nonces = { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true };

describe('tokens that are bound to a key', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld({
      authorizationServer: { features: { dPoP: nonces } },
      protectedResource: { bound: true },
    });
  });
  after(() => world.close());

  /** A machine with one store for tokens and key, and the proofs that leave it. */
  function machineWithKey() {
    const store = createMemoryStore();
    /** @type {{ url: string, proof: string | null, authorization: string | null }[]} */
    const sent = [];
    const machine = createMachine({ store, dpop: createDpop({ store }) });
    machine.network.fault = ({ url, authorization }, init) => {
      sent.push({ url, proof: new Headers(init?.headers).get('dpop'), authorization });
      return undefined;
    };
    return { machine, store, sent };
  }

  test('[accepts T7] the life of a session: sign-in, calls, restart, refresh', async () => {
    const { machine, sent } = machineWithKey();
    const connection = machine.start().connection(world.server, { interaction: true });
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
    const { tokens } = /** @type {any} */ (await storedSession(machine.host.store, world.server));
    assert.equal(tokens.tokenType, 'DPoP');
    for (const { authorization } of sent)
      assert.ok(authorization === null || authorization.startsWith('DPoP '), 'never as a bearer token');

    const after = machine.start().connection(world.server);
    for (let count = 0; count < 8; count += 1) assert.equal((await callTool(after.fetch, world.server)).status, 200);
    await after.refresh();
    assert.equal((await callTool(after.fetch, world.server)).status, 200);
    assert.equal(machine.trips.length, 1);
    const proofs = sent.flatMap(({ proof }) => (proof ? [decodeJwt(proof).jti] : []));
    assert.equal(new Set(proofs).size, proofs.length, 'no proof is used twice');
  });

  test('[accepts T7] requests at once do with one nonce, or ask once more', async () => {
    const { machine } = machineWithKey();
    await machine.start().connection(world.server, { interaction: true }).signIn();
    const { fetch } = machine.start().connection(world.server);
    const responses = await Promise.all(Array.from({ length: 6 }, () => callTool(fetch, world.server)));
    assert.deepEqual(
      responses.map(({ status }) => status),
      Array(6).fill(200),
    );
  });

  test('[refuses T7] stolen tokens are of no use: another key is refused everywhere', async () => {
    const { machine, store } = machineWithKey();
    await machine.start().connection(world.server, { interaction: true }).signIn();
    const thief = createMachine({ store, dpop: createDpop() });
    const error = await rejectionOf(callTool(thief.start().connection(world.server).fetch, world.server));
    assert.equal(error.code, 'interaction_required');
    assert.deepEqual(thief.trips, []);
  });

  test('a session whose key is gone with its process: the person signs in anew, once', async () => {
    const store = createMemoryStore();
    await createMachine({ store, dpop: createDpop() }).start().connection(world.server, { interaction: true }).signIn();
    const machine = createMachine({ store, dpop: createDpop() });
    assert.equal(
      (await callTool(machine.start().connection(world.server, { interaction: true }).fetch, world.server)).status,
      200,
    );
    assert.equal(machine.trips.length, 1);
  });

  test('[refuses T7] a host that has no key any more is told so; the token is not sent without proof', async () => {
    const { machine, store } = machineWithKey();
    await machine.start().connection(world.server, { interaction: true }).signIn();
    const without = createMachine({ store });
    const error = await rejectionOf(callTool(without.start().connection(world.server).fetch, world.server));
    assert.deepEqual([error.name, error.code], ['MisuseError', 'dpop_missing']);
    assert.deepEqual(without.network.requests, []);
  });

  test('a transport elsewhere is given the headers, and asks again with the nonce that came', async () => {
    const { machine } = machineWithKey();
    await machine.start().connection(world.server, { interaction: true }).signIn();
    const connection = machine.start().connection(world.server);
    const request = { method: 'POST', url: world.server };
    const send = async () =>
      fetch(world.server, { ...request, headers: await connection.headersFor(request), body: '{}' });
    const first = await send();
    assert.equal(first.status, 401);
    assert.equal(await connection.onResponse({ status: first.status, headers: first.headers }), true);
    assert.notEqual((await send()).status, 401);
  });
});

describe('a key where the servers bind no tokens', () => {
  test('[accepts T7] bearer tokens serve as ever', async () => {
    const world = await startWorld({ authorizationServer: { features: { dPoP: { enabled: false } } } });
    try {
      const machine = createMachine({ dpop: createDpop() });
      const connection = machine.start().connection(world.server, { interaction: true });
      assert.equal((await callTool(connection.fetch, world.server)).status, 200);
      const { tokens } = /** @type {any} */ (await storedSession(machine.host.store, world.server));
      assert.equal(tokens.tokenType, undefined);
      await expire(machine.host.store, world.server);
      assert.equal((await callTool(machine.start().connection(world.server).fetch, world.server)).status, 200);
    } finally {
      await world.close();
    }
  });
});
