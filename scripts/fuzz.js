// `npm run fuzz`: every fuzz target for 60 seconds. Arguments: another number of seconds, and names of targets to
// choose. `cargo test` replays the corpora without any of this.

import { mkdirSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { argv } from 'node:process';
import { ensureCargoTool, withCargoTools } from './cargo_tool.js';
import { Explained, elapsed, filesBelow, mustRun, progress, root, run, runProgram, targetFolder } from './support.js';

const corpora = join(root, 'fuzz', 'corpus');
const known = readdirSync(corpora).sort();
const build = ['--target-dir', join(targetFolder, 'fuzz')];

/** Only nightly compilers can instrument what they compile. */
async function requireNightly() {
  const { status, output } = await run('rustup', ['toolchain', 'list'], { output: 'capture' });
  if (status === 0 && /^nightly-/m.test(output)) return;
  throw new Explained(
    'Fuzzing needs a nightly Rust beside the stable one, which stays the default:\n' +
      '  rustup toolchain install nightly --profile minimal',
  );
}

/** @param {string[]} args */
const cargoFuzz = (args) => ['+nightly', 'fuzz', ...args];

/**
 * @param {string} target
 * @param {number} seconds
 */
async function fuzz(target, seconds) {
  // What is found grows here and not in the committed corpus, which it starts from.
  const found = join(targetFolder, 'fuzz-corpus', target);
  const crashes = join(targetFolder, 'fuzz-crashes', target);
  for (const folder of [found, crashes]) mkdirSync(folder, { recursive: true });
  const before = { found: filesBelow([found]).length, crashes: filesBelow([crashes]) };
  const since = performance.now();
  progress(`${target}: ${seconds} s`);
  const alive = setInterval(() => progress(`${target}: since ${elapsed(since)}`), 15_000);
  const { status, output } = await run(
    'cargo',
    cargoFuzz([
      'run',
      ...build,
      target,
      found,
      join(corpora, target),
      '--',
      `-max_total_time=${seconds}`,
      '-timeout=10',
      `-artifact_prefix=${join(crashes, '/')}`,
    ]),
    { output: 'capture', env: withCargoTools },
  );
  clearInterval(alive);
  return {
    target,
    runs: /^Done (\d+) runs/m.exec(output)?.[1] ?? '',
    inputs: filesBelow([found]).length - before.found,
    crashes: filesBelow([crashes]).filter((file) => !before.crashes.includes(file)),
    failure: status === 0 ? undefined : output.split('\n').slice(-60).join('\n'),
  };
}

await runProgram(async () => {
  const args = argv.slice(2);
  const chosen = args.filter((arg) => !/^\d+$/.test(arg));
  const unknown = chosen.filter((target) => !known.includes(target));
  if (unknown.length > 0) {
    throw new Explained(`There is no fuzz target ${unknown.join(', ')}. The targets are ${known.join(', ')}.`);
  }
  const seconds = Number(args.find((arg) => /^\d+$/.test(arg)) ?? 60);

  await requireNightly();
  await ensureCargoTool('cargo-fuzz', '0.13.2', 'half a minute');
  progress('cargo fuzz build');
  await mustRun('cargo', cargoFuzz(['build', ...build]), { env: withCargoTools });

  const results = [];
  for (const target of chosen.length > 0 ? chosen : known) results.push(await fuzz(target, seconds));

  console.log(`\n${'target'.padEnd(26)}${'runs'.padStart(12)}${'new inputs'.padStart(12)}`);
  for (const { target, runs, inputs, failure } of results) {
    console.log(target.padEnd(26) + runs.padStart(12) + `${inputs}`.padStart(12) + (failure ? '  FAILED' : ''));
  }
  const failed = results.filter(({ failure }) => failure);
  for (const { target, crashes, failure } of failed) {
    console.error(`\n${target} failed:\n${failure}`);
    for (const crash of crashes) {
      console.error(
        `\nTo reproduce it, and to keep it as a test under a name that tells what it is:\n` +
          `  cp "${relative(root, crash)}" fuzz/corpus/${target}/<name>\n  cargo test --test fuzz_corpora`,
      );
    }
  }
  console.log(`\n${results.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
});
