/**
 * Serves the inspector's page on this machine, and sends its requests to the servers under inspection. Written as if all of
 * these were hostile, and other pages and programs, too.
 *
 * @module
 */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AddressInfo } from 'node:net' */

import { createServer } from 'node:http';

import { MisuseError } from '../js/core/errors.js';
import { assets, dataHeaders } from './server/assets.js';
import { openPage } from './server/opening.js';
import { createProxy, ProxyError } from './server/proxy.js';
import { PageSession } from './server/session.js';
import { isWebUrl, Targets } from './server/targets.js';

/** More than any request of a sign-in, wrapped as JSON. Bytes. */
const REQUEST_LIMIT = 2 * 1024 * 1024;

/**
 * Where the inspector listens, and what it begins with.
 *
 * @typedef {object} InspectorOptions
 * @property {string} [url] The MCP server to inspect. Default: the person types it in.
 * @property {number} [port] The port on 127.0.0.1. Default: 0, any free one.
 * @property {boolean | ((url: string) => Promise<void> | void)} [open] Whether, or how, the page is opened in the person's
 *   browser. Default: false.
 * @property {typeof globalThis.fetch} [fetch] Sends the requests to the servers under inspection. Default: that of Node.
 * @property {(hostname: string) => Promise<string[]>} [resolve] What a name resolves to. Default: what this machine says.
 */

/**
 * A running inspector.
 *
 * @typedef {object} Inspector
 * @property {string} url The page, with the key in its fragment: good for one browser, once.
 * @property {string} origin Where the page is.
 * @property {() => Promise<void>} open Opens the page in the person's browser, by a file of this user's that leads there: other
 *   users of the machine see what commands are given. Rejects with a `TransportError` (`browser_not_opened`).
 * @property {() => Promise<void>} close Ends it.
 */

/**
 * Starts the inspector of MCP authorization: a page on this machine that shows a sign-in as it happens.
 *
 * @param {InspectorOptions} [options]
 * @returns {Promise<Inspector>}
 * @throws {MisuseError} `invalid_url`: `url` is no http or https URL; `inspector_port_taken`: something else listens there
 * @throws {TransportError} `browser_not_opened`
 */
export async function startInspector({ url, port = 0, open = false, fetch, resolve } = {}) {
  if (url !== undefined && !isWebUrl(url))
    throw new MisuseError({
      code: 'invalid_url',
      message: 'The MCP server to inspect is given by an http or https URL.',
    });
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000 });
  await listen(server, port);
  const origin = `http://127.0.0.1:${/** @type {AddressInfo} */ (server.address()).port}`;
  const session = new PageSession();
  const answer = createAnswerer(origin, session, { fetch, resolve });
  server.on('request', (request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const fragment = new URLSearchParams({ key: session.key, ...(url === undefined ? {} : { server: url }) });
  const page = `${origin}/#${fragment}`;
  /** @type {(() => Promise<void>)[]} */
  const removals = [];
  const openHere = async () => void removals.push(await openPage(page));
  const close = async () => {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    for (const remove of removals) await remove();
  };
  try {
    if (open) await (open === true ? openHere() : open(page));
  } catch (error) {
    await close();
    throw error;
  }
  return { url: page, origin, open: openHere, close };
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 */
function listen(server, port) {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new MisuseError({
          code: 'inspector_port_taken',
          message: `The inspector cannot listen on port ${port} of 127.0.0.1. Choose another one, or none.`,
          cause,
        }),
      );
    });
    server.listen(port, '127.0.0.1', () => resolve(undefined));
  });
}

/**
 * @param {string} origin
 * @param {PageSession} session
 * @param {Parameters<typeof createProxy>[1]} network
 */
function createAnswerer(origin, session, network) {
  const files = assets();
  const targets = new Targets(origin);
  const proxy = createProxy(targets, network);
  const { host } = new URL(origin);

  /** @type {Record<string, (wanted: any, abandoned: AbortSignal) => unknown>} */
  const calls = {
    '/inspect': ({ endpoint, allowPrivateAddresses }) => {
      if (!isWebUrl(endpoint))
        throw new ProxyError(400, 'invalid_url', 'The MCP server is given by an http or https URL.');
      targets.inspect(endpoint, allowPrivateAddresses === true);
      return {};
    },
    '/confirm': ({ origin }) => {
      if (!isWebUrl(origin)) throw new ProxyError(400, 'invalid_url', 'A server is confirmed by its origin.');
      targets.confirm(origin);
      return {};
    },
    '/send': (wanted, abandoned) => proxy(wanted, abandoned),
  };

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  return async (request, response) => {
    // Another host name means that a website has pointed its own name at this machine (DNS rebinding).
    if (request.headers.host !== host) return refuse(response, 421, 'wrong_host');
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (request.method === 'GET') return serve(response, files.get(path.startsWith('/callback/') ? '/callback' : path));
    if (request.method !== 'POST') return refuse(response, 405, 'wrong_method');
    // A page of another origin can send a request here, though it cannot read the answer.
    if (request.headers.origin !== origin) return refuse(response, 403, 'wrong_origin');
    if (request.headers['content-type'] !== 'application/json') return refuse(response, 415, 'wrong_type');
    const wanted = await readJson(request);
    if (wanted === undefined) return refuse(response, 400, 'not_json');
    if (path === '/session') {
      const token = session.trade(wanted.key);
      return token === undefined ? refuse(response, 403, 'key_refused') : answerJson(response, 200, { token });
    }
    if (!session.admits(request.headers.authorization)) return refuse(response, 401, 'token_refused');
    const call = Object.hasOwn(calls, path) ? calls[path] : undefined;
    if (!call) return refuse(response, 404, 'no_such_call');
    const abandoned = new AbortController();
    response.on('close', () => abandoned.abort());
    try {
      answerJson(response, 200, await call(wanted, abandoned.signal));
    } catch (error) {
      if (!(error instanceof ProxyError)) throw error;
      answerJson(response, error.status, { code: error.code, message: error.message });
    }
  };
}

/**
 * @param {ServerResponse} response
 * @param {import('./server/assets.js').Asset | undefined} file
 */
function serve(response, file) {
  if (!file) return refuse(response, 404, 'nothing_here');
  response.writeHead(200, file.headers).end(file.content);
}

/**
 * @param {IncomingMessage} request
 * @returns {Promise<any>} undefined: it is no JSON object, or too large
 */
async function readJson(request) {
  /** @type {Buffer[]} */
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > REQUEST_LIMIT) return undefined;
    chunks.push(chunk);
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} code
 */
function refuse(response, status, code) {
  answerJson(response, status, { code });
}

/**
 * @param {ServerResponse} response
 * @param {number} status
 * @param {unknown} value
 */
function answerJson(response, status, value) {
  if (response.destroyed) return;
  response.writeHead(status, { ...dataHeaders, 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}
