/**
 * `mcp-oauth-wasm/slim` on Node: as `mcp-oauth-wasm` there, without the WebAssembly module.
 *
 * @module
 */

import { provideNetwork } from './core/network.js';
import { nodeGate } from './hosts/node/gate.js';

provideNetwork(nodeGate());

export * from './slim.js';
