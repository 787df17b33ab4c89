/** This package, as an application uses it. */

/** @import { Surroundings, ZooClient } from '../world.js' */
/** @import { ConnectionSettings, Host, Redirect, Store } from '../../../js/core/host.js' */
/** @import { SignedInConnection } from '../../../js/connection/authorizer.js' */

import { createAuthorizer, createMemoryStore, TransportError } from '../../../js/index.js';
import { NeverCameBack } from '../world.js';

/**
 * @param {Surroundings} surroundings
 * @param {object} [further] what an application may have beyond the usual
 * @param {(store: Store) => Partial<Host>} [further.host]
 * @param {ConnectionSettings} [further.settings]
 * @returns {Promise<ZooClient>}
 */
export async function startOurs(surroundings, further) {
  const { interaction, endpoint } = surroundings;
  const authorizer = ours(surroundings, redirect(surroundings), further);
  return zooClient(endpoint, async (work) => void (await work(authorizer.connection(endpoint, { interaction }))));
}

/**
 * The same application, whose process ends whenever a person was sent to the authorization server: another one completes the
 * sign-in, and does again what the first one had begun.
 *
 * @param {Surroundings} surroundings
 * @returns {Promise<ZooClient>}
 */
export async function startOursKilledAtEveryTrip(surroundings) {
  const { interaction, endpoint } = surroundings;
  const visit = visiting(surroundings);
  /** @type {(callbackUrl: string) => void} */
  let cameBack = () => {};
  const start = () => {
    const untilKilled = redirect(surroundings, async (authorizationUrl) => {
      cameBack(await visit(authorizationUrl));
      return new Promise(() => {});
    });
    return ours(surroundings, untilKilled);
  };
  let authorizer = start();
  return zooClient(endpoint, async (work, isSignIn) => {
    for (;;) {
      const killed = new Promise((/** @type {(callbackUrl: string) => void} */ resolve) => {
        cameBack = resolve;
      });
      const ended = work(authorizer.connection(endpoint, { interaction })).then(() => undefined);
      const callbackUrl = await Promise.race([killed, ended]);
      if (callbackUrl === undefined) return;
      authorizer = start();
      let completed = await authorizer.complete(callbackUrl);
      while ('authorizationUrl' in completed) {
        authorizer = start();
        completed = await authorizer.complete(await visit(completed.authorizationUrl));
      }
      if (isSignIn) return;
    }
  });
}

/**
 * @param {Surroundings} surroundings
 * @param {Redirect} redirect
 * @param {{ host?: (store: Store) => Partial<Host>, settings?: ConnectionSettings }} [further]
 */
function ours(
  { memory, settings, clientMetadataUrl, fetch, approves },
  redirect,
  { host = () => ({}), settings: furtherSettings } = {},
) {
  if (!memory.has('store')) memory.set('store', createMemoryStore());
  /** @type {Store} */
  const store = memory.get('store');
  return createAuthorizer({
    host: { store, redirect, fetch, approve: async () => approves, ...host(store) },
    client: { clientName: 'Zoo', clientMetadataUrl },
    settings: () => ({ ...settings, ...furtherSettings }),
  });
}

/**
 * @param {string} endpoint
 * @param {(work: (connection: SignedInConnection) => Promise<unknown>, isSignIn?: boolean) => Promise<void>} survive
 *   does work with a connection
 * @returns {ZooClient}
 */
function zooClient(endpoint, survive) {
  let id = 0;
  const send = (/** @type {string} */ method, /** @type {object} */ params) =>
    survive(async (connection) => {
      id += 1;
      const response = await connection.fetch(endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
        body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`${method} was answered ${response.status}`);
    });
  return {
    connect: () =>
      send('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'zoo', version: '1' },
      }),
    call: (operation) => send('tools/call', { name: operation, arguments: {} }),
    signIn: () => survive((connection) => connection.signIn(), true),
    signOut: () => survive((connection) => connection.signOut()),
    refresh: () => survive((connection) => connection.refresh()),
    forget: () => survive((connection) => connection.forgetClient()),
  };
}

/**
 * A listener for the callback that gets the port of a stored registration again, if that can be had.
 *
 * @param {Surroundings} surroundings
 * @param {(authorizationUrl: string) => Promise<string>} [authorize] sends the person
 * @returns {Redirect}
 */
function redirect(surroundings, authorize = visiting(surroundings)) {
  const { redirectUri, takenRedirectUris } = surroundings;
  const byName = redirectUri.replace('127.0.0.1', 'localhost');
  const isByName = redirectUri === byName;
  return {
    fallback: isByName ? undefined : redirect({ ...surroundings, redirectUri: byName }, authorize),
    prepare: async ({ preferred, listed = [] }) => ({
      redirectUri:
        listed.find((uri) => uri.startsWith('http://127.0.0.1:')) ??
        (preferred !== undefined && !takenRedirectUris.includes(preferred) ? preferred : redirectUri),
      acceptsQuery: true,
      authorize: ({ authorizationUrl }) => authorize(authorizationUrl),
      close: async () => {},
    }),
  };
}

/**
 * @param {Surroundings} surroundings
 * @returns {(authorizationUrl: string) => Promise<string>} sends the person; the URL to which they came back
 */
function visiting({ visit }) {
  return (authorizationUrl) =>
    visit(authorizationUrl).catch((error) => {
      if (!(error instanceof NeverCameBack)) throw error;
      throw new TransportError({
        code: 'callback_aborted',
        message: error.message,
        step: 'callback',
        cause: error,
      });
    });
}
