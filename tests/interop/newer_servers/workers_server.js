// `@cloudflare/workers-oauth-provider` in the runtime of Cloudflare's workers. Its first line of standard input says for
// which MCP server, and whom it trusts: the worker starts then.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fetchWithDocument } from '../servers/client_metadata_document.js';

// By a variable, since types are checked where this is not installed.
const [miniflare, provider] = ['miniflare', '@cloudflare/workers-oauth-provider'];
const { Miniflare, Response: WorkerResponse } = await import(miniflare);

const port = await freePort();
const issuer = `http://127.0.0.1:${port}`;
/** @type {any} */
let runtime;

console.log(JSON.stringify({ issuer }));
const lines = createInterface({ input: process.stdin });
lines.once('line', async (line) => {
  const { resource, identityProvider = { issuer: '', keysUrl: '' } } = JSON.parse(line);
  runtime = new Miniflare({
    host: '127.0.0.1',
    port,
    modules: [
      { type: 'ESModule', path: 'worker.js', contents: readFileSync(new URL('worker.js', import.meta.url), 'utf8') },
      {
        type: 'ESModule',
        path: 'oauth-provider.js',
        contents: readFileSync(new URL(import.meta.resolve(provider)), 'utf8'),
      },
    ],
    compatibilityDate: '2026-07-01',
    compatibilityFlags: ['global_fetch_strictly_public'],
    kvNamespaces: ['OAUTH_KV'],
    bindings: { ISSUER: issuer, RESOURCE: resource, IDENTITY_PROVIDER: identityProvider.issuer },
    serviceBindings: {
      async REPORT(/** @type {Request} */ request) {
        console.log(await request.text());
        return new WorkerResponse();
      },
    },
    // What the worker asks of the world: the client's metadata document, and the identity provider's keys.
    async outboundService(/** @type {Request} */ { url }) {
      const { status, body } = await fetchWithDocument(
        url === `${identityProvider.issuer}/jwks` ? identityProvider.keysUrl : url,
      );
      return new WorkerResponse(body, { status, headers: { 'content-type': 'application/json' } });
    },
  });
  await runtime.ready;
  console.log(JSON.stringify({ ready: true }));
});
lines.once('close', async () => {
  await runtime?.dispose();
  process.exit();
});

/** @returns {Promise<number>} */
function freePort() {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}
