// The clients that this package is compared with, made ready. One is Rust and has to be compiled first, which takes minutes once.

import { join } from 'node:path';
import { platform } from 'node:process';
import { pathToFileURL } from 'node:url';
import { ensureNestedPackage, mustRun, progress, root, targetFolder } from './support.js';

/**
 * @returns {Promise<import("../tests/compare/peers.js").Peer[]>} this package first; it must have been built
 */
export async function comparedClients() {
  const folder = join(root, 'tests', 'compare');
  await ensureNestedPackage(folder);
  const rustTarget = join(targetFolder, 'compare-rmcp');
  progress('cargo build of the application around rmcp');
  const manifest = join(folder, 'rmcp', 'Cargo.toml');
  await mustRun('cargo', ['build', '--locked', '--manifest-path', manifest, '--target-dir', rustTarget]);
  // Only now: it imports pkg/ and node_modules/, which a fresh clone does not have.
  /** @type {typeof import("../tests/compare/peers.js")} */
  const { peers, rmcp } = await import(pathToFileURL(join(folder, 'peers.js')).href);
  return [...peers, rmcp(join(rustTarget, 'debug', platform === 'win32' ? 'compare-rmcp.exe' : 'compare-rmcp'))];
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
