// The utility process: its requests are signed by the main process, and no token comes here.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { bridgedConnection } from 'mcp-oauth-wasm/electron-renderer';

const [server = ''] = process.argv.slice(2);
const { fetch } = bridgedConnection(server, { port: process.parentPort });
const client = new Client({ name: 'my-app', version: '1.0.0' });
await client.connect(new StreamableHTTPClientTransport(new URL(server), { fetch }));
console.log(JSON.stringify(await client.callTool({ name: 'whoami', arguments: {} })));
process.exit();
