// The main process signs in, and keeps the tokens; the MCP client is in a utility process.
import { fileURLToPath } from 'node:url';
import { app, utilityProcess } from 'electron';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { electronHost, serveBridgePort } from 'mcp-oauth-wasm/electron';

const server = process.env.MCP_SERVER ?? 'https://mcp.example.com/mcp';
const authorizer = createAuthorizer({ client: { clientName: 'My App' }, host: electronHost() });
const connection = authorizer.connection(server, { interaction: true });

app.whenReady().then(() => {
  const child = utilityProcess.fork(fileURLToPath(new URL('client.js', import.meta.url)), [server]);
  serveBridgePort(child, { connection: (name) => (name === server ? connection : undefined) });
  child.on('exit', () => app.quit());
});
