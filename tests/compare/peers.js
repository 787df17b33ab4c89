/** The clients that are compared. */

/** @import { StartClient } from '../zoo/world.js' */

import { readFileSync } from 'node:fs';
import { startOurs } from '../zoo/clients/ours.js';
import { startClient2 } from './client_2.js';
import { startRmcp } from './rmcp.js';
import { startSdk1 } from './sdk_1.js';

/** @typedef {{ name: string, version: string, start: StartClient }} Peer */

/** @param {string} path */
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** @type {Record<string, string>} */
const versions = JSON.parse(read('./package.json')).dependencies;

/** Those that are JavaScript. @type {Peer[]} */
export const peers = [
  { name: 'mcp-oauth-wasm', version: JSON.parse(read('../../package.json')).version, start: startOurs },
  {
    name: '@modelcontextprotocol/client',
    version: versions['@modelcontextprotocol/client'] ?? '',
    start: startClient2,
  },
  { name: '@modelcontextprotocol/sdk', version: versions['@modelcontextprotocol/sdk'] ?? '', start: startSdk1 },
];

/**
 * The one that has to be built first.
 *
 * @param {string} program
 * @returns {Peer}
 */
export function rmcp(program) {
  const version = /^rmcp = \{ version = "=([^"]+)"/m.exec(read('./rmcp/Cargo.toml'))?.[1] ?? '';
  return { name: 'rmcp', version, start: startRmcp(program) };
}
