// The module's own requests, against servers and a `fetch` that do what they like. Whatever happens: an error of ours with
// its code and step, in bounded time, nothing that nobody handles, and a module that goes on working.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { AuthorizationError, createPkce, discover, refresh, register } from 'mcp-oauth-wasm';
import { listenOnLoopback } from '../servers/loopback.js';
import { rejectionOf } from './world.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Session, StepHost } from 'mcp-oauth-wasm' */

const mebibyte = 1024 * 1024;
const limit = mebibyte / 4;

describe('requests of the module', () => {
  /** @type {string} */
  let origin;
  /** @type {() => Promise<void>} */
  let close;
  /** What the server does with a request, by its path. @type {Record<string, (request: IncomingMessage, response: ServerResponse) => void>} */
  let routes = {};
  /** @type {string[]} */
  let requested = [];
  /** @type {unknown[]} */
  const unhandled = [];
  const onUnhandled = (/** @type {unknown} */ reason) => unhandled.push(reason);

  before(async () => {
    process.on('unhandledRejection', onUnhandled);
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', origin);
      requested.push(`${request.method} ${pathname}`);
      const route = routes[pathname];
      if (route) route(request, response);
      else response.writeHead(404).end();
    });
    ({ origin, close } = await listenOnLoopback(server));
  });
  after(async () => {
    await close();
    process.off('unhandledRejection', onUnhandled);
  });
  afterEach(async () => {
    await delay(5);
    assert.deepEqual(unhandled, []);
    assert.equal((await createPkce()).codeVerifier.length, 43, 'the module still works');
    routes = {};
    requested = [];
  });

  /** Reads one document: the protected resource's metadata. @param {StepHost} [host] */
  const read = (host) =>
    discover(
      { endpoint: `${origin}/mcp`, challenge: { scheme: 'Bearer', resourceMetadata: `${origin}/document` } },
      host,
    );

  /** Sends one form. @param {StepHost} [host] */
  const send = (host) => refresh({ session: session() }, host);

  /** @returns {Session} */
  const session = () => ({
    version: 1,
    grant: 'authorization_code',
    discovery: {
      endpoint: `${origin}/mcp`,
      protectedResource: {
        resource: `${origin}/mcp`,
        authorizationServers: [origin],
        metadataUrl: `${origin}/document`,
      },
      authorizationServer: {
        issuer: origin,
        authorizationEndpoint: `${origin}/authorize`,
        tokenEndpoint: `${origin}/token`,
        authorizationResponseIssParameterSupported: false,
        clientIdMetadataDocumentSupported: false,
        metadataUrl: `${origin}/.well-known/oauth-authorization-server`,
      },
    },
    registration: {
      version: 1,
      kind: 'dynamic',
      issuer: origin,
      clientId: 'c',
      tokenEndpointAuthMethod: 'none',
      redirectUri: 'http://127.0.0.1/',
    },
    plan: { version: 1, scopes: [] },
    tokens: { accessToken: 'access-1', refreshToken: 'refresh-1', receivedAt: 1 },
  });

  /**
   * @param {Promise<unknown>} promise
   * @param {string} kind
   * @param {string} code
   * @param {string} step
   */
  async function refuses(promise, kind, code, step = 'discover') {
    const error = await rejectionOf(promise);
    assert.ok(error instanceof AuthorizationError, String(error));
    assert.deepEqual([error.kind, error.code, error.step], [kind, code, step], error.message);
    return error;
  }

  /** @param {ServerResponse} response @param {unknown} document */
  const answerJson = (response, document) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));

  /** Everything that a discovery wants, the first document of a given length. @param {number} [length] */
  function serveDocuments(length = 0) {
    const document = JSON.stringify({ resource: `${origin}/mcp`, authorization_servers: [origin] });
    routes['/document'] = (_, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(document.padEnd(length));
    routes['/.well-known/oauth-authorization-server'] = (_, response) =>
      answerJson(response, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        code_challenge_methods_supported: ['S256'],
      });
  }

  describe('bodies', () => {
    test('of 256 KiB are read, and not a byte more', async () => {
      serveDocuments(limit);
      assert.equal((await read()).authorizationServer.issuer, origin);
      serveDocuments(limit + 1);
      await refuses(read(), 'misbehaved', 'response_too_large');
    });

    test('without end are ended', async () => {
      let closed = false;
      routes['/document'] = (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const write = () => {
          while (!response.destroyed && response.write('x'.repeat(65_536)));
        };
        response.on('drain', write).on('close', () => (closed = true));
        write();
      };
      await refuses(read(), 'misbehaved', 'response_too_large');
      await delay(50);
      assert.ok(closed, 'the connection is not kept');
    });

    test('that are small only while compressed are measured as they are', async () => {
      routes['/document'] = (_, response) =>
        response
          .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.alloc(16 * mebibyte, ' ')));
      await refuses(read(), 'misbehaved', 'response_too_large');
    });

    test('that drip beyond the time-out are ended', async () => {
      let closed = false;
      routes['/document'] = (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => {
          closed = true;
          clearInterval(timer);
        });
      };
      const since = performance.now();
      await refuses(read({ timeoutMilliseconds: 150 }), 'transport', 'timed_out');
      assert.ok(performance.now() - since < 5000);
      await delay(50);
      assert.ok(closed, 'the connection is not kept');
    });

    test('that break off are an error of the network', async () => {
      routes['/document'] = (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"resource":');
        setTimeout(() => response.destroy(), 10);
      };
      await refuses(read(), 'transport', 'network_failed');
    });

    test('that are empty, or no text, are no documents', async () => {
      routes['/document'] = (_, response) => response.writeHead(204).end();
      await refuses(read(), 'misbehaved', 'not_json');
      routes['/document'] = (_, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x22, 0xff, 0xfe, 0x22]));
      await refuses(read(), 'misbehaved', 'not_json');
    });
  });

  test('no answer at all: timed out', async () => {
    routes['/document'] = () => {};
    await refuses(read({ timeoutMilliseconds: 50 }), 'transport', 'timed_out');
    routes['/token'] = () => {};
    await refuses(send({ timeoutMilliseconds: 50 }), 'transport', 'timed_out', 'refresh');
    assert.deepEqual(requested, ['GET /document', 'POST /token'], 'and nothing is sent twice');
  });

  test('a time-out that is none is the usual one', async () => {
    serveDocuments();
    for (const timeoutMilliseconds of [
      Infinity,
      1e12,
      Number.NaN,
      0,
      -1,
      /** @type {any} */ ('soon'),
      /** @type {any} */ (null),
    ]) {
      assert.equal(
        (await read({ timeoutMilliseconds })).authorizationServer.issuer,
        origin,
        String(timeoutMilliseconds),
      );
    }
  });

  test('nobody listens: an error that says where', async () => {
    const gone = createServer();
    const { origin: deserted, close: leave } = await listenOnLoopback(gone);
    await leave();
    const error = await refuses(discover({ endpoint: `${deserted}/mcp` }), 'transport', 'network_failed');
    assert.match(error.message, /ECONNREFUSED/);
    assert.equal(error.details.reason, 'ECONNREFUSED');
  });

  describe('redirects', () => {
    /** @type {(from: string, to: string, status?: number) => void} */
    const redirect = (from, to, status = 302) => {
      routes[from] = (_, response) => response.writeHead(status, { location: to }).end();
    };

    test('within the origin are followed three times, and no further', async () => {
      serveDocuments();
      routes['/four'] = /** @type {any} */ (routes['/document']);
      redirect('/document', '/two');
      redirect('/two', `${origin}/three`, 308);
      redirect('/three', '/four', 307);
      assert.equal((await read()).authorizationServer.issuer, origin);
      redirect('/four', '/document');
      requested = [];
      await refuses(read(), 'misbehaved', 'redirect_refused');
      assert.equal(requested.length, 4);
    });

    test('elsewhere are not followed', async () => {
      let reached = 0;
      const other = createServer((_, response) => {
        reached += 1;
        response.end();
      });
      const { origin: elsewhere, close: leave } = await listenOnLoopback(other);
      for (const target of [
        `${elsewhere}/document`,
        `//${new URL(elsewhere).host}/document`,
        'ftp://files.example/',
        'no URL at all',
        '',
      ]) {
        redirect('/document', target);
        await refuses(read(), 'misbehaved', 'redirect_refused');
      }
      await leave();
      assert.equal(reached, 0);
    });

    test('of a POST are not followed, wherever they lead', async () => {
      for (const status of [301, 302, 303, 307, 308]) {
        redirect('/token', '/other', status);
        await refuses(send(), 'misbehaved', 'redirect_refused', 'refresh');
      }
      assert.deepEqual([...new Set(requested)], ['POST /token']);
    });
  });

  describe('a signal that aborts', () => {
    test('before the request: nothing is sent', async () => {
      serveDocuments();
      await refuses(read({ signal: AbortSignal.abort() }), 'transport', 'aborted');
      assert.deepEqual(requested, []);
    });

    test('while the answer is awaited', async () => {
      routes['/document'] = () => {};
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 20);
      await refuses(read({ signal: abort.signal }), 'transport', 'aborted');
    });

    test('while the body is read', async () => {
      routes['/document'] = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{');
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 50);
      await refuses(read({ signal: abort.signal }), 'transport', 'aborted');
    });

    for (const [what, scopes, doubt] of /** @type {const} */ ([
      ['read', ['a'], 'unanswered'],
      ['updated', [], undefined],
    ])) {
      test(`[refuses R7, interop 93] while a registration is ${what}: the client is not registered anew`, async () => {
        const { discovery, registration } = session();
        const registrationClientUri = `${origin}/register/c`;
        const stored = {
          ...registration,
          scopes: [...scopes],
          registrationClientUri,
          registrationAccessToken: 'manage-1',
        };
        routes['/register/c'] = () => abort.abort();
        const abort = new AbortController();
        const asked = register(
          {
            discovery: {
              ...discovery,
              authorizationServer: { ...discovery.authorizationServer, registrationEndpoint: `${origin}/register` },
            },
            plan: {
              version: 1,
              scopes: [
                {
                  scope: 'a',
                  purpose: 'request',
                  required: true,
                  requested: true,
                  refused: false,
                  sources: ['challenge'],
                  reason: '',
                },
              ],
            },
            redirectUri: 'http://127.0.0.1/',
            registration: stored,
            doubt,
          },
          { signal: abort.signal },
        );
        await refuses(asked, 'transport', 'aborted', 'register');
        assert.deepEqual(
          requested.map((request) => request.split(' ')[1]),
          ['/register/c'],
        );
      });
    }

    test('after the answer: nothing happens any more', async () => {
      serveDocuments();
      const abort = new AbortController();
      const discovery = await read({ signal: abort.signal });
      abort.abort();
      await delay(20);
      assert.equal(discovery.authorizationServer.issuer, origin);
    });
  });

  describe("a fetch of the host's own", () => {
    test('is used for everything; without one, the global fetch is', async (context) => {
      serveDocuments();
      /** @type {string[]} */
      const urls = [];
      await read({
        fetch: (input, init) => {
          urls.push(String(input));
          return fetch(input, init);
        },
      });
      assert.deepEqual(urls, [`${origin}/document`, `${origin}/.well-known/oauth-authorization-server`]);
      context.mock.method(globalThis, 'fetch', async () => new Response(null, { status: 503 }));
      await refuses(read(), 'transport', 'server_unavailable');
    });

    test('that ignores its signal ends in time all the same', async () => {
      const deaf = () => new Promise(() => {});
      await refuses(read({ fetch: deaf, timeoutMilliseconds: 30 }), 'transport', 'timed_out');
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 20);
      await refuses(read({ fetch: deaf, signal: abort.signal }), 'transport', 'aborted');
    });

    test('that fails after its request was given up is heard by nobody', async () => {
      const late = async () => {
        await delay(60);
        throw new Error('too late');
      };
      await refuses(read({ fetch: late, timeoutMilliseconds: 20 }), 'transport', 'timed_out');
      await delay(60);
    });

    const thrown = [
      new TypeError('fetch failed'),
      'a string',
      undefined,
      null,
      42,
      Symbol('thrown'),
      Object.create(null),
      throwing(),
    ];
    test('that throws, or rejects with anything', async () => {
      for (const what of thrown) {
        await refuses(read({ fetch: () => Promise.reject(what) }), 'transport', 'network_failed');
        await refuses(
          read({
            fetch() {
              throw what;
            },
          }),
          'transport',
          'network_failed',
        );
      }
    });

    const body = (/** @type {object} */ reader) => ({ getReader: () => reader });
    const response = { status: 200, headers: new Headers({ 'content-type': 'application/json' }) };
    /** @type {Record<string, [answer: unknown, code: string]>} */
    const nonsense = {
      nothing: [undefined, 'network_failed'],
      null: [null, 'network_failed'],
      'a number': [42, 'network_failed'],
      'an object': [{}, 'network_failed'],
      'a status in words': [{ ...response, status: 'OK' }, 'network_failed'],
      'what throws at every touch': [throwing(), 'network_failed'],
      'a body that is no stream': [{ ...response, body: 'text' }, 'network_failed'],
      'a body whose reader is none': [{ ...response, body: body({}) }, 'network_failed'],
      'a body whose reader throws': [
        {
          ...response,
          body: body({
            read() {
              throw new Error('no');
            },
          }),
        },
        'network_failed',
      ],
      'a body whose reader rejects': [
        { ...response, body: body({ read: () => Promise.reject(new Error('no')) }) },
        'network_failed',
      ],
      'a body of strings': [
        { ...response, body: body({ read: async () => ({ done: false, value: '{}' }) }) },
        'network_failed',
      ],
      'a body of nothing': [{ ...response, body: body({ read: async () => undefined }) }, 'network_failed'],
      'a body that was read before': [usedUp(), 'network_failed'],
      'headers that throw': [
        {
          ...response,
          headers: {
            get() {
              throw new Error('no');
            },
          },
          body: null,
        },
        'not_json',
      ],
      'no headers at all': [{ status: 200 }, 'not_json'],
    };
    for (const [what, [answer, code]] of Object.entries(nonsense)) {
      test(`that answers ${what}`, async () => {
        const kind = code === 'not_json' ? 'misbehaved' : 'transport';
        await refuses(read({ fetch: async () => /** @type {any} */ (answer) }), kind, code);
        await refuses(read({ fetch: () => /** @type {any} */ (answer) }), kind, code);
      });
    }

    function usedUp() {
      const used = new Response('{}');
      used.text();
      return used;
    }
  });

  test('many at once, of every kind: each has its own end', async () => {
    serveDocuments();
    routes['/token'] = (_, response) => answerJson(response, { access_token: 'access-2' });
    const deaf = () => new Promise(() => {});
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        if (index % 4 === 0) return read().then(({ authorizationServer }) => authorizationServer.issuer);
        if (index % 4 === 1) return send().then(({ tokens }) => tokens.accessToken);
        if (index % 4 === 2)
          return rejectionOf(read({ fetch: /** @type {any} */ (deaf), timeoutMilliseconds: 20 })).then(
            ({ code }) => code,
          );
        return rejectionOf(read({ signal: AbortSignal.abort() })).then(({ code }) => code);
      }),
    );
    const expected = [origin, 'access-2', 'timed_out', 'aborted'];
    outcomes.forEach((outcome, index) => assert.equal(outcome, expected[index % 4]));
  });
});

/** Throws whatever is done with it. */
function throwing() {
  const refuse = () => {
    throw new Error('not to be touched');
  };
  // A promise that resolves with it asks for `then`.
  return new Proxy(refuse, {
    get: (_, name) => (name === 'then' ? undefined : refuse()),
    has: refuse,
    getPrototypeOf: refuse,
  });
}
