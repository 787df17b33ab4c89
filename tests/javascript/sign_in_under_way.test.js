/** A person is slow, closes the window, presses twice, gives up; another process wants the same. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createMemoryStore, loopbackRedirect } from 'mcp-oauth-wasm/node';
import { startProtectedResource } from '../servers/protected_resource.js';
import { createScriptedServers } from './scripted_servers.js';
import { callTool, createMachine, startWorld } from './world.js';

/** @import { Host, PendingSignIn } from 'mcp-oauth-wasm' */
/** @import { ProtectedResource } from '../servers/protected_resource.js' */
/** @import { World } from './world.js' */

/**
 * A machine whose person looks at the windows that were opened, and finishes those that the test says.
 *
 * @param {Partial<Host>} [options]
 */
function createSlowMachine(options = {}) {
  /** @type {string[]} */
  const opened = [];
  const machine = createMachine({ redirect: loopbackRedirect({ open: (url) => void opened.push(url) }), ...options });
  return {
    ...machine,
    opened,
    /** @param {number} count */
    async windows(count) {
      while (opened.length < count) await delay(5);
    },
    /** @param {number} index */
    finish: (index) => machine.userAgent.browse(opened[index] ?? ''),
  };
}

/** @param {string} url */
const stateOf = (url) => new URL(url).searchParams.get('state');

describe('a sign-in that waits for a person', () => {
  /** @type {World} */
  let world;
  /** @type {ProtectedResource} */
  let second;

  before(async () => {
    world = await startWorld();
    second = await startProtectedResource({ authorizationServer: world.authorizationServer });
  });
  after(async () => {
    await second.close();
    await world.close();
  });

  for (const first of [0, 1]) {
    test(`[accepts I2, interop 78] a press while it waits opens a window at once, and window ${first + 1} may be finished`, async () => {
      const { start, opened, windows, finish } = createSlowMachine();
      const { signIn, fetch, pending } = start().connection(world.server, { interaction: true });
      const pressed = [signIn()];
      await windows(1);
      pressed.push(signIn());
      await windows(2);
      assert.notEqual(stateOf(opened[0] ?? ''), stateOf(opened[1] ?? ''));
      assert.equal(pending()?.authorizationUrl, opened[1]);
      await finish(first);
      await Promise.all(pressed);
      assert.equal(pending(), null);
      assert.equal((await callTool(fetch, world.server)).status, 200);
      assert.equal(opened.length, 2);
    });
  }

  test('[accepts I2, interop 78] a window that is finished late reads that the person is signed in already', async () => {
    const { start, opened, windows, finish } = createSlowMachine();
    const authorizer = start();
    const { signIn } = authorizer.connection(world.server);
    const pressed = [signIn()];
    await windows(1);
    pressed.push(signIn());
    await windows(2);
    await finish(1);
    await Promise.all(pressed);
    const late = new URL(new URL(opened[0] ?? '').searchParams.get('redirect_uri') ?? '');
    late.search = `${new URLSearchParams({ code: 'late', state: stateOf(opened[0] ?? '') ?? '' })}`;
    const response = await fetch(late);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /Already signed in/);
    await authorizer.close();
    await assert.rejects(fetch(late), 'nothing is left open');
  });

  test('[accepts I2, interop 78] presses before there is a window, and calls while it waits, open no other one', async () => {
    const { start, opened, windows, finish, network } = createSlowMachine();
    const { signIn, fetch } = start().connection(world.server, { interaction: true });
    const all = [signIn(), signIn(), callTool(fetch, world.server), callTool(fetch, world.server)];
    await windows(1);
    all.push(callTool(fetch, world.server));
    await delay(50);
    await finish(0);
    await Promise.all(all);
    assert.equal(opened.length, 1);
    assert.equal(network.registrations().length, 1);
  });

  test('[accepts I2, interop 78] nobody comes back within the limit: the error says so, and the next press registers anew, once', async () => {
    const { start, windows, finish, opened, network } = createSlowMachine({ signInTimeoutMilliseconds: 1000 });
    const { signIn, pending } = start().connection(world.server);
    await assert.rejects(signIn(), (/** @type {any} */ error) => {
      assert.equal(error.code, 'sign_in_timed_out');
      assert.equal(error.kind, 'transport');
      assert.match(error.message, /signInTimeoutMilliseconds/);
      assert.deepEqual(error.details, { endpoint: world.server, account: 'default', issuer: world.issuer });
      return true;
    });
    assert.equal(pending(), null);
    assert.equal(opened.length, 1);
    const again = signIn();
    await windows(2);
    await finish(1);
    await again;
    assert.ok(network.registrations().length <= 2);
  });

  test('[accepts I2, interop 78] cancelled: whoever waits is told, the port is free, nothing is left, and the next one signs in', async () => {
    const { start, host, opened, windows, finish } = createSlowMachine();
    const { signIn, cancel, pending } = start().connection(world.server);
    await cancel();
    const pressed = signIn();
    const told = assert.rejects(pressed, { code: 'sign_in_cancelled' });
    await windows(1);
    const [url = ''] = opened;
    await cancel();
    await told;
    assert.equal(pending(), null);
    await assert.rejects(fetch(new URL(url).searchParams.get('redirect_uri') ?? ''), 'nobody listens there any more');
    assert.equal(await host.store.read(`pending ${stateOf(url)}`), null);
    const again = signIn();
    await windows(2);
    await finish(1);
    await again;
  });

  test('[accepts I2, interop 77] the call that began it gives up: the sign-in goes on, and the next call finds the session', async () => {
    const { start, opened, windows, finish } = createSlowMachine();
    const { fetch } = start().connection(world.server, { interaction: true });
    await assert.rejects(callTool(fetch, world.server, { signal: AbortSignal.timeout(300) }), { name: 'TimeoutError' });
    await windows(1);
    const next = callTool(fetch, world.server);
    await delay(50);
    await finish(0);
    assert.equal((await next).status, 200);
    assert.equal(opened.length, 1);
  });

  test('[accepts I2, interop 77] a call that gives up before there is a window opens none', async () => {
    const { start, opened, network } = createSlowMachine();
    const { fetch } = start().connection(world.server, { interaction: true });
    const abort = new AbortController();
    network.fault = ({ url }) => {
      if (url.endsWith('/reg')) abort.abort();
      return undefined;
    };
    await assert.rejects(callTool(fetch, world.server, { signal: abort.signal }), { name: 'AbortError' });
    await delay(100);
    assert.equal(opened.length, 0);
  });

  test('[accepts I2, interop 77] a way back that is ready only after the call gave up is closed: no port stays open', async () => {
    const { host, start } = createSlowMachine();
    let isClosed = () => {};
    const closed = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      isClosed = resolve;
    });
    const impatient = new AbortController();
    let beReady = () => {};
    const authorize = async () => ({});
    const redirect = {
      prepare: () =>
        new Promise((/** @type {(receiver: any) => void} */ resolve) => {
          beReady = () =>
            resolve({ redirectUri: 'http://127.0.0.1:1/callback', authorize, close: async () => isClosed() });
          impatient.abort();
        }),
    };
    const { fetch } = start({ host: { ...host, redirect } }).connection(world.server, { interaction: true });
    await assert.rejects(callTool(fetch, world.server, { signal: impatient.signal }), { name: 'AbortError' });
    await delay(100);
    beReady();
    assert.equal(await Promise.race([closed.then(() => 'closed'), delay(5000, 'open', { ref: false })]), 'closed');
  });

  test('[accepts I2, interop 78] another server, or another account, never waits for it', async () => {
    const { start, windows, finish, opened } = createSlowMachine();
    const authorizer = start();
    const away = authorizer.connection(second.url).signIn();
    away.catch(() => {});
    await windows(1);
    for (const account of ['default', 'another']) {
      const signedIn = authorizer.connection(world.server, { account }).signIn();
      const count = opened.length + 1;
      await windows(count);
      await finish(count - 1);
      await signedIn;
    }
    await authorizer.close();
    await assert.rejects(away, { code: 'sign_in_cancelled' });
  });

  test('[accepts I2, interop 78] the host hears what waits, and for how many windows at once', async () => {
    /** @type {(PendingSignIn | null)[]} */
    const heard = [];
    const { start, windows, finish, opened } = createSlowMachine({
      concurrentSignIns: 1,
      onPending(pending) {
        heard.push(pending);
        throw new Error('what shows it is broken');
      },
    });
    const authorizer = start();
    const all = [world.server, second.url].map((server) => authorizer.connection(server).signIn());
    await windows(1);
    await delay(100);
    assert.equal(opened.length, 1);
    await finish(0);
    await windows(2);
    await finish(1);
    await Promise.all(all);
    assert.deepEqual(
      heard.map((pending) => pending?.endpoint),
      [world.server, undefined, second.url, undefined],
    );
    assert.equal(heard[0]?.issuer, world.issuer);
    assert.equal(heard[0]?.authorizationUrl, opened[0]);
    assert.ok(Date.now() - (heard[0]?.since ?? 0) < 60_000);
  });

  test('[accepts I2, interop 79] two processes on one store: one window, one registration, and the other adopts the session', async () => {
    const { start, opened, windows, finish, network } = createSlowMachine();
    const [one, other] = [start(), start()].map((authorizer) => authorizer.fetch(world.server, { interaction: true }));
    const calls = [one, other].map((fetch) => callTool(/** @type {typeof globalThis.fetch} */ (fetch), world.server));
    await windows(1);
    await delay(1500);
    await finish(0);
    assert.deepEqual(
      (await Promise.all(calls)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal(opened.length, 1);
    assert.equal(network.registrations().length, 1);
  });

  test('[accepts I2, interop 79] another process looks while the first one stores its session: no second window', async () => {
    const { start, host, opened, windows, finish } = createSlowMachine();
    const first = start().connection(world.server, { interaction: true });
    const call = callTool(first.fetch, world.server);
    await windows(1);
    let isHeld = () => {};
    const held = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
      isHeld = resolve;
    });
    let looks = 0;
    /** @type {Host['store']} */
    const store = {
      ...host.store,
      async read(key) {
        const there = await host.store.read(key);
        // It has read that there is no session, and goes on once there is one.
        if (!key.startsWith('session ') || (looks += 1) !== 2) return there;
        isHeld();
        await call;
        return there;
      },
    };
    const redirect = { prepare: async () => assert.fail('another window is to be opened') };
    const other = start({ host: { ...host, store, redirect } }).fetch(world.server, { interaction: true });
    const waiting = callTool(other, world.server);
    await held;
    await finish(0);
    assert.deepEqual([(await call).status, (await waiting).status], [200, 200]);
    assert.equal(opened.length, 1);
  });

  test('[accepts I2, interop 79] the machine has slept, and the clock jumps: another process still waits', async (context) => {
    const { start, opened, windows, finish } = createSlowMachine();
    const [one, other] = [start(), start()].map((authorizer) => authorizer.fetch(world.server, { interaction: true }));
    const first = callTool(/** @type {typeof globalThis.fetch} */ (one), world.server);
    await windows(1);
    const now = Date.now();
    const since = performance.now();
    context.mock.method(Date, 'now', () => now + 600_000 + performance.now() - since);
    const second = callTool(/** @type {typeof globalThis.fetch} */ (other), world.server);
    await delay(2500);
    assert.equal(opened.length, 1);
    await finish(0);
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
    assert.equal(opened.length, 1);
  });

  test('[accepts I2, interop 79] the process that sent the person has died: another one takes over', async () => {
    let isGone = false;
    const { start, opened, windows, finish, host } = createSlowMachine();
    const dead = start({ host: { ...host, owner: { name: 'dead', isGone: () => false } } });
    dead
      .connection(world.server)
      .signIn()
      .catch(() => {});
    await windows(1);
    const other = start({ host: { ...host, owner: { name: 'other', isGone: (name) => name === 'dead' && isGone } } });
    const call = callTool(other.fetch(world.server, { interaction: true }), world.server);
    await delay(1200);
    assert.equal(opened.length, 1);
    isGone = true;
    await windows(2);
    await finish(1);
    assert.equal((await call).status, 200);
    await dead.close();
  });

  test('[accepts I2, interop 79] a press in another process opens a window, whatever the first one does', async () => {
    const { start, opened, windows, finish } = createSlowMachine();
    const [one, other] = [start(), start()];
    const first = callTool(one.fetch(world.server, { interaction: true }), world.server);
    await windows(1);
    const pressed = other.connection(world.server).signIn();
    await windows(2);
    await finish(0);
    assert.equal((await first).status, 200);
    await finish(1);
    await pressed;
    assert.equal(opened.length, 2);
  });

  test('[accepts I2, interop 79] a press where a call already waits for another process opens a window too', async () => {
    const { start, opened, windows, finish } = createSlowMachine();
    const [one, other] = [start(), start()];
    const first = callTool(one.fetch(world.server, { interaction: true }), world.server);
    await windows(1);
    const { fetch, signIn } = other.connection(world.server, { interaction: true });
    const call = callTool(fetch, world.server);
    await delay(300);
    const pressed = signIn();
    await windows(2);
    await finish(1);
    assert.equal((await call).status, 200);
    await pressed;
    await one.close();
    await assert.rejects(first, { code: 'sign_in_cancelled' });
    assert.equal(opened.length, 2);
  });

  test('[accepts I2, interop 78] a further window that cannot be opened does not end the one that is open', async () => {
    const { start, network, windows, finish } = createSlowMachine();
    const { signIn } = start().connection(world.server);
    const first = signIn();
    await windows(1);
    network.fault = ({ url }) => {
      if (url.includes('.well-known')) throw new TypeError('the network is down');
      return undefined;
    };
    const second = signIn();
    await delay(300);
    network.fault = undefined;
    await finish(0);
    await Promise.all([first, second]);
  });

  for (const isListenerFirst of [true, false]) {
    const [first, last] = isListenerFirst ? ['the listener', '`complete`'] : ['`complete`', 'the listener'];
    test(`[accepts I2, interop 78] the browser brings the same response to ${first}, and then to ${last}: one sign-in, and both have it`, async () => {
      /** @type {ReturnType<ReturnType<typeof createMachine>['start']> | undefined} */
      let authorizer;
      /** @type {Promise<unknown> | undefined} */
      let completed;
      let sent = 0;
      const machine = createMachine({
        redirect: {
          prepare: async () => ({
            redirectUri: 'http://127.0.0.1:51234/callback',
            async authorize({ authorizationUrl }) {
              sent += 1;
              const callbackUrl = await machine.userAgent.signIn(authorizationUrl);
              const complete = () => {
                completed = authorizer?.complete(callbackUrl);
                completed?.catch(() => {});
              };
              if (isListenerFirst) setImmediate(complete);
              else complete();
              return callbackUrl;
            },
            close: async () => {},
          }),
        },
      });
      authorizer = machine.start();
      const { fetch } = authorizer.connection(world.server, { interaction: true });
      assert.equal((await callTool(fetch, world.server)).status, 200);
      assert.equal(/** @type {any} */ (await completed).endpoint, world.server);
      assert.equal(sent, 1);
    });
  }

  test('[accepts I2, interop 77] a program that waits for nothing else may end', async () => {
    const program = fileURLToPath(new URL('sign_in_abandoned.js', import.meta.url));
    const child = spawn(process.execPath, [program, world.server], { stdio: ['ignore', 'pipe', 'inherit'] });
    const patience = setTimeout(() => child.kill(), 60_000);
    let output = '';
    child.stdout.on('data', (text) => (output += text));
    const status = await new Promise((resolve) => child.on('close', resolve));
    clearTimeout(patience);
    assert.equal(status, 0);
    assert.match(output, /opened[\s\S]*gave up/);
  });
});

test('[accepts I2, interop 78] a window that was refused in a way that can be mended opens no further one beside one that the person has asked for since', async () => {
  const { script, start } = createScriptedServers();
  script.needs = { look: ['read'] };
  /** @type {((ending: { granted: string[] } | { error: string }) => void)[]} */
  const windows = [];
  script.authorize = () => new Promise((resolve) => windows.push(resolve));
  const { signIn, call } = start({ optionalScopes: ['extra'] });
  const pressed = [signIn()];
  while (windows.length < 1) await delay(5);
  pressed.push(signIn());
  while (windows.length < 2) await delay(5);
  windows[0]?.({ error: 'invalid_scope' });
  await delay(200);
  assert.equal(windows.length, 2);
  windows[1]?.({ error: 'invalid_scope' });
  while (windows.length < 3) await delay(5);
  windows[2]?.({ granted: ['read'] });
  await Promise.all(pressed);
  assert.equal(await call('look'), 200);
});

test('[accepts I2, interop 79] a refresh token that one process found dead is not brought back by another one, which knew it', async () => {
  const { script, seen, start, refuseTokens } = createScriptedServers();
  const invalid = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
  script.issue = (grant) => (grant === 'refresh_token' ? invalid() : { refresh_token: 'one' });
  const first = start();
  await first.signIn();
  const second = start({}, {}, false);
  assert.equal(await second.call('look'), 200);
  refuseTokens();
  await assert.rejects(second.call('look'), { code: 'interaction_required' });
  assert.equal(seen.refreshes, 1);
  // Nothing tells this one that its token was good meanwhile.
  await assert.rejects(first.call('look'), { code: 'fresh_token_refused' });
  assert.equal((await second.session())?.tokens.refreshToken, undefined);
});

test('[accepts I2, interop 78] the limit is for the person: who comes back in time is signed in, however long the rest takes', async () => {
  const { script, seen, start } = createScriptedServers();
  script.needs = { look: ['read'] };
  script.authorize = async (granted) => {
    await delay(1200);
    return { granted };
  };
  const store = createMemoryStore();
  const slowly = {
    ...store,
    compareAndSwap: async (/** @type {string} */ key, /** @type {any[]} */ ...[version, value]) => {
      if (key.startsWith('session ')) await delay(1200);
      return store.compareAndSwap(key, version, value);
    },
  };
  const { call } = start({}, { store: slowly, signInTimeoutMilliseconds: 2000 });
  assert.equal(await call('look'), 200);
  assert.equal(seen.trips.length, 1);
});
