// A second copy of the project, to build or to break without touching this one.

import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mustRun, root, targetFolder } from './support.js';

/**
 * Makes a folder hold the files of the working tree that git tracks or would track, with their time stamps, so that
 * builds in the copy stay incremental. What npm installed and the compiled tools are linked.
 *
 * @param {string} destination
 */
export async function copyProject(destination) {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = (await mustRun('git', listing, { output: 'capture' })).split('\0').filter((file) => file !== '');
  mkdirSync(destination, { recursive: true });
  for (const name of readdirSync(destination)) {
    if (!['target', 'pkg'].includes(name)) rmSync(join(destination, name), { recursive: true });
  }
  for (const file of files.filter((file) => existsSync(join(root, file)))) {
    cpSync(join(root, file), join(destination, file), { preserveTimestamps: true });
  }
  const locks = files.filter((file) => file.endsWith('package-lock.json'));
  for (const lock of locks) {
    const installed = join(dirname(lock), 'node_modules');
    link(join(root, installed), join(destination, installed));
  }
  link(join(targetFolder, 'tools'), join(destination, 'target', 'tools'));
}

/**
 * @param {string} from
 * @param {string} to
 */
function link(from, to) {
  if (!existsSync(from) || existsSync(to)) return;
  mkdirSync(dirname(to), { recursive: true });
  // A junction is what Windows lets everyone create; elsewhere the word means nothing.
  symlinkSync(from, to, 'junction');
}
