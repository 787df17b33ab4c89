// Tools of Cargo that only some scripts need, installed below target/ and nowhere else.

import { delimiter, join } from 'node:path';
import { env, platform } from 'node:process';
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
  const installed = await mustRun('cargo', ['install', '--list', '--root', folder], { output: 'capture' });
  if (!installed.includes(`${name} v${version}:`)) {
    progress(`cargo install ${name} ${version} (${duration}, once)`);
    const where = ['--root', folder, '--target-dir', join(folder, 'build')];
    await mustRun('cargo', ['install', name, '--version', `=${version}`, '--locked', ...where]);
  }
  return join(folder, 'bin', platform === 'win32' ? `${name}.exe` : name);
}
