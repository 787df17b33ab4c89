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
import { createInspectorProxy, isForeign, refuse } from '../js/hosts/proxy/inspector_proxy.js';
import { isWebUrl } from '../js/hosts/proxy/targets.js';
import { assets } from './server/assets.js';
import { openPage } from './server/opening.js';

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
  const proxy = createInspectorProxy({ origin, path: '', fetch, resolve });
  server.on('request', createAnswerer(origin, proxy));
  const fragment = new URLSearchParams({ key: proxy.key, ...(url === undefined ? {} : { server: url }) });
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
 * @param {import('../js/hosts/proxy/inspector_proxy.js').InspectorProxy} proxy
 */
function createAnswerer(origin, proxy) {
  const files = assets();
  return (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    if (request.method !== 'GET') return void proxy.answer(request, response);
    if (isForeign(request, origin)) return refuse(response, 421, 'wrong_host');
    const path = (request.url ?? '').split('?')[0] ?? '';
    serve(response, files.get(path.startsWith('/callback/') ? '/callback' : path));
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
