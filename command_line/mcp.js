/** The official MCP client, bundled into the command line and into nothing else. */

import {
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';

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
  } catch (error) {
    throw explained(error, endpoint);
  } finally {
    await client.close().catch(() => {});
  }
}

/**
 * What the client, or the platform below it, meets at a URL, in words for whoever typed that.
 *
 * @param {unknown} error
 * @param {string} endpoint
 */
function explained(error, endpoint) {
  const as = (/** @type {string} */ code, /** @type {string} */ message) =>
    Object.assign(new Error(message, { cause: error }), { code, step: 'call' });
  const more = `\`mcp-oauth-wasm doctor ${endpoint}\` says more.`;
  if (error instanceof TypeError && error.cause instanceof Error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error.cause);
    const check = 'Check the URL, the network, and whether the server runs.';
    return as('network_failed', `${endpoint} cannot be reached (${code ?? message}). ${check} ${more}`);
  }
  if (error instanceof ProtocolError)
    return as('mcp_error', `${error.message}. \`mcp-oauth-wasm call ${endpoint}\` lists the tools.`);
  const status = error instanceof SdkHttpError ? error.status : 0;
  const isOther = error instanceof SdkError && error.code === SdkErrorCode.ClientHttpUnexpectedContent;
  if (status === 0 && !isOther) return error;
  if (status >= 500)
    return as(
      'server_unavailable',
      `${endpoint} answers ${status}: it is broken or overloaded. Try again later. ${more}`,
    );
  const what = status < 300 ? 'with what is no answer of an MCP server' : status;
  return as(
    'no_mcp_server',
    `${endpoint} answers ${what}. Check that it is the URL of an MCP server; many end in /mcp. ${more}`,
  );
}
