/**
 * `mcp-oauth-wasm/slim` on Node: as `mcp-oauth-wasm` there, without the WebAssembly module.
 *
 * @module
 */

import { provide } from './core/network.js';
import { wayOut } from './hosts/node/way_out.js';

provide(wayOut);

export * from './slim.js';
