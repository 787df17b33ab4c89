/**
 * The server that `fetchContract` of `mcp-oauth-wasm/host-test` asks. For Node.
 *
 * @module
 */

/** @typedef {import('./host_test/server.js').FetchTestServer} FetchTestServer */

export { startFetchTestServer } from './host_test/server.js';
