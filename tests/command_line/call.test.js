import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { listenOnLoopback } from '../servers/loopback.js';
import { hostile, unfit } from './hostile.js';
import { run } from './run.js';

const store = join(await temporaryFolder(), 'sessions.json');
/** @type {Awaited<ReturnType<typeof listenOnLoopback>>} */
let server;
before(async () => {
  // An MCP server that wants no token, and whose tool says hostile things.
  server = await listenOnLoopback(
    createServer(async (request, response) => {
      const mcp = new McpServer({ name: 'hostile', version: '1' });
      mcp.registerTool('shout', { description: hostile }, () => ({
        content: [{ type: 'text', text: `${hostile}\n${hostile}` }],
      }));
      const transport = new StreamableHTTPServerTransport();
      response.on('close', () => mcp.close());
      await mcp.connect(transport);
      await transport.handleRequest(request, response);
    }),
  );
});
after(() => server.close());

test('call lets no words of a tool reach the terminal as they are', async () => {
  for (const args of [[], ['shout'], ['--json'], ['shout', '--json']]) {
    const { status, stdout, stderr } = await run(['call', `${server.origin}/mcp`, ...args, '--store', store]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /evil/, args.join(' '));
    assert.doesNotMatch(stdout, unfit);
  }
});
