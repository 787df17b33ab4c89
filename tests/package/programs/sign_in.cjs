// The same program in CommonJS.

const { createAuthorizer } = require('mcp-oauth-wasm');
const { createMemoryStore, loopbackRedirect, nodeHost } = require('mcp-oauth-wasm/node');

const server = String(process.argv[2]);
const redirect = loopbackRedirect({ open: (url) => console.log(JSON.stringify({ open: url })) });
const authorizer = createAuthorizer({
  client: { clientName: 'a program' },
  host: nodeHost({ store: createMemoryStore(), redirect }),
});
const connection = authorizer.connection(server, { interaction: true });

async function whoami() {
  const response = await connection.fetch(server, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
  });
  return response.text();
}

(async () => {
  const answer = await whoami();
  await connection.refresh();
  const again = await whoami();
  await connection.signOut();
  console.log(JSON.stringify({ answer, again, node: process.versions.node }));
})();
