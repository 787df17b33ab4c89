// `npm run reference`: docs/reference, made from the types, a page for each entry of the package. Warnings fail.
// `-- --check` writes nothing, and fails where it differs from what is there.

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { argv, execPath } from 'node:process';
import { build } from './build.js';
import {
  Explained,
  ensureNestedPackage,
  filesBelow,
  mustRun,
  progress,
  readIfThere,
  root,
  runProgram,
  targetFolder,
} from './support.js';

const folder = join(root, 'tests', 'reference');
const made = join(targetFolder, 'reference');
const committed = join(root, 'docs', 'reference');

await runProgram(async () => {
  await build();
  await ensureNestedPackage(folder);
  progress('typedoc');
  await mustRun(execPath, ['node_modules/typedoc/bin/typedoc', '--options', 'typedoc.config.js', '--out', made], {
    cwd: folder,
  });
  const pages = new Map(filesBelow([made]).map((file) => [relative(made, file), readFileSync(file, 'utf8')]));
  const before = filesBelow([committed]).map((file) => relative(committed, file));
  if (argv.includes('--check')) {
    const different = [...new Set([...pages.keys(), ...before])].filter(
      (page) => readIfThere(join(committed, page))?.replaceAll('\r\n', '\n') !== pages.get(page),
    );
    if (different.length > 0)
      throw new Explained(
        `docs/reference is out of date (${different.join(', ')}): run \`npm run reference\` and commit it.`,
      );
    return;
  }
  for (const page of before) rmSync(join(committed, page));
  for (const [page, text] of pages) {
    mkdirSync(dirname(join(committed, page)), { recursive: true });
    writeFileSync(join(committed, page), text);
  }
  progress(`docs/reference has ${pages.size} pages`);
});
