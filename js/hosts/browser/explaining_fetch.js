/** @import { Fetch, FetchContext } from '../../core/host.js' */

import { TransportError } from '../../core/errors.js';

/** Headers that a page may send to other origins without asking first (Fetch Standard, CORS-safelisted request-header). */
const SAFELISTED_HEADERS = ['accept', 'accept-language', 'content-language', 'range'];
const SAFELISTED_TYPES = ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain'];
const SAFELISTED_METHODS = ['GET', 'HEAD', 'POST'];

/**
 * The same `fetch`, which says what a server lacks where the browser keeps its answer from this page (CORS). The browser
 * itself gives the same bare `TypeError` for that as for a server that is not there, so the server is asked once more, by a
 * GET without credentials, query and body whose answer nobody sees. Where a policy (CORP) hides even that there is one,
 * the server is asked where it has let this page see an answer, or where the MCP server itself is.
 *
 * @param {Fetch} fetch
 * @returns {Fetch}
 */
export function explainingFetch(fetch) {
  /** Where each origin has answered. @type {Map<string, URL>} */
  const answered = new Map();
  return async (input, init, context) => {
    try {
      const response = await fetch(input, init, context);
      const url = urlOf(input);
      answered.set(url.origin, url);
      return response;
    } catch (error) {
      const request = asked(input, init, context);
      const { url } = request;
      if (!(error instanceof TypeError) || url.origin === globalThis.location?.origin) throw error;
      const endpoint = context?.endpoint ? new URL(context.endpoint) : url;
      const seen = answered.get(url.origin) ?? (endpoint.origin === url.origin ? endpoint : undefined);
      const isThere =
        (await answers(url, 'no-cors', init?.signal)) || (seen && (await answers(seen, 'cors', init?.signal)));
      throw isThere ? corsMissing(request, error) : error;
    }
  };
}

/** @param {string | URL | Request} input */
function urlOf(input) {
  return new URL(input instanceof Request ? input.url : String(input), globalThis.location?.href);
}

/**
 * @param {string | URL | Request} input
 * @param {RequestInit | undefined} init
 * @param {FetchContext | undefined} context
 */
function asked(input, init, context) {
  const request = input instanceof Request ? input : undefined;
  return {
    url: urlOf(input),
    method: (init?.method ?? request?.method ?? 'GET').toUpperCase(),
    headers: new Headers(init?.headers ?? request?.headers),
    step: context?.step,
  };
}

/** @typedef {ReturnType<typeof asked>} Asked */

/**
 * Whether a server is there, and this page may call it.
 *
 * @param {URL} url
 * @param {'cors' | 'no-cors'} mode whether its answer has to be one that this page may see
 * @param {AbortSignal | null | undefined} signal
 */
async function answers({ origin, pathname }, mode, signal) {
  const ended = new AbortController();
  signal?.addEventListener('abort', () => ended.abort(), { signal: ended.signal });
  try {
    await globalThis.fetch(origin + pathname, {
      mode,
      credentials: 'omit',
      cache: 'no-store',
      signal: ended.signal,
    });
    return true;
  } catch {
    return false;
  } finally {
    // The body may have no end.
    ended.abort();
  }
}

/**
 * The headers that the server's answers need for this page to send the request and to read its answer.
 *
 * @param {Asked} request
 */
function headersNeeded({ method, headers, step }) {
  const isSafelisted = (/** @type {string} */ name) =>
    SAFELISTED_HEADERS.includes(name) ||
    (name === 'content-type' &&
      SAFELISTED_TYPES.includes(headers.get(name)?.split(';')[0]?.trim().toLowerCase() ?? ''));
  const sent = [...headers.keys()].filter((name) => !isSafelisted(name));
  return {
    'Access-Control-Allow-Origin': globalThis.location?.origin ?? '*',
    ...(sent.length > 0 && { 'Access-Control-Allow-Headers': sent.join(', ') }),
    ...(!SAFELISTED_METHODS.includes(method) && { 'Access-Control-Allow-Methods': method }),
    ...(step === 'call' && { 'Access-Control-Expose-Headers': 'WWW-Authenticate, Mcp-Session-Id' }),
  };
}

/**
 * @param {Asked} request
 * @param {unknown} cause
 */
function corsMissing(request, cause) {
  const { method, url, step } = request;
  const headers = headersNeeded(request);
  const address = url.origin + url.pathname;
  const list = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join('; ');
  const preflight = 'Access-Control-Allow-Headers' in headers || 'Access-Control-Allow-Methods' in headers;
  return new TransportError({
    code: 'cors_missing',
    step,
    message:
      `${url.origin} answers, but it does not let this page see the answer to ${method} ${address}. Its operator has to add ` +
      `the headers (CORS) ${list}${preflight ? ', to the answer to OPTIONS too, which has to have status 200 or 204' : ''}. If that cannot be, let the \`fetch\` of this ` +
      `host send the request another way, such as through your own server${step ? `: it is told the step \`${step}\`` : ''}.`,
    details: { url: address, method, headers },
    cause,
  });
}
