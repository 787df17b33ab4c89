/**
 * What pages of Electron need: a `fetch` whose requests the main process signs, with `serveBridge` of
 * `mcp-oauth-wasm/electron`.
 *
 * @module
 */

export { errorFromJSON } from './core/error_json.js';
export * from './hosts/electron/renderer.js';
