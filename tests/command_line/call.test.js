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

/** What people type by mistake, and what each command has to say of it. */
const answers = {
  'a web page': {
    status: 200,
    type: 'text/html',
    says: /answers with what is no answer of an MCP server.*\(no_mcp_server\)/s,
  },
  'nothing there': {
    status: 404,
    type: 'text/plain',
    says: /answers 404\. Check that it is the URL of an MCP server.*\(no_mcp_server\)/s,
  },
  'a broken server': {
    status: 500,
    type: 'text/plain',
    says: /answers 500: it is broken or overloaded.*\(server_unavailable\)/s,
  },
};

for (const [what, { status, type, says }] of Object.entries(answers)) {
  test(`login and call say that a URL leads to ${what}, and what to do`, async (context) => {
    const other = await listenOnLoopback(
      createServer((_, response) => response.writeHead(status, { 'content-type': type }).end('no')),
    );
    context.after(() => other.close());
    for (const command of ['login', 'call']) {
      const ended = await run([command, `${other.origin}/mcp`, '--store', store]);
      assert.equal(ended.status, 1);
      assert.match(ended.stderr, says);
      assert.match(ended.stderr, /doctor/);
    }
  });
}

test('login and call say that a URL cannot be reached, and why', async () => {
  const gone = await listenOnLoopback(createServer());
  await gone.close();
  for (const command of ['login', 'call']) {
    const { stderr } = await run([command, `${gone.origin}/mcp`, '--store', store]);
    assert.match(stderr, /cannot be reached \(ECONNREFUSED\).*doctor.*\(network_failed\)/s);
  }
});

test('call says how the tools are listed where there is none of that name', async () => {
  const { status, stderr, stdout } = await run(['call', `${server.origin}/mcp`, 'nosuch', '--store', store]);
  assert.equal(status, 1);
  assert.match(stderr + stdout, /nosuch/);
});

test('a URL without its scheme is completed in what is said', async () => {
  const { stderr } = await run(['login', 'mcp.example.com/mcp']);
  assert.match(stderr, /such as https:\/\/mcp\.example\.com\/mcp\./);
});
