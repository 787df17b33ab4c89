/** Sends the page's requests to the servers of the flow, and gives back what they answer, as data. */

/** @import { Inspections } from './targets.js' */

import { AuthorizationError } from '../../core/errors.js';
import { explainingFetch, platformFetch } from '../node/explaining_fetch.js';
import { nodeGate } from '../node/gate.js';
import { guardedFetch } from '../node/guarded_fetch.js';
import { isWebUrl } from './targets.js';

/** What no document of the protocol exceeds. Bytes. */
const BODY_LIMIT = 256 * 1024;

const TIMEOUT_MILLISECONDS = 30_000;

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'];

/** What the page may say to a server. No cookie is among it. */
const requestHeaders = [
  'accept',
  'access-control-request-headers',
  'access-control-request-method',
  'authorization',
  'content-type',
  'dpop',
  'mcp-method',
  'mcp-name',
  'mcp-protocol-version',
  'mcp-session-id',
  'origin',
];

/** What of an answer the page does not get to see. */
const hiddenHeaders = ['set-cookie', 'set-cookie2'];

/**
 * What the page wants to be sent.
 *
 * @typedef {object} ProxiedRequest
 * @property {string} [server] the MCP server under inspection. Default: the one that was named last
 * @property {string} url
 * @property {string} method
 * @property {[string, string][]} headers
 * @property {string} [body]
 *
 * What it is answered with.
 *
 * @typedef {object} ProxiedAnswer
 * @property {number} status
 * @property {[string, string][]} headers
 * @property {string} body base64
 */

/** Why a request was not sent, or not answered. */
export class ProxyError extends Error {
  /**
   * @param {number} status of the answer to the page
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * How requests are sent, where it is not by Node.
 *
 * @typedef {{ fetch?: typeof globalThis.fetch, resolve?: (hostname: string) => Promise<string[]> }} ProxyNetwork
 */

/**
 * @param {Inspections} inspections
 * @param {ProxyNetwork} [network]
 */
export function createForward(inspections, { fetch, resolve } = {}) {
  const given = fetch ?? (resolve && platformFetch);
  const guarded = explainingFetch(given ? guardedFetch(given, resolve) : nodeGate().fetch);

  /**
   * Sends one request. Redirects are reported and not followed.
   *
   * @param {unknown} wanted
   * @param {AbortSignal} abandoned
   * @returns {Promise<ProxiedAnswer>}
   */
  return async (wanted, abandoned) => {
    const { server, url, method, headers, body } = readRequest(wanted);
    const target = new URL(url);
    if (inspections.isOwn(target))
      throw new ProxyError(403, 'target_is_inspector', 'The inspector sends no request to itself.');
    const targets = inspections.of(server);
    if (!targets && server !== undefined)
      throw new ProxyError(409, 'server_not_inspected', `${server} is not under inspection here.`);
    if (!targets?.includes(target)) {
      throw new ProxyError(
        403,
        'target_unconfirmed',
        `${target.origin} has no part in this sign-in so far. The person has to confirm it.`,
      );
    }
    const ending = new AbortController();
    const end = () => ending.abort();
    abandoned.addEventListener('abort', end);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      ending.abort();
    }, TIMEOUT_MILLISECONDS);
    try {
      const context = targets.isTrusted ? {} : { endpoint: targets.endpoint };
      const init = {
        method,
        headers,
        body,
        redirect: /** @type {const} */ ('manual'),
        credentials: /** @type {const} */ ('omit'),
        signal: ending.signal,
      };
      const response = await guarded(url, init, context);
      const bytes = await readBody(response);
      targets.learn(response.headers, bytes.toString());
      return {
        status: response.status,
        headers: [...response.headers].filter(([name]) => !hiddenHeaders.includes(name)),
        body: bytes.toString('base64'),
      };
    } catch (error) {
      if (timedOut) throw new ProxyError(504, 'timed_out', `${target.origin} did not answer completely in time.`);
      if (error instanceof ProxyError) throw error;
      if (error instanceof AuthorizationError) throw new ProxyError(502, error.code, error.message);
      const { message, cause } = /** @type {Error & { cause?: { code?: string } }} */ (error);
      throw new ProxyError(
        502,
        'network_failed',
        `The request to ${target.origin} failed (${cause?.code ?? message}).`,
      );
    } finally {
      clearTimeout(timer);
      abandoned.removeEventListener('abort', end);
      ending.abort();
    }
  };
}

/**
 * @param {unknown} wanted
 * @returns {ProxiedRequest}
 */
function readRequest(wanted) {
  const { server, url, method, headers = [], body } = Object(wanted);
  const isRequest =
    (server === undefined || isWebUrl(server)) &&
    isWebUrl(url) &&
    methods.includes(method) &&
    Array.isArray(headers) &&
    (body === undefined || typeof body === 'string');
  if (!isRequest) throw new ProxyError(400, 'invalid_request', 'This is no request that the inspector sends.');
  return {
    server,
    url,
    method,
    body,
    headers: headers.filter(
      (header) => Array.isArray(header) && requestHeaders.includes(String(header[0]).toLowerCase()),
    ),
  };
}

/**
 * Reads to the end, or up to the limit. A stream of events ends with the answer that it was opened for, since some servers
 * leave it open.
 *
 * @param {Response} response
 */
async function readBody({ body, headers }) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  const isStream = headers.get('content-type')?.startsWith('text/event-stream');
  for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (body ?? []))) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > BODY_LIMIT)
      throw new ProxyError(
        502,
        'response_too_large',
        "The server's answer is larger than 256 KiB. It was not read to its end.",
      );
    if (isStream && hasAnswer(Buffer.concat(chunks).toString())) break;
  }
  return Buffer.concat(chunks);
}

/** @param {string} events */
function hasAnswer(events) {
  const complete = events.slice(0, events.lastIndexOf('\n\n') + 1);
  return complete.split('\n').some((line) => line.startsWith('data:') && /"(?:result|error)"/.test(line));
}
