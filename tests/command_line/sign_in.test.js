import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { deviceFlow } from '../servers/authorization_server.js';
import { createUserAgent } from '../servers/user_agent.js';
import { run, runForJson } from './run.js';

/** @import { World } from '../javascript/world.js' */
/** @import { RunOptions } from './run.js' */

const folder = await temporaryFolder();
const userAgent = createUserAgent({ login: 'alice' });
/** @type {World} */
let world;

before(async () => {
  world = await startWorld({
    authorizationServer: { features: { deviceFlow } },
    protectedResource: {
      scopesSupported: ['openid', 'profile', 'email', 'private_metadata'],
      furtherTools: { read_private_notes: ['private_metadata'] },
    },
  });
});
after(() => world.close());

/** Signs in at the address that is shown, once. @returns {NonNullable<RunOptions['onProgress']>} */
function person() {
  let isDone = false;
  return (stderr) => {
    const [url] = /http\S+\/auth\?\S+(?=\n)/.exec(stderr) ?? [];
    if (url === undefined || isDone) return;
    isDone = true;
    void userAgent.browse(url);
  };
}

/** No browser can be opened here. */
const withoutBrowser = { DISPLAY: undefined, WAYLAND_DISPLAY: undefined, BROWSER: undefined };

/**
 * @param {string[]} args
 * @param {string} store
 * @param {RunOptions} [options]
 */
function inStore(args, store, options) {
  return run([...args, '--store', join(folder, store)], { env: withoutBrowser, ...options });
}

describe('a session', () => {
  const store = 'life of a session.json';

  test('is needed to call a tool: without a person the call says so', async () => {
    const { status, stdout, stderr } = await inStore(['call', world.server, 'whoami'], store);
    assert.equal(status, 3);
    assert.equal(stdout, '');
    assert.match(stderr, /mcp-oauth-wasm login http/);
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
  });

  test('begins with login, which shows its progress', async () => {
    const { status, stdout, stderr } = await inStore(['login', world.server], store, { onProgress: person() });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Signed in at http.*, by http/);
    assert.match(stdout, /Granted: openid email offline_access/);
    assert.match(stderr, /register/);
    assert.match(stderr, /No browser could be opened/);
  });

  test('is not begun twice', async () => {
    const { status, stdout } = await inStore(['login', world.server], store);
    assert.equal(status, 0);
    assert.match(stdout, /^You were signed in already/);
  });

  test('lists tools, and calls them', async () => {
    const tools = await inStore(['call', world.server], store);
    assert.match(tools.stdout, /^whoami {2}Who is signed in$/m);
    const result = await inStore(['call', world.server, 'whoami', '{}'], store);
    assert.deepEqual([result.status, JSON.parse(result.stdout).email], [0, 'alice@example.com']);
    const { document } = await runForJson(['call', world.server, 'whoami', '--store', join(folder, store)]);
    assert.equal(document.content[0].type, 'text');
  });

  test('that lacks scopes: what a call advises asks for them, and then the call succeeds', async () => {
    const ofItsOwn = 'advised session.json';
    await inStore(['login', world.server, '--account', 'work'], ofItsOwn, { onProgress: person() });
    const called = ['call', world.server, 'read_private_notes', '--account', 'work'];
    const refused = await inStore(called, ofItsOwn);
    assert.equal(refused.status, 3);
    const [, advised = ''] = /`mcp-oauth-wasm (.*)`/.exec(refused.stderr) ?? [];
    assert.match(advised, /--scope private_metadata --account work --store '.*advised session\.json'/);
    const words = [...advised.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
    const login = await run(words, { env: withoutBrowser, onProgress: person() });
    assert.match(login.stdout, /^Signed in at/, login.stderr);
    assert.match(login.stdout, /Granted: .*private_metadata/);
    assert.equal((await inStore(called, ofItsOwn)).stdout, 'read_private_notes: done\n');
  });

  test('that has the scopes which are named is not begun twice', async () => {
    const { stdout } = await inStore(['login', world.server, '--scope', 'openid email'], store);
    assert.match(stdout, /^You were signed in already/);
  });

  test('gets more scopes where a person may be asked, and not otherwise', async () => {
    const alone = await inStore(['call', world.server, 'read_private_notes'], store);
    assert.equal(alone.status, 3);
    const { status, stdout, stderr } = await inStore(['call', world.server, 'read_private_notes', '--sign-in'], store, {
      onProgress: person(),
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, 'read_private_notes: done\n');
    assert.match(stderr, /private_metadata/);
  });

  test('shows what its token is good for, and the token only where that is asked for', async () => {
    const shown = await inStore(['token', world.server], store);
    assert.match(shown.stdout, /for openid email private_metadata offline_access/);
    const printed = await inStore(['token', world.server, '--print'], store);
    const token = printed.stdout.trim();
    assert.match(token, /^\S{20,}$/);
    assert.ok(!shown.stdout.includes(token) && !shown.stderr.includes(token) && !printed.stderr.includes(token));
    const told = await runForJson(['token', world.server, '--store', join(folder, store)]);
    assert.equal('accessToken' in told.document, false);
    assert.equal(typeof told.document.expiresAt, 'number');
  });

  test('is among the sessions, with its account', async () => {
    const { document } = await runForJson(['sessions', '--store', join(folder, store)]);
    assert.deepEqual(
      document.map((/** @type {any} */ { endpoint, account }) => [endpoint, account]),
      [[world.server, 'default']],
    );
    assert.match((await inStore(['sessions'], store)).stdout, /^http.*\/mcp$/m);
  });

  test('ends with logout, which says whether the tokens are revoked, and the client deleted', async () => {
    const { status, stdout } = await inStore(['logout', world.server, '--forget-client'], store);
    assert.equal(status, 0);
    assert.match(stdout, /has revoked the tokens/);
    assert.match(stdout, /has deleted the client/);
    assert.match((await inStore(['sessions'], store)).stdout, /nowhere/);
    assert.match((await inStore(['logout', world.server], store)).stdout, /not signed in/);
  });
});

describe('a sign-in', () => {
  test('without a browser takes the address where another one ended', async () => {
    let isDone = false;
    const { status, stdout, stderr } = await inStore(['login', world.server, '--no-browser'], 'pasted.json', {
      keepsInput: true,
      onProgress: async (told, child) => {
        const [url] = /http\S+\/auth\?\S+(?=\n)/.exec(told) ?? [];
        if (url === undefined || isDone || !told.includes('Paste')) return;
        isDone = true;
        child.stdin.write(`${await userAgent.signIn(url)}\n`);
      },
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Signed in/);
  });

  test('on another device shows a code, and waits', async () => {
    let isDone = false;
    const { status, stdout, stderr } = await inStore(['login', world.server, '--device'], 'device.json', {
      onProgress: (told) => {
        const [, url, code] = /Open (\S+) on any device, and enter the code (\S+)/.exec(told) ?? [];
        if (url === undefined || isDone) return;
        isDone = true;
        void userAgent.approve(`${url}?user_code=${code}`);
      },
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Signed in/);
  });

  test('of two accounts gives two sessions', async () => {
    for (const account of ['home', 'work'])
      await inStore(['login', world.server, '--account', account], 'accounts.json', { onProgress: person() });
    const { document } = await runForJson(['sessions', '--store', join(folder, 'accounts.json')]);
    assert.deepEqual(document.map((/** @type {any} */ { account }) => account).sort(), ['home', 'work']);
  });

  test('that is interrupted ends at once, and cleanly', { skip: process.platform === 'win32' }, async () => {
    const { status, stdout, stderr } = await inStore(['login', world.server], 'interrupted.json', {
      onProgress: (told, child) => {
        if (told.includes('/auth?') && !child.killed) child.kill('SIGINT');
      },
    });
    assert.equal(status, 130);
    assert.equal(stdout, '');
    assert.match(stderr, /Interrupted\.\n$/);
    assert.doesNotMatch(stderr, /\n\s+at |Error/);
    assert.match((await inStore(['sessions'], 'interrupted.json')).stdout, /nowhere/);
  });

  test('with a client whose secret is for --issuer sends it nowhere else', async () => {
    const asked = world.authorizationServer.requests.length;
    const login = (/** @type {string[]} */ ...options) =>
      inStore(['login', world.server, ...options], 'secret.json', {
        env: { ...withoutBrowser, MCP_OAUTH_CLIENT_SECRET: 'of-another-server' },
      });
    const nameless = await login('--client-id', 'mine');
    assert.equal(nameless.status, 2);
    assert.match(nameless.stderr, /--issuer is missing.*Nothing was sent/);
    const foreign = await login('--client-id', 'mine', '--issuer', 'https://another.example');
    assert.equal(foreign.status, 1);
    assert.match(foreign.stderr, /https:\/\/another\.example/);
    const alone = await inStore(['login', world.server, '--issuer', 'https://another.example'], 'secret.json');
    assert.equal(alone.status, 2);
    assert.match(alone.stderr, /name that too/);
    const sent = world.authorizationServer.requests.slice(asked);
    assert.ok(
      sent.every(({ method }) => method === 'GET'),
      'metadata alone',
    );
  });

  test('with further scopes, or a client of its own, takes both from the command line', async () => {
    const refused = await inStore(['login', world.server, '--client-id', 'nobody'], 'by hand.json', {
      onProgress: (told, child) => {
        if (/client_id=nobody/.test(told) && !child.killed) child.kill('SIGTERM');
      },
    });
    assert.equal(refused.status, process.platform === 'win32' ? null : 143);
    const { status, stdout } = await inStore(['login', world.server, '--scope', 'public_metadata'], 'scopes.json', {
      onProgress: person(),
    });
    assert.equal(status, 0);
    assert.match(stdout, /public_metadata/);
  });
});
