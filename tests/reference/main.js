// `npm run reference`: docs/reference, made from the types, a page for each entry of the package. Warnings fail.
// `-- --check` writes nothing, and fails where it differs from what is there.

import { cpSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { execPath } from 'node:process';
import { filesBelow, mustRun, progress, readIfThere, root, targetFolder, UserError } from '../../scripts/support.js';

const made = join(targetFolder, 'reference');
const committed = join(root, 'docs', 'reference');

/** @param {string[]} args */
export async function main(args) {
  progress('typedoc');
  const typedoc = ['node_modules/typedoc/bin/typedoc', '--options', 'typedoc.config.js', '--out', made];
  await mustRun(execPath, typedoc, { cwd: import.meta.dirname });
  const pages = [made, committed].flatMap((folder) => filesBelow([folder]).map((file) => relative(folder, file)));
  const differing = [...new Set(pages)].filter((page) => {
    return readIfThere(join(committed, page))?.replaceAll('\r\n', '\n') !== readIfThere(join(made, page));
  });
  if (args.includes('--check')) {
    if (differing.length === 0) return;
    throw new UserError(`docs/reference is out of date (${differing}): run \`npm run reference\` and commit it.`);
  }
  rmSync(committed, { recursive: true });
  cpSync(made, committed, { recursive: true });
  progress(`docs/reference: ${differing.length} pages differ from before`);
}
