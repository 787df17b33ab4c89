/**
 * Real servers on loopback, under the https names that they have in an attack. The names are all that is not real: there
 * is no name server and no certificate here, so `fetch` leads a name to the server behind it.
 */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { TestContext } from 'node:test' */

import { createServer } from 'node:http';
import { listenOnLoopback } from '../servers/loopback.js';

/**
 * A request as a server got it.
 *
 * @typedef {object} Received
 * @property {string} method
 * @property {URL} url as it was called
 * @property {IncomingMessage['headers']} headers
 * @property {string} body
 * @property {URLSearchParams} form the body, where it is a form
 *
 * What a server answers: an object is sent as JSON, a text as it is, and a function does as it likes.
 *
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: object | string | Uint8Array }} Answer
 * @typedef {(request: Received) => Answer | ((response: ServerResponse) => void) | undefined} Route
 *   undefined: there is nothing
 *
 * @typedef {object} Server
 * @property {string} origin
 * @property {Record<string, Route>} routes by path, and `*` for all others
 * @property {Received[]} requests
 */

const REDIRECTS = [301, 302, 303, 307, 308];

/**
 * @param {TestContext} context closes everything when the test ends
 */
export function createInternet(context) {
  /** Where the servers of these names really are. @type {Map<string, string>} */
  const addresses = new Map();
  /** What was called and leads to nobody here. @type {string[]} */
  const strayed = [];

  const internet = {
    strayed,
    /** Whether redirects are hidden from programs, as browsers do. */
    hidesRedirects: false,
    /** Whether every redirect is followed, whatever was asked for. */
    followsAlways: false,

    /**
     * @param {string} name the origin, such as `https://mcp.example`; none: the loopback address itself
     * @param {Record<string, Route>} [routes]
     * @returns {Promise<Server>}
     */
    async serve(name, routes = {}) {
      /** @type {Server} */
      const server = { origin: name, routes, requests: [] };
      const listener = createServer((request, response) => void handle(server, request, response));
      const { origin, close } = await listenOnLoopback(listener);
      context.after(close);
      server.origin ||= origin;
      addresses.set(server.origin, origin);
      return server;
    },

    /**
     * As the platform's, for a host.
     *
     * @param {string | URL | Request} input
     * @param {RequestInit} [init]
     * @returns {Promise<Response>}
     */
    async fetch(input, init = {}) {
      let url = new URL(input instanceof Request ? input.url : String(input));
      let request = init;
      for (let step = 0; step < 30; step += 1) {
        const address = addresses.get(url.origin);
        if (!address) {
          strayed.push(url.href);
          throw new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } });
        }
        const target = `${address}${url.pathname}${url.search}`;
        const response = await fetch(input instanceof Request ? new Request(target, input) : target, {
          ...request,
          redirect: 'manual',
        });
        const isRedirect = REDIRECTS.includes(response.status);
        const follows = internet.followsAlways || init.redirect === 'follow';
        if (!isRedirect || !follows) return isRedirect && internet.hidesRedirects ? hidden() : named(response, url);
        await response.body?.cancel();
        url = new URL(response.headers.get('location') ?? '', url);
        if (response.status < 307) request = { ...init, method: 'GET', body: undefined };
      }
      throw new TypeError('fetch failed', { cause: { message: 'redirect count exceeded' } });
    },
  };
  return internet;
}

/** @typedef {ReturnType<typeof createInternet>} Internet */

/** A redirect as a browser shows it to programs. */
function hidden() {
  const response = Response.error();
  Object.defineProperty(response, 'type', { value: 'opaqueredirect' });
  return response;
}

/**
 * @param {Response} response
 * @param {URL} url
 */
function named(response, url) {
  Object.defineProperty(response, 'url', { value: url.href });
  return response;
}

/**
 * @param {Server} server
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function handle(server, request, response) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const url = new URL(request.url ?? '/', server.origin);
  const isForm = request.headers['content-type'] === 'application/x-www-form-urlencoded';
  const form = new URLSearchParams(isForm ? body : '');
  const received = { method: request.method ?? '', url, headers: request.headers, body, form };
  server.requests.push(received);
  const route = server.routes[url.pathname] ?? server.routes['*'];
  const answer = route?.(received) ?? { status: 404 };
  if (typeof answer === 'function') return answer(response);
  const { status = 200, headers = {}, body: content = '' } = answer;
  const isJson = typeof content === 'object' && !(content instanceof Uint8Array);
  response.writeHead(status, { ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers });
  response.end(isJson ? JSON.stringify(content) : content);
}
