// `npm run fuzz`: every fuzz target for 60 seconds. Arguments: another number of seconds, and names of targets to
// choose. `cargo test` replays the corpora without any of this.

import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { ensureCargoTool, withCargoTools } from './cargo_tool.js';
import { mustRun, progress, root, run, runProgram, targetFolder, UserError } from './support.js';

const corpora = join(root, 'fuzz', 'corpus');
const options = { env: withCargoTools, output: /** @type {const} */ ('step') };

await runProgram(async () => {
  const seconds = argv.slice(2).find((arg) => /^\d+$/.test(arg)) ?? '60';
  const named = argv.slice(2).filter((arg) => !/^\d+$/.test(arg));
  const known = readdirSync(corpora).sort();
  const unknown = named.filter((target) => !known.includes(target));
  if (unknown.length > 0) throw new UserError(`There is no fuzz target ${unknown}. There are ${known.join(', ')}.`);
  const toolchains = await mustRun('rustup', ['toolchain', 'list'], { output: 'capture' });
  if (!/^nightly-/m.test(toolchains)) {
    const remedy = 'rustup toolchain install nightly --profile minimal';
    throw new UserError(`Fuzzing needs a nightly Rust beside the stable one, which stays the default:\n  ${remedy}`);
  }
  await ensureCargoTool('cargo-fuzz', '0.13.2', 'half a minute');

  const failed = [];
  for (const target of named.length > 0 ? named : known) {
    progress(`${target}: ${seconds} s`);
    // What is found grows there and not in the committed corpus, from which it starts.
    const [found, crashes] = ['fuzz-corpus', 'fuzz-crashes'].map((name) => join(targetFolder, name, target, '/'));
    for (const folder of [found, crashes]) mkdirSync(String(folder), { recursive: true });
    const limits = [`-max_total_time=${seconds}`, '-timeout=10', `-artifact_prefix=${crashes}`];
    const folders = ['--target-dir', join(targetFolder, 'fuzz'), target, `${found}`, join(corpora, target)];
    const { status } = await run('cargo', ['+nightly', 'fuzz', 'run', ...folders, '--', ...limits], options);
    if (status === 0) continue;
    failed.push(target);
    console.error(
      `To keep what failed as a test, copy it from ${crashes} to ${join(corpora, target)} under a telling name.`,
    );
  }
  console.log(failed.length === 0 ? 'Nothing was found.' : `Failed: ${failed.join(', ')}.`);
  return failed.length === 0 ? 0 : 1;
});
