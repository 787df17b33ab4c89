/** The packed package, as a user has it: installed from its tarball, with nothing of the source tree near. */

import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPacked } from './packed.js';

/**
 * Installs it into an empty folder, whose path has a space. Whoever calls this removes the folder.
 */
export async function installed() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'an application ')));
  await installPacked(folder);
  const packageFolder = join(folder, 'node_modules', 'mcp-oauth-wasm');
  return {
    folder,
    packageFolder,
    /** The tarball that it was installed from. */
    tarball: join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''),
    /** Its package.json. @type {any} */
    description: JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @typedef {Awaited<ReturnType<typeof installed>>} Installed */
