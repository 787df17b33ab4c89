// HTTP+SSE (MCP 2024-11-05), with the transport of the official SDK: the server names the path for the messages.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { createMachine, rejectionOf, startWorld } from './world.js';

/** @import { World } from './world.js' */

/** @type {World} */
let world;
before(async () => {
  world = await startWorld();
});
after(() => world.close());

/**
 * @param {string} messages the path for the messages
 */
async function startSseServer(messages) {
  /** @type {Map<string, SSEServerTransport>} */
  const sessions = new Map();
  /** @type {{ path: string, authorization: string | undefined }[]} */
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', origin);
    requests.push({ path: url.pathname, authorization: request.headers.authorization });
    if (url.pathname === '/.well-known/oauth-protected-resource/sse') {
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ resource: `${origin}/sse`, authorization_servers: [world.issuer] }));
    }
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (!(await world.authorizationServer.provider.AccessToken.find(token))) {
      const metadata = `${origin}/.well-known/oauth-protected-resource/sse`;
      const challenge = `Bearer resource_metadata="${metadata}", scope="openid email"`;
      return response.writeHead(401, { 'www-authenticate': challenge }).end();
    }
    if (url.pathname === '/sse') {
      const transport = new SSEServerTransport(messages, response);
      sessions.set(transport.sessionId, transport);
      const mcp = new McpServer({ name: 'sse', version: '1' });
      mcp.registerTool('hello', { description: 'Says hello' }, () => ({ content: [{ type: 'text', text: 'hello' }] }));
      return mcp.connect(transport);
    }
    if (url.pathname !== messages) return response.writeHead(404).end();
    return sessions.get(url.searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response);
  });
  const { origin, close } = await listenOnLoopback(server);
  world.authorizationServer.addProtectedResource(`${origin}/sse`);
  return { endpoint: `${origin}/sse`, requests, close };
}

for (const messages of ['/messages', '/sse/messages']) {
  describe(`a server that wants its messages at ${messages}`, () => {
    test('[accepts interop 84] with `wholeOrigin` it is signed in to, also when the token is refused in the middle', async () => {
      const { endpoint, requests, close } = await startSseServer(messages);
      const machine = createMachine();
      const connection = machine.start().connection(endpoint, { interaction: true, wholeOrigin: true });
      const client = new Client({ name: 'the tests', version: '1' });
      try {
        await client.connect(new SSEClientTransport(new URL(endpoint), { fetch: connection.fetch }));
        const call = async () => JSON.stringify(await client.callTool({ name: 'hello' }));
        assert.match(await call(), /hello/);
        const token = (await connection.session())?.tokens.accessToken ?? '';
        await (await world.authorizationServer.provider.AccessToken.find(token))?.destroy();
        assert.match(await call(), /hello/);
        assert.equal(machine.network.tokenRequests('refresh_token').length, 1);
        assert.equal(machine.trips.length, 1);
        assert.equal((await connection.session())?.resource, endpoint, 'the token is for the endpoint');
        assert.ok(requests.some(({ path, authorization }) => path === messages && authorization));
      } finally {
        await client.close();
        await close();
      }
    });

    test('[refuses interop 84] without it no token goes there, and the error names the option', async () => {
      const { endpoint, requests, close } = await startSseServer(messages);
      const connection = createMachine().start().connection(endpoint, { interaction: true });
      const client = new Client({ name: 'the tests', version: '1' });
      try {
        const transport = new SSEClientTransport(new URL(endpoint), { fetch: connection.fetch });
        const error = await rejectionOf(client.connect(transport));
        assert.equal(error.code, 'foreign_url');
        assert.match(error.message, /`wholeOrigin`/);
        assert.ok(requests.every(({ path }) => path !== messages));
      } finally {
        await client.close();
        await close();
      }
    });
  });
}

test('`wholeOrigin` is one origin: another host, port or scheme gets no token', async () => {
  const connection = createMachine().start().connection('https://mcp.example/sse', { wholeOrigin: true });
  for (const foreign of [
    'https://evil.example/messages',
    'https://mcp.example:8443/messages',
    'http://mcp.example/sse',
  ])
    assert.equal((await rejectionOf(connection.fetch(foreign))).code, 'foreign_url');
});
