// The MCP client: it asks for the headers of each request, and what to do after a refusal. It stores nothing.
import { createInterface } from 'node:readline';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { errorFromJSON } from 'mcp-oauth-wasm';

const asked = /** @type {any[]} */ ([]);
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, result, error } = JSON.parse(line);
  error ? asked[id].reject(errorFromJSON(error)) : asked[id].resolve(result);
});
function ask(/** @type {object} */ question) {
  console.log(JSON.stringify({ id: asked.length, ...question }));
  return new Promise((resolve, reject) => asked.push({ resolve, reject }));
}
/** @type {import('mcp-oauth-wasm').Fetch} */
async function signedFetch(url, { method = 'GET', ...init } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const headers = new Headers(init.headers);
    for (const [name, value] of Object.entries(await ask({ sign: { url, method } }))) headers.set(name, value);
    const response = await fetch(url, { ...init, method, headers });
    if (![401, 403].includes(response.status)) return response;
    const sent = { method, authorization: headers.get('authorization'), inSession: headers.has('mcp-session-id') };
    const judge = { status: response.status, headers: [...response.headers], attempt, ...sent };
    if (!(await ask({ judge }))) return response;
  }
}
const client = new Client({ name: 'my-app', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2] ?? ''), { fetch: signedFetch }));
console.error(JSON.stringify(await client.callTool({ name: 'whoami', arguments: {} })));
process.exit();
