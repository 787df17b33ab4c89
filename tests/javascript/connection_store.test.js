import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAuthorizer, MisbehavedError, MisuseError, StorageError } from 'mcp-oauth-wasm';
import { createFileStore, createMemoryStore } from 'mcp-oauth-wasm/node';
import { temporaryFolder } from './temporary_folder.js';
import {
  callTool,
  createMachine,
  expire,
  rejectionOf,
  rewrite,
  sessionKey,
  startWorld,
  storedSession,
} from './world.js';

/** @import { Redirect } from 'mcp-oauth-wasm' */
/** @import { Machine, World } from './world.js' */

describe('what a connection keeps', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  /** @param {Parameters<typeof createMachine>[0]} [options] */
  async function signedInMachine(options) {
    const machine = createMachine(options);
    await machine.start().connection(world.server, { interaction: true }).signIn();
    return machine;
  }

  test('a restart signs in nobody again', async () => {
    const { start, trips, network } = await signedInMachine();
    for (let restart = 0; restart < 3; restart += 1) {
      assert.equal((await callTool(start().fetch(world.server), world.server)).status, 200);
    }
    assert.equal(trips.length, 1);
    assert.equal(network.registrations().length, 1);
    assert.equal(network.tokenRequests('refresh_token').length, 0);
  });

  test('a restart with a store in a file signs in nobody again', async () => {
    const path = join(await temporaryFolder(), 'store.json');
    const { start, trips } = await signedInMachine({ store: createFileStore(path) });
    const host = { ...createMachine().host, store: createFileStore(path) };
    assert.equal((await callTool(start({ host }).fetch(world.server), world.server)).status, 200);
    assert.equal(trips.length, 1);
  });

  test('accounts are kept apart', async () => {
    const { host, start } = await signedInMachine();
    const bob = createMachine({ login: 'bob', store: host.store });
    const fetch = bob.start().fetch(world.server, { account: 'work', interaction: true });
    assert.match(await (await callTool(fetch, world.server)).text(), /bob@example\.com/);
    assert.match(await (await callTool(start().fetch(world.server), world.server)).text(), /alice@example\.com/);
  });

  test('signed out: the session is gone at once, and the client stays for the next sign-in', async () => {
    const { host, start, trips, network } = await signedInMachine();
    const connection = start().connection(world.server);
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
    await connection.signOut();
    assert.equal(await storedSession(host.store, world.server), null);
    assert.equal(await connection.session(), null);
    assert.equal(await connection.plan(), null);
    await assert.rejects(callTool(connection.fetch, world.server), { code: 'interaction_required' });
    await connection.signOut();

    assert.equal((await callTool(start().fetch(world.server, { interaction: true }), world.server)).status, 200);
    assert.equal(trips.length, 2);
    assert.equal(network.registrations().length, 1);
  });

  test('signed out by another process: seen within five seconds, and no store is read for calls in between', async (context) => {
    const { host, start } = await signedInMachine();
    let reads = 0;
    const { read } = host.store;
    host.store.read = (key) => {
      reads += 1;
      return read(key);
    };
    const { fetch } = start().connection(world.server);
    const call = () => callTool(fetch, world.server);
    await call();
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const later = (/** @type {number} */ milliseconds) => context.mock.timers.setTime(Date.now() + milliseconds);
    reads = 0;
    for (let calls = 0; calls < 10; calls += 1) assert.equal((await call()).status, 200);
    assert.equal(reads, 0);
    // A call of now and then looks beside what it does.
    later(3_000);
    for (let calls = 0; calls < 10; calls += 1) assert.equal((await call()).status, 200);
    assert.equal(reads, 1);
    // Where the server goes on taking the token, nothing but the store tells.
    const place = `session ${world.server} default`;
    await host.store.compareAndSwap(place, (await read(place))?.version ?? null, null);
    later(5_000);
    await assert.rejects(call(), { code: 'interaction_required' });
  });

  test('a store that fails for a while keeps nobody out who is signed in', async (context) => {
    const { host, start } = await signedInMachine();
    const { fetch } = start().connection(world.server);
    await callTool(fetch, world.server);
    context.mock.timers.enable({ apis: ['Date'], now: Date.now() + 6_000 });
    host.store.read = () => Promise.reject(new StorageError({ code: 'store_unavailable', message: 'for a while' }));
    assert.equal((await callTool(fetch, world.server)).status, 200);
  });

  for (const [shape, code] of /** @type {const} */ ([
    ['a file system that is read only', 'EROFS'],
    ['a folder of somebody else', 'EACCES'],
    ['a full disk', 'ENOSPC'],
  ])) {
    test(`[refuses interop 86] ${shape}: nothing is registered that cannot be kept, and nobody is sent to a browser`, async () => {
      const store = {
        ...createMemoryStore(),
        compareAndSwap: async () => {
          throw new StorageError({ code: 'store_unavailable', message: code });
        },
      };
      const machine = createMachine({ store });
      const { signIn } = machine.start().connection(world.server, { interaction: true });
      await assert.rejects(signIn(), { code: 'store_unavailable' });
      assert.deepEqual([machine.network.registrations(), machine.trips], [[], []]);
    });
  }

  describe('signed out after a step-up', () => {
    /** Signs in, steps up, and gives what was issued. */
    async function steppedUp() {
      const steep = await startWorld({ protectedResource: { furtherTools: { write: ['private_metadata'] } } });
      const machine = createMachine();
      const connection = machine.start().connection(steep.server, { interaction: true });
      await connection.signIn();
      const first = (await connection.session())?.tokens;
      assert.equal((await callTool(connection.fetch, steep.server, { tool: 'write' })).status, 200);
      const second = (await connection.session())?.tokens;
      const { AccessToken, RefreshToken } = steep.authorizationServer.provider;
      const live = async () => [
        Boolean(await AccessToken.find(first?.accessToken ?? '')),
        Boolean(await RefreshToken.find(first?.refreshToken ?? '')),
        Boolean(await AccessToken.find(second?.accessToken ?? '')),
        Boolean(await RefreshToken.find(second?.refreshToken ?? '')),
      ];
      return { steep, machine, connection, live };
    }

    test('nothing is revoked before: the session after a step-up still refreshes', async () => {
      const { steep, machine, connection, live } = await steppedUp();
      assert.deepEqual(await live(), [true, true, true, true]);
      assert.ok(machine.network.requests.every(({ url }) => !url.includes('revocation')));
      await connection.refresh();
      await steep.close();
    });

    test('the tokens of the sign-in before are revoked too', async () => {
      const { steep, machine, connection, live } = await steppedUp();
      assert.equal(await connection.signOut(), true);
      assert.deepEqual(await live(), [false, false, false, false]);
      const keys = ['session', 'replaced', 'sign-in'].map((kind) => `${kind} ${steep.server} default`);
      assert.deepEqual(await Promise.all(keys.map((key) => machine.host.store.read(key))), [null, null, null]);
      await steep.close();
    });

    test('one that cannot be revoked keeps no other from it, and is told', async () => {
      const { steep, machine, connection, live } = await steppedUp();
      machine.network.fault = ({ url }, init) =>
        url.includes('revocation') && String(init?.body).includes('hint=refresh_token')
          ? Response.json({ error: 'unsupported_token_type' }, { status: 400 })
          : undefined;
      assert.equal(await connection.signOut(), false);
      const [firstAccess, , secondAccess] = await live();
      assert.deepEqual([firstAccess, secondAccess], [false, false]);
      await steep.close();
    });
  });

  test('a client that is forgotten: what the connection needed is asked for in the first trip with the next one', async () => {
    const steep = await startWorld({ protectedResource: { furtherTools: { write: ['private_metadata'] } } });
    const machine = createMachine();
    const connection = machine.start().connection(steep.server, { interaction: true });
    assert.equal((await callTool(connection.fetch, steep.server, { tool: 'write' })).status, 200);
    machine.trips.length = 0;
    await connection.forgetClient();
    await connection.forgetClient();
    assert.deepEqual([await connection.session(), await connection.plan()], [null, null]);
    assert.equal((await callTool(connection.fetch, steep.server, { tool: 'write' })).status, 200);
    assert.equal(machine.trips.length, 1);
    assert.match(String(machine.trips[0]?.searchParams.get('scope')), /\bprivate_metadata\b/);
    assert.equal(machine.network.registrations().length, 2);
    await connection.signOut();
    assert.equal(await machine.host.store.read(`plan ${steep.server} default`), null);
    await steep.close();
  });

  test('[accepts interop 89] however its URL is spelled, a server is one: one sign-in, one registration, one session', async () => {
    const machine = createMachine();
    const { origin, port } = new URL(world.server);
    const spellings = [world.server, origin.replace('http', 'HTTP') + '/mcp', `http://127.1:${port}/x/../mcp`];
    const authorizer = machine.start();
    for (const spelling of spellings) {
      const connection = authorizer.connection(spelling, { interaction: true });
      assert.equal(connection.endpoint, world.server);
      assert.equal((await callTool(connection.fetch, spelling)).status, 200);
    }
    assert.deepEqual([machine.trips.length, machine.network.registrations().length], [1, 1]);
    assert.ok(
      await machine
        .start()
        .connection(/** @type {string} */ (spellings[2]))
        .session(),
    );
  });

  test('signed out while a refresh is under way: nobody is signed in afterwards', async () => {
    const { host, start, network } = await signedInMachine();
    await expire(host.store, world.server);
    const { fetch, signOut } = start().connection(world.server);
    network.fault = async ({ form }) => {
      if (form.has('refresh_token')) await signOut();
      return undefined;
    };
    await assert.rejects(callTool(fetch, world.server), { code: 'interaction_required' });
    assert.equal(await storedSession(host.store, world.server), null);
  });

  describe('a sign-in whose process ends while the person is in the browser', () => {
    /** Sends the person away, and never hears of them again. */
    async function interrupted(machine = createMachine()) {
      /** @type {(url: string) => void} */
      let sent = () => {};
      /** @type {Promise<string>} */
      const away = new Promise((resolve) => (sent = resolve));
      /** @type {Redirect} */
      const redirect = {
        prepare: async () => ({
          redirectUri: 'com.example.tests:/callback',
          authorize({ authorizationUrl }) {
            sent(authorizationUrl);
            return new Promise(() => {});
          },
          close: async () => {},
        }),
      };
      machine
        .start({ host: { ...machine.host, redirect } })
        .connection(world.server, { interaction: true })
        .signIn();
      return { machine, authorizationUrl: await away };
    }

    test('[accepts A3] is completed by the next process, once; the same callback again is refused', async () => {
      const { machine, authorizationUrl } = await interrupted();
      const callbackUrl = await machine.userAgent.signIn(authorizationUrl);
      const authorizer = machine.start();
      const completed = await authorizer.complete(callbackUrl);
      assert.ok('session' in completed);
      assert.deepEqual([completed.endpoint, completed.account], [world.server, 'default']);
      assert.equal((await callTool(authorizer.fetch(world.server), world.server)).status, 200);

      const replayed = await rejectionOf(authorizer.complete(callbackUrl));
      assert.ok(replayed instanceof MisbehavedError);
      assert.deepEqual([replayed.code, replayed.step], ['state_mismatch', 'callback']);
      assert.equal(machine.network.tokenRequests('authorization_code').length, 1);
      assert.equal(
        (await callTool(machine.start().fetch(world.server), world.server)).status,
        200,
        'the session is still there',
      );
    });

    test('[accepts A3, interop 44] two that wait at once on one store: each is completed with its own code verifier', async () => {
      const { machine, authorizationUrl: earlier } = await interrupted();
      const { authorizationUrl: later } = await interrupted(machine);
      for (const authorizationUrl of [later, earlier]) {
        const completed = await machine.start().complete(await machine.userAgent.signIn(authorizationUrl));
        assert.ok('session' in completed);
      }
      const verifiers = machine.network
        .tokenRequests('authorization_code')
        .map(({ form }) => form.get('code_verifier'));
      assert.equal(new Set(verifiers).size, 2);
    });

    test('[refuses A3] a callback with another state, none, or no URL at all leaves it as it was', async () => {
      const { machine, authorizationUrl } = await interrupted();
      const callbackUrl = await machine.userAgent.signIn(authorizationUrl);
      const forged = new URL(callbackUrl);
      forged.searchParams.set('state', 'guessed');
      for (const url of [forged.href, 'com.example.tests:/callback?code=x', 'no URL', '']) {
        await assert.rejects(machine.start().complete(url), { code: 'state_mismatch', kind: 'misbehaved' });
      }
      assert.deepEqual(machine.network.tokenRequests('authorization_code'), []);
      assert.ok('session' in (await machine.start().complete(callbackUrl)));
    });

    test('[refuses A4] a callback with the right state from another issuer is refused, and uses it up', async () => {
      const { machine, authorizationUrl } = await interrupted();
      const callbackUrl = new URL(await machine.userAgent.signIn(authorizationUrl));
      callbackUrl.searchParams.set('iss', 'https://evil.example');
      await assert.rejects(machine.start().complete(callbackUrl.href), { code: 'response_issuer_mismatch' });
      assert.deepEqual(machine.network.tokenRequests('authorization_code'), []);
    });

    test('[accepts S4] is repaired once where the server refuses a scope: one more URL to open, and then the session', async () => {
      const { machine, authorizationUrl } = await interrupted();
      const { searchParams } = new URL(authorizationUrl);
      const refusal = new URLSearchParams({
        error: 'invalid_scope',
        scope: 'offline_access',
        state: String(searchParams.get('state')),
        iss: world.issuer,
      });
      const authorizer = machine.start();
      const again = await authorizer.complete(`com.example.tests:/callback?${refusal}`);
      assert.ok('authorizationUrl' in again);
      assert.equal(new URL(again.authorizationUrl).searchParams.get('scope'), 'openid email');
      const completed = await authorizer.complete(await machine.userAgent.signIn(again.authorizationUrl));
      assert.ok('session' in completed);
      assert.equal(completed.session.registration.scopes?.includes('offline_access'), false);
    });
  });

  describe('records that cannot be read are reported, and left as they are', () => {
    /** @type {Record<string, (session: any) => any>} */
    const damages = {
      'is empty': () => ({}),
      'has no tokens': ({ tokens: _, ...session }) => session,
      'has a token that is no text': (session) => ({ ...session, tokens: { ...session.tokens, accessToken: 7 } }),
      'has a token that would begin a header of its own': (session) => ({
        ...session,
        tokens: { ...session.tokens, accessToken: 'a\r\nb: c' },
      }),
      'has no plan': ({ plan: _, ...session }) => session,
      'has no client': ({ registration: _, ...session }) => session,
      'is of an older, unknown kind': (session) => ({ ...session, version: 0 }),
    };
    for (const [what, damage] of Object.entries(damages)) {
      test(`a session that ${what}`, async () => {
        await refusesSession(await signedInMachine(), damage, 'record_invalid', /damaged/);
      });
    }

    test('a session of a newer version', async () => {
      await refusesSession(
        await signedInMachine(),
        (session) => ({ ...session, version: 2, tokens: 'sealed' }),
        'record_newer',
        /newer version.*update/,
      );
    });

    /**
     * @param {Machine} machine
     * @param {(session: any) => any} damage
     * @param {string} code
     * @param {RegExp} message
     */
    async function refusesSession({ host, start, trips, network }, damage, code, message) {
      await rewrite(host.store, sessionKey(world.server), damage);
      const left = await host.store.read(sessionKey(world.server));
      const sent = network.requests.length;
      const connection = start().connection(world.server, { interaction: true });
      const attempts = [
        () => callTool(connection.fetch, world.server),
        connection.signIn,
        connection.refresh,
        connection.session,
        connection.plan,
        connection.signOut,
      ];
      for (const attempt of attempts) {
        const error = await rejectionOf(attempt());
        assert.ok(error instanceof StorageError, String(error));
        assert.equal(error.code, code);
        assert.match(error.message, message);
      }
      assert.deepEqual(await host.store.read(sessionKey(world.server)), left);
      assert.equal(network.requests.length, sent);
      assert.equal(trips.length, 1);
    }

    test('a damaged registration is not replaced by a new one', async () => {
      const { host, start, network } = await signedInMachine();
      await start().connection(world.server).signOut();
      const key = `clients ${world.server}`;
      await rewrite(host.store, key, (clients) => ({
        ...clients,
        clients: { [world.issuer]: { registration: 'lost' } },
      }));
      const left = await host.store.read(key);
      await assert.rejects(callTool(start().fetch(world.server, { interaction: true }), world.server), {
        code: 'record_invalid',
      });
      assert.deepEqual(await host.store.read(key), left);
      assert.equal(network.registrations().length, 1);
    });

    test('a pending authorization of a newer version is left for the newer program', async () => {
      const { host, start } = createMachine();
      const value = { version: 2, sealed: 'not for us' };
      await host.store.compareAndSwap('pending the-state', null, value);
      await assert.rejects(start().complete('http://127.0.0.1/callback?state=the-state&code=x'), {
        code: 'record_newer',
        kind: 'storage',
      });
      assert.deepEqual((await host.store.read('pending the-state'))?.value, value);
    });
  });

  test('a store that fails is reported as it reports itself', async () => {
    const { host, start } = createMachine();
    const failure = new StorageError({ code: 'store_unavailable', message: 'The disk is gone.' });
    const store = { ...host.store, read: () => Promise.reject(failure) };
    await assert.rejects(callTool(start({ host: { ...host, store } }).fetch(world.server), world.server), failure);
  });

  test('a trace that throws ends nothing', async () => {
    let events = 0;
    const { start } = createMachine({
      trace() {
        events += 1;
        throw new Error('the log is full');
      },
    });
    assert.equal((await callTool(start().fetch(world.server, { interaction: true }), world.server)).status, 200);
    assert.ok(events > 5);
  });

  test('no event of a sign-in, a refresh and a step-up tells a secret', async () => {
    /** @type {string[]} */
    const events = [];
    const machine = createMachine({ trace: (event) => void events.push(JSON.stringify(event)) });
    const connection = machine.start().connection(world.server, { interaction: true });
    await callTool(connection.fetch, world.server);
    const first = await connection.session();
    await connection.refresh();
    const second = await connection.session();
    const secrets = [first, second].flatMap((session) => [
      session?.tokens.accessToken,
      session?.tokens.refreshToken,
      session?.registration.registrationAccessToken,
    ]);
    const codes = machine.network
      .tokenRequests('authorization_code')
      .flatMap(({ form }) => [form.get('code'), form.get('code_verifier')]);
    const states = machine.trips.map(({ searchParams }) => searchParams.get('state'));
    for (const secret of [...secrets, ...codes, ...states]) {
      assert.ok(secret && secret.length > 20);
      for (const event of events) assert.ok(!event.includes(secret), event);
    }
    assert.deepEqual([...new Set(events.map((event) => JSON.parse(event).version))], [1]);
  });

  test('an authorizer needs a host with a store', () => {
    for (const options of [{}, { host: {} }, { host: { store: null } }, undefined]) {
      assert.throws(
        () => createAuthorizer(/** @type {any} */ (options)),
        (error) => {
          assert.ok(error instanceof MisuseError);
          assert.equal(error.code, 'invalid_argument');
          return true;
        },
      );
    }
    assert.ok(createAuthorizer({ host: { store: createMemoryStore() } }));
  });
});
