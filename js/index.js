/**
 * The package with its WebAssembly module inlined: nothing to configure, nothing loaded before the first use.
 *
 * Every function that uses the module may also reject with an `IncompatibleError` (`wasm_blocked`, `wasm_failed`). What
 * each error means, and what to do: [errors.md](../errors.md).
 *
 * @module
 */

import inlined from '../pkg/inlined.js';
import { provide } from './wasm.js';

provide(() => Uint8Array.from(atob(inlined), (character) => character.charCodeAt(0)));

export { explain } from './explain.js';
export * from './slim.js';
export { createMemoryStore } from './store/memory_store.js';
