// `npm run reproducible`: the same sources built in another folder give the same bytes.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join, relative, sep } from 'node:path';
import { execPath } from 'node:process';
import { copyProject } from './copy.js';
import { makePackage } from './package.js';
import { filesBelow, mustRun, progress, root, runProgram, targetFolder, UserError } from './support.js';

await runProgram(async () => {
  const made = join(targetFolder, 'package');
  await makePackage(made);
  const elsewhere = mkdtempSync(join(tmpdir(), 'built elsewhere '));
  try {
    progress(`building again in ${elsewhere}`);
    await copyProject(elsewhere);
    await mustRun(execPath, ['scripts/package.js'], { cwd: elsewhere, env: { CARGO_TARGET_DIR: undefined } });
    for (const file of filesBelow([made])) {
      const bytes = readFileSync(file);
      const there = readFileSync(join(elsewhere, 'target', 'package', relative(made, file)));
      if (!bytes.equals(there)) throw new UserError(`${basename(file)} differs between the two folders.`);
      // With the separator: `/root` alone is part of words such as `notifications/roots`.
      const named = [root, homedir()].find((folder) => bytes.includes(folder + sep));
      if (named) throw new UserError(`${basename(file)} contains the path ${named}.`);
    }
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
  progress('every file of the package is byte for byte the same, and none names a folder of this machine');
});
