// An instance of the WebAssembly module that comes to its end, by a trap or for want of memory: whose calls end with it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createAuthorizer, discover, init } from 'mcp-oauth-wasm';
import { createMemoryStore } from 'mcp-oauth-wasm/node';
import { rejectionOf, sessionKey } from './world.js';

/** @import { Fetch, JsonObject } from 'mcp-oauth-wasm' */

/** Enough for ordinary answers, and too little for the largest ones. Pages of 64 KiB. */
const SPARE_PAGES = 11;

const { instantiate } = WebAssembly;
let instances = 0;
/** Whether the next callback into an instance is a trap. */
let isTrapped = false;
/** @type {unknown[]} */
let uncaught = [];
const take = (/** @type {unknown} */ error) => void uncaught.push(error);

// The fault is forced where a panic would come up: in a callback, out of which nobody is called.
Reflect.set(WebAssembly, 'instantiate', async (/** @type {any} */ module, /** @type {any} */ imports) => {
  const instance = await instantiate(module, imports);
  // Node's own fetch has a module, with these imports.
  if (!(instance instanceof WebAssembly.Instance) || imports.env) return instance;
  instances += 1;
  const trapping = Object.entries(instance.exports).map(([name, own]) => [
    name,
    !name.includes('__invoke__')
      ? own
      : (/** @type {unknown[]} */ ...given) => {
          if (isTrapped) {
            isTrapped = false;
            throw new WebAssembly.RuntimeError('unreachable');
          }
          return /** @type {Function} */ (own)(...given);
        },
  ]);
  return { exports: Object.fromEntries(trapping) };
});

await init(withLittleMemory(await readFile(new URL('../../pkg/npm/mcp_oauth_wasm_bg.wasm', import.meta.url))));

/**
 * The module with a limit to its memory (WebAssembly Core Specification, §5.5.8).
 *
 * @param {Uint8Array} bytes
 */
function withLittleMemory(bytes) {
  const number = (/** @type {number} */ at) => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = Number(bytes[at++]);
      value |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    return { value, next: at };
  };
  const written = (/** @type {number} */ value) => {
    const digits = [];
    for (; value > 127; value >>>= 7) digits.push((value & 127) | 128);
    return [...digits, value];
  };
  for (let at = 8; at < bytes.length; ) {
    const { value: size, next: start } = number(at + 1);
    if (bytes[at] === 5) {
      const { value: pages } = number(start + 2);
      const section = [1, 1, ...written(pages), ...written(pages + SPARE_PAGES)];
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.from([5, ...written(section.length), ...section]),
        bytes.subarray(start + size),
      ]);
    }
    at = start + size;
  }
  throw new Error('the module has no memory of its own');
}

/** @param {string} origin @returns {Record<string, JsonObject>} */
const documentsOf = (origin) => ({
  [`${origin}/.well-known/oauth-protected-resource/mcp`]: {
    resource: `${origin}/mcp`,
    authorization_servers: [origin],
  },
  [`${origin}/.well-known/oauth-authorization-server`]: {
    issuer: origin,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    code_challenge_methods_supported: ['S256'],
  },
});

/**
 * Servers whose answers end an instance as long as `traps` is positive.
 *
 * @param {string} origin
 * @param {{ traps?: number, waits?: Promise<unknown> }} [how]
 */
function server(origin, { traps = 0, waits } = {}) {
  const documents = documentsOf(origin);
  /** @type {string[]} */
  const requests = [];
  /** @type {Fetch} */
  const fetch = async (input, options) => {
    requests.push(`${options?.method} ${input}`);
    await waits;
    if (traps-- > 0) isTrapped = true;
    const document = documents[String(input)];
    return Response.json(document ?? {}, { status: document ? 200 : 404 });
  };
  return { endpoint: `${origin}/mcp`, fetch, requests, timeoutMilliseconds: 2000 };
}

describe('an instance that ends', () => {
  beforeEach(() => {
    [uncaught, isTrapped] = [[], false];
    process.on('uncaughtException', take);
  });
  afterEach(() => {
    process.off('uncaughtException', take);
    assert.deepEqual(uncaught, []);
  });

  test('a call that has sent nothing that counts once is made again with another one', async () => {
    const before = instances;
    const { endpoint, fetch } = server('https://once.example', { traps: 1 });
    assert.equal((await discover({ endpoint }, { fetch })).endpoint, endpoint);
    assert.equal(instances, before + 1);
  });

  test('two ends within a minute stop the calls of that server, and of no other', async (context) => {
    const bad = server('https://bad.example', { traps: 99 });
    const good = server('https://good.example');
    const [ended, served] = await Promise.allSettled([
      discover({ endpoint: bad.endpoint }, bad),
      discover({ endpoint: good.endpoint }, good),
    ]);
    assert.equal(served.status, 'fulfilled');
    assert.deepEqual(ended.status === 'rejected' && [ended.reason.code, ended.reason.kind, ended.reason.details], [
      'engine_failed',
      'transport',
      { endpoint: bad.endpoint },
    ]);
    const sent = bad.requests.length;
    assert.equal((await rejectionOf(discover({ endpoint: bad.endpoint }, bad))).code, 'engine_failed');
    assert.equal(bad.requests.length, sent, 'nothing is asked any more');
    assert.ok(await discover({ endpoint: good.endpoint }, good));
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
    const mended = server('https://bad.example');
    assert.ok(await discover({ endpoint: mended.endpoint }, mended));
  });

  test('calls of another server that are under way do not notice', async () => {
    let answer = () => {};
    const waits = new Promise((resolve) => (answer = () => resolve(undefined)));
    const slow = server('https://slow.example', { waits });
    const waiting = discover({ endpoint: slow.endpoint }, slow);
    const bad = server('https://worse.example', { traps: 99 });
    assert.equal((await rejectionOf(discover({ endpoint: bad.endpoint }, bad))).code, 'engine_failed');
    answer();
    assert.equal((await waiting).endpoint, slow.endpoint);
    assert.equal(slow.requests.length, 2, 'each was asked once');
  });

  test('many servers at once, one of them bad: all others are served', async () => {
    const bad = server('https://worst.example', { traps: 99 });
    const good = Array.from({ length: 40 }, (_, index) => server(`https://good${index}.example`));
    const served = await Promise.allSettled([bad, ...good].map((one) => discover({ endpoint: one.endpoint }, one)));
    assert.deepEqual(
      served.map(({ status }) => status),
      ['rejected', ...good.map(() => 'fulfilled')],
    );
  });

  for (const [name, trapsAt] of Object.entries({ 'before it has sent the refresh token': 0, 'after it': 1 })) {
    test(`a refresh that ends ${name}`, async () => {
      const origin = `https://refresh${trapsAt}.example`;
      const { endpoint } = server(origin);
      const store = createMemoryStore();
      const session = /** @type {any} */ (await sessionAt(origin));
      await store.compareAndSwap(sessionKey(endpoint), null, { ...session, key: sessionKey(endpoint) });
      let [posts, reads] = [0, 0];
      const watched = {
        ...store,
        read: async (/** @type {string} */ key) => {
          if (trapsAt === 0 && key === sessionKey(endpoint) && (reads += 1) === 2) isTrapped = true;
          return store.read(key);
        },
      };
      const host = {
        store: watched,
        timeoutMilliseconds: 2000,
        fetch: async () => {
          posts += 1;
          isTrapped = trapsAt === 1;
          return Response.json({ access_token: 'new', token_type: 'Bearer', refresh_token: 'rotated' });
        },
      };
      const connection = createAuthorizer({ host }).connection(endpoint);
      const error = await connection.refresh().catch((reason) => reason);
      assert.equal(posts, 1, `it is sent once: ${error}`);
      assert.equal(error?.code, trapsAt === 1 ? 'engine_failed' : undefined);
      const kept = (await store.read(sessionKey(endpoint)))?.value;
      assert.equal(/** @type {any} */ (kept).tokens.accessToken, trapsAt === 1 ? 'old' : 'new');
    });
  }

  test('memory that is used up', async () => {
    const origin = 'https://large.example';
    const fetch = async () => new Response(`{"resource":"${'a'.repeat(250_000)}"}`);
    const error = await rejectionOf(discover({ endpoint: `${origin}/mcp` }, { fetch, timeoutMilliseconds: 2000 }));
    assert.deepEqual([error.code, error.kind], ['engine_failed', 'transport']);
    const good = server('https://after.example');
    assert.ok(await discover({ endpoint: good.endpoint }, good));
  });

  test('a chunk of a body whose buffer was given away', async () => {
    const good = server('https://detached.example');
    for (const hostile of [detached, lying, throwing, { length: 3 }, 'abc']) {
      const fetch = async () => ({
        status: 200,
        headers: new Headers(),
        url: '',
        body: { getReader: () => ({ read: async () => ({ done: false, value: make(hostile) }) }) },
      });
      const failing = discover(
        { endpoint: good.endpoint },
        { timeoutMilliseconds: 2000, fetch: /** @type {any} */ (fetch) },
      );
      assert.match((await rejectionOf(failing)).code, /^(network_failed|limit_exceeded|response_too_large|timed_out)$/);
    }
    const before = instances;
    assert.ok(await discover({ endpoint: good.endpoint }, good));
    assert.equal(instances, before, 'no instance ended over it');
  });
});

/** @param {unknown} hostile */
const make = (hostile) => (typeof hostile === 'function' ? hostile() : hostile);

function detached() {
  const chunk = new Uint8Array(8);
  structuredClone(chunk.buffer, { transfer: [chunk.buffer] });
  return chunk;
}

function lying() {
  return Object.defineProperty(new Uint8Array(2_000_000), 'length', { value: 3 });
}

function throwing() {
  const fail = () => {
    throw new Error('hostile');
  };
  return new Proxy(new Uint8Array(8), { get: fail, getPrototypeOf: () => Uint8Array.prototype });
}

/** @param {string} origin */
async function sessionAt(origin) {
  const { endpoint, fetch } = server(origin);
  const discovery = await discover({ endpoint }, { fetch });
  const registration = /** @type {const} */ ({
    ...{ version: 1, kind: 'dynamic', issuer: origin, clientId: 'client', tokenEndpointAuthMethod: 'none' },
    redirectUri: 'http://127.0.0.1:9/callback',
  });
  const tokens = { accessToken: 'old', refreshToken: 'refresh', receivedAt: 0 };
  return { version: 1, grant: 'authorization_code', discovery, registration, plan: { version: 1, scopes: [] }, tokens };
}
