// The packed package in an application that is made with Next: in client components, which are rendered on the server first,
// and in a route handler.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { run } from '../../scripts/support.js';
import { startBrowser } from '../browsers/browser.js';
import { ensureNewerNode } from '../node/nodes.js';
import { installed } from './installed.js';
import { textAt } from './page.js';
import { assertKnownResult } from './program.js';

const application = fileURLToPath(new URL('next', import.meta.url));
const next = join(application, 'node_modules', 'next', 'dist', 'bin', 'next');
const built = join(application, '.next');
const packageFolder = join(application, 'node_modules', 'mcp-oauth-wasm');
const env = { NEXT_TELEMETRY_DISABLED: '1' };

/** @type {import('./page.js').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof start>>} */
let server;
before(async () => {
  const there = await installed();
  rmSync(packageFolder, { recursive: true, force: true });
  cpSync(there.packageFolder, packageFolder, { recursive: true });
  there.remove();
  const node = await ensureNewerNode('Next');
  const { status, output } = await run(node, [next, 'build'], { cwd: application, env, output: 'capture' });
  assert.equal(status, 0, `next build:\n${output}`);
  [browser, server] = await Promise.all([startBrowser('chromium'), start(node)]);
});
after(async () => {
  await browser?.close();
  await server?.close();
  for (const folder of [built, packageFolder]) rmSync(folder, { recursive: true, force: true });
});

for (const [what, path] of Object.entries({
  'mcp-oauth-wasm in a client component': '/',
  'mcp-oauth-wasm/web in a client component': '/web',
})) {
  test(what, async () => {
    assertKnownResult(await textAt(browser, `${server.origin}${path}`), what);
  });
}

test('the hook of mcp-oauth-wasm/react is idle on the server, and in the page', async () => {
  const rendered = await (await fetch(`${server.origin}/react`)).text();
  assert.match(rendered, /<output[^>]*>idle</);
  assert.equal(await textAt(browser, `${server.origin}/react`), 'idle');
});

test('mcp-oauth-wasm in a route handler', async () => {
  const response = await fetch(`${server.origin}/route`);
  assertKnownResult(await response.text(), 'a route handler');
});

/**
 * Serves what was built.
 *
 * @param {string} node
 */
async function start(node) {
  const child = spawn(node, [next, 'start', '--hostname', '127.0.0.1', '--port', '0'], {
    cwd: application,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const written = [];
  for await (const line of createInterface({ input: child.stdout })) {
    written.push(line);
    const origin = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (!origin) continue;
    const close = async () => {
      const ended = once(child, 'exit');
      child.kill();
      await ended;
    };
    return { origin, close };
  }
  throw new Error(`next start ended without serving:\n${written.join('\n')}`);
}
