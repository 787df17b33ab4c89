/** A `fetch` that takes note of what it sends and gets. */

/** @import { Party, Step } from '../core/records.js' */
/** @import { Fetch, Host, JsonObject } from '../core/host.js' */
/** @import { Exchange, Purpose } from './finding.js' */

import { networkOf } from '../core/network.js';
import { asObject } from './evidence.js';

/** No document of the protocol is larger. */
const BODY_LIMIT = 262_144;

/** Seconds are enough for every answer of the protocol; milliseconds. */
const DEFAULT_TIMEOUT = 30_000;

const kept = [
  'content-type',
  'location',
  'www-authenticate',
  'access-control-allow-origin',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-expose-headers',
  'retry-after',
];

/**
 * @typedef {object} Recorder
 * @property {Exchange[]} exchanges
 * @property {Fetch} fetch for the steps of this package
 * @property {(request: RecordedRequest) => Promise<Exchange>} ask sends one request, follows no redirect, and never rejects
 *   but on abort
 */

/**
 * @typedef {object} RecordedRequest
 * @property {Purpose} purpose
 * @property {Step} step
 * @property {Party} to
 * @property {string} url
 * @property {RequestInit} [init]
 * @property {string} endpoint the MCP server, on whose word it is sent
 * @property {boolean} [bodyless] whether a success has a body that nobody needs, perhaps without an end
 */

/**
 * @param {Pick<Host, 'fetch' | 'timeoutMilliseconds'> & { signal?: AbortSignal }} host
 * @param {object} how
 * @param {boolean} [how.isTrusted] whether the MCP server may name whom it likes
 * @param {(url: string, init?: RequestInit) => Pick<Exchange, 'purpose' | 'step' | 'to' | 'sentScope'>} how.classify
 * @param {(exchange: Exchange) => JsonObject | undefined} [how.mend] a document to go on with in place of the one received
 * @returns {Recorder}
 */
export function createRecorder(host, { classify, mend, isTrusted = false }) {
  const { signal, timeoutMilliseconds = DEFAULT_TIMEOUT } = host;
  const { fetch } = networkOf(host);
  /** @type {Exchange[]} */
  const exchanges = [];

  /** @type {(base: Exchange, send: () => Promise<Response>, bodyless?: boolean) => Promise<{ response: Response, bytes: Uint8Array<ArrayBuffer> }>} */
  const record = async (exchange, send, bodyless = false) => {
    exchanges.push(exchange);
    try {
      const response = await send();
      exchange.status = response.status;
      exchange.headers = Object.fromEntries(
        kept.flatMap((name) => [[name, response.headers.get(name)]]).filter(([, value]) => value !== null),
      );
      if (bodyless && response.ok) {
        await response.body?.cancel();
        return { response, bytes: new Uint8Array() };
      }
      const bytes = await limitedBody(response);
      exchange.body = new TextDecoder().decode(bytes);
      exchange.document = asObject(exchange.body);
      return { response, bytes };
    } catch (error) {
      exchange.failure = reasonOf(error);
      throw error;
    }
  };

  return {
    exchanges,

    async fetch(input, init, context) {
      const url = String(input);
      /** @type {Exchange} */
      const exchange = { ...classify(url, init), method: init?.method ?? 'GET', url, headers: {} };
      const { response, bytes } = await record(exchange, () => fetch(input, init, context));
      const mended = mend?.(exchange);
      const body = mended ? new TextEncoder().encode(JSON.stringify(mended)) : bytes;
      // Its `url` says where redirects led that the platform followed by itself.
      return /** @type {Response} */ (
        /** @type {unknown} */ ({
          status: response.status,
          headers: response.headers,
          url: response.url,
          body: new Response(body).body,
        })
      );
    },

    async ask({ purpose, step, to, url, init, endpoint, bodyless }) {
      /** @type {Exchange} */
      const exchange = { purpose, step, to, method: init?.method ?? 'GET', url, headers: {} };
      const deadline = new AbortController();
      const end = () => deadline.abort(signal?.reason);
      const timer = setTimeout(() => deadline.abort(new Error('no complete answer came in time')), timeoutMilliseconds);
      signal?.addEventListener('abort', end, { once: true });
      try {
        signal?.throwIfAborted();
        const whole = /** @type {const} */ ({
          redirect: 'manual',
          credentials: 'omit',
          cache: 'no-store',
          ...init,
          signal: deadline.signal,
        });
        await record(exchange, () => fetch(url, whole, { step, url, endpoint: isTrusted ? url : endpoint }), bodyless);
      } catch {
        signal?.throwIfAborted();
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
      }
      return exchange;
    },
  };
}

/**
 * A body, as far as it goes to the limit and one byte beyond: whoever reads it sees that it is too large.
 *
 * @param {Response} response
 */
async function limitedBody(response) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  let length = 0;
  const reader = response.body?.getReader();
  while (reader && length <= BODY_LIMIT) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  if (length > BODY_LIMIT) await reader?.cancel();
  const body = new Uint8Array(Math.min(length, BODY_LIMIT + 1));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk.subarray(0, body.length - at), at);
    at += chunk.length;
  }
  return body;
}

/** @param {unknown} error */
function reasonOf(error) {
  const { message, cause } = /** @type {{ message?: unknown, cause?: { code?: unknown, message?: unknown } }} */ (
    Object(error)
  );
  const deeper = cause?.code ?? cause?.message;
  return [message ?? error, deeper].filter(Boolean).join(': ');
}
