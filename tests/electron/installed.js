/** The packed package in a folder, where the module `electron` is a stand-in. */

import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installPacked } from '../package/packed.js';

const root = new URL('../../', import.meta.url);

/**
 * @param {string} folder
 * @param {string} standIn the file beside this one that is `electron` there
 */
export async function installWithElectron(folder, standIn) {
  await installPacked(folder);
  const electron = join(folder, 'node_modules', 'electron');
  await mkdir(electron);
  await writeFile(
    join(electron, 'package.json'),
    JSON.stringify({ name: 'electron', type: 'module', exports: './index.js' }),
  );
  await writeFile(join(electron, 'index.js'), `export * from ${JSON.stringify(new URL(standIn, import.meta.url))};`);
  const sdk = fileURLToPath(new URL('node_modules/@modelcontextprotocol', root));
  await symlink(sdk, join(folder, 'node_modules', '@modelcontextprotocol'), 'junction');
}
