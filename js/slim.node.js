/**
 * `mcp-oauth-wasm/slim` on Node: as `mcp-oauth-wasm` there, without the WebAssembly module.
 *
 * @module
 */

import { provide } from './core/network.js';
import { nodeGate } from './hosts/node/gate.js';

provide(nodeGate());

export * from './slim.js';
