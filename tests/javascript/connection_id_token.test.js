import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { decodeJwt, exportJWK, generateKeyPair, SignJWT } from 'jose';

import { callTool, createMachine, rejectionOf, startWorld, storedSession } from './world.js';

/** @import { Machine, World } from './world.js' */

describe('the ID Token of a sign-in', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  /**
   * Puts another ID Token into the token answer.
   *
   * @param {Machine} machine
   * @param {(idToken: string) => Promise<string> | string | undefined} change
   */
  function exchange({ network }, change) {
    network.fault = async ({ url, form }, init) => {
      if (form.get('grant_type') !== 'authorization_code') return undefined;
      const { id_token: idToken, ...answer } = await (await fetch(url, init)).json();
      return Response.json({ ...answer, id_token: await change(idToken) });
    };
  }

  /** @param {Machine} machine */
  const call = (machine) =>
    callTool(machine.start().connection(world.server, { interaction: true }).fetch, world.server);

  test("[accepts A8] it is checked with the server's keys, which are read once it comes", async () => {
    const machine = createMachine();
    assert.equal((await call(machine)).status, 200);
    assert.equal(machine.network.requests.filter(({ url }) => url === `${world.issuer}/jwks`).length, 1);
    const sent = machine.trips[0]?.searchParams.get('nonce');
    const { tokens } = /** @type {any} */ (await storedSession(machine.host.store, world.server));
    assert.ok(sent);
    assert.equal(decodeJwt(tokens.idToken).nonce, sent);
  });

  test('[refuses A8] attack: the ID Token of another sign-in, though the server signed it', async () => {
    const first = createMachine();
    await call(first);
    const { tokens, registration } = /** @type {any} */ (await storedSession(first.host.store, world.server));
    const second = createMachine();
    exchange(second, () => tokens.idToken);
    const error = await rejectionOf(call(second));
    assert.deepEqual(
      [error.name, error.code, error.details],
      ['MisbehavedError', 'id_token_invalid', { reason: 'audience' }],
    );
    assert.equal(await storedSession(second.host.store, world.server), null, 'nothing is stored');

    const sameClient = createMachine();
    const settings = () => ({
      client: { clientId: registration.clientId, tokenEndpointAuthMethod: registration.tokenEndpointAuthMethod },
    });
    exchange(sameClient, () => tokens.idToken);
    const start = sameClient.start;
    sameClient.start = (others) => start({ settings, ...others });
    assert.deepEqual((await rejectionOf(call(sameClient))).details, { reason: 'nonce' });
  });

  test('[refuses A8] attack: an ID Token that somebody else signed', async () => {
    const machine = createMachine();
    const { publicKey, privateKey } = await generateKeyPair('RS256');
    exchange(machine, async (idToken) => {
      const { alg, kid } = JSON.parse(Buffer.from(idToken.split('.')[0] ?? '', 'base64url').toString());
      return new SignJWT(decodeJwt(idToken))
        .setProtectedHeader({ alg, kid, jwk: await exportJWK(publicKey) })
        .sign(privateKey);
    });
    const error = await rejectionOf(call(machine));
    assert.deepEqual([error.code, error.details], ['id_token_invalid', { reason: 'signature' }]);
    assert.equal(await storedSession(machine.host.store, world.server), null);
    machine.network.fault = undefined;
    assert.equal((await call(machine)).status, 200, 'the next sign-in succeeds');
  });

  test('keys that cannot be read just now: nothing is decided, and the next sign-in succeeds', async () => {
    const machine = createMachine();
    machine.network.fault = ({ url }) =>
      url === `${world.issuer}/jwks` ? new Response(null, { status: 503 }) : undefined;
    const error = await rejectionOf(call(machine));
    assert.deepEqual([error.name, error.code], ['TransportError', 'server_unavailable']);
    assert.equal(await storedSession(machine.host.store, world.server), null);
    machine.network.fault = undefined;
    assert.equal((await call(machine)).status, 200);
  });

  test('a server that sends none although `openid` was requested is let be', async () => {
    const machine = createMachine();
    exchange(machine, () => undefined);
    assert.equal((await call(machine)).status, 200);
  });
});
