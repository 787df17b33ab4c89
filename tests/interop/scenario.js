import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { createFileStore, loopbackRedirect, nodeHost } from 'mcp-oauth-wasm/node';
import { assertSnapshotMember, inShort, seen } from '../doctor/snapshots.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';

/** @import { ClientDescription, Connection, ConnectionSettings, Host, Store } from 'mcp-oauth-wasm' */
/** @import { LoopbackRedirectOptions } from '../../js/hosts/node/loopback_redirect.js' */
/** @import { AuthorizationRequest, InteropServer } from './servers/interop_server.js' */

/** What nobody knows of until `share_file` demands it; this package never requests it alone. */
const UNREGISTERED = 'files:share';

const folder = await temporaryFolder();

/**
 * The life of a connection to a real server, step by step, with this package and the official MCP client.
 *
 * @param {string} name of the server
 * @param {() => Promise<InteropServer>} start
 * @param {object} facts about the server, and how it is used
 * @param {boolean} [facts.refusesUnregistered] whether it refuses scopes that a client did not register; absent where
 *   that cannot be asked with a URL
 * @param {'none' | 'update' | 'new registration' | 'impossible'} facts.widening what it takes to be registered for a scope
 *   that was unknown when the client was registered; `none`: nothing, for nobody registers
 * @param {boolean} facts.revokes whether it revokes tokens when the client asks it to
 * @param {ClientDescription} [facts.client]
 * @param {LoopbackRedirectOptions} [facts.redirect]
 * @param {(store: Store) => Partial<Host>} [facts.host]
 * @param {(browse: (url: string) => Promise<void>) => ConnectionSettings} [facts.settings]
 */
export function describeInterop(
  name,
  start,
  { refusesUnregistered, widening, revokes, client, redirect, host, settings },
) {
  describe(name, () => {
    const store = join(folder, `${name}.json`);
    /** @type {InteropServer} */
    let server;
    /** @type {Connection} */
    let connection;
    let lastAuthorizationUrl = '';
    let trips = 0;

    before(async () => {
      server = await start();
      connection = connectionOfNewProcess();
    });
    after(() => server?.close());

    test('sign-in', () =>
      afterTrips(1, async () => {
        await callTools();
        const session = await connection.session();
        assert.ok(session?.tokens.refreshToken, 'a refresh token was received');
        assert.deepEqual(
          session.plan.scopes.filter(({ required, granted }) => required && !granted),
          [],
        );
      }));

    if (refusesUnregistered !== undefined) {
      test('server policy', async () => {
        const url = new URL(lastAuthorizationUrl);
        url.searchParams.set('scope', UNREGISTERED);
        // It goes with the scope `openid` alone.
        url.searchParams.delete('nonce');
        const callback = new URL(await server.signIn(url));
        assert.equal(callback.searchParams.get('error'), refusesUnregistered ? 'invalid_scope' : null);
      });
    }

    test('tool call', () => afterTrips(0, () => callTools('whoami')));

    test('restart', () =>
      afterTrips(0, () => {
        connection = connectionOfNewProcess();
        return callTools('whoami');
      }));

    test('refresh', () => afterTrips(0, () => refresh('whoami')));

    test('step-up', () => afterTrips(1, () => callTools('whoami', 'write_file', 'whoami')));

    if (widening !== 'impossible') {
      test('wider step-ups', () => afterTrips(2, () => callTools('delete_file', 'share_file', 'write_file', 'whoami')));
    }

    test('restart, refresh', () =>
      afterTrips(0, () => {
        connection = connectionOfNewProcess();
        return refresh(...(widening === 'impossible' ? [] : ['delete_file', 'share_file']), 'write_file', 'whoami');
      }));

    test('refresh refused', () =>
      afterTrips(1, async () => {
        const copy = join(folder, `${name}, copied.json`);
        await copyFile(store, copy);
        // There are servers that take a refresh token until the next one was used.
        await connection.refresh();
        await connection.refresh();
        connection = connectionOfNewProcess(copy);
        await assert.rejects(connection.refresh(), { code: 'refresh_token_refused' });
        await connection.signIn();
        await callTools('write_file', 'whoami');
      }));

    test('sign-out', async () => {
      const headers = await connection.headersFor({ method: 'POST', url: server.url });
      assert.equal(await connection.signOut(), revokes);
      assert.equal(await connection.session(), null);
      const { status } = await fetch(server.url, { method: 'POST', headers, body: '{}' });
      assert.equal(status === 401, revokes, `the MCP server answered ${status}`);
    });

    test('records', () => {
      const requests = server.authorizationRequests().filter(({ requested }) => requested !== UNREGISTERED);
      assert.equal(requests.length, trips);
      for (const { clientId, registered, requested, error } of requests) {
        assert.equal(error, null);
        if (widening === 'none') assert.equal(clientId, client?.clientMetadataUrl);
        else
          assert.deepEqual(
            scopesOf(requested).filter((scope) => !scopesOf(registered).includes(scope)),
            [],
          );
      }
      assert.equal(mostClients(requests), widening === 'new registration' ? 3 : 1);
    });

    // Its own clients and requests are in the server's records from here on.
    test('doctor', async () => {
      const said = inShort(await seen(server.url));
      assertSnapshotMember('interop', name, said);
      assert.deepEqual(
        said.examined.filter((line) => line.startsWith('error ')),
        [],
        'people can sign in there',
      );
    });

    /** All that a process which has just started knows of earlier ones is in the store. */
    function connectionOfNewProcess(path = store) {
      const receiving = loopbackRedirect({ open: browse, showUrl: giveUp, ...redirect });
      const fileStore = createFileStore(path);
      const authorizer = createAuthorizer({
        client: { clientName: 'interoperability test', ...client },
        host: nodeHost({ store: fileStore, redirect: receiving, ...host?.(fileStore) }),
        settings: () => settings?.(browse),
      });
      return authorizer.connection(server.url, { interaction: true });
    }

    /** @param {string} url that is opened, or shown */
    async function browse(url) {
      trips += 1;
      lastAuthorizationUrl = url;
      if (server.visit) await server.visit(url);
      else await fetch(await server.signIn(url));
    }

    /**
     * @param {number} expected trips through the browser
     * @param {() => Promise<void>} work
     */
    async function afterTrips(expected, work) {
      const earlier = trips;
      await work();
      assert.equal(trips - earlier, expected, 'trips through the browser');
    }

    /** @param {string[]} tools */
    async function callTools(...tools) {
      const client = new Client({ name: 'interoperability-test', version: '1.0.0' });
      await client.connect(new StreamableHTTPClientTransport(new URL(server.url), { fetch: connection.fetch }));
      try {
        for (const tool of tools) {
          const { isError, content } = await client.callTool({ name: tool });
          assert.ok(!isError, JSON.stringify(content));
        }
      } finally {
        await client.close();
      }
    }

    /** @param {string[]} tools that are called with the new token */
    async function refresh(...tools) {
      const [earlier, plan] = [await connection.session(), await connection.plan()];
      await connection.refresh();
      assert.notEqual((await connection.session())?.tokens.accessToken, earlier?.tokens.accessToken);
      assert.deepEqual(await connection.plan(), plan);
      await callTools(...tools);
    }
  });
}

/**
 * @param {string} _authorizationUrl
 * @param {unknown} reason
 */
function giveUp(_authorizationUrl, reason) {
  throw reason;
}

/** @param {string | null} scope */
function scopesOf(scope) {
  return scope?.split(' ') ?? [];
}

/**
 * How many clients shared a redirect URI. (Another redirect URI is the one good reason for another client: the system
 * may have given away the port.)
 *
 * @param {AuthorizationRequest[]} requests
 */
function mostClients(requests) {
  const clients = new Map(requests.map(({ redirectUri }) => [redirectUri, new Set()]));
  for (const { redirectUri, clientId } of requests) clients.get(redirectUri)?.add(clientId);
  return Math.max(...[...clients.values()].map(({ size }) => size));
}
