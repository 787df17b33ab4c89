import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inspect } from 'node:util';
import { exportJWK, generateKeyPair } from 'jose';

import { clientCredentials, deviceAuthorization, privateKeyAssertion } from 'mcp-oauth-wasm/grants';
import { deviceFlow } from '../servers/authorization_server.js';
import { createUserAgent } from '../servers/user_agent.js';
import { callTool, createMachine, expire, rejectionOf, startWorld, storedSession } from './world.js';

/** @import { ConnectionSettings } from 'mcp-oauth-wasm' */
/** @import { Machine, World } from './world.js' */

const { publicKey, privateKey } = await generateKeyPair('ES256');
const secret = 'a secret, of the length that secrets should have';

/** What an operator registers for a machine. */
const machineClient = {
  grant_types: ['client_credentials'],
  response_types: /** @type {[]} */ ([]),
  redirect_uris: /** @type {[]} */ ([]),
  scope: 'private_metadata public_metadata',
};

describe('machines without a person', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld({
      authorizationServer: {
        features: { clientCredentials: { enabled: true } },
        clients: [
          {
            ...machineClient,
            client_id: 'with-key',
            token_endpoint_auth_method: 'private_key_jwt',
            jwks: { keys: [/** @type {any} */ (await exportJWK(publicKey))] },
          },
          {
            ...machineClient,
            client_id: 'with-secret',
            client_secret: secret,
            token_endpoint_auth_method: 'client_secret_basic',
          },
        ],
      },
      protectedResource: {
        requiredScopes: ['private_metadata'],
        scopesSupported: ['private_metadata'],
        furtherTools: { list: ['public_metadata'] },
      },
    });
  });
  after(() => world.close());

  /** @type {ConnectionSettings} */
  const withKey = {
    grant: clientCredentials(),
    client: {
      clientId: 'with-key',
      tokenEndpointAuthMethod: 'private_key_jwt',
      assertion: privateKeyAssertion({ privateKey: /** @type {CryptoKey} */ (privateKey) }),
    },
  };
  /** @type {ConnectionSettings} */
  const withSecret = { grant: clientCredentials(), client: { clientId: 'with-secret', clientSecret: secret } };

  /**
   * @param {Machine} machine
   * @param {ConnectionSettings} settings
   */
  const fetchOf = (machine, settings) => {
    const client = { .../** @type {any} */ (settings.client), issuer: world.issuer };
    return machine.start({ settings: () => ({ ...settings, client }) }).connection(world.server).fetch;
  };

  /** @param {Machine} machine */
  const assertions = (machine) =>
    machine.network.tokenRequests('client_credentials').map(({ form }) => form.get('client_assertion'));

  for (const [name, settings] of Object.entries({ 'a key': withKey, 'a secret': withSecret })) {
    test(`[accepts T8, T1] client credentials by ${name}: nobody is asked, nothing is registered, and what is stored serves until it ends`, async () => {
      const machine = createMachine();
      const fetch = fetchOf(machine, settings);
      assert.equal((await callTool(fetch, world.server)).status, 200);
      assert.equal((await callTool(fetchOf(machine, settings), world.server)).status, 200, 'after a restart');
      const requests = machine.network.tokenRequests('client_credentials');
      assert.equal(requests.length, 1);
      assert.deepEqual(
        [requests[0]?.form.get('scope'), requests[0]?.form.get('resource')],
        ['private_metadata', world.server],
      );
      assert.deepEqual([machine.trips, machine.network.registrations()], [[], []]);
      assert.equal((await storedSession(machine.host.store, world.server))?.grant, 'client_credentials');
    });
  }

  test('[accepts T8] a session that ends is had again, silently and once, with another assertion', async () => {
    const machine = createMachine();
    await callTool(fetchOf(machine, withKey), world.server);
    await expire(machine.host.store, world.server);
    const fetch = fetchOf(machine, withKey);
    const responses = await Promise.all([1, 2, 3].map(() => callTool(fetch, world.server)));
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 200, 200],
    );
    const [first, second, ...more] = assertions(machine);
    assert.ok(first && second && first !== second);
    assert.deepEqual([more, machine.trips], [[], []]);
  });

  test('[accepts T8] a token that the MCP server no longer accepts is replaced, silently', async () => {
    const machine = createMachine();
    const fetch = fetchOf(machine, withSecret);
    await callTool(fetch, world.server);
    const { tokens } = /** @type {any} */ (await storedSession(machine.host.store, world.server));
    await (await world.authorizationServer.provider.ClientCredentials.find(tokens.accessToken))?.destroy();
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal(machine.network.tokenRequests('client_credentials').length, 2);
  });

  test('[accepts T8, S5] a tool that needs more gets it, silently', async () => {
    const machine = createMachine();
    const fetch = fetchOf(machine, withSecret);
    assert.equal((await callTool(fetch, world.server)).status, 200);
    assert.equal((await callTool(fetch, world.server, { tool: 'list' })).status, 200);
    assert.deepEqual(
      machine.network.tokenRequests('client_credentials').map(({ form }) => form.get('scope')?.split(' ').sort()),
      [['private_metadata'], ['private_metadata', 'public_metadata']],
    );
  });

  test('[refuses T8, T1] another key, another secret: the server refuses, and nothing is tried again or stored', async () => {
    const other = await generateKeyPair('ES256');
    const wrong = [
      {
        ...withKey,
        client: {
          .../** @type {any} */ (withKey.client),
          assertion: privateKeyAssertion({ privateKey: /** @type {CryptoKey} */ (other.privateKey) }),
        },
      },
      { ...withSecret, client: { clientId: 'with-secret', clientSecret: 'wrong secret' } },
    ];
    for (const settings of wrong) {
      const machine = createMachine();
      const error = await rejectionOf(callTool(fetchOf(machine, settings), world.server));
      assert.deepEqual([error.name, error.code], ['RefusedError', 'client_refused']);
      assert.doesNotMatch(inspect(error), /wrong secret|eyJ/);
      assert.equal(machine.network.tokenRequests('client_credentials').length, 1);
      assert.equal(await storedSession(machine.host.store, world.server), null);
    }
  });

  test('a client with a key and nothing to sign with: the error names the setting', async () => {
    const machine = createMachine();
    const error = await rejectionOf(
      callTool(
        fetchOf(machine, { ...withKey, client: { clientId: 'with-key', tokenEndpointAuthMethod: 'private_key_jwt' } }),
        world.server,
      ),
    );
    assert.equal(error.name, 'MisuseError');
    assert.match(error.message, /assertion/);
    assert.deepEqual(machine.network.tokenRequests('client_credentials'), []);
  });
});

describe('a person with another device', () => {
  /** @type {World} */
  let world;

  before(async () => {
    world = await startWorld({ authorizationServer: { features: { deviceFlow } } });
  });
  after(() => world.close());

  /**
   * @param {'allow' | 'deny'} decision
   * @param {(wait: number) => Promise<void>} [wait] what happens while there is nothing to do
   * @param {number} [patience] after how many questions the person gets there
   */
  function devices(decision, wait = async () => {}, patience = 1) {
    const userAgent = createUserAgent({ decision });
    /** @type {string[]} */
    const shown = [];
    const grant = deviceAuthorization({
      show: ({ verificationUriComplete = '' }) => void shown.push(verificationUriComplete),
      clock: {
        now: Date.now,
        async wait(milliseconds) {
          await wait(milliseconds);
          if (shown.length > 0 && machine.network.tokenRequests(grant.grantType).length === patience)
            await userAgent.approve(String(shown[0]));
        },
      },
    });
    const machine = createMachine({ redirect: undefined });
    const connection = machine.start({ settings: () => ({ grant }) }).connection(world.server, { interaction: true });
    return { machine, connection, shown, grant };
  }

  test('[accepts T8] the person signs in there, and this device is let in', async () => {
    const { machine, connection, shown, grant } = devices('allow');
    const response = await callTool(connection.fetch, world.server);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /alice@example\.com/);
    assert.equal(shown.length, 1);
    assert.deepEqual(machine.network.tokenRequests(grant.grantType).length, 2);
    await connection.refresh();
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
  });

  test('[accepts T8] a person who takes their time is asked for more often than servers may be before there is one', async () => {
    const { connection, machine, grant } = devices('allow', undefined, 50);
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
    assert.ok(machine.network.tokenRequests(grant.grantType).length > 50);
  });

  test('[refuses T8] the person says no there: that is told, and nothing is stored', async () => {
    const { machine, connection } = devices('deny');
    const error = await rejectionOf(callTool(connection.fetch, world.server));
    assert.deepEqual([error.name, error.code], ['RefusedError', 'device_authorization_denied']);
    assert.equal(await storedSession(machine.host.store, world.server), null);
  });

  test('[refuses I1] without permission for interaction no code is asked for', async () => {
    const { machine, shown, grant } = devices('allow');
    const error = await rejectionOf(
      callTool(machine.start({ settings: () => ({ grant }) }).connection(world.server).fetch, world.server),
    );
    assert.equal(error.code, 'interaction_required');
    assert.deepEqual(shown, []);
    assert.equal(machine.network.requests.filter(({ url }) => url.endsWith('/device/auth')).length, 0);
  });

  test('a call that is given up ends the questions', async () => {
    const abort = new AbortController();
    const { machine, shown, grant } = devices('allow', () => new Promise(() => abort.abort()));
    const connection = machine
      .start({ settings: () => ({ grant }) })
      .connection(world.server, { interaction: true, signal: abort.signal });
    await assert.rejects(connection.signIn());
    assert.equal(shown.length, 1);
    assert.deepEqual(machine.network.tokenRequests(grant.grantType), []);
  });

  test('[refuses T8] a server that offers no sign-in on another device is named, before a client is registered there', async () => {
    const elsewhere = await startWorld();
    try {
      const machine = createMachine({ redirect: undefined });
      const settings = () => ({ grant: deviceAuthorization({ show() {} }) });
      const connection = machine.start({ settings }).connection(elsewhere.server, { interaction: true });
      const error = await rejectionOf(callTool(connection.fetch, elsewhere.server));
      assert.deepEqual(
        [error.name, error.code, error.details],
        ['IncompatibleError', 'no_device_authorization_endpoint', { issuer: elsewhere.issuer }],
      );
      assert.deepEqual(machine.network.registrations(), []);
    } finally {
      await elsewhere.close();
    }
  });
});
