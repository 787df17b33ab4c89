// Pages and their preload script in real Chromium, with the main process on Node.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

import { serveBridge } from 'mcp-oauth-wasm/electron';
import { startBrowser } from '../browsers/browser.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { expire, startWorld } from '../javascript/world.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { openWindow } from './window.js';
import { installApplication } from './world.js';

/** @typedef {Awaited<ReturnType<typeof import('../browsers/browser.js').startBrowser>>} Browser */
/** @import { ServerResponse } from 'node:http' */
/** @import { World } from '../javascript/world.js' */

/** Streams that are being sent. @type {ServerResponse[]} */
const streams = [];
const server = createServer((request, response) => {
  if (request.url !== '/stream')
    return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>An application</title>');
  streams.push(response);
  response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n');
  setTimeout(() => response.write('data: two\n\n'), 50);
});

/** @type {{ browser: Browser, world: World, script: string, origin: string, closeServer: () => Promise<void> }} */
let there;
before(async () => {
  const [browser, world, { origin, close: closeServer }, { outputFiles }] = await Promise.all([
    startBrowser('chromium'),
    // Nothing of it is for web pages: an authorization server without CORS headers.
    startWorld({ authorizationServer: { configuration: { clientBasedCORS: () => false } } }),
    listenOnLoopback(server),
    build({
      entryPoints: [fileURLToPath(new URL('page.js', import.meta.url))],
      bundle: true,
      format: 'iife',
      platform: 'browser',
      write: false,
      logLevel: 'error',
    }),
  ]);
  there = { browser, world, origin, closeServer, script: outputFiles[0]?.text ?? '' };
});
after(async () => {
  await there.browser.close();
  await there.closeServer();
  await there.world.close();
});

/** @param {Partial<{ application: Awaited<ReturnType<typeof installApplication>> }>} [options] */
async function start({ application } = {}) {
  application ??= await installApplication();
  const { electron, host } = application;
  const authorizer = application.start();
  const connection = authorizer.connection(there.world.server, { interaction: true });
  const streaming = { ...connection, fetch: host.fetch };
  const stop = await serveBridge({
    electron,
    pages: ['app://main/'],
    connection: (name, account) =>
      account ? authorizer.connection(there.world.server, { account }) : { tools: connection, stream: streaming }[name],
  });
  const open = (/** @type {Partial<Parameters<typeof openWindow>[2]>} */ options = {}) =>
    openWindow(there.browser, electron, { url: there.origin, script: there.script, ...options });
  return { application, electron, host, connection, stop, open };
}

/**
 * Calls a function of page.js.
 *
 * @param {Awaited<ReturnType<typeof openWindow>>} window
 * @param {string} name
 * @param {...unknown} values
 * @returns {Promise<any>}
 */
function call({ page }, name, ...values) {
  return page.evaluate((name, values) => /** @type {any} */ (globalThis)[name](...values), name, values);
}

test('[accepts interop 49] the official MCP client in a page calls a tool through the main process, and no token is in the page', async () => {
  const { electron, connection, open } = await start();
  const window = await open();
  assert.equal(await call(window, 'plan'), null);
  assert.match(await call(window, 'whoami', there.world.server), /alice@example\.com/);
  assert.deepEqual(await call(window, 'plan'), await connection.plan());
  assert.equal(electron.seen.opened.length, 1);

  const { accessToken = '', refreshToken = '' } = (await connection.session())?.tokens ?? {};
  assert.ok(accessToken && refreshToken && window.received.length > 3);
  for (const secret of [accessToken, refreshToken]) assert.ok(!window.received.join('\n').includes(secret));
  await window.close();
});

test("a page's buttons sign in and out in the main process, each account for itself; all windows are told, and none gets a token", async () => {
  const { electron, connection, open } = await start();
  const [window, other] = await Promise.all([open(), open()]);
  const told = call(other, 'watch');
  const { told: states, state, plan } = await call(window, 'press', 'signIn');
  assert.deepEqual(states, ['idle', 'discovering', 'waiting', 'signed-in']);
  assert.deepEqual([state.plan, plan], [await connection.plan(), await connection.plan()]);
  assert.equal((await told).at(-1), 'signed-in');
  assert.equal(await call(window, 'plan', { account: 'second' }), null);
  assert.equal(electron.seen.opened.length, 1);
  const { accessToken = '', refreshToken = '' } = (await connection.session())?.tokens ?? {};
  for (const secret of [accessToken, refreshToken])
    assert.ok(secret && ![...window.received, ...other.received].join('\n').includes(secret));
  await call(window, 'press', 'signOut');
  assert.equal(await connection.plan(), null);
  for (const one of [window, other]) await one.close();
});

test('a page cancels the sign-in that waits, and is told so with the code and words', async () => {
  const application = await installApplication();
  // A person who never comes back.
  application.electron.shell.openExternal = async () => {};
  const { open } = await start({ application });
  const window = await open();
  const { code, message } = await call(window, 'cancelled');
  assert.equal(code, 'sign_in_cancelled');
  assert.match(message, /cancelled/);
  await window.close();
});

test('[accepts T4] windows with an expired token refresh it once', async () => {
  const first = await start();
  const window = await first.open();
  await call(window, 'whoami', there.world.server);
  await window.close();
  first.stop();
  await expire(first.host.store, there.world.server);

  const { electron, open } = await start({ application: first.application });
  const sent = electron.seen.requests.length;
  const windows = await Promise.all([open(), open({ shownAs: 'app://main/other.html' }), open()]);
  for (const answer of await Promise.all(windows.map((one) => call(one, 'whoami', there.world.server))))
    assert.match(answer, /alice@example\.com/);
  assert.equal(electron.seen.requests.slice(sent).filter(({ url }) => url?.endsWith('/token')).length, 1);
  for (const one of windows) await one.close();
});

test('a stream is read while it is sent, and its end by the page ends it at the server', async () => {
  const { open } = await start();
  const window = await open();
  const url = `${there.origin}/stream`;
  const reading = call(window, 'readAndAbort', url);
  assert.deepEqual(await reading, {
    status: 200,
    url,
    type: 'text/event-stream',
    read: ['data: one\n\n', 'data: two\n\n'],
    end: 'enough',
  });
  const stream = streams.at(-1);
  if (stream && !stream.destroyed) await once(stream, 'close');
  await window.close();
});

test('errors are of their classes in the page: of another server, another connection, another page, and without the preload script', async () => {
  const { open } = await start();
  const { server } = there.world;
  const [window, stranger, bare] = await Promise.all([
    open(),
    open({ shownAs: 'https://elsewhere.example/' }),
    // A window of a session that the bridge does not know.
    open({ partition: 'persist:other' }),
  ]);
  const failures = [
    await call(window, 'failure', 'tools', there.world.issuer),
    await call(window, 'failure', 'nobody', server),
    await call(stranger, 'failure', 'tools', server),
    await call(bare, 'failure', 'tools', server),
  ];
  assert.deepEqual(
    failures.map(({ name, code }) => [name, code]),
    [
      ['MisuseError', 'foreign_url'],
      ['MisuseError', 'bridge_request_refused'],
      ['MisuseError', 'bridge_page_refused'],
      ['MisuseError', 'bridge_missing'],
    ],
  );
  for (const one of [window, stranger, bare]) await one.close();
});

test("the preload script comes beside the application's own, and once where that one has it too", async () => {
  const { electron, open, application, stop } = await start();
  const { stop: stopOther } = await start({ application });
  stopOther();
  const preload = join(await temporaryFolder(), 'preload.cjs');
  const ours = await readFile(fileURLToPath(import.meta.resolve('mcp-oauth-wasm/electron-preload')), 'utf8');
  await writeFile(
    preload,
    `{ ${ours} }\nrequire('electron').ipcRenderer.postMessage("the application's own", 'it ran', []);`,
  );
  /** @type {Promise<[unknown, string]>} */
  const ran = /** @type {any} */ (once(/** @type {any} */ (electron.ipcMain), "the application's own"));
  const window = await open({ preload });
  assert.equal((await ran)[1], 'it ran');
  assert.match(await call(window, 'whoami', there.world.server), /alice@example\.com/);
  assert.deepEqual(electron.seen.failures, []);
  await window.close();

  stop();
  assert.deepEqual(electron.preloadScripts(''), []);
});

test('a main process that is bundled, with no file beside it, has the preload script all the same', async () => {
  const bundle = join(await temporaryFolder(), 'main.mjs');
  await build({
    stdin: { contents: "export { serveBridge } from 'mcp-oauth-wasm/electron';", resolveDir: import.meta.dirname },
    outfile: bundle,
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    external: ['electron'],
    logLevel: 'error',
  });
  const bundled = await import(pathToFileURL(bundle).href);
  const { electron } = await installApplication();
  await bundled.serveBridge({
    electron,
    pages: ['app://main/'],
    connection: () => undefined,
    partitions: ['persist:a'],
  });
  assert.deepEqual(electron.preloadScripts(''), []);
  const window = await openWindow(there.browser, electron, {
    url: there.origin,
    script: there.script,
    partition: 'persist:a',
  });
  assert.equal((await call(window, 'failure', 'nobody', there.world.server)).code, 'bridge_request_refused');
  await window.close();
});

test('a frame within the page cannot speak for it', async () => {
  const { electron, open } = await start();
  const window = await open();
  await window.page.evaluate(async (server) => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const request = { operation: 'fetch', connection: 'tools', url: server, method: 'GET', headers: [] };
    // A message of the frame's own: its source is the frame.
    const source = `parent.postMessage(${JSON.stringify({ channel: 'mcp-oauth-wasm', request })}, '*', [new MessageChannel().port2])`;
    /** @type {any} */ (frame.contentWindow).eval(source);
    await new Promise((resolve) => setTimeout(resolve));
  }, there.world.server);
  assert.equal(await call(window, 'plan'), null);
  assert.equal(electron.seen.requests.length, 0);
  await window.close();
});
