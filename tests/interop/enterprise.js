import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { enterpriseManaged } from 'mcp-oauth-wasm/grants';
import { createMemoryStore } from 'mcp-oauth-wasm/node';
import { expire } from '../javascript/world.js';
import { startIdentityProvider } from '../servers/identity_provider.js';

/** @import { PreRegisteredClient } from '../../js/core/records.js' */
/** @import { InteropServer } from './servers/interop_server.js' */

/**
 * A person of a company calls an MCP server to which its identity provider lets them, and nobody is asked.
 *
 * @param {string} name of the authorization server
 * @param {(trust: { identityProvider: { issuer: string, keysUrl: string } }) => Promise<InteropServer & { createClient: () => Promise<PreRegisteredClient> }>} start
 */
export function describeEnterprise(name, start) {
  describe(name, () => {
    const store = createMemoryStore();
    /** @type {Awaited<ReturnType<typeof startIdentityProvider>>} */
    let identityProvider;
    /** @type {Awaited<ReturnType<typeof start>>} */
    let server;
    /** @type {PreRegisteredClient} */
    let client;

    before(async () => {
      identityProvider = await startIdentityProvider();
      const { issuer, keysUrl } = identityProvider;
      server = await start({ identityProvider: { issuer, keysUrl } });
      client = await server.createClient();
      identityProvider.permissions.clientAt = (audience) => (audience === server.issuer ? client.clientId : undefined);
    });
    after(async () => {
      await server?.close();
      await identityProvider?.close();
    });

    /** All that a process which has just started knows of earlier ones is in the store. */
    function connectionOfNewProcess() {
      const grant = enterpriseManaged({ identityProvider, idToken: identityProvider.idToken });
      return createAuthorizer({
        host: { store },
        settings: () => ({ grant, client: { ...client, issuer: server.issuer } }),
      }).connection(server.url);
    }

    /**
     * @param {number} expected identity assertions that it takes
     * @param {string[]} tools
     */
    async function callTools(expected, ...tools) {
      const earlier = identityProvider.exchanges.length;
      const client = new Client({ name: 'interoperability-test', version: '1.0.0' });
      await client.connect(
        new StreamableHTTPClientTransport(new URL(server.url), { fetch: connectionOfNewProcess().fetch }),
      );
      try {
        for (const tool of tools) {
          const { isError, content } = await client.callTool({ name: tool });
          assert.ok(!isError, JSON.stringify(content));
        }
      } finally {
        await client.close();
      }
      assert.equal(identityProvider.exchanges.length - earlier, expected, 'identity assertions');
    }

    test('sign-in', async () => {
      await callTools(1, 'whoami');
      const { subject_token: _, ...exchange } = identityProvider.exchanges[0] ?? {};
      assert.deepEqual(exchange, {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
        audience: server.issuer,
        resource: server.url,
        scope: 'profile',
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      });
    });

    test('restart', () => callTools(0, 'whoami'));

    test('refresh', async () => {
      await expire(store, server.url);
      await callTools(1, 'whoami');
    });

    test('step-up', () => callTools(2, 'whoami', 'write_file', 'delete_file', 'whoami'));

    test('sign-out', async () => {
      const connection = connectionOfNewProcess();
      const headers = await connection.headersFor({ method: 'POST', url: server.url });
      assert.equal(await connection.signOut(), true);
      const { status } = await fetch(server.url, { method: 'POST', headers, body: '{}' });
      assert.equal(status, 401);
    });

    test('refused', async () => {
      identityProvider.permissions.clientAt = () => undefined;
      await assert.rejects(connectionOfNewProcess().signIn(), {
        name: 'RefusedError',
        code: 'identity_provider_refused',
      });
      identityProvider.permissions.clientAt = () => 'another client';
      await assert.rejects(connectionOfNewProcess().signIn(), { name: 'RefusedError', code: 'token_refused' });
      assert.equal(await connectionOfNewProcess().session(), null);
    });
  });
}
