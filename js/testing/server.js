/** The server that `fetchContract` asks: on Node, at two ports of the loopback interface. */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */

import { createServer } from 'node:http';

/**
 * A request as the test server received it.
 *
 * @typedef {object} ReceivedRequest
 * @property {string} path What was asked for, within its trial.
 * @property {string} method Its method.
 * @property {Record<string, string | string[] | undefined>} headers Its headers, by their names in lower case.
 * @property {string} body Its body.
 * @property {boolean} closed Whether its connection ended before the answer did.
 */

/**
 * A running test server: its `origin` and `otherOrigin` are options of `fetchContract`.
 *
 * @typedef {object} FetchTestServer
 * @property {string} origin Where it listens.
 * @property {string} otherOrigin Where it listens too.
 * @property {() => Promise<void>} close Ends it.
 */

/**
 * @typedef {object} Exchange
 * @property {ServerResponse} response
 * @property {URLSearchParams} query
 * @property {Trial} trial
 *
 * @typedef {{ received: ReceivedRequest[], release: () => void, released: Promise<void> }} Trial
 */

/**
 * Starts the server that `fetchContract` asks.
 *
 * @throws nothing: it rejects with the system's error if no port can be had
 * @returns {Promise<FetchTestServer>}
 */
export async function startFetchTestServer() {
  /** @type {Map<string, Trial>} */
  const trials = new Map();
  const listener = (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) =>
    receive(trials, request, response);
  const servers = await Promise.all([listen(listener), listen(listener)]);
  const [origin = '', otherOrigin = ''] = servers.map(
    (server) => `http://127.0.0.1:${/** @type {AddressInfo} */ (server.address()).port}`,
  );
  return {
    origin,
    otherOrigin,
    async close() {
      await Promise.all(
        servers.map((server) => {
          const closed = new Promise((resolve) => server.close(resolve));
          server.closeAllConnections();
          return closed;
        }),
      );
    },
  };
}

/**
 * @param {(request: IncomingMessage, response: ServerResponse) => void} listener
 * @returns {Promise<ReturnType<typeof createServer>>}
 */
function listen(listener) {
  return new Promise((resolve, reject) => {
    const server = createServer(listener)
      .once('error', reject)
      .listen(0, '127.0.0.1', () => resolve(server));
  });
}

/**
 * @param {Map<string, Trial>} trials
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function receive(trials, request, response) {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://server');
  const [, id = '', path = ''] = pathname.split('/');
  let trial = trials.get(id);
  if (!trial) trials.set(id, (trial = newTrial()));
  // Pages of any origin may ask.
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', 'www-authenticate, location');
  response.setHeader('access-control-allow-headers', 'authorization, content-type');
  if (request.method === 'OPTIONS') return response.writeHead(204).end();

  /** @type {ReceivedRequest} */
  const received = { path, method: request.method ?? '', headers: request.headers, body: '', closed: false };
  if (path !== 'received') trial.received.push(received);
  response.on('close', () => {
    received.closed = !response.writableFinished;
  });
  for await (const chunk of request.setEncoding('utf8')) received.body += chunk;
  await (new Map(Object.entries(answers)).get(path) ?? notFound)({ response, query, trial });
}

/** @returns {Trial} */
function newTrial() {
  let release = () => {};
  /** @type {Promise<void>} */
  const released = new Promise((resolve) => {
    release = resolve;
  });
  return { received: [], release, released };
}

/** @param {Exchange} exchange */
const notFound = ({ response }) => void response.writeHead(404).end();

/** @type {Record<string, (exchange: Exchange) => Promise<void> | void>} */
const answers = {
  received: ({ response, trial }) => sendJson(response, 200, trial.received),
  status: ({ response, query }) => {
    const status = Number(query.get('status') ?? 200);
    sendJson(response, status, { status, text: 'ä🗝' });
  },
  target: ({ response }) => sendJson(response, 200, {}),
  redirect: ({ response, query }) =>
    void response.writeHead(Number(query.get('status') ?? 302), { location: query.get('to') ?? '' }).end(),
  challenges: ({ response }) => {
    response.setHeader('www-authenticate', ['Negotiate', 'Bearer realm="a, b", scope="openid email"']);
    sendJson(response, 401, {});
  },
  cookie: ({ response }) => {
    response.setHeader('set-cookie', 'kept=1; Path=/');
    sendJson(response, 200, {});
  },
  silent() {},
  async stream({ response, trial }) {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('first');
    await trial.released;
    response.end('last');
  },
  release: ({ response, trial }) => {
    trial.release();
    sendJson(response, 200, {});
  },
  endless({ response }) {
    response.writeHead(200, { 'content-type': 'application/json' });
    const chunk = ' '.repeat(65_536);
    const send = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', send);
    send();
  },
  broken({ response }) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' }).write('{');
    setImmediate(() => response.destroy());
  },
  reset: ({ response }) => void response.destroy(),
};

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {unknown} body
 */
function sendJson(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
