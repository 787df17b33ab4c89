/**
 * The package with its module as JavaScript, made of the same WebAssembly: for pages whose content security policy lacks
 * `'wasm-unsafe-eval'`, and for browsers in which WebAssembly is turned off. Half as much again is downloaded. It exports what
 * `mcp-oauth-wasm` exports.
 *
 * @module
 */

import instantiate from '../pkg/npm/javascript.js';
import { provide } from './core/wasm.js';

provide(() => ({ instantiate }));

export { explain } from './core/explain.js';
export * from './slim.js';
export { createMemoryStore } from './stores/memory_store.js';
