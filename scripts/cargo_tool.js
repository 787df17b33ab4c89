// Tools of Cargo that only some scripts need, installed below target/ and nowhere else.

import { delimiter, join } from 'node:path';
import { env, platform } from 'node:process';
import { findGeckodriver } from './browser.js';
import { mustRun, progress, targetFolder } from './support.js';

const folder = join(targetFolder, 'cargo-tools');

/** The environment in which `cargo` finds those tools. */
export const withCargoTools = { PATH: [join(folder, 'bin'), env.PATH].join(delimiter) };

/**
 * @param {string} name
 * @param {string} version
 * @param {string} duration of the installation, in words
 * @returns {Promise<string>} the path of its program
 */
export async function ensureCargoTool(name, version, duration) {
  const program = join(folder, 'bin', platform === 'win32' ? `${name}.exe` : name);
  const installed = await mustRun('cargo', ['install', '--list', '--root', folder], { output: 'capture' });
  if (installed.includes(`${name} v${version}:`)) return program;
  progress(`cargo install ${name} ${version} (${duration}, once)`);
  await mustRun('cargo', [
    'install',
    name,
    '--version',
    `=${version}`,
    '--locked',
    '--root',
    folder,
    '--target-dir',
    join(folder, 'build'),
  ]);
  return program;
}

/** @returns {Promise<string>} the path of a geckodriver: the one of this machine, or one that Cargo builds */
export async function ensureGeckodriver() {
  return findGeckodriver() ?? ensureCargoTool('geckodriver', '0.37.1', 'two minutes');
}
