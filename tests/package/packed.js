// The package as it is published: packed, and installed from the tarball, so that nothing of the source tree helps it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from '../../scripts/build.js';
import { mustRunNpm } from '../../scripts/support.js';

/**
 * Installs the packed package into a folder, as a user does.
 *
 * @param {string} folder made if it is not there; gets a `package.json`, and the tarball
 * @param {Record<string, unknown>} [members] further ones of that `package.json`
 */
export async function installPacked(folder, members = {}) {
  await build();
  mkdirSync(folder, { recursive: true });
  const quietly = { output: /** @type {const} */ ('capture') };
  // Into the folder itself: tests that run at the same time do not write over each other's.
  const report = await mustRunNpm(
    ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder],
    quietly,
  );
  const [{ filename }] = JSON.parse(report);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', ...members }));
  const options = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  await mustRunNpm(['install', ...options, `./${filename}`], { cwd: folder, ...quietly });
}
