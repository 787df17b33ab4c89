/**
 * The server that `fetchContract` of `mcp-oauth-wasm/host-test` asks. For Node.
 *
 * @module
 */

/** @typedef {import('./testing/server.js').FetchTestServer} FetchTestServer */

export { startFetchTestServer } from './testing/server.js';
