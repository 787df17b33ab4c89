/** The clients that are compared. */

/** @import { StartClient } from '../zoo/world.js' */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { mustRun, progress, root, targetFolder } from '../../scripts/support.js';
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

/** All, this package first. One is Rust and has to be compiled, which takes minutes once. @returns {Promise<Peer[]>} */
export async function allPeers() {
  progress('cargo build of the application around rmcp');
  const target = join(targetFolder, 'compare-rmcp');
  const manifest = join(root, 'tests', 'compare', 'rmcp', 'Cargo.toml');
  await mustRun('cargo', ['build', '--locked', '--manifest-path', manifest, '--target-dir', target]);
  const program = join(target, 'debug', platform === 'win32' ? 'compare-rmcp.exe' : 'compare-rmcp');
  const version = /^rmcp = \{ version = "=([^"]+)"/m.exec(read('./rmcp/Cargo.toml'))?.[1] ?? '';
  return [...peers, { name: 'rmcp', version, start: startRmcp(program) }];
}

/**
 * The official clients warn on the console about stored credentials; that is for their users.
 *
 * @template T
 * @param {() => Promise<T>} work
 */
export async function quietly(work) {
  const { warn } = console;
  console.warn = () => {};
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}
