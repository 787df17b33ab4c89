/**
 * One of several processes of one application, which share a file and a Redis; started by processes.js. It does what it is
 * told, and tells what it opens.
 *
 * @typedef {object} Task
 * @property {string} file
 * @property {string} redis
 * @property {string} name
 * @property {number} ahead how far its clock is ahead, in milliseconds
 * @property {number} signInLimit how long a sign-in waits for a person, in milliseconds
 *
 * @typedef {object} Order
 * @property {number} number
 * @property {string} place
 * @property {'call' | 'edit' | 'press' | 'sign out' | 'cancel' | 'complete'} does
 * @property {'file' | 'redis'} store
 * @property {string} account
 * @property {string} endpoint
 * @property {string} [callbackUrl]
 *
 * @typedef {'ready' | { opened: string, place: string } | { done: number, place: string, what: string, outcome: string }} Told
 */

import { createAuthorizer } from 'mcp-oauth-wasm';
import { createFileStore, loopbackRedirect, nodeHost } from 'mcp-oauth-wasm/node';
import { createRedisStore } from 'mcp-oauth-wasm/redis';
import { callTool } from '../javascript/world.js';
import { connectBy } from '../redis/clients/clients.js';

/** @type {Task} */
const { file, redis, name, ahead, signInLimit } = JSON.parse(process.argv[2] ?? '');
const connected = await connectBy.redis?.(redis);
if (!connected) throw new Error('there is no such client');
const stores = {
  file: createFileStore(file),
  redis: createRedisStore({ client: connected.client, prefix: 'soak:', lockMilliseconds: 5000 }),
};

const realNow = Date.now;
let jumped = ahead;
Date.now = () => realNow() + jumped;

/** @param {Told} told */
const tell = (told) => process.send?.(told);

/** By store and account, for the redirect of a connection does not say whose it is. @type {Map<string, ReturnType<typeof createAuthorizer>>} */
const authorizers = new Map();

/** @param {Order} order */
function authorizerFor({ store, account, endpoint, place }) {
  const key = `${store} ${account} ${endpoint}`;
  const there = authorizers.get(key);
  if (there) return there;
  const host = nodeHost({
    store: stores[store],
    redirect: loopbackRedirect({ open: (url) => void tell({ opened: url, place }) }),
    fetch: (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set('x-process', name);
      return globalThis.fetch(input, { ...init, headers });
    },
    timeoutMilliseconds: 3000,
    signInTimeoutMilliseconds: signInLimit,
  });
  const authorizer = createAuthorizer({ host, client: { clientName: 'Soak' } });
  authorizers.set(key, authorizer);
  return authorizer;
}

/** @param {Order} order */
async function obey(order) {
  const { number, place, does, account, endpoint, callbackUrl = '' } = order;
  const authorizer = authorizerFor(order);
  const { fetch, signIn, signOut, cancel } = authorizer.connection(endpoint, { account, interaction: true });
  if (does === 'press') return signIn();
  if (does === 'sign out') return signOut();
  if (does === 'cancel') return cancel();
  if (does === 'complete') {
    const completed = await authorizer.complete(callbackUrl);
    if ('authorizationUrl' in completed) tell({ opened: completed.authorizationUrl, place });
    return undefined;
  }
  const headers = { 'x-call': String(number), 'x-place': place };
  const response = await callTool(
    (url, init) => fetch(url, { ...init, headers: { .../** @type {object} */ (init.headers), ...headers } }),
    endpoint,
    { tool: does === 'edit' ? 'edit' : 'whoami' },
  );
  await response.text();
  return response.status;
}

process.on('message', (/** @type {Order | { ahead: number }} */ message) => {
  if ('ahead' in message) {
    jumped = message.ahead;
    return;
  }
  const { number, place, does } = message;
  const done = (/** @type {unknown} */ outcome) => tell({ done: number, place, what: does, outcome: String(outcome) });
  obey(message).then(done, (error) => done(error?.code ?? error));
});
// Nobody is left behind.
process.on('disconnect', () => process.exit());
tell('ready');
