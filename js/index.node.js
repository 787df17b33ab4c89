/**
 * `mcp-oauth-wasm` on Node: what a server names is judged by the address that a connection is made to, where a host brings
 * no `fetch` of its own.
 *
 * @module
 */

import { provide } from './core/network.js';
import { wayOut } from './hosts/node/way_out.js';

provide(wayOut);

export * from './index.js';
