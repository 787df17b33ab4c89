// The host in examples/custom-host is what the README says: short, made of documented names, and as good as ours.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { fetchContract, hostContract, redirectContract, storeContract } from 'mcp-oauth-wasm/host-test';
import { startFetchTestServer } from 'mcp-oauth-wasm/host-test/server';
import { createHost } from '../../examples/custom-host/host.js';
import { callTool, createMachine, startWorld } from './world.js';

const source = readFileSync(new URL('../../examples/custom-host/host.js', import.meta.url), 'utf8');
const redirectUri = 'com.example.app:/callback';

/** An application that is opened by URLs. @param {(url: string) => void} open */
function createApplication(open) {
  /** @type {Set<(url: string) => void>} */
  const listeners = new Set();
  const onOpened = (/** @type {(url: string) => void} */ listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return {
    host: createHost({ open, onOpened, redirectUri }),
    listeners,
    beOpened: (/** @type {string} */ url) => listeners.forEach((listener) => listener(url)),
  };
}

test('it has at most seventy lines', () => {
  const lines = source.trimEnd().split('\n');
  assert.ok(lines.length <= 70, `it has ${lines.length} lines`);
});

test('it imports nothing but what this package exports', () => {
  const imported = [...source.matchAll(/^import .* from '([^']+)'/gm)].map(([, from]) => from);
  assert.deepEqual(imported, ['mcp-oauth-wasm']);
});

describe('it passes the test kit', async () => {
  const server = await startFetchTestServer();
  after(server.close);
  /** @type {ReturnType<typeof createApplication> | undefined} */
  let application;
  const redirect = {
    create: (/** @type {(url: string) => void} */ open) => (application = createApplication(open)).host.redirect,
    visit: async (/** @type {string} */ url) => application?.beOpened(url),
  };
  const cases = [
    ...storeContract({ open: () => createApplication(() => {}).host.store }),
    ...redirectContract(redirect),
    ...hostContract({
      create: (open) => (application = createApplication(open)).host,
      visit: redirect.visit,
    }),
    ...fetchContract({ fetch: createApplication(() => {}).host.fetch, ...server }),
  ];
  for (const { name, run } of cases) test(name, run);
});

test('a person signs in with it, and comes back by a URL of its own scheme', async () => {
  const world = await startWorld();
  try {
    const person = createMachine();
    const { host, listeners, beOpened } = createApplication((url) => void person.userAgent.signIn(url).then(beOpened));
    const fetch = person.start({ host }).fetch(world.server, { interaction: true });
    const response = await callTool(fetch, world.server);
    assert.match(await response.text(), /alice@example\.com/);
    assert.equal(listeners.size, 0, 'nobody listens any more');
  } finally {
    await world.close();
  }
});
