/** A web site on loopback: files of folders, with the headers that a test wants. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { listenOnLoopback } from '../servers/loopback.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/**
 * @param {string[]} folders where files are looked for, in this order
 * @returns the site. `headers` are sent with every answer, those of `headersOf` with that of one path; `pages` are files by
 *   their path that are in no folder, and `routes` answer themselves. All of it can be changed while it runs
 */
export async function startSite(...folders) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', site.origin);
    site.requests.push(request);
    const route = site.routes[pathname];
    if (route) return route(request, response);
    const content =
      site.pages[pathname] ??
      (await firstFile(folders.map((folder) => join(folder, normalize(decodeURIComponent(pathname))))));
    const type = types[extname(pathname)] ?? 'text/html';
    response
      .writeHead(content === undefined ? 404 : 200, {
        'content-type': type,
        'cache-control': 'no-store',
        ...site.headers,
        ...site.headersOf[pathname],
      })
      .end(content);
  });
  const { origin, close } = await listenOnLoopback(server);
  const site = {
    origin,
    /** @type {IncomingMessage[]} */
    requests: [],
    /** @type {Record<string, string>} */
    headers: {},
    /** @type {Record<string, Record<string, string>>} */
    headersOf: {},
    /** @type {Record<string, string>} */
    pages: {},
    /** @type {Record<string, (request: IncomingMessage, response: ServerResponse) => void>} */
    routes: {},
    close,
  };
  return site;
}

/** @typedef {Awaited<ReturnType<typeof startSite>>} Site */

/** @param {string[]} paths */
async function firstFile(paths) {
  for (const path of paths) {
    const content = await readFile(path).catch(() => undefined);
    if (content) return content;
  }
  return undefined;
}
