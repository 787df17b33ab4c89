// MCP clients in other processes than the one that signs in: by a port, and the examples for both ways.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MessageChannel } from 'node:worker_threads';

import { serveBridgePort } from 'mcp-oauth-wasm/electron';
import { bridgedConnection } from 'mcp-oauth-wasm/electron-renderer';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { callTool, rejectionOf, startWorld } from '../javascript/world.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { installWithElectron } from './installed.js';
import { uncaughtErrors } from './uncaught_errors.js';
import { installApplication } from './world.js';

/** @import { World } from '../javascript/world.js' */

/** @type {World} */
let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

const examples = new URL('../../examples/', import.meta.url);

/** @param {string} name */
async function installExample(name) {
  const folder = await temporaryFolder();
  await installWithElectron(folder, 'utility_electron.js');
  for (const file of ['main.js', 'host.js', 'client.js']) {
    const source = fileURLToPath(new URL(`${name}/${file}`, examples));
    const text = await readFile(source, 'utf8').catch(() => '');
    if (text === '') continue;
    assert.ok(text.split('\n').length - 1 <= 30, `${source} has more than 30 lines`);
    await cp(source, join(folder, file));
  }
  return folder;
}

/** @param {string} folder @param {string[]} args */
function runNode(folder, ...args) {
  const env = { ...process.env, USER_DATA: folder, MCP_SERVER: world.server };
  return promisify(execFile)(process.execPath, args, { cwd: folder, env, timeout: 60_000 });
}

test('the example of a utility process calls a tool, and the token stays in the main process', async () => {
  const folder = await installExample('utility-process');
  const start = `import './main.js'; import { app, becomeReady } from 'electron'; app.quit = () => process.exit(); becomeReady();`;
  await writeFile(join(folder, 'start.js'), start);
  const { stdout, stderr } = await runNode(folder, 'start.js');
  assert.equal(stderr, '');
  assert.match(stdout, /alice@example\.com/);
});

test('the example of a client that is another program calls a tool', async () => {
  const folder = await installExample('other-process');
  const host = await readFile(join(folder, 'host.js'), 'utf8');
  await writeFile(join(folder, 'host.js'), host.replace('nodeHost()', 'nodeHost(globalThis.person)'));
  const person = fileURLToPath(new URL('../javascript/readme_person.js', import.meta.url));
  const { stdout, stderr } = await runNode(
    folder,
    '--import',
    person,
    'host.js',
    world.server,
    process.execPath,
    'client.js',
  );
  assert.equal(stdout, '');
  assert.match(stderr, /alice@example\.com/);
});

/** Both ends of a port, and what went over it towards the client. */
async function bridged() {
  const application = await installApplication();
  const authorizer = application.start();
  const connection = authorizer.connection(world.server, { interaction: true });
  const streaming = { ...connection, fetch: application.host.fetch };
  const { port1, port2 } = new MessageChannel();
  after(() => port1.close());
  serveBridgePort(port1, { connection: (name) => ({ tools: connection, stream: streaming })[name] });
  /** @type {string[]} */
  const received = [];
  port2.on('message', (message) => void received.push(JSON.stringify(message)));
  return { application, connection, port: port2, received, bridge: bridgedConnection('tools', { port: port2 }) };
}

test('over a port a connection does what it does over a page, and no token crosses', async () => {
  const { application, connection, received, bridge } = await bridged();
  /** @type {string[]} */
  const told = [];
  const isSignedIn = new Promise((resolve) => {
    bridge.onState(({ status }) => {
      told.push(status);
      if (status === 'signed-in') resolve(undefined);
    });
  });
  assert.equal(await bridge.plan(), null);
  const answers = await Promise.all([1, 2, 3].map(() => callTool(bridge.fetch, world.server)));
  for (const answer of answers) assert.match(await answer.text(), /alice@example\.com/);
  await isSignedIn;
  assert.equal(application.electron.seen.opened.length, 1);
  assert.deepEqual(await bridge.plan(), await connection.plan());
  const { accessToken = '', refreshToken = '' } = (await connection.session())?.tokens ?? {};
  for (const secret of [accessToken, refreshToken]) assert.ok(secret && !received.join('\n').includes(secret));
  assert.equal(await bridge.signOut(), true);
  assert.equal(await connection.plan(), null);
});

test('errors cross a port with their codes, and every call settles where the other process ends', async () => {
  const { port, bridge } = await bridged();
  const unknown = await rejectionOf(bridgedConnection('nobody', { port }).plan());
  assert.deepEqual([unknown.name, unknown.code], ['MisuseError', 'bridge_request_refused']);
  const foreign = await rejectionOf(bridge.fetch('https://other.example/'));
  assert.equal(foreign.code, 'foreign_url');
  const waiting = rejectionOf(bridgedConnection('stream', { port }).fetch('http://127.0.0.1:1/'));
  assert.equal((await waiting).code, 'network_failed');
  const server = createServer(() => port.close());
  const { origin, close } = await listenOnLoopback(server);
  const ended = await rejectionOf(bridgedConnection('stream', { port }).fetch(`${origin}/`));
  assert.equal(ended.code, 'network_failed');
  server.closeAllConnections();
  await close();
});

test('a stream over a port is read as it is wanted, and its end reaches the server', async () => {
  const { port } = await bridged();
  /** @type {() => void} */
  let tell = () => {};
  const closed = new Promise((resolve) => (tell = () => resolve(undefined)));
  const server = createServer((_request, response) => {
    response.on('close', tell);
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: one\n\n');
  });
  const { origin, close } = await listenOnLoopback(server);
  const response = await bridgedConnection('stream', { port }).fetch(`${origin}/`);
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), 'data: one\n\n');
  await reader.cancel();
  await closed;
  await close();
});

test('[refuses T3] whatever comes over a port, or does not go over it, the process that signs in has no error of it', async (context) => {
  const uncaught = uncaughtErrors(context);
  const { connection } = await bridged();
  const port = Object.assign(new EventEmitter(), {
    postMessage() {
      throw new Error('An object could not be cloned.');
    },
  });
  serveBridgePort(port, {
    connection(name) {
      if (name === 'unforeseen') throw new Error('the application does not foresee this name');
      return connection;
    },
  });
  const channel = 'mcp-oauth-wasm';
  const request = { operation: 'plan', connection: 'tools' };
  for (const message of [
    null,
    'text',
    { channel },
    { channel, number: 1, request: null },
    { channel, number: 2, request },
    { channel, number: 3, request: { ...request, connection: 'unforeseen' } },
    { channel, number: 4, request: { operation: 'fetch', connection: 'tools', url: 'not a URL', method: 'GET' } },
    { channel, number: 9, data: 'pull' },
    { channel, number: 9, closed: true },
  ]) {
    port.emit('message', message);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.deepEqual(uncaught, []);
});
