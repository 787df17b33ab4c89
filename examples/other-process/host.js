// Signs in for an MCP client that is another program, in any language: each question and each answer is a line of JSON.
//   node host.js https://mcp.example.com/mcp node client.js
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { nodeHost } from 'mcp-oauth-wasm/node';

const [server = '', command = '', ...args] = process.argv.slice(2);
const authorizer = createAuthorizer({ client: { clientName: 'My App' }, host: nodeHost() });
const connection = authorizer.connection(server, { interaction: true });
const child = spawn(command, [...args, server], { stdio: ['pipe', 'pipe', 'inherit'] });

createInterface({ input: child.stdout }).on('line', async (line) => {
  const { id, sign, judge } = JSON.parse(line);
  const answering = sign
    ? connection.headersFor(sign)
    : connection.onResponse({ ...judge, headers: new Headers(judge.headers) });
  // An error of this package becomes JSON by itself: with its code and message.
  const answer = await answering.then(
    (result) => ({ id, result }),
    (error) => ({ id, error }),
  );
  child.stdin.write(`${JSON.stringify(answer)}\n`);
});
