// What other clients have stored becomes a session of ours, at real servers: nobody signs in again.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { IncompatibleError, MisuseError, StorageError, TransportError } from 'mcp-oauth-wasm';
import { importSession, readRmcpCredentials } from 'mcp-oauth-wasm/import';
import { pastedRedirect } from 'mcp-oauth-wasm/pasted-redirect';
import { sdks, signInWithSdk } from './sdk_sign_in.js';
import { callTool, createMachine, expire, rejectionOf, sessionKey, startWorld } from './world.js';

/** @import { StoredElsewhere } from 'mcp-oauth-wasm/import' */
/** @import { Sdk } from './sdk_sign_in.js' */
/** @import { World } from './world.js' */

const challengeScopes = ['openid', 'email', 'offline_access'];

describe('a session from elsewhere', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld({ protectedResource: { challengeScopes, furtherTools: { write: ['private_metadata'] } } });
  });
  after(() => world.close());

  /**
   * A machine on which an application has used the SDK until now.
   *
   * @param {Sdk} [sdk]
   */
  async function machineWithRecords(sdk = 'sdk 1.32') {
    const machine = createMachine();
    /** @type {StoredElsewhere & { tokens: any, clientInformation: any, discoveryState: any }} */
    const record = { endpoint: world.server, ...(await signInWithSdk(sdk, world.server, machine.userAgent)) };
    const refreshes = () => machine.network.tokenRequests('refresh_token').map(({ form }) => form);
    /** @param {Partial<StoredElsewhere>} [changes] */
    const imported = (changes) => importSession({ host: machine.host }, { ...record, ...changes });
    return { ...machine, record, refreshes, imported };
  }

  for (const sdk of /** @type {Sdk[]} */ (Object.keys(sdks))) {
    test(`of ${sdk} is used, refreshed and stepped up`, async () => {
      const { host, record, refreshes, imported, network, start, trips } = await machineWithRecords(sdk);
      assert.equal(await imported(), true);
      const connection = start().connection(world.server);
      const answer = await callTool(connection.fetch, world.server);
      assert.match(await answer.text(), /alice@example\.com/);
      assert.deepEqual(
        network.requests.filter(({ method }) => method === 'POST').map(({ url }) => url),
        [world.server],
      );

      await expire(host.store, world.server);
      assert.equal((await callTool(start().fetch(world.server), world.server)).status, 200);
      const [form] = refreshes();
      assert.equal(form?.get('client_id'), record.clientInformation.client_id);
      assert.equal(form?.get('refresh_token'), record.tokens.refresh_token);
      assert.equal(trips.length, 0, 'and nobody was asked');

      const interactive = start().connection(world.server, { interaction: true });
      assert.equal((await callTool(interactive.fetch, world.server, { tool: 'write' })).status, 200);
      assert.equal(trips.length, 1);
      const session = await interactive.session();
      assert.notEqual(
        session?.registration.clientId,
        record.clientInformation.client_id,
        'the SDK had registered neither that scope nor this redirect URI',
      );
      assert.deepEqual(
        trips[0]?.searchParams.get('scope')?.split(' ').sort(),
        [...challengeScopes, 'private_metadata'].sort(),
      );
    });
  }

  test('of rmcp is used and refreshed', async () => {
    const { host, record, refreshes, start, trips } = await machineWithRecords();
    const { issuer, scope, ...answer } = record.tokens;
    const credentials = {
      client_id: record.clientInformation.client_id,
      token_response: { ...answer, token_type: 'bearer' },
      granted_scopes: scope.split(' '),
      token_received_at: Math.floor(Date.now() / 1000),
      issuer,
    };
    const read = readRmcpCredentials(JSON.parse(JSON.stringify(credentials)));
    assert.equal(await importSession({ host }, { endpoint: world.server, ...read }), true);
    const connection = start().connection(world.server);
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
    const session = await connection.session();
    assert.equal(session?.tokens.expiresAt, credentials.token_received_at + answer.expires_in);
    assert.deepEqual(
      session?.plan.scopes.filter(({ granted }) => granted).map((one) => one.scope),
      scope.split(' '),
    );
    await expire(host.store, world.server);
    assert.equal((await callTool(start().fetch(world.server), world.server)).status, 200);
    assert.equal(refreshes().length, 1);
    assert.deepEqual(trips, []);
  });

  test('a refused access token of unknown age is refreshed', async () => {
    const { record, refreshes, imported, start, trips } = await machineWithRecords();
    await imported({ tokens: { ...record.tokens, access_token: 'expired-long-ago' } });
    assert.equal((await callTool(start().fetch(world.server), world.server)).status, 200);
    assert.equal(refreshes().length, 1);
    assert.deepEqual(trips, []);
  });

  describe('what is missing', () => {
    test('the scopes that were granted: the first use renews the session, and learns them', async () => {
      const { record, refreshes, imported, start, trips } = await machineWithRecords();
      const { scope, ...tokens } = record.tokens;
      await imported({ tokens: { ...tokens, access_token: 'not-to-be-used' } });
      const connection = start().connection(world.server);
      assert.equal((await callTool(connection.fetch, world.server)).status, 200);
      assert.equal(refreshes().length, 1);
      assert.deepEqual(
        (await connection.session())?.plan.scopes.filter(({ granted }) => granted).map((one) => one.scope),
        scope.split(' '),
      );
      assert.deepEqual(trips, []);
    });

    test('the scopes and the refresh token: the access token serves as long as it does', async () => {
      const { record, imported, start, trips } = await machineWithRecords();
      const { scope: _, refresh_token: __, ...tokens } = record.tokens;
      await imported({ tokens });
      const connection = start().connection(world.server);
      assert.equal((await callTool(connection.fetch, world.server)).status, 200);
      assert.equal((await connection.session())?.tokens.expiresAt, undefined);
      assert.deepEqual(trips, []);
    });

    test('the refresh token: the person is needed when the access token has expired, and not before', async () => {
      const { record, imported, start, trips } = await machineWithRecords();
      const { refresh_token: _, ...tokens } = record.tokens;
      await imported({ tokens: { ...tokens, access_token: 'expired-long-ago' } });
      assert.equal(
        (await rejectionOf(callTool(start().fetch(world.server), world.server))).code,
        'interaction_required',
      );
      assert.equal((await callTool(start().fetch(world.server, { interaction: true }), world.server)).status, 200);
      assert.equal(trips.length, 1);
    });

    test('the issuer, everywhere: it is the only one that the MCP server names', async () => {
      const { record, imported, start } = await machineWithRecords();
      const { issuer: _, ...tokens } = record.tokens;
      const { issuer: __, ...clientInformation } = record.clientInformation;
      const without = { ...record, tokens, clientInformation, discoveryState: undefined };
      assert.equal(await imported(/** @type {any} */ (without)), true);
      assert.equal((await start().connection(world.server).session())?.registration.issuer, world.issuer);
    });

    test('the scopes that the client is registered for: the next sign-in registers anew, though the redirect URI is the same', async () => {
      const { host, record, userAgent, network, start } = await machineWithRecords();
      const { scope: _, ...clientInformation } = record.clientInformation;
      const redirect = pastedRedirect({
        redirectUri: record.clientInformation.redirect_uris[0],
        ask: ({ authorizationUrl }) => userAgent.signIn(authorizationUrl),
      });
      await importSession({ host }, { ...record, clientInformation });
      const connection = start({ host: { ...host, redirect } }).connection(world.server, { interaction: true });
      assert.equal((await callTool(connection.fetch, world.server, { tool: 'write' })).status, 200);
      assert.equal(network.registrations().length, 1);
    });
  });

  test('a client whose scopes and redirect URI are known is used again', async () => {
    const { host, record, userAgent, network, imported, start } = await machineWithRecords();
    const redirect = pastedRedirect({
      redirectUri: record.clientInformation.redirect_uris[0],
      ask: ({ authorizationUrl }) => userAgent.signIn(authorizationUrl),
    });
    await imported();
    const connection = start({ host: { ...host, redirect } }).connection(world.server, { interaction: true });
    await connection.signIn();
    assert.deepEqual(network.registrations(), []);
    assert.equal((await connection.session())?.registration.clientId, record.clientInformation.client_id);
  });

  describe('the issuer', () => {
    const other = 'https://other.example';

    /** @type {Record<string, (record: any) => Partial<StoredElsewhere>>} */
    const named = {
      'as an argument': () => ({ issuer: other }),
      'by the tokens': ({ tokens }) => ({ tokens: { ...tokens, issuer: other } }),
      'by the client': ({ clientInformation }) => ({ clientInformation: { ...clientInformation, issuer: other } }),
      'by all of them': ({ tokens, clientInformation }) => ({
        tokens: { ...tokens, issuer: other },
        clientInformation: { ...clientInformation, issuer: other },
      }),
      'by what was discovered': ({ tokens, clientInformation }) => ({
        tokens: { ...tokens, issuer: undefined },
        clientInformation: { ...clientInformation, issuer: undefined },
        discoveryState: { authorizationServerUrl: other },
      }),
    };
    for (const [how, change] of Object.entries(named)) {
      test(`[refuses R2] is another, named ${how}: nothing is stored, and no credential is sent`, async () => {
        const { host, record, network, imported } = await machineWithRecords();
        const error = await rejectionOf(imported(change(record)));
        assert.ok(error instanceof MisuseError);
        assert.equal(error.code, 'session_of_other_issuer');
        assert.equal(await host.store.read(sessionKey(world.server)), null);
        assert.equal(await host.store.read(`clients ${world.server}`), null);
        assert.ok(
          network.requests.every(
            ({ method, authorization, form }) => method === 'GET' && !authorization && form.size === 0,
          ),
        );
      });
    }

    test('[accepts R2] is the same in another spelling, as the SDK stamps it', async () => {
      const { record, imported } = await machineWithRecords();
      const stamped = { ...record.tokens, issuer: `${world.issuer}/` };
      assert.equal(await imported({ tokens: stamped }), true);
    });

    test('[refuses R2] is not named, and the MCP server has several', async () => {
      const { host, record, network, imported } = await machineWithRecords();
      const { issuer: _, ...tokens } = record.tokens;
      const { issuer: __, ...clientInformation } = record.clientInformation;
      const without = /** @type {any} */ ({ tokens, clientInformation, discoveryState: undefined });
      network.fault = ({ url }) =>
        url.includes('oauth-protected-resource')
          ? Response.json({ resource: world.server, authorization_servers: [world.issuer, other] })
          : undefined;
      const error = await rejectionOf(imported(without));
      assert.equal(error.code, 'invalid_argument');
      assert.equal(error.details.path, 'issuer');
      assert.equal(await host.store.read(sessionKey(world.server)), null);
      assert.equal(await imported({ ...without, issuer: world.issuer }), true);
    });

    test('[accepts R2] is one of several that the MCP server names, and not the first', async () => {
      const { network, imported, start } = await machineWithRecords();
      network.fault = ({ url }) =>
        url.includes('oauth-protected-resource')
          ? Response.json({ resource: world.server, authorization_servers: [other, world.issuer] })
          : undefined;
      assert.equal(await imported(), true);
      assert.equal((await start().connection(world.server).session())?.registration.issuer, world.issuer);
      assert.ok(network.requests.every(({ url }) => !url.startsWith(other)));
    });
  });

  test('a session that is there already stays as it is', async () => {
    const { host, record, imported, network, start } = await machineWithRecords();
    await start().connection(world.server, { interaction: true }).signIn();
    const before = await host.store.read(sessionKey(world.server));
    network.requests.length = 0;
    assert.equal(await imported(), false);
    assert.deepEqual(await host.store.read(sessionKey(world.server)), before);
    assert.deepEqual(network.requests, [], 'nobody needs to be asked for that');

    assert.equal(await imported({ account: 'second' }), true);
    const clients = /** @type {any} */ ((await host.store.read(`clients ${world.server}`))?.value).clients;
    assert.notEqual(
      clients[world.issuer].registration.clientId,
      record.clientInformation.client_id,
      'the client that works stays, too',
    );
  });

  test('of two imports at once one wins, and the other says so', async () => {
    const { host, record, imported } = await machineWithRecords();
    const accessTokens = ['first', 'second'];
    const outcomes = await Promise.all(
      accessTokens.map((accessToken) => imported({ tokens: { ...record.tokens, access_token: accessToken } })),
    );
    assert.deepEqual(outcomes.toSorted(), [false, true]);
    const stored = /** @type {any} */ ((await host.store.read(sessionKey(world.server)))?.value);
    assert.equal(stored.tokens.accessToken, accessTokens[outcomes.indexOf(true)]);
  });

  test('two accounts that share a client are both known to use it', async () => {
    const { host, record, imported } = await machineWithRecords();
    await imported();
    await imported({ account: 'second' });
    const clients = /** @type {any} */ ((await host.store.read(`clients ${world.server}`))?.value).clients;
    assert.deepEqual(clients[world.issuer].accounts, ['default', 'second']);
    assert.equal(clients[world.issuer].registration.clientId, record.clientInformation.client_id);
  });

  test('the server cannot be reached: nothing is stored, and the next import succeeds', async () => {
    const { host, network, imported } = await machineWithRecords();
    network.fault = () => new Response(null, { status: 503 });
    assert.ok((await rejectionOf(imported())) instanceof TransportError);
    assert.equal(await host.store.read(sessionKey(world.server)), null);
    network.fault = undefined;
    assert.equal(await imported(), true);
  });

  test('a store that fails says so', async () => {
    const { host, record } = await machineWithRecords();
    const store = {
      ...host.store,
      read: () => Promise.reject(new StorageError({ code: 'store_unavailable', message: 'gone' })),
    };
    assert.equal((await rejectionOf(importSession({ host: { ...host, store } }, record))).code, 'store_unavailable');
  });

  /** @type {Record<string, [change: Record<string, any>, path: string]>} */
  const unusable = {
    'no tokens': [{ tokens: undefined }, 'tokens.access_token'],
    'an access token with a line break': [{ tokens: { access_token: 'a\nb' } }, 'tokens.access_token'],
    'no client': [{ clientInformation: undefined }, 'clientInformation.client_id'],
    'an empty client identifier': [{ clientInformation: { client_id: '' } }, 'clientInformation.client_id'],
  };
  for (const [what, [change, path]] of Object.entries(unusable)) {
    test(`${what}: it is said where`, async () => {
      const { host } = createMachine();
      const record = {
        endpoint: world.server,
        tokens: { access_token: 'a' },
        clientInformation: { client_id: 'c' },
        ...change,
      };
      const error = await rejectionOf(importSession({ host }, /** @type {any} */ (record)));
      assert.ok(error instanceof MisuseError);
      assert.deepEqual([error.code, error.details.path], ['invalid_argument', path]);
      assert.ok(!error.message.includes('a\nb'));
    });
  }

  test('a token that is bound to a key is not imported: the key is not here', async () => {
    const { host } = createMachine();
    const error = await rejectionOf(
      importSession(
        { host },
        {
          endpoint: world.server,
          tokens: { access_token: 'a', token_type: 'DPoP' },
          clientInformation: { client_id: 'c' },
        },
      ),
    );
    assert.ok(error instanceof IncompatibleError);
    assert.equal(error.code, 'token_type_unsupported');
  });

  test('credentials of rmcp without tokens are none', () => {
    assert.throws(
      () => readRmcpCredentials({ client_id: 'c', token_response: null }),
      (error) => error instanceof MisuseError && error.details.path === 'token_response',
    );
  });

  describe('the client', () => {
    const tokens = { access_token: 'a', scope: 'read' };

    /** @param {any} clientInformation @param {any} [options] */
    async function registrationOf(clientInformation, options) {
      const { host } = createMachine();
      const { issuer } = world;
      await importSession({ host, ...options }, { endpoint: world.server, issuer, tokens, clientInformation });
      const { registration } = /** @type {any} */ ((await host.store.read(sessionKey(world.server)))?.value);
      return {
        registration,
        clients: /** @type {any} */ ((await host.store.read(`clients ${world.server}`))?.value).clients,
      };
    }

    test('is registered dynamically, and authenticates as it was told', async () => {
      const dynamic = { kind: 'dynamic', version: 1, clientId: 'c' };
      const issuer = world.issuer;
      assert.deepEqual((await registrationOf({ client_id: 'c' })).registration, {
        ...dynamic,
        issuer,
        tokenEndpointAuthMethod: 'none',
      });
      assert.deepEqual(
        (await registrationOf({ client_id: 'c', client_secret: 's', client_secret_expires_at: 0 })).registration,
        {
          ...dynamic,
          issuer,
          clientSecret: 's',
          tokenEndpointAuthMethod: 'client_secret_basic',
        },
      );
      const post = {
        client_id: 'c',
        client_secret: 's',
        client_secret_expires_at: 2_000_000_000,
        token_endpoint_auth_method: 'client_secret_post',
      };
      const managed = { registration_access_token: 't', registration_client_uri: `${issuer}/reg/c` };
      assert.deepEqual(
        (
          await registrationOf({
            ...post,
            ...managed,
            scope: 'read write',
            redirect_uris: ['https://app.example/callback'],
          })
        ).registration,
        {
          ...dynamic,
          issuer,
          clientSecret: 's',
          clientSecretExpiresAt: 2_000_000_000,
          tokenEndpointAuthMethod: 'client_secret_post',
          scopes: ['read', 'write'],
          redirectUri: 'https://app.example/callback',
          registrationAccessToken: 't',
          registrationClientUri: `${issuer}/reg/c`,
        },
      );
    });

    test('that was registered by hand stays bound to its issuer', async () => {
      const settings = () => ({ client: { clientId: 'c', clientSecret: 's', issuer: world.issuer } });
      const { registration, clients } = await registrationOf({ client_id: 'c' }, { settings });
      assert.equal(registration.kind, 'pre-registered');
      assert.equal(registration.clientSecret, 's');
      assert.deepEqual(Object.keys(clients), ['client c']);
      const other = await registrationOf({ client_id: 'another' }, { settings });
      assert.equal(other.registration.kind, 'dynamic');
    });

    test('came back to where nobody may come back: that is left out', async () => {
      const { registration } = await registrationOf({
        client_id: 'c',
        scope: 'read',
        redirect_uris: ['http://app.example/callback'],
      });
      assert.equal(registration.redirectUri, undefined);
    });
  });

  test('numbers that no record can hold are left out', async () => {
    const { host } = createMachine();
    const tokens = { access_token: 'a', scope: 'read', expires_in: 1e300 };
    await importSession(
      { host },
      { endpoint: world.server, receivedAt: 5.5, tokens, clientInformation: { client_id: 'c' } },
    );
    const stored = /** @type {any} */ ((await host.store.read(sessionKey(world.server)))?.value);
    assert.deepEqual(stored.tokens, { accessToken: 'a', receivedAt: 5 });
  });
});
