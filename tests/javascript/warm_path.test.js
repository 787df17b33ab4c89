/** A request with a token that is not about to expire makes no call into WebAssembly. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

// Before anything is loaded: every function that our module exports counts its calls. (Node's own fetch parses HTTP by
// another module.)
let calls = 0;
let asked = 0;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = /** @type {any} */ (
  async (/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) => {
    const instance = await instantiate(module, imports);
    const { exports } = instance;
    if ('llhttp_execute' in exports) return instance;
    const counted = Object.entries(exports).map(([name, exported]) => [
      name,
      typeof exported === 'function'
        ? (/** @type {unknown[]} */ ...args) => {
            calls += 1;
            if (name === 'call') asked += 1;
            return exported(...args);
          }
        : exported,
    ]);
    return Object.create(WebAssembly.Instance.prototype, { exports: { value: Object.fromEntries(counted) } });
  }
);

const { callTool, createMachine, expire, startWorld } = await import('./world.js');

test('a cold sign-in makes at most four calls into the wasm and fourteen store operations', async () => {
  const world = await startWorld();
  try {
    const { host, start } = createMachine();
    let operations = 0;
    const { read, compareAndSwap } = host.store;
    Object.assign(host.store, {
      read: (/** @type {string} */ key) => ((operations += 1), read.call(host.store, key)),
      compareAndSwap: (/** @type {[string, string | null, any]} */ ...args) => (
        (operations += 1), compareAndSwap.apply(host.store, args)
      ),
    });
    const { fetch } = start().connection(world.server, { interaction: true });
    [calls, asked] = [0, 0];
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.deepEqual({ asked, operations }, { asked: 4, operations: 14 });
  } finally {
    await world.close();
  }
});

test('[accepts T3] a signed-in fetch makes no wasm call; one that has to refresh does', async () => {
  const world = await startWorld();
  try {
    const { host, start } = createMachine();
    const { signIn, fetch } = start().connection(world.server);
    await signIn();
    assert.ok(calls > 0, 'a sign-in makes wasm calls, and they are counted');

    calls = 0;
    for (let request = 0; request < 10; request += 1) assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(calls, 0);

    await expire(host.store, world.server);
    assert.equal((await callTool(start().fetch(world.server), world.server)).status, 200);
    assert.ok(calls > 0, 'a refresh makes wasm calls');
  } finally {
    await world.close();
  }
});
