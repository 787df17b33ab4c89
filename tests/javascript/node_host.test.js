import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import * as node from '../../js/node.js';
import { defaultStorePath } from '../../js/stores/default_store_path.js';
import { temporaryFolder } from './temporary_folder.js';

test('exports the host and its parts', () => {
  assert.deepEqual(Object.keys(node).sort(), [
    'createFileStore',
    'createMemoryStore',
    'defaultStorePath',
    'explain',
    'loopbackRedirect',
    'nodeHost',
    'openBrowser',
    'pastedRedirect',
  ]);
});

test("the default store is a file in this user's folder for state", () => {
  const home = '/home/a user';
  const path = (/** @type {NodeJS.Platform} */ platform, variables = {}, ofHome = home) =>
    defaultStorePath({ platform, variables, home: ofHome });
  assert.equal(path('linux'), '/home/a user/.local/state/mcp-oauth-wasm/store.json');
  assert.equal(path('linux', { XDG_STATE_HOME: '/state' }), '/state/mcp-oauth-wasm/store.json');
  assert.equal(path('linux', { XDG_STATE_HOME: 'relative' }), '/home/a user/.local/state/mcp-oauth-wasm/store.json');
  assert.equal(path('linux', { XDG_STATE_HOME: '' }), '/home/a user/.local/state/mcp-oauth-wasm/store.json');
  assert.equal(path('darwin'), '/home/a user/Library/Application Support/mcp-oauth-wasm/store.json');
  assert.equal(
    path('win32', { LOCALAPPDATA: 'C:\\Users\\a\\Local' }),
    'C:\\Users\\a\\Local\\mcp-oauth-wasm\\store.json',
  );
  assert.equal(path('win32', {}, 'C:\\Users\\a'), 'C:\\Users\\a\\AppData\\Local\\mcp-oauth-wasm\\store.json');
});

test('making a host touches nothing; its store writes where the environment says', async () => {
  const home = await temporaryFolder();
  const program = `
    import { stat } from 'node:fs/promises';
    import { nodeHost } from ${JSON.stringify(new URL('../../js/node.js', import.meta.url))};
    const { store } = nodeHost();
    console.log((await stat(process.env.XDG_STATE_HOME).catch((error) => error)).code);
    await store.compareAndSwap('k', null, { n: 1 });`;
  const stateHome = join(home, 'state');
  const env = { ...process.env, HOME: home, LOCALAPPDATA: stateHome, XDG_STATE_HOME: stateHome };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
  assert.equal(stdout, 'ENOENT\n');
  const file = defaultStorePath({ variables: env, home });
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')).records.k.value, { n: 1 });
  assert.ok((await stat(file)).isFile());
});

test('what is given replaces the defaults, and the rest is passed on', async () => {
  const store = node.createMemoryStore();
  const redirect = node.loopbackRedirect();
  const fetch = async () => new Response('given');
  const approve = async () => false;
  const owner = { name: 'given', isGone: () => false };
  const { fetch: used, ...host } = node.nodeHost({ store, redirect, fetch, approve, owner, timeoutMilliseconds: 1 });
  assert.deepEqual(host, { store, redirect, approve, owner, timeoutMilliseconds: 1 });
  assert.equal(await (await used('https://any.example/')).text(), 'given');
  assert.ok('prepare' in node.nodeHost({ store }).redirect);
});

test('the default fetch is whatever globalThis.fetch is at the time', async (context) => {
  const host = node.nodeHost({ store: node.createMemoryStore() });
  const server = createServer((request, response) => response.end(request.headers['x-test'])).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const answer = await host.fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-test': 'real' } });
  assert.equal(await answer.text(), 'real');
  server.close();

  context.mock.method(globalThis, 'fetch', async () => new Response('replaced later'));
  assert.equal(await (await host.fetch('https://any.example/')).text(), 'replaced later');
});
