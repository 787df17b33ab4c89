import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MisbehavedError, RefusedError } from 'mcp-oauth-wasm';
import { listenOnLoopback } from '../servers/loopback.js';
import { callTool, createMachine, rejectionOf, startWorld, storedSession } from './world.js';

/** @import { World } from './world.js' */

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

describe('the requests of a connection', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld({
      authorizationServer: { resourceScopes: ['openid', 'email', 'profile', 'private_metadata'] },
      protectedResource: { furtherTools: { edit: ['private_metadata'], publish: ['public_metadata'] } },
    });
  });
  after(() => world.close());

  const message = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'whoami', arguments: {} },
  });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

  /** @type {Record<string, () => [input: string | URL | Request, init?: RequestInit & { duplex?: 'half' }]>} */
  const repeatable = {
    'a URL and a string': () => [new URL(world.server), { method: 'POST', headers, body: message }],
    bytes: () => [world.server, { method: 'POST', headers, body: new TextEncoder().encode(message) }],
    'a Blob': () => [world.server, { method: 'POST', headers, body: new Blob([message]) }],
    'a Request': () => [new Request(world.server, { method: 'POST', headers, body: message })],
    'a Request that reads a stream': () => [
      new Request(
        world.server,
        /** @type {any} */ ({ method: 'POST', headers, body: new Blob([message]).stream(), duplex: 'half' }),
      ),
    ],
    'a Request with a body beside it': () => [new Request(world.server), { method: 'POST', headers, body: message }],
    'a Request with a stream beside it': () => [
      new Request(world.server, { headers }),
      { method: 'POST', body: new Blob([message]).stream(), duplex: 'half' },
    ],
    'headers as pairs': () => [world.server, { method: 'POST', headers: Object.entries(headers), body: message }],
  };
  for (const [what, request] of Object.entries(repeatable)) {
    test(`[accepts T3] ${what}: sent again, whole, after the sign-in`, async () => {
      const { start, trips, network } = createMachine();
      const response = await start().fetch(world.server, { interaction: true })(...request());
      assert.equal(response.status, 200);
      assert.match(await response.text(), /alice@example\.com/);
      assert.equal(trips.length, 1);
      assert.equal(network.requests.filter(({ url }) => url === world.server).length, 2);
    });
  }

  /** @type {Record<string, HeadersInit>} */
  const ofTheirOwn = {
    plain: { ...headers, Authorization: 'Bearer of the application' },
    pairs: [...Object.entries(headers), ['AUTHORIZATION', 'Bearer of the application']],
    'those of a Headers': new Headers({ ...headers, Authorization: 'Bearer of the application' }),
  };
  for (const [what, own] of Object.entries(ofTheirOwn)) {
    test(`headers, ${what}: an authorization among them, however it is spelled, gives way to the token, and they stay as they were`, async () => {
      const { start, network } = createMachine();
      const connection = start().connection(world.server, { interaction: true });
      await connection.signIn();
      const before = JSON.stringify([...new Headers(own)]);
      const response = await connection.fetch(world.server, { method: 'POST', headers: own, body: message });
      assert.equal(response.status, 200);
      const { authorization } = await connection.headersFor({ method: 'POST', url: world.server });
      assert.equal(network.requests.at(-1)?.authorization, authorization);
      assert.equal(JSON.stringify([...new Headers(own)]), before);
    });
  }

  /** @type {Record<string, () => BodyInit>} */
  const readOnce = {
    'a stream': () => new Blob([message]).stream(),
    'an asynchronous iterable': () => /** @type {any} */ (new Blob([message]).stream().values()),
  };
  for (const [what, body] of Object.entries(readOnce)) {
    test(`${what} is sent once: the refusal is the answer, and the next request is signed in`, async () => {
      const { start, trips, network } = createMachine();
      const fetch = start().fetch(world.server, { interaction: true });
      const init = () => ({ method: 'POST', headers, body: body(), duplex: /** @type {const} */ ('half') });
      assert.equal((await fetch(world.server, init())).status, 401);
      assert.equal(network.requests.filter(({ url }) => url === world.server).length, 1);
      assert.equal((await fetch(world.server, init())).status, 200);
      assert.equal(trips.length, 1);
    });
  }

  test('other answers are none of our business', async () => {
    const { start, network, trips } = createMachine();
    const fetch = start().fetch(world.server, { interaction: true });
    for (const [status, challenge] of /** @type {const} */ ([
      [404, ''],
      [500, ''],
      [202, ''],
      [403, ''],
      [403, 'Bearer error="access_denied"'],
    ])) {
      network.fault = () => new Response('as it was', { status, headers: { 'www-authenticate': challenge } });
      const response = await fetch(world.server);
      assert.deepEqual([response.status, await response.text()], [status, 'as it was']);
    }
    assert.equal(trips.length, 0);
  });

  test('[accepts D1] a 403 to a request without a token wants one where its challenge states no error', async () => {
    const { start, network, trips } = createMachine();
    network.fault = ({ url, authorization }) =>
      url === world.server && !authorization
        ? new Response(null, { status: 403, headers: { 'www-authenticate': 'Bearer' } })
        : undefined;
    const fetch = start().fetch(world.server, { interaction: true });
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(trips.length, 1);
  });

  test("a network error is the caller's, as from any fetch", async () => {
    const { start, network } = createMachine();
    const failure = new TypeError('fetch failed');
    network.fault = () => Promise.reject(failure);
    await assert.rejects(start().fetch(world.server)(world.server), failure);
  });

  test('the signals of a request and of its connection both end it, also while its answer streams', async () => {
    const dripping = createServer((_request, response) => {
      response.write('data: 1\n\n');
    });
    const { origin, close } = await listenOnLoopback(dripping);
    const server = `${origin}/mcp`;
    for (const which of ['request', 'connection']) {
      const abort = new AbortController();
      const idle = new AbortController();
      const { start } = createMachine();
      const { fetch } = start().connection(server, { signal: which === 'connection' ? abort.signal : idle.signal });
      const response = await fetch(server, { signal: which === 'request' ? abort.signal : idle.signal });
      const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
      await reader.read();
      collectGarbage();
      setTimeout(() => abort.abort(), 20);
      await assert.rejects(reader.read(), { name: 'AbortError' }, which);
    }
    await close();
  });

  test('a time-out that nobody else holds ends a request that hangs, while it is sent and while its answer streams', async (context) => {
    const hanging = createServer((request, response) => {
      if (request.method === 'POST') response.write('data: 1\n\n');
    });
    const { origin, close } = await listenOnLoopback(hanging);
    context.after(close);
    const server = `${origin}/mcp`;
    const { fetch } = createMachine().start().connection(server, { signal: new AbortController().signal });
    const collecting = setInterval(collectGarbage, 10);
    context.after(() => clearInterval(collecting));
    await assert.rejects(fetch(server, { signal: AbortSignal.timeout(100) }), { name: 'TimeoutError' });
    const text = fetch(server, { method: 'POST', signal: AbortSignal.timeout(200) }).then((response) =>
      response.text(),
    );
    await assert.rejects(text, { name: 'TimeoutError' });
  });

  test('[accepts S5] a 403 for scopes: one step-up for all who need it, with what was granted before', async () => {
    const { start, trips, network } = createMachine();
    const { fetch, plan } = start().connection(world.server, { interaction: true });
    await callTool(fetch, world.server);
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => callTool(fetch, world.server, { tool: 'edit' })));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(trips.length, 2);
    assert.equal(trips[1]?.searchParams.get('scope'), 'openid email offline_access private_metadata');
    const granted = (await plan())?.scopes.filter((scope) => scope.granted).map(({ scope }) => scope);
    assert.ok(granted?.includes('email') && granted.includes('private_metadata'));
    assert.equal(network.tokenRequests('refresh_token').length, 0, 'a refresh cannot widen');
  });

  test('[accepts S5] a 401 that demands other scopes: signed in for these, and not merely refreshed', async () => {
    const { start, trips, network, host } = createMachine();
    const { fetch } = start().connection(world.server, { interaction: true });
    await callTool(fetch, world.server);
    const { tokens } = /** @type {any} */ (await storedSession(host.store, world.server));
    network.fault = ({ authorization }) =>
      authorization === `Bearer ${tokens.accessToken}`
        ? new Response(null, {
            status: 401,
            headers: { 'www-authenticate': 'Bearer error="invalid_token", scope="openid email profile"' },
          })
        : undefined;
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(trips[1]?.searchParams.get('scope'), 'openid email profile offline_access');
    assert.equal(network.tokenRequests('refresh_token').length, 0);
  });

  test('[refuses S6] a server that is never content with fresh tokens: an error, after one sign-in', async () => {
    const { start, trips, network } = createMachine();
    network.fault = ({ url }) =>
      url === world.server
        ? new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer scope="openid email"' } })
        : undefined;
    const { fetch } = start().connection(world.server, { interaction: true });
    const error = await rejectionOf(callTool(fetch, world.server));
    assert.ok(error instanceof MisbehavedError);
    assert.deepEqual([error.code, error.step, error.details.status], ['fresh_token_refused', 'call', 401]);
    assert.equal(trips.length, 1);
    assert.equal(network.requests.filter(({ url }) => url === world.server).length, 2);
  });

  test('[refuses S6] a server that demands something new every time: an error, after few sign-ins', async () => {
    const { start, trips, network } = createMachine();
    let demands = 0;
    network.fault = ({ url }) => {
      if (url !== world.server) return undefined;
      demands += 1;
      const scopes = ['openid', 'email', 'profile', 'public_metadata', 'private_metadata'].slice(0, demands);
      return new Response(null, { status: 401, headers: { 'www-authenticate': `Bearer scope="${scopes.join(' ')}"` } });
    };
    const { fetch } = start().connection(world.server, { interaction: true });
    await assert.rejects(callTool(fetch, world.server), { code: 'fresh_token_refused' });
    assert.ok(trips.length <= 3, `${trips.length} trips`);
    assert.ok(demands <= 4, `${demands} requests`);
  });

  test('[refuses S6] a 403 for scopes that were granted: an error, and no trip at all', async () => {
    const { start, trips, network } = createMachine();
    const { fetch } = start().connection(world.server, { interaction: true });
    await callTool(fetch, world.server);
    network.fault = ({ url }) =>
      url === world.server
        ? new Response(null, {
            status: 403,
            headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="email"' },
          })
        : undefined;
    await assert.rejects(callTool(fetch, world.server), { code: 'fresh_token_refused', kind: 'misbehaved' });
    assert.equal(trips.length, 1);
  });

  test('[refuses S6] scopes that the server withholds: an error that names them, and the connection goes on with what it has', async () => {
    const { start, trips } = createMachine();
    const { fetch } = start().connection(world.server, { interaction: true });
    await callTool(fetch, world.server);
    const error = await rejectionOf(callTool(fetch, world.server, { tool: 'publish' }));
    assert.ok(error instanceof RefusedError);
    assert.equal(error.code, 'scope_withheld');
    assert.deepEqual(error.details, { scope: 'public_metadata', issuer: world.issuer });
    assert.equal(trips.length, 2);
    assert.equal((await callTool(fetch, world.server)).status, 200);
  });

  test('[accepts S6] a step-up that the network prevents is not one in vain: it is tried again as often as it takes', async () => {
    const { start, trips, network } = createMachine();
    const { fetch } = start().connection(world.server, { interaction: true });
    await callTool(fetch, world.server);
    network.fault = ({ url }) => (url.includes('.well-known') ? new Response(null, { status: 503 }) : undefined);
    for (let count = 0; count < 4; count += 1) {
      await assert.rejects(callTool(fetch, world.server, { tool: 'edit' }), { code: 'server_unavailable' });
    }
    network.fault = undefined;
    assert.equal((await callTool(fetch, world.server, { tool: 'edit' })).status, 200);
    assert.equal(trips.length, 2);
  });

  test('`headersFor` and `onResponse` do the same for a transport in another process', async () => {
    const { start, trips } = createMachine();
    const connection = start().connection(world.server, { interaction: true });
    const request = { method: 'POST', url: world.server };
    const send = async () => {
      const signed = await connection.headersFor(request);
      return {
        signed,
        response: await globalThis.fetch(world.server, {
          method: 'POST',
          headers: { ...headers, ...signed },
          body: message,
        }),
      };
    };
    const first = await send();
    assert.deepEqual(first.signed, {});
    assert.equal(await connection.onResponse({ status: 401, headers: first.response.headers, attempt: 0 }), true);
    const second = await send();
    assert.equal(second.response.status, 200);
    assert.equal(await connection.onResponse({ status: 200, headers: second.response.headers, attempt: 1 }), false);

    const late = { status: 401, headers: first.response.headers, authorization: null };
    assert.equal(await connection.onResponse(late), true, 'send it again: there is a token now');
    await delay(10);
    assert.equal(trips.length, 1);
  });
});
