/**
 * The package with its WebAssembly module as a file beside it, for web pages and for the bundlers that know
 * `new URL(…, import.meta.url)`: the browser compiles it while it arrives and caches it by itself, and a fifth less is
 * downloaded than with the module inlined. Nothing is loaded before the first use. It
 * exports what `mcp-oauth-wasm` exports; on Node, and where `node` is among a bundler's conditions, it is the same module.
 *
 * @module
 */

import { provide } from './core/wasm.js';

// Written out, since bundlers look for these very words.
provide(() => new URL('../pkg/npm/mcp_oauth_wasm_bg.wasm', import.meta.url));

export { explain } from './core/explain.js';
export * from './slim.js';
export { createMemoryStore } from './stores/memory_store.js';
