/**
 * One of several processes of one application, which share a store; started by single_flight_processes.js.
 * It says `ready`, waits for a line, sends its requests all at once, and tells how they ended.
 *
 * @typedef {object} Task
 * @property {{ file: string } | { redis: string, prefix: string, lockMilliseconds: number }} place of the store
 * @property {string} server the MCP server
 * @property {number} requests how many at once
 * @property {'before' | 'after'} [stops] when it comes to a stop for ever, in the middle of a refresh: before the request
 *   is sent, or after the answer came
 *
 * @typedef {object} Report
 * @property {Record<string, number>} outcomes how many requests ended with which status or error
 * @property {string[]} authorizations hashes of the headers with which they succeeded
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { createFileStore } from 'mcp-oauth-wasm/node';
import { createRedisStore } from 'mcp-oauth-wasm/redis';
import { callTool } from './world.js';

/** @type {Task} */
const { place, server, requests, stops } = JSON.parse(process.argv[2] ?? '');
const { store, end } = await open();

/** @param {unknown} line */
const say = (line) => new Promise((resolve) => process.stdout.write(`${JSON.stringify(line)}\n`, resolve));

/** @returns {Promise<{ store: import('mcp-oauth-wasm').Store, end: () => void }>} */
async function open() {
  if ('file' in place) return { store: createFileStore(place.file), end() {} };
  const { connectBy } = await import('../redis/clients/clients.js');
  const connected = await connectBy.redis?.(place.redis);
  if (!connected) throw new Error('there is no such client');
  return { store: createRedisStore({ ...place, client: connected.client }), end: connected.disconnect };
}

async function stop() {
  await say('stopped');
  await new Promise(() => setInterval(() => {}, 60_000));
}

/** @type {Set<string>} */
const authorizations = new Set();

/** @type {import('mcp-oauth-wasm').Fetch} */
async function fetch(input, init, context) {
  const isRefresh = context?.step === 'refresh';
  if (isRefresh && stops === 'before') await stop();
  const response = await globalThis.fetch(input, init);
  if (isRefresh && stops === 'after') await stop();
  const authorization = new Headers(init?.headers).get('authorization');
  if (context?.step === 'call' && response.ok && authorization)
    authorizations.add(createHash('sha256').update(authorization).digest('hex'));
  return response;
}

const signedIn = createAuthorizer({ host: { store, fetch }, client: { clientName: 'the tests' } }).fetch(server);
await say('ready');
// Nobody is left behind if the tests are killed.
process.stdin.once('end', () => process.exit(1));
await once(process.stdin, 'data');

const ends = await Promise.all(
  Array.from({ length: requests }, () =>
    callTool(signedIn, server).then(
      async (response) => {
        await response.text();
        return String(response.status);
      },
      (error) => error.code ?? String(error),
    ),
  ),
);
/** @type {Record<string, number>} */
const outcomes = {};
for (const outcome of ends) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
await say({ outcomes, authorizations: [...authorizations] });
end();
process.exit();
