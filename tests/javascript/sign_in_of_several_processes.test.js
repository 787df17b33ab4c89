/** Several processes on one store need the same sign-in, and some of them fail or die on the way. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { loopbackRedirect } from 'mcp-oauth-wasm/node';
import { createScriptedServers } from './scripted_servers.js';
import { callTool, createMachine, startWorld } from './world.js';

/** @import { Host } from 'mcp-oauth-wasm' */
/** @import { World } from './world.js' */

/** Longer than another process waits before it looks again. */
const SEVERAL_LOOKS = 2500;

/** Its windows are opened, and nobody does anything in them. */
function createMachineWithWindows() {
  /** @type {string[]} */
  const opened = [];
  const machine = createMachine();
  return {
    ...machine,
    opened,
    /** @param {Partial<Host>} [others] */
    process(others) {
      const redirect = loopbackRedirect({ open: (url) => void opened.push(url) });
      return machine.start({ host: { ...machine.host, redirect, ...others } });
    },
    /** @param {number} count */
    async windows(count) {
      while (opened.length < count) await delay(5);
    },
  };
}

function createGate() {
  /** @type {(value?: undefined) => void} */
  let open = () => {};
  const opened = new Promise((/** @type {typeof open} */ resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('a sign-in of several processes', () => {
  /** @type {World} */
  let world;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  const redirect = { prepare: () => Promise.reject(new Error('no port')) };
  for (const fails of [true, false]) {
    const [how, count, others] = fails
      ? ['fails before there is a window', 1, { redirect }]
      : ['comes to nothing', 2, {}];
    test(`[accepts I2, interop 79] a press in another process ${how}: the person of the first one is still waited for`, async () => {
      const { process, opened, windows, userAgent } = createMachineWithWindows();
      const first = callTool(process().fetch(world.server, { interaction: true }), world.server);
      await windows(1);
      const second = process(others);
      const pressed = assert.rejects(second.connection(world.server).signIn());
      if (!fails) await windows(2).then(() => second.close());
      await pressed;
      assert.equal(opened.length, count);
      const third = callTool(process().fetch(world.server, { interaction: true }), world.server);
      await delay(SEVERAL_LOOKS);
      assert.equal(opened.length, count, 'nobody pressed again');
      await userAgent.browse(opened[0] ?? '');
      assert.deepEqual([(await first).status, (await third).status], [200, 200]);
      assert.equal(opened.length, count);
    });
  }

  test('[accepts I2, interop 79] another process signs out while the person is away: they are still waited for', async () => {
    const { process, opened, windows, userAgent } = createMachineWithWindows();
    const first = callTool(process().fetch(world.server, { interaction: true }), world.server);
    await windows(1);
    await process().connection(world.server).signOut();
    const third = callTool(process().fetch(world.server, { interaction: true }), world.server);
    await delay(SEVERAL_LOOKS);
    assert.equal(opened.length, 1);
    await userAgent.browse(opened[0] ?? '');
    assert.deepEqual([(await first).status, (await third).status], [200, 200]);
    assert.equal(opened.length, 1);
  });

  test('[accepts I2, interop 79] a press goes ahead of a process that dies with it: the person of the first one is still waited for', async () => {
    const { process, opened, windows, userAgent } = createMachineWithWindows();
    const isGone = (/** @type {string} */ name) => name === 'dead';
    const first = callTool(
      process({ owner: { name: 'first', isGone } }).fetch(world.server, { interaction: true }),
      world.server,
    );
    await windows(1);
    const dead = process({ owner: { name: 'dead', isGone } });
    const pressed = dead.connection(world.server).signIn();
    pressed.catch(() => {});
    await windows(2);
    const third = callTool(
      process({ owner: { name: 'third', isGone } }).fetch(world.server, { interaction: true }),
      world.server,
    );
    await delay(SEVERAL_LOOKS);
    assert.equal(opened.length, 2);
    await userAgent.browse(opened[0] ?? '');
    assert.deepEqual([(await first).status, (await third).status], [200, 200]);
    await dead.close();
  });

  test('[accepts I2, interop 79] the process that sent the person has died, and another one completes it: a third one waits for that', async () => {
    const { process, opened, windows, userAgent, host } = createMachineWithWindows();
    const isGone = (/** @type {string} */ name) => name === 'dead';
    const dead = process({ owner: { name: 'dead', isGone } });
    const pressed = dead.connection(world.server).signIn();
    pressed.catch(() => {});
    await windows(1);
    const callbackUrl = await userAgent.signIn(opened[0] ?? '');
    const exchange = createGate();
    const asked = createGate();
    const completed = process({
      owner: { name: 'second', isGone },
      fetch: async (input, init, context) => {
        if (String(init?.body).includes('grant_type')) {
          asked.open();
          await exchange.opened;
        }
        return /** @type {NonNullable<Host['fetch']>} */ (host.fetch)(input, init, context);
      },
    }).complete(callbackUrl);
    await asked.opened;
    const third = callTool(
      process({ owner: { name: 'third', isGone } }).fetch(world.server, { interaction: true }),
      world.server,
    );
    await delay(SEVERAL_LOOKS);
    assert.equal(opened.length, 1);
    exchange.open();
    await completed;
    assert.equal((await third).status, 200);
    assert.equal(opened.length, 1);
    await dead.close();
  });

  test('[accepts I2, interop 79] another one has taken over, and the person comes back before they are sent: no second window', async () => {
    const { process, opened, windows, userAgent } = createMachineWithWindows();
    const first = callTool(
      process({ owner: { name: 'silent', isGone: () => false } }).fetch(world.server, { interaction: true }),
      world.server,
    );
    await windows(1);
    const redirect = {
      async prepare() {
        await userAgent.browse(opened[0] ?? '');
        await first;
        return {
          redirectUri: 'http://127.0.0.1:51235/callback',
          authorize: async () => assert.fail('another window is to be opened'),
          close: async () => {},
        };
      },
    };
    const other = process({ redirect, owner: { name: 'other', isGone: (name) => name === 'silent' } });
    const call = await callTool(other.fetch(world.server, { interaction: true }), world.server);
    assert.equal(call.status, 200);
    assert.equal(opened.length, 1);
  });
});

test('[accepts I2, interop 78] `complete` and the listener have the same response, after which the person is sent once more: one window', async () => {
  const { script, seen, host } = createScriptedServers();
  script.needs = { look: ['read'] };
  /** @type {Promise<unknown>[]} */
  const completed = [];
  /** @type {ReturnType<typeof createAuthorizer> | undefined} */
  let authorizer;
  script.authorize = () => (seen.trips.length === 1 ? { error: 'invalid_scope' } : { granted: ['read'] });
  const { redirect } = host;
  const settings = () => ({ optionalScopes: ['extra'] });
  authorizer = createAuthorizer({
    host: {
      ...host,
      redirect: {
        async prepare(request) {
          const receiver = await redirect.prepare(request);
          return {
            ...receiver,
            async authorize(departure) {
              const callbackUrl = await receiver.authorize(departure);
              completed.push(/** @type {any} */ (authorizer).complete(callbackUrl));
              return callbackUrl;
            },
          };
        },
      },
    },
    settings,
  });
  await authorizer.connection('https://mcp.example/mcp').signIn();
  const results = /** @type {any[]} */ (await Promise.all(completed));
  assert.deepEqual(
    results.map((result) => result.authorizationUrl ?? result.endpoint),
    ['https://mcp.example/mcp', 'https://mcp.example/mcp'],
  );
  assert.equal(seen.trips.length, 2);
});

test('[accepts I2, interop 79] `complete` leads to another trip in a process whose own call waits for that sign-in: the call sends the person, alone', async () => {
  const { script, seen, host } = createScriptedServers();
  script.needs = { look: ['read'] };
  const server = 'https://mcp.example/mcp';
  const settings = () => ({ optionalScopes: ['extra'] });
  const sent = createGate();
  let departed = '';
  const one = createAuthorizer({
    host: {
      ...host,
      redirect: {
        prepare: async (request) => ({
          ...(await host.redirect.prepare(request)),
          authorize({ authorizationUrl }) {
            departed = authorizationUrl;
            sent.open();
            return new Promise(() => {});
          },
        }),
      },
    },
    settings,
  });
  one
    .connection(server)
    .signIn()
    .catch(() => {});
  await sent.opened;
  const other = createAuthorizer({ host, settings });
  const { fetch } = other.connection(server, { interaction: true });
  const called = fetch(server, { method: 'POST', body: 'look' });
  await delay(500);
  const asked = new URL(departed).searchParams;
  const completed = await other.complete(
    `${asked.get('redirect_uri')}?error=invalid_scope&state=${asked.get('state')}`,
  );
  assert.equal(/** @type {any} */ (completed).endpoint, server);
  assert.equal((await called).status, 200);
  assert.equal(seen.trips.length, 1);
  await one.close();
});

test('[accepts I2, interop 79] another process signs in for less while the person is away for more scopes: they are still waited for', async () => {
  const { script, seen, host } = createScriptedServers();
  script.needs = { look: ['read'], edit: ['write'] };
  const server = 'https://mcp.example/mcp';
  const finished = createGate();
  const sent = createGate();
  const one = createAuthorizer({
    host: {
      ...host,
      redirect: {
        async prepare(request) {
          const receiver = await host.redirect.prepare(request);
          return {
            ...receiver,
            async authorize(departure) {
              if (seen.trips.length > 0) {
                sent.open();
                await finished.opened;
              }
              return receiver.authorize(departure);
            },
          };
        },
      },
    },
  });
  const { fetch } = one.connection(server, { interaction: true });
  const call = (/** @type {string} */ body) => fetch(server, { method: 'POST', body });
  assert.equal((await call('look')).status, 200);
  const edited = call('edit');
  await sent.opened;
  await createAuthorizer({ host }).connection(server).signIn();
  // Longer than a sign-in goes without looking at what others have done.
  await delay(6000);
  assert.deepEqual(
    seen.trips.map(({ scope }) => scope),
    ['read', 'read'],
  );
  finished.open();
  assert.equal((await edited).status, 200);
  assert.deepEqual(
    seen.trips.map(({ scope }) => scope),
    ['read', 'read', 'read write'],
  );
});
