/**
 * The server's half of `proxiedFetch` of `mcp-oauth-wasm/browser`, for Node: an inspector's page sends its requests by it, so
 * that servers without CORS headers can be inspected.
 *
 * @module
 */

/**
 * @typedef {import('./hosts/proxy/inspector_proxy.js').InspectorProxy} InspectorProxy
 * @typedef {import('./hosts/proxy/inspector_proxy.js').InspectorProxyOptions} InspectorProxyOptions
 */

export { createInspectorProxy } from './hosts/proxy/inspector_proxy.js';
