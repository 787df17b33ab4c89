import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { MisbehavedError, MisuseError, TransportError } from 'mcp-oauth-wasm';
import { listenOnLoopback } from '../servers/loopback.js';
import {
  callTool,
  createMachine,
  expire,
  rejectionOf,
  rewrite,
  sessionKey,
  startWorld,
  storedSession,
} from './world.js';

/** @import { Machine, World } from './world.js' */

describe('the tokens of a connection', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  /**
   * A machine whose person has signed in, and whose application was started anew since.
   *
   * @param {Parameters<typeof createMachine>[0]} [options]
   */
  async function signedInMachine(options) {
    const machine = createMachine(options);
    await machine.start().connection(world.server, { interaction: true }).signIn();
    machine.network.requests.length = 0;
    machine.trips.length = 0;
    return machine;
  }

  /** @param {Machine} machine */
  async function withExpiredToken(machine) {
    await expire(machine.host.store, world.server);
    return storedSession(machine.host.store, world.server);
  }

  test('[accepts T3] every request carries the token in its header, and none in its URL', async () => {
    const { start, network, host } = await signedInMachine();
    const { fetch } = start().connection(world.server);
    for (let count = 0; count < 3; count += 1) assert.equal((await callTool(fetch, world.server)).status, 200);
    const { tokens } = /** @type {any} */ (await storedSession(host.store, world.server));
    assert.deepEqual(
      network.requests.map(({ authorization }) => authorization),
      Array(3).fill(`Bearer ${tokens.accessToken}`),
    );
    for (const { url } of network.requests) assert.ok(!url.includes(tokens.accessToken));
  });

  test('[refuses T3] another path, another port and another host get no token, and no request', async () => {
    const { start, network } = await signedInMachine();
    const { fetch, headersFor } = start().connection(world.server);
    const { port } = new URL(world.server);
    const foreign = [
      `${world.server}/other`,
      world.server.replace(port, '9'),
      `http://localhost:${port}/mcp`,
      'https://evil.example/mcp',
    ];
    for (const url of foreign) {
      const error = await rejectionOf(callTool(fetch, url));
      assert.ok(error instanceof MisuseError);
      assert.equal(error.code, 'foreign_url');
      await assert.rejects(headersFor({ method: 'GET', url }), { code: 'foreign_url' });
    }
    assert.deepEqual(network.requests, []);
  });

  test('[refuses T3] a redirect of the MCP server is not followed', async (context) => {
    /** @type {(string | undefined)[]} */
    const stolen = [];
    const thief = createServer((request, response) => {
      stolen.push(request.headers.authorization);
      response.end();
    });
    const { origin, close } = await listenOnLoopback(thief);
    context.after(close);
    const { start, network } = await signedInMachine();
    for (const status of [301, 302, 303, 307, 308]) {
      network.fault = () => new Response(null, { status, headers: { location: `${origin}/mcp` } });
      const error = await rejectionOf(callTool(start().fetch(world.server), world.server));
      assert.ok(error instanceof MisbehavedError);
      assert.equal(error.code, 'redirect_refused');
      assert.equal(error.step, 'call');
    }
    assert.deepEqual(stolen, []);
  });

  test('[accepts T4] a hundred requests on an expired token: one refresh', async () => {
    const machine = await signedInMachine();
    await withExpiredToken(machine);
    const { fetch } = machine.start().connection(world.server);
    const answers = await Promise.all(Array.from({ length: 100 }, () => callTool(fetch, world.server)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
    assert.equal(machine.trips.length, 0);
  });

  test('[accepts T4] several connections of several authorizers on one store: one refresh, and the losers adopt its tokens', async () => {
    const machine = await signedInMachine();
    await withExpiredToken(machine);
    const connections = [machine.start(), machine.start()].flatMap((authorizer) =>
      [1, 2].map(() => authorizer.connection(world.server)),
    );
    const answers = await Promise.all(
      connections.flatMap(({ fetch }) => [1, 2, 3].map(() => callTool(fetch, world.server))),
    );
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
    const used = machine.network.requests
      .filter(({ url }) => url === world.server)
      .map(({ authorization }) => authorization);
    assert.equal(new Set(used).size, 1);
  });

  test('[accepts T4] a thousand first requests on one signal: one sign-in, and no warning', async (context) => {
    /** @type {unknown[]} */
    const warnings = [];
    const onWarning = (/** @type {unknown} */ warning) => warnings.push(warning);
    process.on('warning', onWarning);
    context.after(() => process.off('warning', onWarning));
    const { start, network, trips } = createMachine();
    network.fault = ({ url, authorization }) => {
      if (url !== world.server) return undefined;
      if (authorization) return Response.json({ ok: true });
      return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer scope="openid email"' } });
    };
    const { fetch } = start().connection(world.server, { interaction: true, signal: new AbortController().signal });
    const answers = await Promise.all(Array.from({ length: 1000 }, () => callTool(fetch, world.server)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(trips.length, 1);
    assert.equal(network.registrations().length, 1);
    assert.equal(network.tokenRequests('authorization_code').length, 1);
    assert.deepEqual(warnings, []);
  });

  test('[accepts T4] an answer to a request from before the sign-in comes late: no second sign-in, no refresh', async () => {
    const { start, network, trips } = createMachine();
    /** @type {() => void} */
    let deliver = () => {};
    const delivered = new Promise((resolve) => (deliver = () => resolve(undefined)));
    let late = true;
    network.fault = async ({ url, authorization }) => {
      if (url !== world.server || authorization || !late) return undefined;
      late = false;
      await delivered;
      return undefined;
    };
    const { fetch } = start().connection(world.server, { interaction: true });
    const slow = callTool(fetch, world.server);
    assert.equal((await callTool(fetch, world.server)).status, 200);
    deliver();
    assert.equal((await slow).status, 200);
    assert.equal(trips.length, 1);
    assert.equal(network.tokenRequests('refresh_token').length, 0);
  });

  test('[accepts T4] a token that is about to expire is renewed before it is used', async () => {
    const machine = await signedInMachine();
    await expire(machine.host.store, world.server, 20);
    const { fetch } = machine.start().connection(world.server);
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.deepEqual(
      machine.network.requests.map(({ url, form }) => (url === world.server ? 'tool' : form.get('grant_type'))),
      ['refresh_token', 'tool'],
    );
  });

  test('[accepts T4] a caller that gives up does not end the refresh that others wait for, nor one that was sent', async () => {
    const machine = await signedInMachine();
    const before = await withExpiredToken(machine);
    const abort = new AbortController();
    machine.network.fault = async ({ form }) => {
      if (form.get('grant_type') === 'refresh_token') abort.abort();
      return undefined;
    };
    const { fetch } = machine.start().connection(world.server);
    const impatient = callTool(fetch, world.server, { signal: abort.signal });
    await assert.rejects(impatient, { name: 'AbortError' });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
    const stored = /** @type {any} */ (await storedSession(machine.host.store, world.server));
    assert.notEqual(
      stored.tokens.refreshToken,
      /** @type {any} */ (before).tokens.refreshToken,
      'the rotated token was not lost',
    );
  });

  test('[accepts T4] a refresh whose sender died is tried once more with the old token', async () => {
    const machine = await signedInMachine();
    await withExpiredToken(machine);
    machine.network.fault = ({ form }) =>
      form.has('refresh_token') ? Promise.reject(new TypeError('fetch failed')) : undefined;
    await assert.rejects(callTool(machine.start().fetch(world.server), world.server), { code: 'network_failed' });
    machine.network.fault = undefined;
    assert.equal((await callTool(machine.start().fetch(world.server), world.server)).status, 200);
    assert.equal(machine.trips.length, 0);
  });

  /** @type {Record<string, { fault: () => Response | Promise<Response>, code: string, kind: string }>} */
  const failures = {
    'status 503': {
      fault: () => new Response('<h1>busy</h1>', { status: 503 }),
      code: 'server_unavailable',
      kind: 'transport',
    },
    'status 429': {
      fault: () => Response.json({ error: 'slow_down' }, { status: 429 }),
      code: 'server_unavailable',
      kind: 'transport',
    },
    'no answer in time': { fault: () => new Promise(() => {}), code: 'timed_out', kind: 'transport' },
    'no network': {
      fault: () => Promise.reject(new TypeError('fetch failed')),
      code: 'network_failed',
      kind: 'transport',
    },
    'status 425': { fault: () => new Response(null, { status: 425 }), code: 'server_unavailable', kind: 'transport' },
  };
  for (const [what, { fault, code, kind }] of Object.entries(failures)) {
    test(`[refuses T5] a refresh that ends in ${what}: an error to retry; nothing that is stored is lost, and no browser opens`, async () => {
      const machine = await signedInMachine({ timeoutMilliseconds: 200 });
      const before = await withExpiredToken(machine);
      machine.network.fault = ({ form }) => (form.has('refresh_token') ? fault() : undefined);
      const { fetch } = machine.start().connection(world.server, { interaction: true });
      const error = await rejectionOf(callTool(fetch, world.server));
      assert.deepEqual([error.code, error.kind, error.step], [code, kind, 'refresh']);
      assert.deepEqual(await storedSession(machine.host.store, world.server), before);
      assert.equal(machine.trips.length, 0);

      machine.network.fault = undefined;
      assert.equal((await callTool(fetch, world.server)).status, 200, 'the next one succeeds');
      assert.equal(machine.trips.length, 0);
    });
  }

  /** @type {Record<string, () => Response>} */
  const refusals = {
    'no body': () => new Response(null, { status: 400 }),
    'an array': () => Response.json(['unauthorized'], { status: 401 }),
    "a member that is not OAuth's": () => Response.json({ message: 'Unprocessable' }, { status: 422 }),
    'a page in HTML': () =>
      new Response('<a href="?a=1&error=invalid_grant&b=2">no</a>', {
        status: 403,
        headers: { 'content-type': 'text/html' },
      }),
  };
  /** @type {Record<string, { answer: () => Response, code: string }>} */
  const unreadable = {
    'a page in place of tokens': { answer: () => new Response('<h1>Sign in</h1>'), code: 'not_json' },
    'status 501': { answer: () => new Response(null, { status: 501 }), code: 'unexpected_status' },
    'a redirect': {
      answer: () => new Response(null, { status: 302, headers: { location: '/login' } }),
      code: 'redirect_refused',
    },
    'no tokens': { answer: () => Response.json({ ok: true }), code: 'invalid_document' },
  };
  for (const [what, { answer, code }] of Object.entries(unreadable)) {
    test(`[accepts T5, interop 73] a refresh that is answered with ${what}: a person signs in again, and until then nothing is deleted`, async () => {
      const machine = await signedInMachine();
      const { host, network, trips } = machine;
      const before = /** @type {any} */ (await withExpiredToken(machine));
      const refused = refusing(before.tokens);
      network.fault = (request) => (request.form.get('grant_type') === 'refresh_token' ? answer() : refused?.(request));
      await assert.rejects(callTool(machine.start().fetch(world.server), world.server), {
        code: 'interaction_required',
      });
      await assert.rejects(machine.start().connection(world.server).refresh(), { code });
      assert.deepEqual(await storedSession(host.store, world.server), before);
      const { fetch } = machine.start().connection(world.server, { interaction: true });
      assert.equal((await callTool(fetch, world.server)).status, 200);
      assert.equal(trips.length, 1);
      assert.equal(network.registrations().length, 0);
    });
  }

  for (const [what, refusal] of Object.entries(refusals)) {
    test(`[accepts T5, interop 73, interop 91] a refresh that is refused with ${what}: a person signs in again with the same client, and until then nothing is deleted`, async () => {
      const machine = await signedInMachine();
      const { host, network, trips } = machine;
      const before = /** @type {any} */ (await withExpiredToken(machine));
      const refused = refusing(before.tokens);
      network.fault = (request) =>
        request.form.get('grant_type') === 'refresh_token' ? refusal() : refused?.(request);
      await assert.rejects(callTool(machine.start().fetch(world.server), world.server), {
        code: 'interaction_required',
      });
      await assert.rejects(machine.start().connection(world.server).refresh(), {
        code: 'refresh_token_refused',
        kind: 'refused',
      });
      assert.deepEqual(await storedSession(host.store, world.server), before);

      const { fetch } = machine.start().connection(world.server, { interaction: true });
      assert.equal((await callTool(fetch, world.server)).status, 200);
      assert.equal(trips.length, 1);
      assert.equal(network.registrations().length, 0);
      assert.notDeepEqual(await storedSession(host.store, world.server), before);
    });
  }

  test('[accepts T5, interop 91] a refresh that is refused without an OAuth error before the token has expired: the token serves', async () => {
    const { start, host, network, trips } = await signedInMachine();
    const now = Math.floor(Date.now() / 1000);
    await rewrite(host.store, sessionKey(world.server), (session) => ({
      ...session,
      tokens: { ...session.tokens, receivedAt: now - 3600, expiresAt: now + 20 },
    }));
    const before = await storedSession(host.store, world.server);
    network.fault = ({ form }) =>
      form.get('grant_type') === 'refresh_token' ? new Response(null, { status: 400 }) : undefined;
    const { fetch } = start().connection(world.server, { interaction: true });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(trips.length, 0);
    assert.deepEqual(await storedSession(host.store, world.server), before);
  });

  test('[accepts T5] a refresh that fails before the token has expired: the token serves for its last seconds', async () => {
    const machine = await signedInMachine();
    const { start, host, network } = machine;
    const now = Math.floor(Date.now() / 1000);
    await rewrite(host.store, sessionKey(world.server), (session) => ({
      ...session,
      tokens: { ...session.tokens, receivedAt: now - 3600, expiresAt: now + 20 },
    }));
    network.fault = ({ form }) => (form.has('refresh_token') ? new Response(null, { status: 503 }) : undefined);
    assert.equal((await callTool(start().fetch(world.server), world.server)).status, 200);
    assert.equal(network.tokenRequests('refresh_token').length, 1);
  });

  test('[accepts T5] a refresh token that the server refuses: signed in again with the same client, and without a person only if allowed', async () => {
    const machine = await signedInMachine();
    const before = /** @type {any} */ (await withExpiredToken(machine));
    await revoke(before);
    await assert.rejects(callTool(machine.start().fetch(world.server), world.server), { code: 'interaction_required' });
    const kept = /** @type {any} */ (await storedSession(machine.host.store, world.server));
    assert.equal(kept.registration.clientId, before.registration.clientId, 'the registration and the plan stay');

    const { fetch } = machine.start().connection(world.server, { interaction: true });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(machine.trips.length, 1);
    assert.equal(machine.network.registrations().length, 0);
    assert.equal(machine.trips[0]?.searchParams.get('client_id'), before.registration.clientId);
    assert.equal(machine.network.tokenRequests('refresh_token').length, 1, 'a dead token is not tried again');
  });

  /** @param {any} session */
  async function revoke({ discovery, registration, tokens }) {
    const body = new URLSearchParams({ token: tokens.refreshToken, client_id: registration.clientId });
    const { status } = await fetch(discovery.authorizationServer.endpoints.revocation_endpoint, {
      method: 'POST',
      body,
    });
    assert.equal(status, 200);
  }

  /**
   * An MCP server that does not accept this token any more.
   *
   * @param {{ accessToken: string }} tokens
   * @returns {Machine['network']['fault']}
   */
  function refusing({ accessToken }) {
    return ({ authorization }) =>
      authorization === `Bearer ${accessToken}` ? new Response(null, { status: 401 }) : undefined;
  }

  test('[accepts R8] a client that the server has forgotten, told on a refresh: registered anew, once', async () => {
    const machine = await signedInMachine();
    const before = /** @type {any} */ (await withExpiredToken(machine));
    const { registrationClientUri, registrationAccessToken, clientId } = before.registration;
    const deleted = await fetch(registrationClientUri, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${registrationAccessToken}` },
    });
    assert.equal(deleted.status, 204);
    machine.network.fault = refusing(before.tokens);
    const { fetch: signedIn } = machine.start().connection(world.server, { interaction: true });
    assert.equal((await callTool(signedIn, world.server)).status, 200);
    assert.equal(machine.network.registrations().length, 1);
    assert.equal(machine.trips.length, 1);
    assert.notEqual(machine.trips[0]?.searchParams.get('client_id'), clientId);
  });

  test('[accepts T5] an access token that the server no longer accepts, though it has not expired: refreshed without a person', async () => {
    const machine = await signedInMachine();
    const { tokens } = /** @type {any} */ (await storedSession(machine.host.store, world.server));
    machine.network.fault = refusing(tokens);
    assert.equal((await callTool(machine.start().fetch(world.server), world.server)).status, 200);
    assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
    assert.equal(machine.trips.length, 0);
  });

  test('`refresh()` renews at once, and says when it cannot', async () => {
    const machine = await signedInMachine();
    const connection = machine.start().connection(world.server);
    const before = await connection.session();
    await connection.refresh();
    assert.notEqual((await connection.session())?.tokens.accessToken, before?.tokens.accessToken);
    await revoke(await connection.session());
    await assert.rejects(connection.refresh(), { code: 'refresh_token_refused', kind: 'refused' });
    await assert.rejects(connection.refresh(), { code: 'no_refresh_token', kind: 'misuse' });
    await assert.rejects(createMachine().start().connection(world.server).refresh(), { code: 'no_refresh_token' });
  });

  test('[refuses T5] discovery that fails is an error to retry, not a reason to forget', async () => {
    const { start, network, trips } = createMachine();
    network.fault = ({ url }) =>
      url.includes('.well-known/oauth-authorization-server') ? new Response(null, { status: 503 }) : undefined;
    const { fetch } = start().connection(world.server, { interaction: true });
    const error = await rejectionOf(callTool(fetch, world.server));
    assert.ok(error instanceof TransportError);
    assert.equal(error.step, 'discover');
    network.fault = undefined;
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(trips.length, 1);
  });
});
