// examples/rust, built, signs in at real servers, and its MCP client calls a tool. `npm test -- rust-example` builds it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { root, targetFolder } from '../../scripts/support.js';
import { startWorld } from '../javascript/world.js';
import { createUserAgent } from '../servers/user_agent.js';

const program = join(
  targetFolder,
  'rust-example',
  'debug',
  process.platform === 'win32' ? 'mcp-oauth-example.exe' : 'mcp-oauth-example',
);

/** @type {import('../javascript/world.js').World} */
let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

test("the README's Rust is that of the example, and has at most twelve lines", () => {
  const read = (/** @type {string[]} */ ...path) => readFileSync(join(root, ...path), 'utf8').replaceAll('\r\n', '\n');
  const lines = (/^```rust\n(.*?)^```$/ms.exec(read('README.md'))?.[1] ?? '').trimEnd().split('\n');
  assert.ok(lines.length <= 12);
  const indented = lines.map((line) => `    ${line}\n`).join('');
  assert.ok(read('examples', 'rust', 'src', 'main.rs').includes(indented));
});

test('signs in at a server that it has never met, and calls a tool with the token', async () => {
  const { answer } = await signIn();
  assert.match(answer, /alice@example\.com/);
  const asked = world.authorizationServer.requests.filter(({ path }) => path === '/auth');
  assert.equal(asked.length, 1);
  const { query, client } = asked[0] ?? assert.fail();
  const registered = String(client?.scope).split(' ');
  assert.deepEqual(
    String(query.scope)
      .split(' ')
      .filter((scope) => !registered.includes(scope)),
    [],
    'it asks for what it registered',
  );
});

test('what is not the response that it waits for does not end its wait', async () => {
  /** @type {number[]} */
  const statuses = [];
  const { answer } = await signIn(async (authorizationUrl) => {
    const redirectUri = String(new URL(authorizationUrl).searchParams.get('redirect_uri'));
    for (const url of [
      `${redirectUri}?code=stray&state=another`,
      redirectUri,
      `${new URL(redirectUri).origin}/favicon.ico`,
    ]) {
      statuses.push((await fetch(url)).status);
    }
  });
  assert.deepEqual(statuses, [404, 404, 404]);
  assert.match(answer, /alice@example\.com/);
});

/**
 * Runs the program, with a person at the browser who opens what it prints.
 *
 * @param {(authorizationUrl: string) => Promise<void>} [first] what happens before
 */
async function signIn(first) {
  const child = spawn(program, [world.server, '--print'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += chunk;
  });
  /** @type {string[]} */
  const lines = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const [, authorizationUrl] = /^Open this URL to sign in: (\S+)$/.exec(line) ?? [];
      if (authorizationUrl) {
        await first?.(authorizationUrl);
        const { status } = await createUserAgent().browse(authorizationUrl);
        assert.equal(status, 200);
      } else lines.push(line);
    }
  } finally {
    child.kill();
  }
  const [status] = await ended;
  assert.equal(status, 0, `it ended with status ${status}:\n${told}`);
  return { answer: lines.join('\n') };
}
