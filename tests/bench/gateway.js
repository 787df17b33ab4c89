// Sessions of many users in a Redis of its own, that several processes share. All their tokens expire at once, and each user
// calls by two processes at the same time: how often each was refreshed, what is left in memory, and how many requests there are
// in a second beside a proxy that has the tokens at hand. `GATEWAY_USERS=1000` makes it short.

/** @import { ChildProcess } from 'node:child_process' */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { argv, env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { createMemoryStore } from 'mcp-oauth-wasm/node';
import { createRedisStore } from 'mcp-oauth-wasm/redis';
import { listenOnLoopback } from '../servers/loopback.js';
import { startRedisServer } from '../servers/redis_server.js';

const userCount = Number(env.GATEWAY_USERS ?? 100_000);
const processCount = 8;
const atOnce = 32;

/** Whose session is the pattern of all others. */
const pattern = 'pattern';

/** @typedef {{ users: string[], by: 'proxy' | 'gateway' }} Work */
/** @typedef {{ failures: string[], heaps: number[] }} Done `heaps`: bytes in use after each third */

/** An MCP server with its authorization server. What its tokens say of themselves is all that it needs to know of users. */
async function startServer() {
  /** How often each user's tokens were refreshed. @type {Map<string, number>} */
  const refreshes = new Map();
  /** Refresh tokens that came a second time. */
  let reused = 0;
  let origin = '';
  const tokens = (/** @type {string} */ user, /** @type {number} */ generation) => ({
    access_token: `access.${user}.${generation}`,
    refresh_token: `refresh.${user}.${generation}`,
    token_type: 'Bearer',
    expires_in: 3600,
  });
  const token = (/** @type {URLSearchParams} */ form) => {
    const [, user = pattern, generation = ''] = form.get('refresh_token')?.split('.') ?? [];
    if (!form.has('refresh_token')) return tokens(pattern, 0);
    const isCurrent = Number(generation) === (refreshes.get(user) ?? 0);
    if (!isCurrent) reused += 1;
    else refreshes.set(user, Number(generation) + 1);
    return isCurrent ? tokens(user, Number(generation) + 1) : { error: 'invalid_grant' };
  };
  /** @type {Record<string, (url: URL, body: string) => object>} */
  const routes = {
    '/.well-known/oauth-protected-resource/mcp': () => ({ resource: `${origin}/mcp`, authorization_servers: [origin] }),
    '/.well-known/oauth-authorization-server': () => ({
      issuer: origin,
      authorization_endpoint: `${origin}/authorize`,
      token_endpoint: `${origin}/token`,
      registration_endpoint: `${origin}/register`,
      code_challenge_methods_supported: ['S256'],
    }),
    '/register': (_, body) => ({ ...JSON.parse(body), client_id: 'gateway' }),
    '/token': (_, body) => token(new URLSearchParams(body)),
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const url = new URL(request.url ?? '/', origin);
    const [, user = '', generation] = request.headers.authorization?.split('.') ?? [];
    if (url.pathname === '/mcp') {
      const isCurrent = user !== '' && Number(generation) === (refreshes.get(user) ?? 0);
      return response.writeHead(isCurrent ? 200 : 401, isCurrent ? {} : { 'www-authenticate': 'Bearer' }).end('{}');
    }
    const answer = routes[url.pathname]?.(url, body) ?? { error: 'not found' };
    const isError = 'error' in answer;
    const status = isError ? 400 : url.pathname === '/register' ? 201 : 200;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  // Its clients end their connections: on a machine with too much to do, it would end one on which a request is on its way.
  server.keepAliveTimeout = 0;
  const listening = await listenOnLoopback(server);
  origin = listening.origin;
  return { ...listening, endpoint: `${origin}/mcp`, refreshes, reused: () => reused };
}

/**
 * A session as it is stored, of a person who has signed in.
 *
 * @param {string} endpoint
 */
async function patternOf(endpoint) {
  const store = createMemoryStore();
  const redirect = {
    prepare: async () => ({
      redirectUri: 'http://127.0.0.1:1/callback',
      async authorize(/** @type {{ authorizationUrl: string }} */ { authorizationUrl }) {
        const { searchParams } = new URL(authorizationUrl);
        return `${searchParams.get('redirect_uri')}?code=code&state=${searchParams.get('state')}`;
      },
      close: async () => {},
    }),
  };
  await createAuthorizer({ host: { store, redirect } }).connection(endpoint, { account: pattern }).signIn();
  const key = `session ${endpoint} ${pattern}`;
  return { key, text: JSON.stringify((await store.read(key))?.value) };
}

export async function gateway() {
  const redis = await startRedisServer();
  const server = await startServer();
  const { connectBy } = await import('../redis/clients/clients.js');
  const connected = await connectBy.redis?.(redis.path);
  if (!connected) throw new Error('There is no such client.');
  const isGood = Array.from({ length: Math.ceil(userCount / 10) }, (_, at) => `good${at}`);
  const isExpired = Array.from({ length: userCount }, (_, at) => `expired${at}`);
  /** @type {ChildProcess[]} */
  let workers = [];
  try {
    const { key, text } = await patternOf(server.endpoint);
    const store = (/** @type {string} */ user) => {
      const kept = JSON.parse(text.replaceAll(pattern, user));
      if (user.startsWith('expired')) kept.tokens.expiresAt = kept.tokens.receivedAt = 1;
      const place = `mcp-oauth-wasm:record:${key.replace(pattern, user)}`;
      return connected.client.sendCommand(['HSET', place, 'version', '1', 'value', JSON.stringify(kept)]);
    };
    const users = [...isGood, ...isExpired];
    for (let at = 0; at < users.length; at += 1000) await Promise.all(users.slice(at, at + 1000).map(store));

    const task = JSON.stringify({ redis: redis.path, endpoint: server.endpoint });
    workers = Array.from({ length: processCount }, () =>
      fork(fileURLToPath(import.meta.url), ['work', task], { execArgv: ['--expose-gc'] }),
    );
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    /** @param {Work['by']} by @param {(worker: number) => string[]} usersOf */
    const together = async (by, usersOf) => {
      const since = performance.now();
      const shares = workers.map((_, at) => usersOf(at));
      const done = await Promise.all(
        workers.map(async (worker, at) => {
          worker.send({ users: shares[at], by });
          const [told] = await once(worker, 'message');
          return /** @type {Done} */ (told);
        }),
      );
      const seconds = (performance.now() - since) / 1000;
      return { perSecond: shares.flat().length / seconds, done };
    };
    const shareOf = (/** @type {string[]} */ all) => (/** @type {number} */ at) =>
      all.filter((_, user) => user % processCount === at);
    const both = (/** @type {number} */ at) =>
      isExpired.filter((_, user) => user % processCount === at || (user + 1) % processCount === at);

    await together('proxy', shareOf(isGood));
    const proxy = await together('proxy', shareOf(isGood));
    const first = await together('gateway', shareOf(isGood));
    const again = await together('gateway', shareOf(isGood));
    const storm = await together('gateway', both);

    const show = (
      /** @type {string} */ name,
      /** @type {{ perSecond: number, done: Done[] }} */ { perSecond, done },
    ) => {
      const failures = done.flatMap((one) => one.failures);
      const ratio = (perSecond / proxy.perSecond).toFixed(3);
      console.log(
        `${name.padEnd(44)} ${perSecond.toFixed(0).padStart(7)} a second  ${ratio}  ${failures.length} failed`,
      );

      for (const what of new Set(failures))
        console.log(`  ${failures.filter((other) => other === what).length} times: ${what}`);
    };
    console.log(`${userCount} users, ${processCount} processes; requests, and their ratio to those of the proxy`);
    show('a proxy that has the tokens', proxy);
    show('each session read from Redis', first);
    show('each session known', again);
    show('all tokens expired, each user by two processes', storm);
    const counts = isExpired.map((user) => server.refreshes.get(user) ?? 0);
    const most = counts.reduce((one, other) => Math.max(one, other), 0);
    const none = counts.filter((count) => count === 0).length;
    console.log(
      `Refreshes of one user: ${most} at most; ${none} users without; ${server.reused()} refresh tokens sent twice.`,
    );
    const growth = storm.done.map(({ heaps: [third = NaN, , end = NaN] }) => end / third);
    console.log(`Memory in use at the end, over that after a third: ${Math.max(...growth).toFixed(3)} at most.`);
  } finally {
    for (const worker of workers) worker.disconnect();
    connected.disconnect();
    await server.close();
    await redis.close();
  }
}

/** One process of the gateway, and of the proxy beside it. @param {{ redis: string, endpoint: string }} task */
async function work({ redis, endpoint }) {
  const { connectBy } = await import('../redis/clients/clients.js');
  const connected = await connectBy.redis?.(redis);
  if (!connected) throw new Error('There is no such client.');
  const host = { store: createRedisStore({ client: connected.client }), fetch: globalThis.fetch };
  const authorizer = createAuthorizer({ host });
  const message = { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' };
  const by = {
    proxy: (/** @type {string} */ user) =>
      fetch(endpoint, { ...message, headers: { authorization: `Bearer access.${user}.0` } }),
    gateway: (/** @type {string} */ user) => authorizer.fetch(endpoint, { account: user })(endpoint, message),
  };
  process.on('message', async (/** @type {Work} */ { users, by: way }) => {
    /** @type {Done} */
    const done = { failures: [], heaps: [] };
    for (let third = 0; third < 3; third += 1) {
      const part = users.slice((users.length * third) / 3, (users.length * (third + 1)) / 3).values();
      const inTurn = async () => {
        for (const user of part) {
          const failure = await by[way](user).then(
            async (response) => (await response.text(), response.ok ? '' : `status ${response.status}`),
            ({ code, message, details, cause }) =>
              [code ?? message, details?.reason ?? cause?.code, details?.url && new URL(details.url).pathname].join(
                ' ',
              ),
          );
          if (failure) done.failures.push(failure);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, inTurn));
      /** @type {any} */ (globalThis).gc();
      done.heaps.push(process.memoryUsage().heapUsed + process.memoryUsage().external);
    }
    process.send?.(done);
  });
  process.once('disconnect', () => process.exit());
  process.send?.('ready');
}

// It starts itself again, as the processes.
if (argv[2] === 'work') await work(JSON.parse(argv[3] ?? ''));
