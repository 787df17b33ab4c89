// What becomes of a connection when its host fails: its store, its log, its approval, its signer.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createAuthorizer, createMemoryStore, discover, MisuseError } from 'mcp-oauth-wasm';
import { clientCredentials } from 'mcp-oauth-wasm/grants';
import { createScriptedServers, issuer, server } from './scripted_servers.js';
import { expire, rejectionOf } from './world.js';

test('a store that cannot be written after a refresh: the new tokens are written at the next call, and nobody signs in again', async () => {
  const { store, script, seen, start } = createScriptedServers();
  let used = 0;
  script.issue = () => ({ refresh_token: `refresh-${(used += 1)}` });
  let isFull = false;
  /** @type {typeof store} */
  const failing = {
    ...store,
    async compareAndSwap(key, ...change) {
      if (isFull && key.startsWith('session ')) throw new Error('the disk is full');
      return store.compareAndSwap(key, ...change);
    },
  };
  const { call, session } = start(undefined, { store: failing });
  await call('look');
  await expire(store, server);
  isFull = true;
  const restarted = start(undefined, { store: failing });
  await assert.rejects(restarted.call('look'), { message: 'the disk is full' });
  isFull = false;
  assert.equal(await restarted.call('look'), 200);
  assert.equal((await session())?.tokens.refreshToken, 'refresh-2');
  assert.deepEqual([seen.refreshes, seen.trips.length], [1, 1]);
});

test('a log that fails later ends nothing, as one that fails at once', async () => {
  /** @type {unknown[]} */
  const unhandled = [];
  const note = (/** @type {unknown} */ reason) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  const { start } = createScriptedServers();
  const trace = async () => {
    throw new Error('the log is full');
  };
  assert.equal(await start(undefined, { trace }).call('look'), 200);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  assert.deepEqual(unhandled, []);
});

test('an approval that nobody gives holds up nobody else once its caller has given up, and is told so', async () => {
  const { script, start } = createScriptedServers();
  script.needs = { look: ['read'], change: ['read', 'write'] };
  /** @type {AbortSignal | undefined} */
  let told;
  const approve = (/** @type {{ signal?: AbortSignal }} */ { signal }) => {
    told = signal;
    return new Promise(() => {});
  };
  const { fetch, call, signIn } = start(undefined, { approve: /** @type {any} */ (approve) });
  await call('look');
  const giving = new AbortController();
  const waiting = rejectionOf(fetch(server, { method: 'POST', body: 'change', signal: giving.signal }));
  while (!told) await new Promise((resolve) => setImmediate(resolve));
  giving.abort();
  assert.equal((await waiting).name, 'AbortError');
  assert.equal(told.aborted, true);
  await signIn();
});

test('what a signer says when it cannot sign reaches the caller', async () => {
  const said = new MisuseError({ code: 'invalid_private_key', message: 'The key is damaged.' });
  const authorizer = createAuthorizer({
    host: {
      store: createMemoryStore(),
      fetch: async (url) =>
        String(url).includes('protected-resource')
          ? Response.json({ resource: server, authorization_servers: [issuer] })
          : Response.json({
              issuer,
              authorization_endpoint: `${issuer}/a`,
              token_endpoint: `${issuer}/t`,
              code_challenge_methods_supported: ['S256'],
            }),
    },
    settings: () => ({
      grant: clientCredentials(),
      client: {
        clientId: 'a machine',
        issuer,
        tokenEndpointAuthMethod: 'private_key_jwt',
        assertion: () => Promise.reject(said),
      },
    }),
  });
  assert.equal(await rejectionOf(authorizer.connection(server).signIn()), said);
});

test('a space in the URL of a server is no space between the URL and the account', async () => {
  const { store, start } = createScriptedServers();
  const { call } = start();
  await call('look');
  const authorizer = createAuthorizer({ host: { store } });
  await store.compareAndSwap(
    `session ${server} Alice Smith`,
    null,
    (await store.read(`session ${server} default`))?.value ?? null,
  );
  assert.equal(await authorizer.connection(`${server} Alice`, { account: 'Smith' }).session(), null);
});

test('a misspelt option, and a store or redirect without its functions, is said at once', () => {
  const store = createMemoryStore();
  const wrong = { code: 'invalid_argument' };
  assert.throws(() => createAuthorizer(/** @type {any} */ ({ host: { store }, setings: () => ({}) })), {
    ...wrong,
    message: 'There is no option `setings`. There are `host`, `client`, `settings`.',
  });
  for (const host of [
    undefined,
    {},
    { store: {} },
    { store: { read() {} } },
    { store, redirect: {} },
    { store, redirect: [{}] },
  ])
    assert.throws(() => createAuthorizer(/** @type {any} */ ({ host })), wrong);
  assert.throws(() => createAuthorizer(/** @type {any} */ (undefined)), wrong);
  const authorizer = createAuthorizer({ host: { store } });
  for (const method of /** @type {const} */ (['connection', 'fetch']))
    assert.throws(
      () => authorizer[method]('https://mcp.example/mcp', /** @type {any} */ ({ interacton: true })),
      wrong,
    );
});

test('settings that are no function, or come later, are said at once', () => {
  const { store } = createScriptedServers();
  const options = { host: { store }, settings: { scopes: ['read'] } };
  assert.throws(() => createAuthorizer(/** @type {any} */ (options)), {
    code: 'invalid_argument',
    message: /settings/,
  });
  const { connection } = createAuthorizer(/** @type {any} */ ({ host: { store }, settings: async () => ({}) }));
  assert.throws(() => connection(server), { code: 'invalid_argument', message: /promise/ });
});

test('a step without its input says which argument is missing', async () => {
  for (const input of [undefined, null, [], 'https://mcp.example/mcp']) {
    await assert.rejects(discover(/** @type {any} */ (input)), {
      code: 'invalid_argument',
      message: 'The argument `input` must be an object.',
    });
  }
});

test('a redirect that cannot send anybody is said before a client is registered', async () => {
  const { start, seen } = createScriptedServers();
  const redirect = { prepare: async () => ({ redirectUri: 'http://127.0.0.1:1/callback', close: async () => {} }) };
  const { signIn } = start(undefined, { redirect: /** @type {any} */ (redirect) });
  await assert.rejects(signIn(), { code: 'invalid_argument', message: /authorize/ });
  assert.equal(seen.registrations.length, 0);
});

test('a misspelt member of the client or of the settings is said before anything is sent', async () => {
  const { store } = createScriptedServers();
  const fetch = () => assert.fail('something was sent');
  for (const [path, options] of Object.entries({
    'client.clientNam': { client: { clientNam: 'Test' } },
    'settings.scope': { settings: () => ({ scope: ['read'] }) },
    'settings.client.secret': { settings: () => ({ client: { clientId: 'client', secret: 'secret' } }) },
    'settings.initialAccessToken.value': {
      settings: () => ({ initialAccessToken: { issuer: 'https://auth.example', token: 't', value: 't' } }),
    },
  })) {
    const host = { store, fetch };
    const authorizer = createAuthorizer(/** @type {any} */ ({ host, ...options }));
    await assert.rejects(authorizer.connection(server).signIn(), { code: 'invalid_argument', details: { path } });
  }
});
