// `npm run mutants`: cargo-mutants breaks the rules one small piece at a time, and the native tests have to notice.
// Arguments choose files: `npm run mutants -- src/data/scope.rs`. What is left out, and why, is in .cargo/mutants.toml.

import { argv } from 'node:process';
import { ensureCargoTool, withCargoTools } from './cargo_tool.js';
import { progress, run, runProgram, targetFolder } from './support.js';

await runProgram(async () => {
  await ensureCargoTool('cargo-mutants', '27.1.0', 'two minutes');
  progress('cargo mutants: the tests without a mutant, then once for each');
  const files = argv.slice(2).flatMap((file) => ['--file', file]);
  const env = { ...withCargoTools, CARGO_TARGET_DIR: undefined };
  const { status } = await run('cargo', ['mutants', '--output', targetFolder, ...files], { env });
  // It says which survived, and ends with 2; with 3 if some ran into the time limit, which is a way to be noticed.
  if (status === 2)
    console.log('Write the test that each needs, or leave it out in .cargo/mutants.toml with the reason.');
  return status === 3 ? 0 : status;
});
