// Nodes of other versions: for what does not run on the oldest one that this project supports, and to run on each.

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execPath, platform, versions } from 'node:process';
import { ensureNestedPackage, root, UserError } from '../../scripts/support.js';

const own = Number(versions.node.split('.')[0]);

/** The versions that the package is tested on, by their first number. */
export const supportedNodes = [20, 22, 24];

/**
 * The executable of this Node, if it is new enough, or of one from npm.
 *
 * @param {string} purpose what needs it, for the error
 */
export async function ensureNewerNode(purpose) {
  return own >= 22 ? execPath : ensureNode(22, purpose);
}

/**
 * The executable of a Node of that version: this one, or one from npm.
 *
 * @param {number} version its first number, one of `supportedNodes`
 * @param {string} purpose what needs it, for the error
 */
export async function ensureNode(version, purpose) {
  if (own === version) return execPath;
  const folder = join(root, 'tests', 'node', `${version}`);
  await ensureNestedPackage(folder);
  const installed = join(folder, 'node_modules');
  const binary = platform === 'win32' ? 'node.exe' : 'node';
  const there = readdirSync(installed)
    .map((name) => join(installed, name, 'bin', binary))
    .find(existsSync);
  if (there) return there;
  const why = `this is ${versions.node}, and npm has none for ${platform} ${process.arch}`;
  throw new UserError(`${purpose} needs Node ${version}; ${why}. Install it and run this again.`);
}
