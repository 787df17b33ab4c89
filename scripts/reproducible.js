// `npm run reproducible`: the same sources built in another folder give the same bytes.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join, sep } from 'node:path';
import { execPath } from 'node:process';
import { build } from './build.js';
import { copyProject } from './copy.js';
import { Explained, filesBelow, mustRun, progress, root, runProgram } from './support.js';

await runProgram(async () => {
  await build();
  const elsewhere = mkdtempSync(join(tmpdir(), 'built elsewhere '));
  try {
    progress(`building again in ${elsewhere}`);
    await copyProject(elsewhere);
    await mustRun(execPath, ['scripts/build.js'], { cwd: elsewhere, env: { CARGO_TARGET_DIR: undefined } });
    for (const folder of ['pkg', 'bin']) {
      for (const file of filesBelow([join(root, folder)])) compare(file, join(elsewhere, folder, basename(file)));
    }
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
  progress('every file in pkg/ and bin/ is byte for byte the same, and none names a folder of this machine');
});

/**
 * @param {string} here
 * @param {string} there
 */
function compare(here, there) {
  const bytes = readFileSync(here);
  if (!bytes.equals(readFileSync(there))) throw new Explained(`${basename(here)} differs between the two folders.`);
  for (const folder of [root, homedir()]) {
    // With the separator: `/root` alone is part of words such as `notifications/roots`.
    if (bytes.includes(folder + sep)) throw new Explained(`${basename(here)} contains the path ${folder}.`);
  }
}
