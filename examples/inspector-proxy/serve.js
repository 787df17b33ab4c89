// Serves the page, and the proxy that it sends its requests by: `npm start`, then open the address that it prints.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { createInspectorProxy } from 'mcp-oauth-wasm/inspector-proxy';

const types = { '.html': 'text/html', '.js': 'text/javascript' };
const port = Number(process.env.PORT ?? 6274);
const origin = `http://127.0.0.1:${port}`;
const proxy = createInspectorProxy({ origin });

createServer(async (request, response) => {
  if (proxy.answer(request, response)) return;
  try {
    const { pathname } = new URL(request.url ?? '/', origin);
    const type = types[/** @type {keyof typeof types} */ (extname(pathname))];
    if (!type) throw new Error('not a page');
    const content = await readFile(join(import.meta.dirname, pathname));
    response.writeHead(200, { 'content-type': type, 'x-content-type-options': 'nosniff' }).end(content);
  } catch {
    response.writeHead(404).end();
  }
}).listen(port, '127.0.0.1', () => console.log(`${origin}/index.html#key=${proxy.key}`));
