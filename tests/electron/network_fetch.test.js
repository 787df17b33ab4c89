import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { after, before, test } from 'node:test';

import { electronFetch } from 'mcp-oauth-wasm/electron';
import { rejectionOf } from '../javascript/world.js';
import { createServerCertificate } from '../servers/certificates.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { createElectron } from './electron.js';
import { uncaughtErrors } from './uncaught_errors.js';

/** @import * as Electron from 'electron' */
/** @import { IncomingMessage, ServerResponse } from 'node:http' */

/** What the server is asked for, by path. @type {Record<string, (response: ServerResponse, request: IncomingMessage) => void>} */
const answers = {
  '/text': (response) => response.writeHead(200, { 'Content-Type': 'text/plain' }).end('here it is'),
  '/nothing': (response) => response.writeHead(204).end(),
  '/challenges': (response) =>
    response
      .writeHead(
        401,
        [
          ['WWW-Authenticate', 'Negotiate'],
          ['WWW-Authenticate', 'Bearer scope="a b"'],
        ].flat(),
      )
      .end(),
  '/moved': (response) => response.writeHead(302, { Location: '/text', 'Set-Cookie': 'a=b' }).end(),
  '/moved-again': (response) => response.writeHead(307, { Location: '/moved' }).end(),
  '/around': (response) => response.writeHead(302, { Location: '/around' }).end(),
  '/proxy': (response) => response.writeHead(407).end(),
  '/odd-status': (response) => response.writeHead(999).end('odd'),
  '/beyond-latin-1': (response) =>
    response.writeHead(200, { 'X-Weather': Buffer.from('☃').toString('latin1') }).end('snow'),
  '/odd-redirect': (response) =>
    response.writeHead(302, { Location: '/text', 'X-Weather': Buffer.from('☃').toString('latin1') }).end(),
  '/cut': (response) => {
    response.writeHead(200, { 'Content-Length': '100' }).write('half');
    setImmediate(() => response.destroy());
  },
  '/stream': (response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n'),
  '/status': (response) => void response.socket?.end('HTTP/1.1 999 Beyond\r\nContent-Length: 4\r\n\r\nbody'),
  '/header': (response) =>
    void response.socket?.end('HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Name: name\r\n\r\nbody'),
  '/moved-oddly': (response) => response.writeHead(302, { Location: '/text', 'X-Name': 'name' }).end(),
  '/echo': async (response, request) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    response.end(JSON.stringify({ method: request.method, body, headers: request.headers }));
  },
};

/** @type {{ url: string, response: ServerResponse }[]} */
const requests = [];
const server = createServer((request, response) => {
  requests.push({ url: String(request.url), response });
  answers[String(request.url)]?.(response, request);
});
let origin = '';
let close = async () => {};
before(async () => ({ origin, close } = await listenOnLoopback(server)));
after(() => close());

/** @param {Partial<Parameters<typeof createElectron>[0]>} [options] */
function start(options) {
  const electron = createElectron({ userData: '', ...options });
  return { electron, fetch: electronFetch({ electron }) };
}

test('an answer is a Response, with all its challenges and its URL', async () => {
  const { fetch } = start();
  const text = await fetch(`${origin}/text`);
  assert.deepEqual(
    [text.status, text.url, text.redirected, await text.text()],
    [200, `${origin}/text`, false, 'here it is'],
  );
  assert.equal(text.headers.get('content-type'), 'text/plain');
  assert.equal((await fetch(`${origin}/challenges`)).headers.get('www-authenticate'), 'Negotiate, Bearer scope="a b"');
  const nothing = await fetch(`${origin}/nothing`);
  assert.deepEqual([nothing.status, nothing.body], [204, null]);
});

test('a request is sent as it was given, also as a Request', async () => {
  const { fetch } = start();
  const init = { method: 'POST', headers: { 'X-Test': 'yes' }, body: 'grant_type=refresh_token' };
  for (const answer of [await fetch(`${origin}/echo`, init), await fetch(new Request(`${origin}/echo`, init))]) {
    const { method, body, headers } = await answer.json();
    assert.deepEqual([method, body, headers['x-test']], ['POST', 'grant_type=refresh_token', 'yes']);
  }
});

test('requests go by a partition of their own that nothing persists, without cookies, cache and referrer', async () => {
  const { electron, fetch } = start();
  await fetch(`${origin}/moved`, { redirect: 'manual' });
  assert.equal((await (await fetch(`${origin}/echo`)).json()).headers.cookie, undefined);
  const { session: _, url: __, ...sent } = electron.seen.requests[1] ?? {};
  assert.deepEqual(sent, {
    method: 'GET',
    redirect: 'manual',
    useSessionCookies: false,
    cache: 'no-store',
    referrerPolicy: 'no-referrer',
    bypassCustomProtocolHandlers: true,
  });
  assert.deepEqual([...new Set(electron.seen.partitions)], ['mcp-oauth-wasm']);
});

test('a redirect is the answer where the caller looks at it himself', async () => {
  const { fetch } = start();
  const answer = await fetch(`${origin}/moved`, { redirect: 'manual' });
  assert.deepEqual(
    [answer.status, answer.headers.get('location'), answer.url, answer.redirected],
    [302, '/text', `${origin}/moved`, false],
  );
});

test('a GET follows redirects where it may, and says where it ended', async () => {
  const { fetch } = start();
  const answer = await fetch(`${origin}/moved-again`, { redirect: 'follow' });
  assert.deepEqual(
    [answer.status, answer.url, answer.redirected, await answer.text()],
    [200, `${origin}/text`, true, 'here it is'],
  );
  requests.length = 0;
  assert.equal((await fetch(`${origin}/around`, { redirect: 'follow' })).status, 302);
  assert.equal(requests.length, 21);
  assert.match(String(await rejectionOf(fetch(`${origin}/moved`, { redirect: 'error' }))), /fetch failed/);
});

test('[refuses D11] a POST follows no redirect, whatever it was told', async () => {
  const { fetch } = start();
  requests.length = 0;
  const answer = await fetch(`${origin}/moved`, { method: 'POST', body: 'client_secret=x', redirect: 'follow' });
  assert.equal(answer.status, 302);
  assert.deepEqual(
    requests.map(({ url }) => url),
    ['/moved'],
  );
});

test('a body arrives while it is sent, and ends with the signal', async () => {
  const { fetch } = start();
  const aborting = new AbortController();
  const answer = await fetch(`${origin}/stream`, { signal: aborting.signal });
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'data: one\n\n');
  const sent = requests.at(-1)?.response;
  const ended = sent && once(sent, 'close');
  const reason = new Error('enough');
  aborting.abort(reason);
  assert.equal(await rejectionOf(reader.read()), reason);
  await ended;
});

test('whoever stops reading ends the request', async () => {
  const { fetch } = start();
  const answer = await fetch(`${origin}/stream`);
  const sent = requests.at(-1)?.response;
  const ended = sent && once(sent, 'close');
  await answer.body?.cancel();
  await ended;
});

test('an abort before the answer ends the request, and one before the request sends none', async () => {
  const { fetch, electron } = start();
  const reason = new Error('not wanted');
  const aborting = new AbortController();
  const pending = rejectionOf(fetch(`${origin}/never`, { signal: aborting.signal }));
  await once(server, 'request');
  aborting.abort(reason);
  assert.equal(await pending, reason);
  const before = electron.seen.requests.length;
  assert.equal(await rejectionOf(fetch(`${origin}/text`, { signal: aborting.signal })), reason);
  assert.equal(electron.seen.requests.length, before);
});

test("what the network does is an error as of any fetch, with Chromium's name for it as the cause", async () => {
  const { fetch } = start();
  const refused = await rejectionOf(fetch('http://127.0.0.1:1/'));
  assert.ok(refused instanceof TypeError);
  assert.equal(/** @type {Error} */ (refused.cause).message, 'net::ERR_CONNECTION_REFUSED');
  const cut = await fetch(`${origin}/cut`);
  assert.ok((await rejectionOf(cut.text())) instanceof TypeError);
  assert.equal((await rejectionOf(fetch(`${origin}/proxy`))).code, 'proxy_credentials_required');
});

test('an answer that no `Response` can hold rejects the call, and is no uncaught exception', async () => {
  const { fetch } = start();
  for (const path of ['/odd-status', '/beyond-latin-1', '/odd-redirect']) {
    const error = await rejectionOf(fetch(origin + path, { redirect: 'manual' }));
    assert.ok(error instanceof TypeError, path);
  }
});

test("the application's own session can be used, and a proxy be given a password", async () => {
  const electron = createElectron({ userData: '' });
  const own = electron.session.fromPartition('persist:own');
  /** @type {unknown[]} */
  const given = [];
  const request = electron.net.request;
  electron.net.request = (options) => {
    const sending = request(/** @type {Electron.ClientRequestConstructorOptions} */ (options));
    const callback = (/** @type {unknown[]} */ ...credentials) => given.push(credentials);
    setImmediate(() => {
      sending.emit('login', { isProxy: true, host: 'proxy', port: 8080 }, callback);
      sending.emit('login', { isProxy: false, host: 'web', port: 443 }, callback);
    });
    return sending;
  };
  const fetch = electronFetch({
    electron,
    session: () => own,
    login: async ({ host }) => ({ username: host, password: 'p' }),
  });
  assert.equal(await (await fetch(`${origin}/text`)).text(), 'here it is');
  assert.equal(electron.seen.requests[0]?.session, own);
  assert.deepEqual(given, [
    ['proxy', 'p'],
    [undefined, undefined],
  ]);
});

test('a certificate that the system does not trust is named as such', async () => {
  const secure = await listenOnLoopback(createSecureServer(createServerCertificate()));
  const url = `${secure.origin.replace('http:', 'https:')}/path`;
  const error = await rejectionOf(start().fetch(`${url}?secret=x`));
  await secure.close();
  assert.deepEqual(
    [error.code, error.kind, error.details.reason],
    ['certificate_untrusted', 'transport', 'net::ERR_CERT_AUTHORITY_INVALID'],
  );
  assert.equal(error.details.url, url);
});

test("[refuses D12] a name that leads a public server's requests into a private network is not called", async () => {
  const { fetch, electron } = start({
    resolve: async (host) => (host === 'mcp.example' ? ['93.184.215.14'] : ['192.168.0.1']),
  });
  const error = await rejectionOf(fetch('https://as.example/token', {}, { endpoint: 'https://mcp.example/mcp' }));
  assert.equal(error.code, 'private_address');
  assert.equal(electron.seen.requests.length, 0);
});

test('nothing is asked of Electron before it is ready', async () => {
  const electron = createElectron({ userData: '', isReady: false });
  const answer = electronFetch({ electron })(`${origin}/text`);
  await new Promise(setImmediate);
  assert.equal(electron.seen.requests.length, 0);
  electron.becomeReady();
  assert.equal((await answer).status, 200);
});

test('outside Electron it says so', async () => {
  const error = await rejectionOf(electronFetch()(`${origin}/text`));
  assert.deepEqual([error.name, error.code], ['MisuseError', 'electron_missing']);
});

test('[refuses D11] an answer that no Response can be rejects the call, and nothing else happens', async (context) => {
  const uncaught = uncaughtErrors(context);
  const { electron, fetch } = start();
  const { request } = electron.net;
  // Chromium hands on header values as Unicode; Node has them byte by byte.
  electron.net.request = (options) => {
    const sending = request(/** @type {any} */ (options));
    const { emit } = sending;
    sending.emit = (/** @type {string} */ event, /** @type {any[]} */ ...given) => {
      const [message] = given;
      if (event === 'response' && String(/** @type {any} */ (options).url).endsWith('/header'))
        message.rawHeaders[3] = 'n\u0101me';
      if (event === 'redirect') given[3] = { 'x-name': ['n\u0101me'] };
      return emit.call(sending, event, ...given);
    };
    return sending;
  };
  for (const [path, init] of /** @type {const} */ ([
    ['/status', {}],
    ['/header', {}],
    ['/moved-oddly', { redirect: 'manual' }],
  ])) {
    const error = await rejectionOf(fetch(origin + path, init));
    assert.ok(error instanceof TypeError, path);
  }
  assert.equal(await (await fetch(`${origin}/text`)).text(), 'here it is');
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(uncaught, []);
});
