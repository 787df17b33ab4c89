// Serves this folder on this machine: `npm start`, then open the address that it prints.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
const port = Number(process.env.PORT ?? 8080);

createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  try {
    const path = decodeURIComponent(pathname === '/' ? '/index.html' : pathname);
    const type = types[/** @type {keyof typeof types} */ (extname(path))];
    // `new URL` has taken out every `..`; encoded ones are no path of a page.
    if (!type || path.includes('..')) throw new Error('not a page');
    const content = await readFile(join(import.meta.dirname, path));
    response.writeHead(200, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(content);
  } catch {
    response.writeHead(404).end();
  }
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/`));
