// What becomes of a connection whose scopes were withheld, refused, left out or taken away at some time: it asks for them
// again when that may help, and gets along without them when it does not need them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { createScriptedServers, managedAt, server } from './scripted_servers.js';
import { expire, rejectionOf, storedSession } from './world.js';

/** @import { ConnectionSettings } from 'mcp-oauth-wasm' */
/** @import { Script } from './scripted_servers.js' */

const refusal = (/** @type {string} */ error, status = 400) => Response.json({ error }, { status });

/** @param {Partial<Script>} [script] */
function scripted(script) {
  const servers = createScriptedServers();
  Object.assign(servers.script, script);
  const scopesOfTrips = () => servers.seen.trips.map(({ scope }) => scope);
  return { ...servers, scopesOfTrips };
}

describe('what was asked for in vain', () => {
  const needs = { look: ['read'], change: ['read', 'write'], manage: ['read', 'admin', 'write'] };

  /** A person who said no to more than `read`, and is not asked again by any call. */
  async function exhausted() {
    const servers = scripted({ needs });
    const { script, seen, start } = servers;
    const connection = start();
    assert.equal(await connection.call('look'), 200);
    script.authorize = (requested) =>
      requested.includes('write') ? { error: 'access_denied' } : { granted: requested };
    await assert.rejects(connection.call('change'), { code: 'authorization_refused' });
    const trips = seen.trips.length;
    const error = await rejectionOf(connection.call('change'));
    assert.equal(error.code, 'attempts_exhausted');
    assert.match(error.message, /`signIn\(\)` once they are permitted/);
    await assert.rejects(start().call('change'), { code: 'attempts_exhausted' }, 'a restart makes no difference');
    assert.equal(seen.trips.length, trips);
    script.authorize = (requested) => ({ granted: requested });
    await assert.rejects(
      connection.call('change'),
      { code: 'attempts_exhausted' },
      'nobody knows yet that it is permitted',
    );
    return { ...servers, connection };
  }

  test('the operator permits the scopes and the person signs in again, as the error says: the next call asks for them', async () => {
    const { connection, scopesOfTrips } = await exhausted();
    await connection.signIn();
    assert.equal(await connection.call('change'), 200);
    assert.deepEqual(scopesOfTrips().slice(-2), ['read', 'read write']);
  });

  test('the scopes were withheld instead: the sign-in itself asks for them, and the next call finds them granted', async () => {
    const { script, start, scopesOfTrips } = scripted({ needs, authorize: () => ({ granted: ['read'] }) });
    const { call, signIn } = start();
    for (const code of ['scope_withheld', 'scope_withheld', 'attempts_exhausted']) {
      assert.equal(await call('look'), 200);
      await assert.rejects(call('change'), { code });
    }
    script.authorize = (requested) => ({ granted: requested });
    await signIn();
    assert.equal(await call('change'), 200);
    assert.deepEqual(scopesOfTrips(), ['read', 'read write', 'read write', 'read write']);
  });

  test('the person signs out: the next session asks for the scopes anew', async () => {
    const { connection, scopesOfTrips } = await exhausted();
    await connection.signOut();
    assert.equal(await connection.call('look'), 200);
    assert.equal(await connection.call('change'), 200);
    assert.deepEqual(scopesOfTrips().slice(-2), ['read', 'read write']);
  });

  test('the count is of a set of scopes, in whatever order they are named; another set has its own', async () => {
    const { script, seen, start } = scripted({ needs, authorize: () => ({ granted: ['read'] }) });
    const { call } = start();
    await call('look');
    const orders = [
      ['admin', 'write'],
      ['write', 'admin'],
      ['admin', 'write'],
    ];
    const codes = [];
    for (const order of orders) {
      script.needs = { manage: ['read', ...order], change: ['read', 'write'] };
      codes.push((await rejectionOf(call('manage'))).code);
      await call('look');
    }
    assert.deepEqual(codes, ['scope_withheld', 'scope_withheld', 'attempts_exhausted']);
    assert.equal(seen.trips.length, 3);
    await assert.rejects(call('change'), { code: 'scope_withheld' });
    assert.equal(seen.trips.length, 4);
  });

  test('a client that was registered by hand lacks a scope: that is known here, and counts for nothing', async () => {
    const { seen, start } = scripted({ needs });
    const { call } = start({ client: { clientId: 'by-hand', scopes: ['read'] } });
    assert.equal(await call('look'), 200);
    for (const _ of Array(5)) await assert.rejects(call('change'), { code: 'scope_not_registered' });
    assert.equal(seen.trips.length, 1);
    assert.equal(await start({ client: { clientId: 'by-hand', scopes: ['read', 'write'] } }).call('change'), 200);
    assert.equal(seen.trips.length, 2);
  });
});

describe('the token expires at a server that names a scope which it does without', () => {
  const needy = /** @type {Partial<Script>} */ ({
    authorize: () => ({ granted: ['read'] }),
    demand: (_operation, granted) => (granted ? undefined : { status: 401, scopes: ['read', 'profile'] }),
  });
  const days = [1, 2, 3, 4];

  test('with a refresh token nobody is sent anywhere, day after day', async () => {
    const { seen, start, refuseTokens } = scripted({ ...needy, issue: () => ({ refresh_token: 'refresh-token' }) });
    const { call } = start();
    assert.equal(await call('look'), 200);
    for (const day of days) {
      refuseTokens();
      assert.equal(await call('look'), 200);
      assert.equal(seen.refreshes, day);
    }
    assert.equal(seen.trips.length, 1);
  });

  test('without a refresh token, and without a known lifetime, it is one plain sign-in each time, and never too many', async () => {
    const { seen, start, refuseTokens } = scripted({ ...needy, issue: () => ({ expires_in: undefined }) });
    const { call } = start();
    assert.equal(await call('look'), 200);
    for (const day of days) {
      refuseTokens();
      assert.equal(await call('look'), 200);
      assert.equal(seen.trips.length, 1 + day);
    }
    assert.equal(seen.registrations.length, 1);
  });

  test('without a refresh token, once the known lifetime is over, it is one plain sign-in as well', async () => {
    const { seen, start, store, refuseTokens } = scripted(needy);
    assert.equal(await start().call('look'), 200);
    for (const day of days) {
      refuseTokens();
      await expire(store, server);
      assert.equal(await start().call('look'), 200);
      assert.equal(seen.trips.length, 1 + day);
    }
  });
});

const refusedScope = { error: 'invalid_scope', error_description: 'write is not permitted' };

describe('what a server answers to a registration is kept, though it lacks scopes', () => {
  test('an update that answers without a required scope, and with a new registration access token: the next one carries that', async () => {
    const { script, seen, start } = scripted({
      needs: { look: ['read'], change: ['read', 'write'], manage: ['read', 'admin'] },
      register: () => ({ registration_access_token: 'first', registration_client_uri: managedAt }),
    });
    const { call } = start();
    assert.equal(await call('look'), 200);
    const permitted = ['read', 'admin'];
    const current = ['first', 'second', 'third'];
    script.manage = (method, sent, authorization) => {
      if (method !== 'PUT' || authorization !== `Bearer ${current[0]}`) return refusal('invalid_token', 401);
      current.shift();
      const scope = sent?.scope
        .split(' ')
        .filter((/** @type {string} */ one) => permitted.includes(one))
        .join(' ');
      return Response.json({
        ...sent,
        scope,
        registration_access_token: current[0],
        registration_client_uri: managedAt,
      });
    };
    script.authorize = (requested) => (requested.includes('write') ? refusedScope : { granted: requested });
    await assert.rejects(call('change'), { code: 'scope_not_registered' });
    assert.equal(await call('manage'), 200);
    assert.deepEqual(seen.updates, [
      { scope: 'read write', authorization: 'Bearer first' },
      { scope: 'read admin write', authorization: 'Bearer second' },
    ]);
    assert.equal(seen.registrations.length, 1);
    assert.deepEqual(
      seen.trips.map(({ client }) => client),
      ['client-1', 'client-1', 'client-1'],
    );
  });

  test('a first registration without a required scope, at a server that permits one client only: a smaller demand is served by that client', async () => {
    const { script, seen, start } = scripted({
      needs: { look: ['read'], change: ['read', 'write'] },
      authorize: (requested) => (requested.includes('write') ? refusedScope : { granted: requested }),
    });
    script.register = () => (seen.registrations.length > 1 ? refusal('too_many_requests', 429) : { scope: 'read' });
    const { call } = start();
    await assert.rejects(call('change'), { code: 'scope_not_registered' });
    assert.equal(await call('look'), 200);
    assert.deepEqual(seen.trips, [
      { client: 'client-1', scope: 'read' },
      { client: 'client-1', scope: 'read write' },
    ]);
    assert.equal(await start().call('look'), 200);
    assert.equal(seen.registrations.length, 1);
  });

  for (const [what, settings, listed] of /** @type {[string, ConnectionSettings, string[] | undefined][]} */ ([
    ['a scope that the host can do without', { optionalScopes: ['admin'] }, undefined],
    ['a scope that the MCP server lists and does not demand', {}, ['read', 'admin']],
  ])) {
    test(`the ladder of registration left out ${what}: later sign-ins register nothing`, async () => {
      const { seen, start, refuseTokens, scopesOfTrips } = scripted({
        listed,
        needs: { look: ['read'] },
        register: ({ scope }) => (scope.includes('admin') ? refusal('invalid_client_metadata') : {}),
      });
      const { call } = start(settings);
      assert.equal(await call('look'), 200);
      for (const again of [call, start(settings).call]) {
        refuseTokens();
        assert.equal(await again('look'), 200);
      }
      assert.deepEqual(seen.registrations, ['read admin', 'read']);
      assert.deepEqual(scopesOfTrips(), ['read', 'read', 'read']);
    });
  }
});

describe('a refresh is refused, but not for the refresh token', () => {
  for (const error of [
    'unauthorized_client',
    'invalid_scope',
    'access_denied',
    'invalid_request',
    'unsupported_grant_type',
  ]) {
    test(`${error}: the access token serves while it lives, then the person signs in`, async () => {
      const { script, seen, start, store, refuseTokens } = scripted({
        needs: { look: ['read'] },
        issue: (grant) => (grant === 'refresh_token' ? refusal(error) : { refresh_token: 'refresh-token' }),
      });
      assert.equal(await start().call('look'), 200);
      await expire(store, server, 5);
      const { call } = start();
      assert.equal(await call('look'), 200);
      assert.deepEqual({ refreshes: seen.refreshes, trips: seen.trips.length }, { refreshes: 1, trips: 1 });

      refuseTokens();
      await expire(store, server);
      /** @type {any} */
      let before;
      script.authorize = async (requested) => {
        before = await storedSession(store, server);
        return { granted: requested };
      };
      assert.equal(await call('look'), 200);
      assert.equal(before.tokens.refreshToken, 'refresh-token');
      assert.equal(seen.trips.length, 2);
      assert.equal(seen.registrations.length, 1);
    });
  }
});

describe('a 403 that names no scopes, at a server that lists nothing which could still be had', () => {
  const listed = ['read', 'other'];
  /** @type {[string, Partial<Script>, string][]} */
  const cases = [
    ['everything was asked for and granted', {}, 'read other'],
    ['the rest is left out, since its server does not list it', { listed: ['read', 'offline_access'] }, 'read'],
    ['the rest is not registered', { register: () => ({ scope: 'read' }) }, 'read'],
    [
      'the rest was refused',
      {
        authorize: (requested) =>
          requested.includes('other')
            ? { error: 'invalid_scope', error_description: 'other is not permitted' }
            : { granted: requested },
      },
      'read',
    ],
  ];
  for (const [what, script, requested] of cases) {
    test(`${what}: the server is never content, and nobody is sent anywhere for it`, async () => {
      const { seen, start, scopesOfTrips } = scripted({
        listed,
        demand(operation, granted) {
          if (!granted) return { status: 401 };
          return operation === 'look' ? undefined : { status: 403 };
        },
        ...script,
      });
      const { call } = start();
      assert.equal(await call('look'), 200);
      assert.equal(scopesOfTrips().at(-1), requested);
      const trips = seen.trips.length;
      for (const again of [call, call, start().call])
        await assert.rejects(again('change'), { code: 'fresh_token_refused' });
      assert.equal(seen.trips.length, trips);
      assert.equal(await call('look'), 200, 'the session is as good as before');
    });
  }

  test('what is listed and was never asked for is asked for', async () => {
    const { start, scopesOfTrips } = scripted({
      listed,
      demand(operation, granted) {
        if (!granted) return { status: 401, scopes: ['read'] };
        return operation === 'look' || granted.includes('other') ? undefined : { status: 403 };
      },
    });
    const { call } = start();
    assert.equal(await call('look'), 200);
    assert.equal(await call('change'), 200);
    assert.deepEqual(scopesOfTrips(), ['read', 'read other']);
  });
});

test('a host that does not want to stay signed in, and a server that demands offline_access: it is registered, and signed in', async () => {
  const { seen, start, scopesOfTrips } = scripted({ needs: { look: ['read', 'offline_access'] } });
  assert.equal(await start({ refresh: false }).call('look'), 200);
  assert.deepEqual(seen.registrations, ['read offline_access']);
  assert.deepEqual(scopesOfTrips(), ['read offline_access']);
});

describe('a scope that another operation once needed is taken from the client', () => {
  const needs = { look: ['read'], change: ['read', 'write'] };

  /**
   * What both operations need was granted, and the token is then no longer accepted.
   *
   * @param {ConnectionSettings} [settings]
   */
  async function withBoth(settings) {
    const servers = scripted({ needs });
    const { call } = servers.start(settings);
    for (const operation of ['look', 'change']) assert.equal(await call(operation), 200);
    servers.refuseTokens();
    servers.seen.trips.length = 0;
    return servers;
  }

  /** @type {[string, string[] | undefined, (connection: ReturnType<ReturnType<typeof scripted>['start']>) => Promise<unknown>][]} */
  const ways = [
    ['a call that needs less', undefined, ({ call }) => call('look')],
    ['a sign-in for the scopes of the setting', ['read'], ({ signIn }) => signIn()],
  ];
  for (const [what, scopes, signsIn] of ways) {
    test(`by hand, and the setting says so: ${what} succeeds, and asks for less`, async () => {
      const { start, scopesOfTrips } = await withBoth({ client: { clientId: 'by-hand', scopes: ['read', 'write'] } });
      const connection = start({ client: { clientId: 'by-hand', scopes: ['read'] }, scopes });
      await signsIn(connection);
      assert.deepEqual(scopesOfTrips(), ['read']);
      assert.equal(await connection.call('look'), 200);
      await assert.rejects(connection.call('change'), { code: 'scope_not_registered' });
      assert.equal(scopesOfTrips().length, 1);
    });

    test(`at the authorization server, which registers and authorizes without it from now on: ${what} succeeds, and asks for less`, async () => {
      const { script, start, scopesOfTrips } = await withBoth();
      script.register = () => ({ scope: 'read' });
      script.authorize = (requested) =>
        requested.includes('write') ? { error: 'invalid_scope' } : { granted: requested };
      const connection = start({ scopes });
      await signsIn(connection);
      assert.deepEqual(scopesOfTrips(), ['read write', 'read']);
      assert.equal(await connection.call('look'), 200);
      assert.equal(scopesOfTrips().length, 2);
    });
  }

  test('the operation that needs it is refused: what a call demands is never asked for without it', async () => {
    const { start, scopesOfTrips } = await withBoth({ client: { clientId: 'by-hand', scopes: ['read', 'write'] } });
    await assert.rejects(start({ client: { clientId: 'by-hand', scopes: ['read'] } }).call('change'), {
      code: 'scope_not_registered',
    });
    assert.deepEqual(scopesOfTrips(), []);
  });
});

test('refused scopes that a look has seen are not asked for again where the redirect URI has to change', async () => {
  const { script, seen, start, redirectAt, scopesOfTrips } = scripted({ needs: { look: ['read'] } });
  script.isLookedAt = true;
  script.register = ({ redirect_uris: [uri] }) => (uri.includes('localhost') ? {} : refusal('invalid_redirect_uri'));
  const redirect = [redirectAt('http://127.0.0.1:49152/callback'), redirectAt('http://localhost:49152/callback')];
  const { signIn } = start({ scopes: ['read'], optionalScopes: ['write'] }, { redirect });
  script.authorize = () => Promise.reject(new Error('the window was closed'));
  await assert.rejects(signIn());
  script.authorize = (requested) =>
    requested.includes('write')
      ? { error: 'invalid_scope', error_description: 'write is not permitted' }
      : { granted: requested };
  await signIn();
  assert.deepEqual(seen.looks, ['read write']);
  assert.deepEqual(scopesOfTrips(), ['read write', 'read']);
});
