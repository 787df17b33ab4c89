// `npm run mutants`: cargo-mutants breaks the rules one small piece at a time, and the native tests have to notice.
// Arguments choose files: `npm run mutants -- src/data/scope.rs`. What is left out, and why, is in .cargo/mutants.toml.

import { join, relative } from 'node:path';
import { argv } from 'node:process';
import { ensureCargoTool, withCargoTools } from './cargo_tool.js';
import { Explained, progress, readIfThere, root, run, runProgram, targetFolder } from './support.js';

const results = join(targetFolder, 'mutants.out');

/** @param {"missed" | "caught" | "timeout" | "unviable"} kind */
function mutants(kind) {
  return (readIfThere(join(results, `${kind}.txt`)) ?? '').split('\n').filter((line) => line !== '');
}

await runProgram(async () => {
  await ensureCargoTool('cargo-mutants', '27.1.0', 'two minutes');
  progress('cargo mutants: the tests without a mutant, then once for each');
  const files = argv.slice(2).flatMap((file) => ['--file', file]);
  const { status } = await run('cargo', ['mutants', '--output', targetFolder, ...files], {
    env: { ...withCargoTools, CARGO_TARGET_DIR: undefined },
  });
  // 2: some survived. 3: some ran into the time limit, which is a way to be noticed.
  if (![0, 2, 3].includes(status)) throw new Explained(`cargo mutants ended with status ${status}; see ${results}.`);

  const survivors = mutants('missed');
  const noticed = mutants('caught').length + mutants('timeout').length;
  console.log(`\n${noticed} noticed, ${survivors.length} survived, ${mutants('unviable').length} did not compile`);
  for (const survivor of survivors) console.log(`  ${survivor}`);
  if (survivors.length === 0) return 0;
  console.log(
    '\nWrite the test that each of them needs, or leave it out in .cargo/mutants.toml with the reason.' +
      `\nThe changes and the output of the tests are in ${relative(root, results)}.`,
  );
  return 1;
});
