// The real SDKs, both majors, with our provider: whatever is needed, our connection does it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { IncompatibleError, InteractionRequiredError, MisuseError } from 'mcp-oauth-wasm';
import { createDpop } from 'mcp-oauth-wasm/dpop';
import { createAuthProvider } from 'mcp-oauth-wasm/mcp-sdk';
import { sdks } from './sdk_sign_in.js';
import { callTool, createMachine, expire, rejectionOf, startWorld } from './world.js';

/** @import { Connection } from 'mcp-oauth-wasm' */
/** @import { Sdk } from './sdk_sign_in.js' */
/** @import { Machine, World } from './world.js' */

for (const sdk of /** @type {Sdk[]} */ (Object.keys(sdks))) {
  const { auth, Client, InvalidGrantError, StreamableHTTPClientTransport, withOAuth } = sdks[sdk];
  const options = InvalidGrantError ? { InvalidGrantError } : {};

  describe(`a provider for ${sdk}`, () => {
    /** @type {World} */
    let world;

    before(async () => {
      world = await startWorld({
        protectedResource: { furtherTools: { write: ['private_metadata'], read: ['public_metadata'] } },
      });
    });
    after(() => world.close());

    /**
     * What an application does when it starts.
     *
     * @param {Machine} machine
     * @param {{ connection?: Connection, server?: string, fetch?: typeof globalThis.fetch, authProvider?: any }} [given]
     */
    async function started(machine, given = {}) {
      const { server = world.server, fetch } = given;
      const { connection = machine.start().connection(server, { interaction: true }) } = given;
      const { authProvider = createAuthProvider(connection, options) } = given;
      const transport = new StreamableHTTPClientTransport(new URL(server), { authProvider, ...(fetch && { fetch }) });
      const client = new Client({ name: 'the tests', version: '1' });
      await client.connect(/** @type {any} */ (transport));
      return {
        client,
        connection,
        call: async (/** @type {string} */ name) => JSON.stringify(await client.callTool({ name, arguments: {} })),
      };
    }

    test('signs in and calls; the SDK itself sends nothing to the authorization server, nor elsewhere', async () => {
      const machine = createMachine();
      /** @type {URL[]} */
      const sent = [];
      const { call, client } = await started(machine, {
        fetch: (input, init) => (sent.push(new URL(String(input))), fetch(input, init)),
      });
      assert.match(await call('whoami'), /alice@example\.com/);
      const { origin } = new URL(world.server);
      assert.ok(sent.every((url) => url.origin === origin || url.protocol === 'data:'));
      assert.ok(
        sent.some((url) => url.protocol === 'data:' && url.href.includes('kept-by-mcp-oauth-wasm')),
        'the only token request',
      );
      assert.equal(machine.trips.length, 1);
      assert.deepEqual(machine.trips[0]?.searchParams.get('scope')?.split(' ').sort(), [
        'email',
        'offline_access',
        'openid',
      ]);
      assert.equal(machine.network.registrations().length, 1);
      await client.close();
    });

    test('a restart: the stored session is used, and nobody is asked', async () => {
      const machine = createMachine();
      await (await started(machine)).client.close();
      machine.network.requests.length = 0;
      const { call, client } = await started(machine, { connection: machine.start().connection(world.server) });
      assert.match(await call('whoami'), /alice@example\.com/);
      assert.deepEqual(machine.network.requests, [], 'our own network had nothing to do');
      assert.equal(machine.trips.length, 1);
      await client.close();
    });

    test('a token that is about to expire is renewed before the request', async () => {
      const machine = createMachine();
      await (await started(machine)).client.close();
      await expire(machine.host.store, world.server);
      const { call, client } = await started(machine, { connection: machine.start().connection(world.server) });
      assert.match(await call('whoami'), /alice@example\.com/);
      assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
      await client.close();
    });

    test('a token that the server refuses is refreshed, between two calls and after a restart', async () => {
      const machine = createMachine();
      const first = await started(machine);
      await first.call('whoami');
      await revoke(first.connection);
      assert.match(await first.call('whoami'), /alice@example\.com/);
      assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
      await first.call('whoami');

      await revoke(first.connection);
      const second = await started(machine, { connection: machine.start().connection(world.server) });
      assert.match(await second.call('whoami'), /alice@example\.com/);
      assert.equal(machine.network.tokenRequests('refresh_token').length, 2);
      assert.equal(machine.trips.length, 1);
      await Promise.all([first.client.close(), second.client.close()]);
    });

    test('several calls are refused at once: one refresh, and nobody is asked', async () => {
      const machine = createMachine();
      const { call, connection, client } = await started(machine);
      await call('whoami');
      await revoke(connection);
      // Each has a transport of its own: SDK 1.x gives up the second refusal at one.
      const others = await Promise.all([1, 2, 3].map(() => started(machine, { connection })));
      for (const answer of await Promise.all(others.map((other) => other.call('whoami'))))
        assert.match(answer, /alice@example\.com/);
      assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
      assert.equal(machine.trips.length, 1);
      await Promise.all([client, ...others.map((other) => other.client)].map((each) => each.close()));
    });

    test('a 403 is a step-up, for exactly what it demands', async () => {
      const machine = createMachine();
      const { call, client, connection } = await started(machine);
      assert.match(await call('write'), /write: done/);
      assert.equal(machine.trips.length, 2);
      assert.deepEqual(machine.trips[1]?.searchParams.get('scope')?.split(' ').sort(), [
        'email',
        'offline_access',
        'openid',
        'private_metadata',
      ]);
      assert.match(await call('read'), /read: done/);
      assert.match(await call('write'), /write: done/);
      assert.equal(machine.trips.length, 3);
      const granted = (await connection.plan())?.scopes.filter((scope) => scope.granted).map(({ scope }) => scope);
      assert.ok(granted?.includes('private_metadata') && granted.includes('public_metadata'));
      await client.close();
    });

    test('a step-up straight after the sign-in is one, too', async () => {
      const machine = createMachine();
      const connection = machine.start().connection(world.server, { interaction: true });
      await connection.signIn();
      const { call, client } = await started(machine, { connection });
      assert.match(await call('write'), /write: done/);
      assert.equal(machine.trips.length, 2);
      await client.close();
    });

    for (const [shape, scopesSupported] of /** @type {const} */ ([
      ['the one that is demanded', ['private_metadata']],
      ['all that was demanded so far', ['openid', 'email', 'private_metadata']],
    ])) {
      test(`a 403 is a step-up where the resource lists no other scopes than ${shape}`, async () => {
        const narrow = await startWorld({
          protectedResource: { scopesSupported: [...scopesSupported], furtherTools: { write: ['private_metadata'] } },
        });
        try {
          const machine = createMachine();
          const { call, client } = await started(machine, { server: narrow.server });
          assert.match(await call('write'), /write: done/);
          assert.equal(machine.trips.length, 2);
          await client.close();
        } finally {
          await narrow.close();
        }
      });
    }

    test('without interaction the error says how to go on', async () => {
      const machine = createMachine();
      const error = await rejectionOf(started(machine, { connection: machine.start().connection(world.server) }));
      assert.ok(error instanceof InteractionRequiredError, String(error));
      assert.equal(machine.trips.length, 0);
      await error.resume();
      const { call, client } = await started(machine, { connection: machine.start().connection(world.server) });
      assert.match(await call('whoami'), /alice@example\.com/);

      const stepUp = await rejectionOf(call('write'));
      assert.ok(stepUp instanceof InteractionRequiredError, String(stepUp));
      await stepUp.resume();
      assert.match(await call('write'), /write: done/);
      await client.close();
    });

    test('refreshed tokens that are refused as well end in a sign-in at the next call', async () => {
      const machine = createMachine();
      const { call, client, connection } = await started(machine);
      await call('whoami');
      // A refresh that succeeds, and whose token serves nowhere: that of an authorization server which no longer counts.
      machine.network.fault = ({ form }) =>
        form.get('grant_type') === 'refresh_token'
          ? Response.json({ access_token: crypto.randomUUID(), token_type: 'Bearer', expires_in: 3600 })
          : undefined;
      await revoke(connection);
      assert.match(String(await rejectionOf(call('whoami'))), /401/);
      assert.equal(machine.trips.length, 1, 'the SDK itself gives up after one attempt');
      // A new transport, as one of SDK 1.x never tries again.
      const again = await started(machine, { connection });
      assert.match(await again.call('whoami'), /alice@example\.com/);
      assert.equal(machine.trips.length, 2);
      await Promise.all([client.close(), again.client.close()]);
    });

    test('the protected resource metadata may be where only the challenge says', async () => {
      const machine = createMachine();
      const [wellKnown, elsewhere] = [
        `${new URL(world.server).origin}/.well-known/oauth-protected-resource/mcp`,
        `${new URL(world.server).origin}/elsewhere`,
      ];
      const moved = (/** @type {string} */ url) =>
        url === elsewhere
          ? fetch(wellKnown)
          : url.includes('/.well-known/oauth-protected-resource')
            ? new Response(null, { status: 404 })
            : undefined;
      machine.network.fault = ({ url }) => moved(url);
      const { call, client } = await started(machine, {
        async fetch(input, init) {
          const response = (await moved(String(input))) ?? (await fetch(input, init));
          const headers = new Headers(response.headers);
          const challenge = headers.get('www-authenticate');
          if (challenge) headers.set('www-authenticate', challenge.replace(wellKnown, elsewhere));
          return new Response(response.body, { status: response.status, headers });
        },
      });
      assert.match(await call('whoami'), /alice@example\.com/);
      assert.deepEqual(
        machine.network.requests
          .filter(({ url }) => url.includes('protected-resource') || url === elsewhere)
          .map(({ url }) => url),
        // That where it is mostly was asked for beside the call.
        [wellKnown, elsewhere],
      );
      await client.close();
    });

    test('a challenge that names no scopes demands none', async () => {
      const modest = await startWorld({ protectedResource: { challengeScopes: null } });
      try {
        const machine = createMachine();
        const { call, client, connection } = await started(machine, { server: modest.server });
        assert.match(await call('whoami'), /alice@example\.com/);
        const planned = (await connection.plan())?.scopes ?? [];
        assert.ok(planned.some(({ scope, requested }) => scope === 'email' && requested));
        assert.deepEqual(
          planned.filter(({ required }) => required),
          [],
        );
        await client.close();
      } finally {
        await modest.close();
      }
    });

    test('signs the fetch of the SDK, too', async () => {
      const machine = createMachine();
      const provider = createAuthProvider(machine.start().connection(world.server, { interaction: true }), options);
      const signed = withOAuth(/** @type {any} */ (provider), world.server)(fetch);
      assert.equal((await callTool(signed, world.server)).status, 200);
      assert.equal((await callTool(signed, world.server)).status, 200);
      assert.equal(machine.trips.length, 1);
    });

    test('a token that is bound to a key is refused with the remedy', async () => {
      const machine = createMachine({ dpop: createDpop() });
      const dpopWorld = await startWorld({ authorizationServer: { features: { dPoP: { enabled: true } } } });
      try {
        const connection = machine.start().connection(dpopWorld.server, { interaction: true });
        await connection.signIn();
        const provider = createAuthProvider(connection, options);
        for (const work of [() => provider.tokens(), () => provider.token()]) {
          const error = await rejectionOf(work());
          assert.ok(error instanceof IncompatibleError);
          assert.equal(error.code, 'token_needs_proof');
        }
      } finally {
        await dpopWorld.close();
      }
    });

    test("the SDK's own `auth()` may be called, too", async () => {
      const machine = createMachine();
      const connection = machine.start().connection(world.server, { interaction: true });
      const provider = createAuthProvider(connection, options);
      assert.equal(await auth(/** @type {any} */ (provider), { serverUrl: world.server }), 'AUTHORIZED');
      assert.equal((await provider.tokens())?.access_token, (await connection.session())?.tokens.accessToken);
    });

    /** The server no longer accepts the access token, and nobody here knows. @param {Connection} connection */
    async function revoke(connection) {
      const token = (await connection.session())?.tokens.accessToken ?? '';
      const stored = await world.authorizationServer.provider.AccessToken.find(token);
      assert.ok(stored, 'it was alive');
      await stored.destroy();
    }
  });
}

test('without its own error SDK 1.x signs in and refreshes, and reports what it cannot ask for', async () => {
  const world = await startWorld({ protectedResource: { furtherTools: { write: ['private_metadata'] } } });
  try {
    const machine = createMachine();
    const { Client, StreamableHTTPClientTransport, StreamableHTTPError } = sdks['sdk 1.32'];
    const connection = machine.start().connection(world.server, { interaction: true });
    const client = new Client({ name: 'the tests', version: '1' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(world.server), { authProvider: createAuthProvider(connection) }),
    );
    assert.match(JSON.stringify(await client.callTool({ name: 'whoami' })), /alice@example\.com/);
    const error = await rejectionOf(client.callTool({ name: 'write' }));
    assert.ok(error instanceof StreamableHTTPError);
    assert.equal(error.code, 403);
    assert.equal(machine.trips.length, 1);
    await client.close();
  } finally {
    await world.close();
  }
});

test('whose error class it was given matters only to SDK 1.x: who uses a framework does not see which it has', async () => {
  const world = await startWorld({ protectedResource: { furtherTools: { write: ['private_metadata'] } } });
  try {
    const { InvalidGrantError } = sdks['sdk 1.32'];
    const { Client, StreamableHTTPClientTransport } = sdks['client 2.4'];
    const machine = createMachine();
    const connection = machine.start().connection(world.server, { interaction: true });
    const authProvider = createAuthProvider(connection, { InvalidGrantError });
    const client = new Client({ name: 'the tests', version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(world.server), { authProvider }));
    assert.match(JSON.stringify(await client.callTool({ name: 'write' })), /write: done/);
    assert.equal(machine.trips.length, 2);
    await client.close();
  } finally {
    await world.close();
  }
});

test('client 2.x may take it for a mere AuthProvider, and then reports a 403 by itself', async () => {
  const world = await startWorld({ protectedResource: { furtherTools: { write: ['private_metadata'] } } });
  try {
    const machine = createMachine();
    const { Client, InsufficientScopeError, StreamableHTTPClientTransport } = sdks['client 2.4'];
    const connection = machine.start().connection(world.server, { interaction: true });
    const { token, onUnauthorized } = createAuthProvider(connection);
    const client = new Client({ name: 'the tests', version: '1' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(world.server), { authProvider: { token, onUnauthorized } }),
    );
    assert.match(JSON.stringify(await client.callTool({ name: 'whoami' })), /alice@example\.com/);
    assert.equal(machine.trips.length, 1);
    const error = await rejectionOf(client.callTool({ name: 'write' }));
    assert.ok(error instanceof InsufficientScopeError);
    assert.equal(error.requiredScope, 'private_metadata');
    await client.close();
  } finally {
    await world.close();
  }
});

test('late refusals of the token before are told from those of the token in use', async () => {
  const world = await startWorld();
  try {
    const machine = createMachine();
    const connection = machine.start().connection(world.server, { interaction: true });
    await connection.signIn();
    const provider = createAuthProvider(connection);
    const begin = () => provider.tokens();
    // The SDK is told of a refusal, and sends the request again.
    const refuse = async () => {
      await provider.prepareTokenRequest();
      await begin();
    };
    const refreshes = () => machine.network.tokenRequests('refresh_token').length;
    for (const request of ['one', 'two', 'three']) assert.ok(await begin(), request);
    await refuse();
    assert.equal(refreshes(), 1);
    await refuse();
    await refuse();
    assert.deepEqual([refreshes(), machine.trips.length], [1, 1], 'the other two had begun before');

    await begin();
    await begin();
    await refuse();
    assert.deepEqual([refreshes(), machine.trips.length], [2, 1], 'a token that was accepted is refreshed');

    await begin();
    await refuse();
    assert.deepEqual([refreshes(), machine.trips.length], [2, 2], 'one that was never accepted is not');
  } finally {
    await world.close();
  }
});

describe('what a provider must not be used for', () => {
  const provider = createAuthProvider(createMachine().start().connection('https://mcp.example/mcp'));

  test('tokens of others are not kept, and there is no verifier', () => {
    for (const work of [
      () => provider.saveTokens({ access_token: 'of-somebody-else' }),
      () => provider.codeVerifier(),
    ]) {
      assert.throws(
        work,
        (error) =>
          error instanceof MisuseError && error.code === 'foreign_tokens' && !error.message.includes('somebody'),
      );
    }
    provider.saveTokens({ access_token: 'kept-by-mcp-oauth-wasm' });
    provider.saveCodeVerifier();
  });

  test('an SDK that calls it in another way is told so, and sends nothing', async () => {
    assert.throws(
      () => provider.addClientAuthentication(new Headers(), new URLSearchParams(), 'https://as.example/token'),
      (error) => error instanceof IncompatibleError && error.code === 'sdk_unsupported',
    );
    assert.equal(
      (await rejectionOf(provider.redirectToAuthorization(new URL('https://as.example/authorize?scope=a')))).code,
      'sdk_unsupported',
    );
  });

  test('the SDK is told of nobody whom it could send something to', () => {
    const { authorizationServerMetadata, ...state } = provider.discoveryState();
    const named = [
      state.authorizationServerUrl,
      ...Object.values(authorizationServerMetadata ?? {}).filter((value) => typeof value === 'string'),
    ];
    for (const url of named) assert.equal(new URL(url).hostname, 'mcp-oauth-wasm.invalid');
    assert.deepEqual(provider.clientInformation(), {
      client_id: 'kept-by-mcp-oauth-wasm',
      issuer: 'https://mcp-oauth-wasm.invalid',
    });
  });
});
