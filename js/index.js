/**
 * The package with its WebAssembly module inlined: nothing to configure, nothing loaded before the first use.
 *
 * Every function that uses the module may also reject with an `IncompatibleError` (`wasm_blocked`, `wasm_failed`). What
 * each error means, and what to do: [errors.md](../errors.md).
 *
 * @module
 */

import inlined from '../pkg/npm/inlined.js';
import { provide } from './core/wasm.js';

provide(() => {
  // Node's own decoder takes a tenth of the time.
  const { Buffer } = /** @type {any} */ (globalThis);
  if (Buffer) return Buffer.from(inlined, 'base64');
  const characters = atob(inlined);
  const bytes = new Uint8Array(characters.length);
  // `Uint8Array.from` would take longer than it takes to compile the module.
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = characters.charCodeAt(index);
  return bytes;
});

export { explain } from './core/explain.js';
export * from './slim.js';
export { createMemoryStore } from './stores/memory_store.js';
