/** Serves the files of a folder, as any web server would. */

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { listenOnLoopback } from '../servers/loopback.js';

/** @type {Record<string, string>} */
const mediaTypes = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** @param {string} folder */
export function serveFolder(folder) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const content = await readFile(join(folder, decodeURIComponent(pathname))).catch(() => undefined);
    const mediaType = mediaTypes[extname(pathname)] ?? 'application/octet-stream';
    response.writeHead(content ? 200 : 404, { 'content-type': mediaType }).end(content);
  });
  return listenOnLoopback(server);
}
