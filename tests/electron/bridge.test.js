import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';

import { serveBridge } from 'mcp-oauth-wasm/electron';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { expire, rejectionOf, startWorld } from '../javascript/world.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { createElectron } from './electron.js';
import { uncaughtErrors } from './uncaught_errors.js';
import { ask, bytes, fetchFromPage, installApplication, whoami } from './world.js';

/** @import { World } from '../javascript/world.js' */

/** @type {World} */
let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

const pages = ['app://main/index.html', 'file:///opt/app/pages/', 'http://localhost:5173/'];

/** @param {{ interaction?: boolean, application?: Awaited<ReturnType<typeof installApplication>> }} [options] */
async function start({ interaction = true, application } = {}) {
  application ??= await installApplication();
  const authorizer = application.start();
  const connection = authorizer.connection(world.server, { interaction });
  const stop = await serveBridge({
    electron: application.electron,
    pages,
    connection: (name) => (name === 'tools' ? connection : undefined),
  });
  const request = {
    connection: 'tools',
    url: world.server,
    method: 'POST',
    body: whoami,
    headers: [
      ['Accept', 'application/json, text/event-stream'],
      ['Content-Type', 'application/json'],
    ],
  };
  return { ...application, connection, stop, request };
}

test('the service can be awaited at the top of the main module, before Electron is ready', async () => {
  const electron = createElectron({ userData: await temporaryFolder(), isReady: false });
  const stop = await serveBridge({ electron, pages, connection: () => undefined });
  (await serveBridge({ electron, pages, connection: () => undefined }))();
  assert.equal(electron.app.isReady(), false);
  assert.deepEqual(electron.preloadScripts(''), []);
  electron.becomeReady();
  await electron.app.whenReady();
  assert.equal(electron.preloadScripts('').length, 1);
  stop();
});

test('the preload script is the one of the package, and in a file that is written again where it says anything else', async () => {
  const userData = join(await temporaryFolder(), 'not there yet');
  const electron = createElectron({ userData });
  const serve = () => serveBridge({ electron, pages, connection: () => undefined });
  await serve();
  const [file = ''] = electron.preloadScripts('');
  const own = await readFile(new URL('../../js/hosts/electron/preload.cjs', import.meta.url), 'utf8');
  const withoutComments = own.replaceAll(/^ *\/\/.*\n/gm, '').trimStart();
  assert.equal(await readFile(file, 'utf8'), withoutComments);
  await writeFile(file, 'that of another version');
  await serve();
  assert.equal(await readFile(file, 'utf8'), withoutComments);
  assert.deepEqual(await readdir(userData), [basename(file)]);

  const withItsOwn = createElectron({ userData: await temporaryFolder() });
  await serveBridge({ electron: withItsOwn, pages, connection: () => undefined, partitions: [] });
  assert.deepEqual(await readdir(withItsOwn.app.getPath('userData')), []);
});

test('[refuses T3] a preload script that other users of the machine could replace is not loaded', {
  skip: process.platform === 'win32' && 'Windows has no modes',
}, async () => {
  const userData = await temporaryFolder();
  const electron = createElectron({ userData });
  const refused = async () => (await rejectionOf(serveBridge({ electron, pages, connection: () => undefined }))).code;
  await chmod(userData, 0o777);
  assert.equal(await refused(), 'store_not_private');
  await chmod(userData, 0o700);
  await writeFile(join(userData, 'mcp-oauth-wasm-preload.cjs'), '');
  await chmod(join(userData, 'mcp-oauth-wasm-preload.cjs'), 0o666);
  assert.equal(await refused(), 'store_not_private');
  assert.deepEqual(electron.preloadScripts(''), []);
});

test('an Electron that is too old is named, with the least that serves', async (context) => {
  const versions = Object.getOwnPropertyDescriptor(process, 'versions');
  Object.defineProperty(process, 'versions', {
    value: { ...process.versions, electron: '34.5.8' },
    configurable: true,
  });
  context.after(() => Object.defineProperty(process, 'versions', /** @type {PropertyDescriptor} */ (versions)));
  const electron = createElectron({ userData: '' });
  const error = await rejectionOf(serveBridge({ electron, pages, connection: () => undefined }));
  assert.deepEqual([error.code, error.details], ['electron_unsupported', { version: '34.5.8', least: 35 }]);
});

test('[accepts T4] pages call tools, and several windows with an expired token refresh it once', async () => {
  const application = await installApplication();
  const { electron, host } = application;
  const { request, stop } = await start({ application });
  const first = await fetchFromPage(electron, request);
  assert.equal(first.response.status, 200);
  assert.match(first.text, /alice@example\.com/);
  assert.equal(electron.seen.opened.length, 1);

  stop();
  await expire(host.store, world.server);
  await start({ application });
  const sent = electron.seen.requests.length;
  const windows = [
    'app://main/index.html#one',
    'app://main/index.html?two',
    'file:///opt/app/pages/three.html',
    'http://localhost:5173/four',
  ];
  const answers = await Promise.all(windows.map((url) => fetchFromPage(electron, request, { url })));
  for (const { text } of answers) assert.match(text, /alice@example\.com/);
  assert.equal(electron.seen.requests.slice(sent).filter(({ url }) => url?.endsWith('/token')).length, 1);
  assert.equal(electron.seen.opened.length, 1);
});

test('a page sees the plan, which has no secret', async () => {
  const { electron, connection } = await start();
  assert.deepEqual(await ask(electron, { operation: 'plan', connection: 'tools' }).next(), { result: null });
  await connection.signIn();
  const { result: plan } = await ask(electron, { operation: 'plan', connection: 'tools' }).next();
  assert.deepEqual(plan, await connection.plan());
});

test('[refuses T3] a page neither sends nor receives what signs a request', async () => {
  const received = /** @type {Record<string, unknown>[]} */ ([]);
  const server = createServer((request, response) => {
    received.push(request.headers);
    response.writeHead(400, {
      'Content-Type': 'text/plain',
      'WWW-Authenticate': 'Bearer error_description="token"',
      'Set-Cookie': 'a=b',
      'Mcp-Session-Id': 's',
    });
    response.end('no');
  });
  const { origin, close } = await listenOnLoopback(server);
  const { electron, host } = await installApplication();
  const connection = {
    ...(await start()).connection,
    fetch: (/** @type {any} */ url, /** @type {any} */ init) => host.fetch(url, init),
  };
  await serveBridge({ electron, pages, connection: () => connection });
  const headers = [
    ['authorization', 'Bearer of-the-page'],
    ['DPoP', 'x'],
    ['Cookie', 'x=y'],
    ['Origin', 'https://elsewhere.example'],
    ['Mcp-Protocol-Version', '2025-11-25'],
  ];
  const { response } = await fetchFromPage(electron, {
    connection: 'tools',
    url: `${origin}/`,
    method: 'POST',
    headers,
    body: bytes('{}'),
  });
  await close();
  assert.deepEqual(response.headers, [
    ['content-type', 'text/plain'],
    ['mcp-session-id', 's'],
  ]);
  const [{ authorization, dpop, cookie, origin: from, 'mcp-protocol-version': version } = {}] = received;
  assert.deepEqual(
    [authorization, dpop, cookie, from, version],
    [undefined, undefined, undefined, undefined, '2025-11-25'],
  );
});

test('[refuses T3] nothing that reaches a page has a token in it, errors included', async () => {
  const { electron, host, connection, request } = await start();
  /** @type {string[]} */
  const reached = [];
  const keep = (/** @type {unknown} */ answer) => reached.push(JSON.stringify(answer));
  keep(await fetchFromPage(electron, request));
  const session = await connection.session();
  const { accessToken, refreshToken } = session?.tokens ?? {};
  assert.ok(accessToken && refreshToken);

  // Errors of the network that quote what was sent, and of the server's refusal.
  const { request: sendByNetwork } = electron.net;
  electron.net.request = () => {
    throw new Error(`cannot send Bearer ${accessToken}`);
  };
  const broken = await fetchFromPage(electron, request);
  assert.deepEqual([broken.error.kind, broken.error.code], ['transport', 'network_failed']);
  keep(broken);
  electron.net.request = sendByNetwork;
  await connection.signOut();
  keep(await ask(electron, { operation: 'plan', connection: 'tools' }).next());
  keep(await fetchFromPage(electron, { ...request, url: `${world.server}/elsewhere?token=${accessToken}` }));
  for (const text of reached) for (const secret of [accessToken, refreshToken]) assert.ok(!text.includes(secret), text);
  assert.ok(await host.store.read(`clients ${world.server}`));
});

test('[refuses T3] a page reaches the endpoint of its connection, and nothing else', async () => {
  const { electron, request } = await start();
  for (const url of [world.issuer, `${world.server}/other`, 'file:///etc/passwd']) {
    const { error } = await fetchFromPage(electron, { ...request, url });
    assert.equal(error.code, 'foreign_url', url);
  }
  assert.equal(electron.seen.requests.length, 0);
});

test('an error has its code, and what the person has to agree to', async () => {
  const { electron, request } = await start({ interaction: false });
  const { error } = await fetchFromPage(electron, request);
  assert.deepEqual(
    [error.kind, error.code, error.details.issuer],
    ['interaction', 'interaction_required', world.issuer],
  );
  assert.ok(error.details.plan.scopes);
});

test('pages that are not listed, and frames within pages, are not served', async () => {
  const { electron, request } = await start();
  const frames = [
    null,
    { url: 'app://main/index.html', parent: { url: 'app://main/index.html' } },
    { url: 'app://main/other.html' },
    { url: 'app://main/index.html/below' },
    { url: 'app://other/index.html' },
    { url: 'file:///opt/app/pages' },
    { url: 'file:///opt/app/pages/../other.html' },
    { url: 'file:///opt/app/other.html' },
    { url: 'https://localhost:5173/' },
    { url: 'http://localhost:51730/' },
    { url: 'http://localhost:5173@elsewhere.example/' },
    { url: 'about:blank' },
    { url: '' },
  ];
  for (const frame of frames) {
    for (const asked of [request, { operation: 'plan', connection: 'tools' }]) {
      const { error } = await fetchFromPage(electron, asked, frame);
      assert.equal(error.code, 'bridge_page_refused', frame?.url);
    }
  }
  assert.equal(electron.seen.requests.length, 0);
});

test('what is no request, or names no connection, is refused before anything is sent', async () => {
  const { electron, request } = await start();
  const none = [
    null,
    'text',
    {},
    { ...request, operation: 'session' },
    { ...request, operation: 'constructor' },
    { ...request, operation: 'signOut', account: 7 },
    { ...request, connection: 'other' },
    { ...request, connection: 7 },
    { ...request, method: 'CONNECT' },
    { ...request, url: undefined },
    { ...request, body: 'text' },
    { ...request, headers: 'text' },
    { ...request, headers: [['accept', 7]] },
    { ...request, headers: [['accept']] },
  ];
  for (const message of none) {
    const asked = ask(electron, message && typeof message === 'object' ? { operation: 'fetch', ...message } : message);
    assert.equal((await asked.next()).error.code, 'bridge_request_refused', JSON.stringify(message));
    asked.close();
  }
  electron.receive({ url: 'app://main/index.html' }, { operation: 'plan', connection: 'tools' }, []);
  assert.equal(electron.seen.requests.length, 0);
});

test('a list of pages that would let in everything is refused', async () => {
  const electron = createElectron({ userData: '' });
  for (const page of ['file:///', 'app://', 'index.html', '', 'https://']) {
    const error = await rejectionOf(serveBridge({ electron, pages: [page], connection: () => undefined }));
    assert.equal(error.code, 'bridge_page_invalid', page);
  }
});

test('an answer is read as the page wants it, and ends with the page', async () => {
  /** @type {import('node:http').ServerResponse[]} */
  const streams = [];
  const server = createServer((_request, response) => {
    streams.push(response);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n');
  });
  const { origin, close } = await listenOnLoopback(server);
  const { electron, host } = await installApplication();
  const connection = {
    ...(await start()).connection,
    fetch: (/** @type {any} */ url, /** @type {any} */ init) => host.fetch(url, init),
  };
  const stop = await serveBridge({ electron, pages, connection: () => connection });
  const request = { operation: 'fetch', connection: 'tools', url: `${origin}/`, method: 'GET' };

  for (const end of [
    (/** @type {ReturnType<typeof ask>} */ asked) => asked.say('abort'),
    (/** @type {ReturnType<typeof ask>} */ asked) => asked.close(),
  ]) {
    const asked = ask(electron, request);
    assert.equal((await asked.next()).response.status, 200);
    asked.say('pull');
    assert.equal(Buffer.from((await asked.next()).chunk).toString(), 'data: one\n\n');
    const stream = streams.at(-1);
    const ended = stream && once(stream, 'close');
    end(asked);
    await ended;
  }
  stop();
  await close();
});

test('[refuses T3] whatever a frame or a page is, the main process has no error of it', async (context) => {
  const uncaught = uncaughtErrors(context);
  const { electron } = await installApplication();
  await serveBridge({
    electron,
    pages,
    connection: (name) => {
      if (name === 'known') return undefined;
      throw new Error('the application does not foresee this name');
    },
  });
  // As Electron says it of a frame that is gone by then.
  const disposed = Object.defineProperty({ url: '' }, 'parent', {
    get() {
      throw new Error('Render frame was disposed before WebFrameMain could be accessed');
    },
  });
  for (const [frame, message] of /** @type {const} */ ([
    [disposed, { operation: 'plan', connection: 'known' }],
    [{ url: pages[0] }, { operation: 'plan', connection: 'unknown' }],
    [{ url: pages[0] }, null],
    [{ url: 'not a URL' }, {}],
  ])) {
    /** @type {any[]} */
    const said = [];
    const port = { on() {}, start() {}, close() {}, postMessage: (/** @type {unknown} */ answer) => said.push(answer) };
    /** @type {any} */ (electron.ipcMain).emit('mcp-oauth-wasm', { senderFrame: frame, ports: [port] }, message);
    await new Promise((resolve) => setImmediate(resolve));
    assert.match(said[0]?.error?.code, /^(bridge_page_refused|bridge_request_refused|network_failed)$/);
  }
  assert.deepEqual(uncaught, []);
});
