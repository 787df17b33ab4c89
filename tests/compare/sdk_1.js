/** `@modelcontextprotocol/sdk` 1.x, through its own API. */

/** @import { Surroundings, ZooClient } from '../zoo/world.js' */

import { auth, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { RememberingProvider } from './remembering_provider.js';

/**
 * @param {Surroundings} surroundings
 * @returns {Promise<ZooClient>}
 */
export async function startSdk1(surroundings) {
  const { endpoint, fetch } = surroundings;
  const provider = new RememberingProvider(surroundings);
  /** @type {Client | undefined} */
  let client;
  let transport = newTransport();

  function newTransport() {
    return new StreamableHTTPClientTransport(new URL(endpoint), { authProvider: provider, fetch });
  }

  const withTrips = (/** @type {() => Promise<unknown>} */ work) =>
    provider.withTrips(
      work,
      (error) => error instanceof UnauthorizedError,
      async (callback) => {
        const code = callback.get('code');
        if (!code) throw new Error(`${callback.get('error')}: ${callback.get('error_description')}`);
        await transport.finishAuth(code);
      },
    );

  const connect = () =>
    withTrips(async () => {
      await client?.close();
      transport = newTransport();
      client = new Client({ name: 'zoo', version: '1' });
      await client.connect(transport);
    });

  return {
    connect,
    async call(operation) {
      if (!client) await connect();
      await withTrips(() => /** @type {Client} */ (client).callTool({ name: operation, arguments: {} }));
    },
    async signIn() {
      provider.invalidateCredentials('tokens');
      await connect();
    },
    signOut: async () => provider.invalidateCredentials('tokens'),
    async refresh() {
      if ((await auth(provider, { serverUrl: endpoint, fetchFn: fetch })) !== 'AUTHORIZED')
        throw new Error('not refreshed');
    },
    forget: async () => provider.invalidateCredentials('client'),
    close: async () => client?.close(),
  };
}
