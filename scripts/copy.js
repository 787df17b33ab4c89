// A second copy of the project, to build or to break without touching this one.

import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { filesBelow, mustRun, root, targetFolder } from './support.js';

/**
 * Makes a folder hold the files of the working tree that git tracks or would track. A file that is the
 * same already keeps its time stamp, so that builds in the copy stay incremental. What npm installed and
 * the compiled tools are linked.
 *
 * @param {string} destination
 */
export async function copyProject(destination) {
  const listed = await mustRun('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    output: 'capture',
  });
  const files = listed.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
  removeOthers(destination, new Set(files));
  for (const file of files) {
    const [from, to] = [join(root, file), join(destination, file)];
    const bytes = readFileSync(from);
    if (existsSync(to) && readFileSync(to).equals(bytes)) continue;
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, bytes);
  }
  for (const lock of files.filter((file) => file.endsWith('package-lock.json'))) {
    const installed = join(dirname(lock), 'node_modules');
    link(join(root, installed), join(destination, installed));
  }
  link(join(targetFolder, 'tools'), join(destination, 'target', 'tools'));
}

/**
 * Removes source files that the project has no longer, or that a patch added.
 *
 * @param {string} destination
 * @param {Set<string>} files
 */
function removeOthers(destination, files) {
  const folders = new Set([...files].map((file) => String(file.split('/')[0])));
  for (const file of filesBelow([...folders].map((folder) => join(destination, folder)))) {
    const path = relative(destination, file).replaceAll('\\', '/');
    if (!files.has(path) && !path.startsWith('pkg/')) rmSync(file);
  }
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
