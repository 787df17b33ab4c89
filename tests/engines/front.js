/**
 * Stands in front of an authorization server that is a program of its own: passes everything on as it is, and keeps what
 * was asked and answered. Clients and people see its address alone.
 */

/** @import { IncomingHttpHeaders } from 'node:http' */

import { createServer, request as sendRequest } from 'node:http';
import { listenOnLoopback } from '../servers/loopback.js';

/**
 * One exchange, as the server saw and answered it.
 *
 * @typedef {object} Exchange
 * @property {string} method
 * @property {string} path
 * @property {URLSearchParams} query
 * @property {IncomingHttpHeaders} headers
 * @property {string} body
 * @property {number} status
 * @property {string | undefined} location
 * @property {string} answer
 */

/**
 * @typedef {object} Asked of pages that the server leaves to an application of one's own
 * @property {string} method
 * @property {URL} url
 * @property {string} body
 *
 * @typedef {(asked: Asked) => Promise<{ location: string } | { page: string }> | undefined} OwnPages undefined: not one of them
 */

/**
 * @param {OwnPages} [ownPages]
 */
export async function startFront(ownPages = () => undefined) {
  /** @type {Exchange[]} */
  const exchanges = [];
  let target = '';
  let origin = '';

  const server = createServer(async (request, response) => {
    try {
      const url = new URL(`${origin}${request.url}`);
      /** @type {Buffer[]} */
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks);
      const method = request.method ?? '';
      const own = await ownPages({ method, url, body: body.toString() });
      if (own && 'location' in own) return response.writeHead(303, { location: own.location }).end();
      if (own) return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(own.page);
      const answer = await passOn(new URL(`${target}${request.url}`), method, request.rawHeaders, body);
      exchanges.push({
        method,
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: body.toString(),
        status: answer.status,
        location: answer.headers.location,
        answer: answer.body.toString(),
      });
      response.writeHead(answer.status, answer.rawHeaders).end(answer.body);
    } catch (error) {
      response.writeHead(502, { 'content-type': 'text/plain' }).end(String(error));
    }
  });
  // A person may take longer than Node keeps a connection by default, and not every client tries again on a new one.
  server.keepAliveTimeout = 60_000;
  const listening = await listenOnLoopback(server);
  origin = listening.origin;
  return {
    origin,
    exchanges,
    /** @param {string} behind where the server listens */
    open: (behind) => void (target = behind),
    close: listening.close,
  };
}

/** @typedef {Awaited<ReturnType<typeof startFront>>} Front */

/**
 * The Host header is passed on as well: servers make their own address of it.
 *
 * @param {URL} url
 * @param {string} method
 * @param {string[]} headers
 * @param {Buffer} body
 * @returns {Promise<{ status: number, headers: IncomingHttpHeaders, rawHeaders: string[], body: Buffer }>}
 */
export function passOn(url, method, headers, body) {
  return new Promise((resolve, reject) => {
    const passed = sendRequest(url, { method, headers }, async (answer) => {
      /** @type {Buffer[]} */
      const chunks = [];
      try {
        for await (const chunk of answer) chunks.push(chunk);
      } catch (error) {
        return reject(error);
      }
      const rawHeaders = answer.rawHeaders.filter(
        (_, at) => !/^transfer-encoding$/i.test(answer.rawHeaders[at - (at % 2)] ?? ''),
      );
      resolve({ status: answer.statusCode ?? 502, headers: answer.headers, rawHeaders, body: Buffer.concat(chunks) });
    });
    passed.on('error', reject);
    passed.end(body);
  });
}
