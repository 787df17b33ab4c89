// The package as it is published: packed, and installed from the tarball, so that nothing of the source tree helps it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makePackage } from '../../scripts/package.js';
import { mustRunNpm } from '../../scripts/support.js';

/**
 * Installs the packed package into a folder, as a user does.
 *
 * @param {string} folder made if it is not there; gets a `package.json`, and the tarball
 * @param {Record<string, unknown>} [members] further ones of that `package.json`
 */
export async function installPacked(folder, members = {}) {
  mkdirSync(folder, { recursive: true });
  const quietly = { output: /** @type {const} */ ('capture') };
  // Each of its own: tests that run at the same time do not write over each other's.
  const made = mkdtempSync(join(tmpdir(), 'package '));
  await makePackage(made);
  const into = ['--ignore-scripts', '--loglevel=error', '--pack-destination', folder];
  const report = await mustRunNpm(['pack', '--json', ...into], { cwd: made, ...quietly });
  rmSync(made, { recursive: true });
  const [{ filename }] = JSON.parse(report);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', ...members }));
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  await mustRunNpm(['install', ...options, `./${filename}`], { cwd: folder, ...quietly });
}
