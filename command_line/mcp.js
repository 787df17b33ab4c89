/** The official MCP client, bundled into the command line and into nothing else. */

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** @import { Fetch } from 'mcp-oauth-wasm' */

/**
 * Connects, works and closes.
 *
 * @template T
 * @param {string} endpoint
 * @param {Fetch} fetch
 * @param {AbortSignal} signal
 * @param {(client: Client) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withClient(endpoint, fetch, signal, work) {
  const client = new Client({ name: 'mcp-oauth-wasm', version: '1' });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { fetch }), { signal });
    return await work(client);
  } finally {
    await client.close().catch(() => {});
  }
}
