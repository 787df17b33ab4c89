/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { ProxyNetwork } from './forward.js' */

import { MisuseError } from '../../core/errors.js';
import { createForward, ProxyError } from './forward.js';
import { PageSession } from './page_session.js';
import { Inspections, isLoopback, isWebUrl } from './targets.js';

/** More than any request of a sign-in, wrapped as JSON. Bytes. */
const REQUEST_LIMIT = 2 * 1024 * 1024;

/** Every answer has them: what a server says in an answer to the proxy is data, even for who opens it as a page. */
export const dataHeaders = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Which page it serves, and how it sends requests.
 *
 * @typedef {object} InspectorProxyOptions
 * @property {string} origin The origin of the page, and of this proxy with it: one of this machine, such as
 *   `http://127.0.0.1:6274`, at which no other machine is listened to.
 * @property {string} [path] What the paths of the proxy begin with. Default: `/proxy`.
 * @property {typeof globalThis.fetch} [fetch] Sends the requests. Default: that of Node.
 * @property {(hostname: string) => Promise<string[]>} [resolve] What a name resolves to. Default: what this machine says.
 */

/**
 * The proxy of an inspector.
 *
 * @typedef {object} InspectorProxy
 * @property {string} key What the page is opened with, once, as the fragment of its URL: `#key=…`. Keep it out of logs.
 * @property {(request: IncomingMessage, response: ServerResponse) => boolean} answer
 *   Answers a request that is for the proxy; false: it is not, and nothing was done. Any server of Node calls it, and any
 *   development server that takes a middleware.
 */

/**
 * The server's half of `proxiedFetch` of `mcp-oauth-wasm/browser`: sends the requests of an inspector's page to servers without
 * CORS headers (Fetch Standard, CORS protocol). It answers the page at `origin` that was opened with the key, and nobody
 * else, at no other host name (DNS rebinding). It calls the MCP servers that the page names, whom their documents name, and
 * whom the person agreed to; no public server leads it to this machine or into a private network (RFC 9728 §7.7). Redirects
 * and cookies go neither way.
 *
 * @param {InspectorProxyOptions} options
 * @returns {InspectorProxy}
 * @throws {MisuseError} `invalid_argument`: `origin` is none of this machine
 */
export function createInspectorProxy({ origin, path = '/proxy', ...network }) {
  if (!isWebUrl(origin) || new URL(origin).origin !== origin || !isLoopback(new URL(origin).hostname)) {
    throw new MisuseError({
      code: 'invalid_argument',
      message:
        'The option `origin` is that of a page on this machine, such as "http://127.0.0.1:6274". A proxy that others reach would send what they like from here.',
    });
  }
  const session = new PageSession();
  const answer = createAnswerer(origin, path, session, network);
  return {
    key: session.key,
    answer(request, response) {
      if (!String(request.url).startsWith(`${path}/`)) return false;
      answer(request, response).catch(() => response.destroy());
      return true;
    },
  };
}

/**
 * @param {string} origin
 * @param {string} base
 * @param {PageSession} session
 * @param {ProxyNetwork} network
 */
function createAnswerer(origin, base, session, network) {
  const inspections = new Inspections(origin);
  const forward = createForward(inspections, network);

  /** @type {Record<string, (wanted: any, abandoned: AbortSignal) => unknown>} */
  const calls = {
    '/inspect': ({ endpoint, allowPrivateAddresses }) => {
      if (!isWebUrl(endpoint))
        throw new ProxyError(400, 'invalid_url', 'The MCP server is given by an http or https URL.');
      inspections.begin(endpoint, allowPrivateAddresses === true);
      return {};
    },
    '/confirm': ({ server, origin }) => {
      if (!isWebUrl(origin)) throw new ProxyError(400, 'invalid_url', 'A server is confirmed by its origin.');
      inspections.of(server)?.confirm(origin);
      return {};
    },
    '/send': forward,
  };

  /**
   * @param {IncomingMessage} request
   * @param {ServerResponse} response
   */
  return async (request, response) => {
    if (isForeign(request, origin)) return refuse(response, 421, 'wrong_host');
    if (request.method !== 'POST') return refuse(response, 405, 'wrong_method');
    // A page of another origin can send a request here, though it cannot read the answer.
    if (request.headers.origin !== origin) return refuse(response, 403, 'wrong_origin');
    if (request.headers['content-type'] !== 'application/json') return refuse(response, 415, 'wrong_type');
    const wanted = await readJson(request);
    if (wanted === undefined) return refuse(response, 400, 'not_json');
    const path = (request.url ?? '').slice(base.length).split('?')[0] ?? '';
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
 * Whether it came by another host name: then a website has pointed its own name at this machine (DNS rebinding).
 *
 * @param {IncomingMessage} request
 * @param {string} origin
 */
export function isForeign(request, origin) {
  return request.headers.host !== new URL(origin).host;
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
export function refuse(response, status, code) {
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
