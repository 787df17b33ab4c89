/** This package, as an application uses it. */

/** @import { Surroundings, ZooClient } from '../world.js' */
/** @import { ConnectionSettings, Host, Redirect, Store } from '../../../js/host.js' */

import { createAuthorizer, createMemoryStore, TransportError } from '../../../js/index.js';
import { NeverCameBack } from '../world.js';

/**
 * @param {Surroundings} surroundings
 * @param {object} [further] what an application may have beyond the usual
 * @param {(store: Store) => Partial<Host>} [further.host]
 * @param {ConnectionSettings} [further.settings]
 * @returns {Promise<ZooClient>}
 */
export async function startOurs(surroundings, { host = () => ({}), settings: furtherSettings } = {}) {
  const { endpoint, memory, settings, clientMetadataUrl, interaction, approves } = surroundings;
  if (!memory.has('store')) memory.set('store', createMemoryStore());
  /** @type {Store} */
  const store = memory.get('store');
  const authorizer = createAuthorizer({
    host: {
      store,
      redirect: redirect(surroundings),
      fetch: surroundings.fetch,
      approve: async () => approves,
      ...host(store),
    },
    client: { clientName: 'Zoo', clientMetadataUrl },
    settings: () => ({ ...settings, ...furtherSettings }),
  });
  const connection = authorizer.connection(endpoint, { interaction });

  let id = 0;
  const send = async (/** @type {string} */ method, /** @type {object} */ params) => {
    id += 1;
    const response = await connection.fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${method} was answered ${response.status}`);
  };
  return {
    connect: () =>
      send('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'zoo', version: '1' },
      }),
    call: (operation) => send('tools/call', { name: operation, arguments: {} }),
    signIn: () => connection.signIn(),
    signOut: async () => void (await connection.signOut()),
    refresh: () => connection.refresh(),
    forget: () => connection.forgetClient(),
  };
}

/**
 * A listener for the callback that gets the port of a stored registration again, if that can be had.
 *
 * @param {Surroundings} surroundings
 * @returns {Redirect}
 */
function redirect({ visit, redirectUri, takenRedirectUris }) {
  return {
    prepare: async ({ preferred }) => ({
      redirectUri: preferred !== undefined && !takenRedirectUris.includes(preferred) ? preferred : redirectUri,
      authorize: ({ authorizationUrl }) =>
        visit(authorizationUrl).catch((error) => {
          if (!(error instanceof NeverCameBack)) throw error;
          throw new TransportError({
            code: 'callback_aborted',
            message: error.message,
            step: 'callback',
            cause: error,
          });
        }),
      close: async () => {},
    }),
  };
}
