// An authorizer keeps no connection that nobody holds, however many accounts it has seen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { loopbackRedirect } from 'mcp-oauth-wasm/node';
import { callTool, createMachine, startWorld } from './world.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

/** What is collected is forgotten a little later. */
async function forget() {
  for (let turn = 0; turn < 4; turn += 1) {
    await delay(10);
    collectGarbage();
  }
}

test('[accepts I2, interop 79] ten thousand accounts that nobody holds leave nothing behind', async () => {
  const { host } = createMachine();
  const authorizer = createAuthorizer({ host });
  const use = (/** @type {string} */ round) => {
    for (let account = 0; account < 10_000; account += 1)
      authorizer.connection('https://mcp.example/mcp', { account: `${round} ${account}` });
  };
  use('first');
  await forget();
  const before = process.memoryUsage().heapUsed;
  use('second');
  await forget();
  const bytes = (process.memoryUsage().heapUsed - before) / 10_000;
  assert.ok(bytes < 100, `each account left ${bytes} bytes`);
});

test('[accepts I2, interop 79] a connection whose sign-in waits is kept, held or not, and what it came to is used', async () => {
  const world = await startWorld();
  try {
    /** @type {string[]} */
    const opened = [];
    const { start, userAgent } = createMachine({
      redirect: loopbackRedirect({ open: (url) => void opened.push(url) }),
    });
    let made = 0;
    const settings = () => {
      made += 1;
      return undefined;
    };
    const authorizer = start({ settings });
    authorizer
      .connection(world.server)
      .signIn()
      .catch(() => {});
    while (opened.length < 1) await delay(5);
    await forget();
    assert.equal(authorizer.connection(world.server).pending()?.authorizationUrl, opened[0]);
    assert.equal(made, 1);
    await userAgent.browse(opened[0] ?? '');
    while (authorizer.connection(world.server).pending()) await delay(5);
    await forget();
    assert.equal((await callTool(authorizer.fetch(world.server), world.server)).status, 200);
    assert.equal(made, 2, 'nobody held it any more');
  } finally {
    await world.close();
  }
});
