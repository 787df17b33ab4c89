// What servers may cost: requests of others, memory, room in the store, lines in a log.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { createAuthorizer, createMemoryStore, discover, InteractionRequiredError, init } from 'mcp-oauth-wasm';
import { probe } from 'mcp-oauth-wasm/doctor';
import { createFileStore } from 'mcp-oauth-wasm/node';
import { fitToShow } from '../../js/core/fit_to_show.js';
import { callTool, rejectionOf, startHonestWorld, startProtectedResource } from '../attacks/parties.js';
import { temporaryFolder } from './temporary_folder.js';

/** @import { TraceEvent } from 'mcp-oauth-wasm' */

const mebibyte = 1024 * 1024;
const largestBody = mebibyte / 4;

/** Of every instance of the module. @type {WebAssembly.Memory[]} */
const memories = [];
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = /** @type {any} */ (
  async (/** @type {any} */ ...given) => {
    const made = /** @type {any} */ (await instantiate(.../** @type {[any]} */ (given)));
    memories.push((made.instance ?? made).exports.memory);
    return made;
  }
);
const day = 86_400_000;

/** @param {number} count @param {string} [name] */
const words = (count, name = 'w') => Array.from({ length: count }, (_, index) => `${name}${index}`);

describe('a server that others are asked about', () => {
  /**
   * An MCP server that names authorization servers of somebody else, where there are none.
   *
   * @param {import('node:test').TestContext} context
   */
  const startWorld = async (context) => {
    const issuers = words(10).map((name) => `https://victim.example/${name}`);
    const world = await startHonestWorld(context, {
      protectedResource: { metadata: { authorization_servers: issuers } },
    });
    const victim = await world.internet.serve('https://victim.example');
    return { ...world, victim };
  };

  test('is found out about twice for many calls that nobody can sign in for', async (context) => {
    const { person, protectedResource, victim } = await startWorld(context);
    const { fetch } = person.start().connection(protectedResource.endpoint);
    for (let call = 0; call < 10; call += 1) {
      const error = await rejectionOf(callTool(fetch, protectedResource.endpoint));
      assert.equal(error.code, 'no_authorization_server_metadata');
    }
    assert.equal(victim.requests.length, 60);
  });

  test('is found out about twice, whatever it demands, for whatever account, and with a person at hand', async (context) => {
    const { person, protectedResource, victim } = await startWorld(context);
    let calls = 0;
    const ordinary = protectedResource.routes['/mcp'];
    protectedResource.routes['/mcp'] = (request) => {
      const answer = /** @type {any} */ (ordinary)(request);
      answer.headers['www-authenticate'] += `, scope="of-call-${(calls += 1)}"`;
      return answer;
    };
    const application = person.start();
    for (let call = 0; call < 10; call += 1) {
      const options = { account: `account ${call % 3}`, interaction: call % 2 === 0 };
      const { fetch } = application.connection(protectedResource.endpoint, options);
      await rejectionOf(callTool(fetch, protectedResource.endpoint));
    }
    assert.equal(victim.requests.length, 60);
  });

  test('is found out about at once where a person asks, and again after a while', async (context) => {
    const { person, protectedResource, victim } = await startWorld(context);
    const connection = person.start().connection(protectedResource.endpoint);
    const call = () => rejectionOf(callTool(connection.fetch, protectedResource.endpoint));
    for (let calls = 0; calls < 3; calls += 1) await call();
    assert.equal(victim.requests.length, 60);
    for (let presses = 0; presses < 2; presses += 1) await rejectionOf(connection.signIn());
    assert.equal(victim.requests.length, 120);
    await call();
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
    await call();
    assert.ok(victim.requests.length > 120);
  });

  test('is not asked about again for calls that need a person, and the person is', async (context) => {
    const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
    const { fetch } = person.start().connection(protectedResource.endpoint);
    const errors = [];
    for (let call = 0; call < 5; call += 1) errors.push(await rejectionOf(callTool(fetch, protectedResource.endpoint)));
    assert.ok(errors.every((error) => error instanceof InteractionRequiredError));
    // Its two locations, once.
    assert.equal(authorizationServer.requests.length, 2);
    await /** @type {any} */ (errors.at(-1)).resume();
    assert.equal((await callTool(fetch, protectedResource.endpoint)).status, 200);
  });

  test('is asked about again as soon as the network is back', async (context) => {
    const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
    const at = '/.well-known/oauth-authorization-server';
    const ordinary = authorizationServer.routes[at];
    authorizationServer.routes[at] = () => ({ status: 503 });
    const { fetch } = person.start().connection(protectedResource.endpoint, { interaction: true });
    assert.equal((await rejectionOf(callTool(fetch, protectedResource.endpoint))).code, 'server_unavailable');
    authorizationServer.routes[at] = /** @type {any} */ (ordinary);
    assert.equal((await callTool(fetch, protectedResource.endpoint)).status, 200);
  });
});

test('a call, the refresh that it leads to and the sign-in after that have one budget', async (context) => {
  const world = await startHonestWorld(context);
  const { person, protectedResource, authorizationServer, internet } = world;
  const connection = person.start().connection(protectedResource.endpoint);
  await connection.signIn();
  await callTool(connection.fetch, protectedResource.endpoint);
  const issuers = words(10).map((name) => `https://victim.example/${name}`);
  const victim = await internet.serve('https://victim.example');
  // From now on the token is refused, the refresh is answered with nonsense, and somebody else is said to be in charge.
  authorizationServer.issued.clear();
  authorizationServer.routes['/token'] = () => ({ body: {} });
  const { endpoint: resource, metadataPath } = protectedResource;
  protectedResource.routes[metadataPath] = () => ({ body: { resource, authorization_servers: issuers } });
  const before = [protectedResource, authorizationServer].map(({ requests }) => requests.length);
  const error = await rejectionOf(callTool(connection.fetch, resource));
  assert.deepEqual([error.code, error.details.limit], ['limit_exceeded', 'requests']);
  const after = [protectedResource, authorizationServer].map(
    ({ requests }, at) => requests.length - Number(before[at]),
  );
  // One of them is the call itself.
  assert.equal(
    after.reduce((sum, count) => sum + count, victim.requests.length),
    41,
  );
});

test('an answer that breaks off, or is too large, counts with all that came of it', async (context) => {
  for (const isCut of [true, false]) {
    const { internet, protectedResource } = await startHonestWorld(context, {
      protectedResource: {
        metadata: { authorization_servers: words(10).map((name) => `https://big.example/${name}`) },
      },
    });
    await internet.serve('https://big.example');
    let received = 0;
    const fetch = async (/** @type {any} */ ...request) => {
      if (!String(request[0]).includes('big.example')) return internet.fetch(request[0], request[1]);
      const chunk = new Uint8Array(largestBody - 1);
      received += chunk.length;
      const pull = (/** @type {any} */ stream) => stream[isCut ? 'error' : 'enqueue'](isCut ? new Error('cut') : chunk);
      const body = new ReadableStream({ start: (stream) => stream.enqueue(chunk), pull }, { highWaterMark: 0 });
      return new Response(body, { headers: { 'content-type': 'application/json' } });
    };
    const error = await rejectionOf(discover({ endpoint: protectedResource.endpoint }, { fetch }));
    assert.equal(error.code, isCut ? 'network_failed' : 'limit_exceeded');
    assert.ok(received <= 0.8 * mebibyte, `${received} bytes`);
  }
});

/** Lists and members without number, in documents of which a sign-in may read all that it needs. @type {Record<string, Record<string, unknown>>} */
const large = {
  scopes: { scopes_supported: words(8000) },
  grants: { scopes_supported: ['read'], grant_types_supported: words(8000), response_types_supported: words(1000) },
  members: Object.fromEntries(words(7000).map((name) => [name, 1])),
  text: { text: 'w'.repeat(largestBody / 3) },
};

for (const [what, metadata] of Object.entries(large)) {
  test(`${what} without number leave little in the store, in logs and in memory`, async (context) => {
    /** @type {TraceEvent[]} */
    const events = [];
    const store = createMemoryStore();
    /** @type {Map<string, number>} */
    const sizes = new Map();
    const { person, protectedResource } = await startHonestWorld(context, {
      authorizationServer: {
        metadata,
        registered: metadata,
        tokens: what === 'scopes' ? { scope: words(10_000).join(' ') } : metadata,
      },
      protectedResource: { metadata },
      person: {
        trace: (event) => void events.push(event),
        store: {
          ...store,
          compareAndSwap(key, version, value) {
            sizes.set(key.split(' ')[0] ?? '', JSON.stringify(value ?? {}).length);
            return store.compareAndSwap(key, version, value);
          },
        },
      },
    });
    const connection = person.start().connection(protectedResource.endpoint);
    await connection.signIn();
    await connection.refresh();
    await connection.refresh();
    for (const [kind, size] of sizes) assert.ok(size <= 32 * 1024, `${kind} has ${size} bytes`);
    const longest = Math.max(...events.map((event) => JSON.stringify(event).length));
    assert.ok(longest <= 64 * 1024, `an event has ${longest} characters`);
    if (what !== 'text') assert.ok(events.some(({ summary }) => /beyond the limit/.test(summary)));
    const { host } = person;
    await Promise.all(words(10).map(() => discover({ endpoint: protectedResource.endpoint }, { fetch: host.fetch })));
    const largest = Math.max(...memories.map(({ buffer }) => buffer.byteLength));
    assert.ok(largest > 0 && largest <= 32 * mebibyte, `${largest} bytes of memory`);
  });
}

describe('a sign-in that nobody finished', () => {
  test('cannot be finished after a day, and leaves nothing in the store', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const folder = await temporaryFolder();
    const stores = { memory: createMemoryStore(), file: createFileStore(`${folder}/store.json`) };
    for (const [name, store] of Object.entries(stores)) {
      const { person, protectedResource } = await startHonestWorld(context);
      /** @type {string[]} */
      const opened = [];
      const redirect = {
        prepare: async () => ({
          redirectUri: 'http://127.0.0.1:7777/callback',
          authorize: async (/** @type {{ authorizationUrl: string }} */ { authorizationUrl }) => {
            opened.push(authorizationUrl);
            return new Promise(() => {});
          },
          close: async () => {},
        }),
      };
      const host = { ...person.host, store, redirect };
      const application = createAuthorizer({ host });
      const waiting = application.connection(protectedResource.endpoint).signIn();
      waiting.catch(() => {});
      while (opened.length === 0) await new Promise((resolve) => setImmediate(resolve));
      const callback = await person.callbackOf(String(opened[0]).replace('7777', '7777'));
      context.mock.timers.setTime(Date.now() + day + 1000);
      const later = createAuthorizer({ host: { ...host, redirect: person.host.redirect } });
      const error = await rejectionOf(later.complete(callback));
      assert.equal(error.code, 'state_mismatch', name);
      assert.equal(await store.read(`pending ${new URL(callback).searchParams.get('state')}`), null, name);
    }
  });

  test('is swept by the next write of anybody', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const folder = await temporaryFolder();
    for (const store of [createMemoryStore(), createFileStore(`${folder}/store.json`)]) {
      const expiresAt = Date.now() / 1000 + 60;
      await store.compareAndSwap('pending one', null, { expiresAt, codeVerifier: 'x' });
      await store.compareAndSwap('session one', null, { tokens: {} });
      context.mock.timers.setTime(Date.now() + 61_000);
      await store.compareAndSwap('session two', null, {});
      assert.equal(await store.read('pending one'), null);
      assert.notEqual(await store.read('session one'), null);
    }
  });
});

test('time in which the machine slept is no time of a server', async (context) => {
  const { internet, protectedResource } = await startHonestWorld(context);
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const fetch = async (/** @type {any} */ ...request) => {
    context.mock.timers.setTime(Date.now() + 3_600_000);
    return internet.fetch(request[0], request[1]);
  };
  const { authorizationServer } = await discover({ endpoint: protectedResource.endpoint }, { fetch });
  assert.equal(authorizationServer.issuer, 'https://login.example');
});

test('servers that answer just in time are waited for a minute, all together', async (context) => {
  const issuers = words(10).map((name) => `https://slow.example/${name}`);
  const { internet, protectedResource } = await startHonestWorld(context, {
    protectedResource: { metadata: { authorization_servers: issuers } },
  });
  const slow = await internet.serve('https://slow.example');
  context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  const fetch = async (/** @type {any} */ ...request) => {
    context.mock.timers.setTime(Date.now() + 14_000);
    return internet.fetch(request[0], request[1]);
  };
  const error = await rejectionOf(discover({ endpoint: protectedResource.endpoint }, { fetch }));
  assert.deepEqual([error.code, error.details.limit], ['limit_exceeded', 'seconds']);
  assert.ok(slow.requests.length <= 5);
});

test('a server that is slow to be found out about keeps nobody waiting at another one', async (context) => {
  const { internet, person, protectedResource } = await startHonestWorld(context);
  const slow = await startProtectedResource(internet, 'https://slow.example/mcp', { authorizationServers: [] });
  slow.routes[slow.metadataPath] = () => () => {};
  const authorizer = person.start();
  const ended = new AbortController();
  const waiting = rejectionOf(authorizer.connection(slow.endpoint, { signal: ended.signal }).signIn());
  while (slow.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await authorizer.connection(protectedResource.endpoint).signIn();
  ended.abort(new Error('nobody waits any more'));
  assert.equal((await waiting).message, 'nobody waits any more');
});

describe('what the probe is answered with keeps nobody busy', { timeout: 120_000 }, () => {
  /**
   * How often a text was searched in the probe of a server, and how many characters were looked at.
   *
   * @param {import('node:test').TestContext} context
   * @param {{ page?: string, registered?: Record<string, unknown> }} answers
   */
  async function searched(context, { page = '<p>no</p>', registered = {} }) {
    const { person, protectedResource, authorizationServer } = await startHonestWorld(context, {
      authorizationServer: { registered },
    });
    const headers = { 'content-type': 'text/html' };
    authorizationServer.routes['/authorize'] = () => ({ status: 400, headers, body: page });
    const { fetch } = person.host;
    const discovery = await discover({ endpoint: protectedResource.endpoint }, { fetch });
    const seen = { times: 0, characters: 0 };
    // A mock of Node's would keep every call.
    const { indexOf } = String.prototype;
    String.prototype.indexOf = /** @this {string} @param {string} what */ function (what, from = 0) {
      const place = indexOf.call(this, what, from);
      seen.times += 1;
      seen.characters += (place < 0 ? this.length : place) - from;
      return place;
    };
    context.after(() => Object.assign(String.prototype, { indexOf }));
    const { careless } = await probe({ discovery, plan: { version: 1, scopes: [] } }, { fetch });
    Object.assign(String.prototype, { indexOf });
    assert.equal(careless.answer, 'refused');
    return seen;
  }

  for (const part of ['<', '<script>', '<script><style>', '<a ']) {
    test(`a page of ${part}: its first 64 KiB are read, and each part of them a few times`, async (context) => {
      const { characters } = await searched(context, { page: part.repeat(mebibyte / part.length) });
      assert.ok(characters <= 10 * 65_536, `${characters} characters`);
    });
  }

  test('members that may be secrets: each of many costs no more than each of few', async (context) => {
    const withMembers = (/** @type {number} */ count) => {
      const members = words(count, 'n').map((name) => [`${name}code`, `${name} is secret`]);
      return searched(context, { registered: Object.fromEntries(members) });
    };
    const [few, many] = [await withMembers(100), await withMembers(1000)];
    assert.ok(many.times <= 10 * few.times, `${few.times} searches, and ${many.times}`);
  });
});

describe('what is shown of an answer has an end', () => {
  test('a text', () => assert.equal(fitToShow({ text: 'w'.repeat(mebibyte) }, []).text.length, 10_000));

  test('all texts together', () => {
    const shown = fitToShow({ texts: words(1000).map(() => 'w'.repeat(10_000)) }, []);
    const { length } = shown.texts.join('');
    assert.ok(length > 990_000 && length <= 1_000_000, `${length} characters`);
  });
});

describe('what is used once leaves next to nothing', () => {
  /**
   * Bytes in use after ten thousand uses more, for each of them.
   *
   * @param {string} body of `use(number)`
   */
  async function bytesOf(body) {
    const program = `
      import { createAuthorizer, createMemoryStore } from 'mcp-oauth-wasm';
      const authorizer = createAuthorizer({ host: { store: createMemoryStore(), fetch: async () => new Response('{}') } });
      const [{ signal }, transport] = [new AbortController(), new AbortController()];
      const url = 'https://mcp.example/mcp';
      const kept = authorizer.fetch(url, { signal });
      const use = async (number) => { ${body} };
      const settle = async () => { for (let i = 0; i < 8; i += 1) { await new Promise((r) => setTimeout(r, 20)); gc(); } };
      const used = async (from, to) => {
        for (let number = from; number < to; number += 1) await use(number);
        await settle();
        return process.memoryUsage().heapUsed;
      };
      const before = await used(0, 2000);
      const after = await used(2000, 12000);
      console.log(Math.round((after - before) / 10000));
    `;
    const options = ['--expose-gc', '--input-type=module', '-e', program];
    return Number((await promisify(execFile)(process.execPath, options)).stdout);
  }

  test('an account', { timeout: 120_000 }, async () => {
    const bytes = await bytesOf("await (await authorizer.fetch(url, { account: 'account ' + number })(url)).text();");
    assert.ok(bytes < 100, `${bytes} bytes of each`);
  });

  test('a request, beside the signals of its connection and of its transport', { timeout: 120_000 }, async () => {
    const bytes = await bytesOf("await (await kept(url, { method: 'POST', signal: transport.signal })).text();");
    assert.ok(bytes < 16, `${bytes} bytes of each`);
  });
});

await init();
