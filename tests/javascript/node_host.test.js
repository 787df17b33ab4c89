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

test('each application has a file of its own', () => {
  const names = ['An App', 'an app', 'An App!', '', undefined, '../../etc', 'x'.repeat(500), '日本', '韓国'];
  const paths = names.map((application) =>
    defaultStorePath({ application, platform: 'linux', variables: {}, home: '/h' }),
  );
  assert.equal(new Set(paths).size, names.length - 1, 'all but those without a name');
  for (const path of paths)
    assert.match(path, /^\/h\/\.local\/state\/mcp-oauth-wasm\/([a-z0-9-]{1,80}\/)?store\.json$/);
});

test('[accepts interop 88] the authorizers of two applications share nothing by default, and all with a store that both are given', async () => {
  const stateHome = await temporaryFolder();
  const program = `
    import { createAuthorizer } from ${JSON.stringify(new URL('../../js/index.js', import.meta.url))};
    import { createFileStore, defaultStorePath, nodeHost } from ${JSON.stringify(new URL('../../js/node.js', import.meta.url))};
    const record = { version: 1, key: 'pending s', endpoint: 'https://mcp.example/', account: 'a', pending: {}, progress: {} };
    const waiting = async (clientName, store) => {
      const { complete } = createAuthorizer({ host: nodeHost({ store }), client: { clientName } });
      return (await complete('http://127.0.0.1/?state=s').catch((error) => error)).code;
    };
    await createFileStore(defaultStorePath({ application: 'one' })).compareAndSwap('pending s', null, record);
    const shared = createFileStore(defaultStorePath({ application: 'one' }));
    console.log(JSON.stringify([await waiting('two'), await waiting(undefined), await waiting('two', shared), await waiting('one')]));`;
  const env = { ...process.env, LOCALAPPDATA: stateHome, XDG_STATE_HOME: stateHome, HOME: stateHome };
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
  // Who has the record finds it damaged, as it is no whole one.
  assert.deepEqual(JSON.parse(stdout), ['state_mismatch', 'state_mismatch', 'record_invalid', 'record_invalid']);
});

for (const [shape, HOME] of [
  ['none', ''],
  ['a relative one', 'home'],
  ['one that is a file', process.execPath],
]) {
  test(`the home folder of the user is ${shape}: the error names the option`, {
    skip: process.platform !== 'linux',
  }, async () => {
    const program = `
      import { nodeHost } from ${JSON.stringify(new URL('../../js/node.js', import.meta.url))};
      const { store } = nodeHost();
      const errors = [store.compareAndSwap('k', null, {}), store.lock('k', async () => {})];
      const told = ({ name, code, message }) => ({ name, code, message });
      console.log(JSON.stringify((await Promise.allSettled(errors)).map(({ reason }) => told(reason))));`;
    const env = { PATH: process.env.PATH, HOME };
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], { env });
    for (const { name, code, message } of JSON.parse(stdout)) {
      assert.deepEqual([name, code], ['StorageError', 'store_unavailable']);
      assert.match(message, /the option `store` of the host/);
    }
  });
}

test('a user whom the system does not know has a store where XDG_STATE_HOME says', async () => {
  const path = defaultStorePath({ platform: 'linux', variables: { XDG_STATE_HOME: '/state' } });
  assert.equal(path, '/state/mcp-oauth-wasm/store.json');
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

test('[refuses interop 86] a user without a home folder: the error says what to set', () => {
  const { HOME = '' } = process.env;
  try {
    // A relative path would be a file of whatever folder the program was started in.
    for (const home of ['', 'relative/home']) {
      process.env.HOME = home;
      assert.throws(() => defaultStorePath({ platform: 'linux', variables: {} }), {
        code: 'store_unavailable',
        message: /HOME.*XDG_STATE_HOME.*createFileStore/,
      });
    }
  } finally {
    process.env.HOME = HOME;
  }
});
