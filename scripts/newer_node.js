// Nodes of other versions: for what does not run on the oldest one that this project supports, and to run on each.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath, versions } from 'node:process';
import { Explained, ensureNestedPackage, root } from './support.js';

const OLDEST = 22;
const own = Number(versions.node.split('.')[0]);

/** The versions that the package is tested on, by their first number. */
export const supportedNodes = [20, 22, 24];

/**
 * This Node, if it is new enough, or one from npm.
 *
 * @param {string} purpose what needs it, for the error
 * @returns {Promise<string>} its executable
 */
export async function ensureNewerNode(purpose) {
  return own >= OLDEST ? execPath : ensureNode(OLDEST, purpose);
}

/**
 * A Node of that version: this one, or one from npm.
 *
 * @param {number} version its first number, one of `supportedNodes`
 * @param {string} purpose what needs it, for the error
 * @returns {Promise<string>} its executable
 */
export async function ensureNode(version, purpose) {
  if (own === version) return execPath;
  const folder = join(root, 'tests', 'node', `${version}`);
  await ensureNestedPackage(folder);
  const { optionalDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const binaries = Object.keys(optionalDependencies).flatMap((name) =>
    ['node', 'node.exe'].map((binary) => join(folder, 'node_modules', name, 'bin', binary)),
  );
  const there = binaries.find((binary) => existsSync(binary));
  if (there) return there;
  throw new Explained(
    `${purpose} needs Node ${version}; this is ${versions.node}, and npm has none for ${process.platform} ${process.arch}. ` +
      'Install it and run this again.',
  );
}
