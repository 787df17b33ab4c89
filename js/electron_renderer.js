/**
 * What pages and utility processes of Electron need: a `fetch` whose requests the main process signs, with `serveBridge` of
 * `mcp-oauth-wasm/electron`.
 *
 * @module
 */

/** @typedef {import('./hosts/electron/bridge_messages.js').ProcessPort} ProcessPort */

export { errorFromJSON } from './core/error_json.js';
export * from './hosts/electron/renderer.js';
