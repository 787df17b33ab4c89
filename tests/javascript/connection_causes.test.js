// One cause, one browser: refusals that no person can help with never send one anywhere.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { loopbackRedirect } from 'mcp-oauth-wasm/node';
import { callTool, createMachine, expire, startWorld, storedSession } from './world.js';

/** @import { SentRequest, World } from './world.js' */

const challenge = { 'www-authenticate': 'Bearer error="invalid_token"' };
const refused = () => new Response(null, { status: 401, headers: challenge });

describe('the causes of sign-ins', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  /** A machine whose person has signed in, and whose calls work. */
  async function signedInMachine() {
    const machine = createMachine();
    const connection = machine.start().connection(world.server, { interaction: true });
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
    machine.trips.length = 0;
    machine.network.requests.length = 0;
    return { ...machine, connection };
  }

  /** Refuses the requests to the MCP server that are like that. @param {(request: SentRequest) => boolean} like */
  const refusing = (like) => (/** @type {SentRequest} */ request) =>
    request.url === world.server && like(request) ? refused() : undefined;

  /**
   * @param {typeof globalThis.fetch | import('mcp-oauth-wasm').Fetch} fetch
   * @param {string} session
   */
  const callIn = (fetch, session) =>
    callTool(
      (url, init) => fetch(url, { ...init, headers: { ...init.headers, 'mcp-session-id': session } }),
      world.server,
    );

  test('[accepts interop 75] the call that began a sign-in gives up, and hours later its token is refused, unused: the person is asked', async (context) => {
    /** @type {string[]} */
    const opened = [];
    const { start, userAgent, network } = createMachine({
      redirect: loopbackRedirect({ open: (url) => void opened.push(url) }),
    });
    const { fetch, pending } = start({ settings: () => ({ refresh: false }) }).connection(world.server, {
      interaction: true,
    });
    const abort = new AbortController();
    const given = assert.rejects(callTool(fetch, world.server, { signal: abort.signal }), { name: 'AbortError' });
    while (opened.length < 1) await delay(5);
    abort.abort();
    await given;
    await userAgent.browse(opened[0] ?? '');
    while (pending()) await delay(5);
    const now = Date.now() + 8 * 3_600_000;
    context.mock.method(Date, 'now', () => now);
    let refusals = 0;
    network.fault = ({ url, authorization }) => {
      refusals += 1;
      return url === world.server && authorization && refusals === 1 ? refused() : undefined;
    };
    const called = callTool(fetch, world.server);
    while (opened.length < 2) await Promise.race([delay(5), called.then(() => {})]);
    await userAgent.browse(opened[1] ?? '');
    assert.equal((await called).status, 200);
  });

  test('[accepts interop 75] another process has signed in since: its session is used, where that of this one is refused', async () => {
    const { start, network, trips } = createMachine();
    const [one, other] = [start(), start()].map((authorizer) =>
      authorizer.connection(world.server, { interaction: true }),
    );
    await one?.signIn();
    const { accessToken } = (await one?.session())?.tokens ?? {};
    await other?.signIn();
    network.fault = refusing(({ authorization }) => authorization === `Bearer ${accessToken}`);
    assert.equal((await callTool(/** @type {any} */ (one).fetch, world.server)).status, 200);
    assert.equal(trips.length, 2);
  });

  for (const method of ['GET', 'get']) {
    test(`[accepts interop 75] the optional stream (${method}) is always refused, and calls work: it is handed back, in every process`, async () => {
      const { start, connection, network, trips } = await signedInMachine();
      network.fault = refusing(({ method }) => method.toUpperCase() === 'GET');
      assert.equal((await connection.fetch(world.server, { method })).status, 401);
      const again = start().connection(world.server, { interaction: true });
      assert.equal((await callTool(again.fetch, world.server)).status, 200);
      assert.equal((await again.fetch(world.server, { method })).status, 401);
      assert.equal(trips.length, 0);
      assert.equal(network.tokenRequests('refresh_token').length, 0);
    });
  }

  test('[accepts interop 75] a stream that is the first request of all signs in', async () => {
    const { start, trips, network } = createMachine();
    network.fault = ({ url, method, authorization }) =>
      url === world.server && method === 'GET' && authorization ? new Response('data: {}\n\n') : undefined;
    const { fetch } = start().connection(world.server, { interaction: true });
    assert.equal((await fetch(world.server)).status, 200);
    assert.equal(trips.length, 1);
  });

  for (const [what, status] of Object.entries({ 'a 401': 401, 'a 403 for want of scopes': 403 })) {
    test(`[accepts interop 76] the end of an MCP session is answered with ${what}: it is handed back, with a token and without`, async () => {
      const { start, connection, host, network, trips } = await signedInMachine();
      const headers = { 'www-authenticate': 'Bearer error="insufficient_scope", scope="email"' };
      network.fault = ({ method }) => (method === 'DELETE' ? new Response(null, { status, headers }) : undefined);
      assert.equal((await connection.fetch(world.server, { method: 'DELETE' })).status, status);
      await connection.signOut();
      const again = start().connection(world.server, { interaction: true });
      assert.equal((await again.fetch(world.server, { method: 'DELETE' })).status, status);
      assert.equal(trips.length, 0);
      assert.equal(await storedSession(host.store, world.server), null);
    });
  }

  test('[accepts interop 76] a lost MCP session: one refresh, and then it is handed back; the next one begins, and works', async () => {
    const { connection, network, trips } = await signedInMachine();
    network.fault = (request, init) =>
      refusing(() => new Headers(init?.headers).get('mcp-session-id') === 'lost')(request);
    assert.equal((await callIn(connection.fetch, 'lost')).status, 401);
    assert.equal((await callIn(connection.fetch, 'lost')).status, 401);
    assert.equal(network.tokenRequests('refresh_token').length, 1);
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
    assert.equal((await callIn(connection.fetch, 'new')).status, 200);
    assert.equal(trips.length, 0);
  });

  test('[accepts interop 76] a lost MCP session, and no refresh token: it is handed back while the token is known to be good', async () => {
    const { host, start, network, trips } = createMachine();
    const { fetch } = start({ settings: () => ({ refresh: false }) }).connection(world.server, { interaction: true });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    const { tokens } = /** @type {any} */ (await storedSession(host.store, world.server));
    assert.equal(tokens.refreshToken, undefined);
    network.fault = (request, init) => refusing(() => new Headers(init?.headers).has('mcp-session-id'))(request);
    assert.equal((await callIn(fetch, 'lost')).status, 401);
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(trips.length, 1);

    // A token that is not known to be good is another matter.
    const { trips: others, network: other, start: startOther } = createMachine({ store: host.store });
    other.fault = refusing(({ authorization }) => authorization === `Bearer ${tokens.accessToken}`);
    const elsewhere = startOther({ settings: () => ({ refresh: false }) });
    assert.equal((await callIn(elsewhere.connection(world.server, { interaction: true }).fetch, 'any')).status, 200);
    assert.equal(others.length, 1);
  });

  test('[accepts interop 75] every new token is refused: one browser, restarts included, until a person presses', async () => {
    const { start, network, trips } = createMachine();
    network.fault = refusing(() => true);
    for (let run = 0; run < 3; run += 1) {
      const { fetch } = start().connection(world.server, { interaction: true });
      for (let count = 0; count < 2; count += 1)
        await assert.rejects(callTool(fetch, world.server), { code: 'fresh_token_refused' });
    }
    assert.equal(trips.length, 1);
    const connection = start().connection(world.server, { interaction: true });
    await connection.signIn();
    assert.equal(trips.length, 2);
    await assert.rejects(callTool(connection.fetch, world.server), { code: 'fresh_token_refused' });
    assert.equal(trips.length, 2);
  });

  test('[accepts interop 75] every new token is refused: after a day a person may be asked once more', async (context) => {
    const { start, network, trips } = createMachine();
    network.fault = refusing(() => true);
    const call = () => callTool(start().fetch(world.server, { interaction: true }), world.server);
    await assert.rejects(call(), { code: 'fresh_token_refused' });
    const { now } = Date;
    let later = 23 * 3_600_000;
    context.mock.method(Date, 'now', () => now() + later);
    await assert.rejects(call(), { code: 'fresh_token_refused' });
    assert.equal(trips.length, 1);
    later = 25 * 3_600_000;
    for (let count = 0; count < 2; count += 1) await assert.rejects(call(), { code: 'fresh_token_refused' });
    assert.equal(trips.length, 2);
  });

  test('[accepts interop 75] a token that was accepted here is refused later, and one process took it for new: it is refreshed', async (context) => {
    const { start, network, trips } = createMachine();
    const [one, other] = [start(), start()].map((authorizer) =>
      authorizer.connection(world.server, { interaction: true }),
    );
    await one?.signIn();
    const call = (/** @type {typeof one} */ connection) =>
      callTool(/** @type {NonNullable<typeof one>} */ (connection).fetch, world.server);
    assert.equal((await call(other)).status, 200);
    const token = (await one?.session())?.tokens.accessToken;
    network.fault = refusing(({ authorization }) => authorization === `Bearer ${token}`);
    await assert.rejects(call(one), { code: 'fresh_token_refused' });
    const { now } = Date;
    context.mock.method(Date, 'now', () => now() + 10_000);
    assert.equal((await call(other)).status, 200);
    assert.equal((await call(one)).status, 200);
    assert.equal(trips.length, 1);
  });

  test('[accepts interop 75] every new token is refused, and then accepted: what comes later is another cause', async () => {
    const { host, start, network, trips } = createMachine();
    network.fault = refusing(() => true);
    await assert.rejects(callTool(start().fetch(world.server, { interaction: true }), world.server), {
      code: 'fresh_token_refused',
    });
    network.fault = undefined;
    const { fetch } = start().connection(world.server, { interaction: true });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    const { tokens, refusedWith } = /** @type {any} */ (await storedSession(host.store, world.server));
    assert.equal(refusedWith, undefined);
    network.fault = refusing(({ authorization }) => authorization === `Bearer ${tokens.accessToken}`);
    assert.equal((await callTool(start().fetch(world.server, { interaction: true }), world.server)).status, 200);
    assert.equal(trips.length, 1, 'a refresh was enough');
  });

  test('[accepts interop 75] a new token is refused, and accepted in the same process: nothing is remembered', async () => {
    const { host, start, network } = createMachine();
    network.fault = refusing(() => true);
    const { fetch } = start().connection(world.server, { interaction: true });
    await assert.rejects(callTool(fetch, world.server), { code: 'fresh_token_refused' });
    network.fault = undefined;
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(/** @type {any} */ (await storedSession(host.store, world.server)).refusedWith, undefined);
  });

  test('[accepts interop 75] every new token is refused, and then the MCP server asks for something else: that is another cause', async () => {
    const { host, start, network, trips } = createMachine();
    network.fault = refusing(() => true);
    await assert.rejects(callTool(start().fetch(world.server, { interaction: true }), world.server), {
      code: 'fresh_token_refused',
    });
    const { tokens } = /** @type {any} */ (await storedSession(host.store, world.server));
    const headers = { 'www-authenticate': 'Bearer error="invalid_token", scope="openid"' };
    network.fault = ({ authorization }) =>
      authorization === `Bearer ${tokens.accessToken}` ? new Response(null, { status: 401, headers }) : undefined;
    assert.equal((await callTool(start().fetch(world.server, { interaction: true }), world.server)).status, 200);
    assert.equal(trips.length, 1, 'a refresh was enough');
  });

  test('[accepts interop 75] a token that was refused when it was new expires: the refresh is tried, and no browser opens', async () => {
    const { host, start, network, trips } = createMachine();
    network.fault = refusing(() => true);
    await assert.rejects(callTool(start().fetch(world.server, { interaction: true }), world.server), {
      code: 'fresh_token_refused',
    });
    await expire(host.store, world.server);
    await assert.rejects(callTool(start().fetch(world.server, { interaction: true }), world.server), {
      code: 'fresh_token_refused',
    });
    assert.equal(network.tokenRequests('refresh_token').length, 1);
    assert.equal(trips.length, 1);
  });
});
