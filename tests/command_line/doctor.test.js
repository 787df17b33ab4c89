import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startWorld } from '../javascript/world.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { hostile, unfit } from './hostile.js';
import { bin, run, runForJson } from './run.js';

/** @import { World } from '../javascript/world.js' */

/** @type {World} */
let world;
before(async () => {
  world = await startWorld({
    protectedResource: { scopesSupported: ['openid', 'profile', 'email', 'private_metadata'] },
  });
});
after(() => world.close());

/** An MCP server that says hostile things wherever it can. */
async function startHostileServer() {
  const server = createServer((request, response) => {
    const answer = (/** @type {number} */ status, /** @type {object} */ value) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.url?.startsWith('/.well-known/oauth-protected-resource'))
      return answer(200, {
        resource: `${origin}/mcp`,
        authorization_servers: [origin],
        scopes_supported: [`a${hostile}`, 'b'],
        resource_name: hostile,
      });
    if (request.url?.startsWith('/.well-known/oauth-authorization-server')) {
      return answer(200, {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        registration_endpoint: `${origin}/register`,
        code_challenge_methods_supported: ['S256'],
        protected_resources: [hostile],
        grant_types_supported: [hostile],
      });
    }
    if (request.url === '/register') return answer(400, { error: `invalid${hostile}`, error_description: hostile });
    if (request.method === 'POST')
      return response
        .writeHead(401, { 'www-authenticate': `Bearer scope="read", error_description="${'\u009b31m'}evil"` })
        .end();
    return response.writeHead(404, { 'content-type': 'text/plain' }).end(hostile);
  });
  const { origin, close } = await listenOnLoopback(server);
  return { url: `${origin}/mcp`, close };
}

describe('doctor', () => {
  test('fits on a screen of 80 by 24, and says what is to be said', async () => {
    for (const args of [[], ['--probe']]) {
      const { status, stdout, stderr } = await run(['doctor', world.server, ...args]);
      assert.equal(status, 0);
      const lines = stdout.trimEnd().split('\n');
      assert.ok(lines.length <= 24 + (args.length > 0 ? 4 : 0), `${lines.length} lines`);
      assert.deepEqual(
        lines.filter((line) => line.length > 80),
        [],
      );
      assert.match(stdout, /would request {8}openid email offline_access/);
      assert.match(stderr, /Nobody is signed in/);
    }
  });

  test('names the risk of registering without scope', async () => {
    const { stdout } = await run(['doctor', world.server]);
    assert.match(stdout, /register without `scope` may be locked out: openid/);
  });

  test("with --probe shows that such a client is refused, in the server's words, and why ours is not", async () => {
    const { stdout, stderr } = await run(['doctor', world.server, '--probe']);
    assert.match(stderr, /Registering throwaway clients/);
    const [, careless = '', ours = ''] = stdout.split('A client that registers');
    assert.match(careless, /without scope\n.*profile email\n.*openid email\n.*303 error=invalid_scope/);
    assert.match(ours, /by the plan\n(.*\n)*.*accepted: all that it requests is registered/);
    assert.match(stdout, /throwaway clients are deleted/);
    assert.match(stdout, /warning {3}Clients that register without `scope` are locked out: openid/);
  });

  test('says everything with --verbose, by which standard', async () => {
    const { stdout } = await run(['doctor', world.server, '--probe', '--verbose']);
    for (const words of [
      'RFC 7591 §2',
      'scope-not-registered-by-default',
      'The scope plan',
      'What registration would send',
      'GET     http',
      'effect',
    ]) {
      assert.ok(stdout.includes(words), words);
    }
  });

  test('gives programs one document, and people nothing on standard output', async () => {
    const { document, stderr } = await runForJson(['doctor', world.server]);
    assert.equal(document.endpoint, world.server);
    assert.ok(document.findings.every((/** @type {any} */ { id, severity, standard }) => id && severity && standard));
    assert.equal(document.registrationRequest.scope, 'openid email profile private_metadata offline_access');
    assert.match(stderr, /Examining/);
  });

  test('ends with 1 where there is an error, also where nobody is there', async () => {
    const { status, stdout } = await run(['doctor', 'http://127.0.0.1:9/mcp']);
    assert.equal(status, 1);
    assert.match(stdout, /error {5}The MCP server cannot be reached/);
  });

  test('[refuses interop 86] says that nothing can be kept where the store cannot be written, and ends with 1', async () => {
    const { status, document } = await runForJson(['doctor', world.server, '--store', join(bin, 'sessions.json')]);
    assert.equal(status, 1);
    const [finding] = document.findings;
    assert.deepEqual([finding.id, finding.severity], ['store-unavailable', 'error']);
    assert.match(finding.change, /--store/);
  });

  test('[refuses interop 87] says how a proxy is used, where only it gets out, and Node does not use it', async () => {
    const { status, stdout } = await run(['doctor', 'http://nowhere.invalid/mcp', '--verbose'], {
      env: { HTTP_PROXY: 'http://127.0.0.1:9', NODE_USE_ENV_PROXY: undefined },
    });
    assert.equal(status, 1);
    assert.match(stdout.replace(/\s+/g, ' '), /NODE_USE_ENV_PROXY=1/);
  });

  test('lets no words of a server reach the terminal as they are', async () => {
    const server = await startHostileServer();
    try {
      for (const args of [['--verbose'], ['--probe', '--verbose'], ['--json'], ['--probe', '--json']]) {
        const { stdout, stderr } = await run(['doctor', server.url, ...args], { env: { FORCE_COLOR: '1' } });
        assert.match(stdout, /evil/, args.join(' '));
        assert.doesNotMatch(stdout, unfit);
        assert.doesNotMatch(stderr, unfit);
      }
    } finally {
      await server.close();
    }
  });
});

describe('the command line', () => {
  test('ends with 2 where it is not used as it says', async () => {
    for (const [args, words] of /** @type {[string[], RegExp][]} */ ([
      [['nonsense'], /no command nonsense/],
      [['doctor'], /URL is missing/],
      [['doctor', 'nonsense'], /no URL/],
      [['doctor', 'ftp://mcp.example.com'], /no URL/],
      [['doctor', world.server, 'more'], /one argument too many/],
      [['doctor', world.server, '--nonsense'], /--nonsense/],
      [['call', world.server, 'whoami', '[]'], /JSON object/],
      [['login', world.server, '--device', '--no-browser'], /exclude each other/],
      [['help', 'nonsense'], /no command nonsense/],
    ])) {
      const { status, stdout, stderr } = await run(args);
      assert.equal(status, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.match(stderr, words);
      assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
    }
    const { status, document } = await runForJson(['doctor']);
    assert.deepEqual([status, document.error.code], [2, 'usage']);
  });

  test('helps', async () => {
    const { status, stdout } = await run([]);
    assert.equal(status, 0);
    for (const command of ['doctor', 'login', 'call', 'token', 'sessions', 'logout', 'inspect']) {
      assert.ok(stdout.includes(`  ${command} `));
      const { stdout: more } = await run(['help', command]);
      assert.ok(more.includes('--json') && (await run([command, '--help'])).stdout === more);
    }
    assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  test('opens the inspector, and closes it on Ctrl-C', { skip: process.platform === 'win32' }, async () => {
    /** @type {Promise<Response> | undefined} */
    let page;
    const { status, stderr } = await run(['inspect', world.server, '--no-open'], {
      onProgress: (told, child) => {
        const [, url] = /The inspector is at (\S+)/.exec(told) ?? [];
        if (url === undefined || page || !told.includes('Ctrl-C')) return;
        page = fetch(url);
        void page.finally(() => child.kill('SIGINT'));
      },
    });
    assert.equal((await page)?.status, 200);
    assert.equal(status, 130, stderr);
  });
});
