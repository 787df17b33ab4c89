// `npm run demo`: from a fresh clone to the running demo. With `--engine hydra`: on Ory Hydra, which Go builds first.

import { argv, execPath } from 'node:process';
import { build } from './build.js';
import { ensureHydra } from './engine_programs.js';
import { Explained, run, runProgram } from './support.js';

await runProgram(async () => {
  console.log(
    'Builds the package below this folder, then lets a published client and this one sign in at real servers on this machine.',
  );
  console.log('The first time takes about three minutes, later ones a few seconds.');
  await build();
  const args = argv.slice(2);
  const at = args.indexOf('--engine');
  if (at < 0) return demo(['demo/demo.js', ...args]);
  const [, engine] = args.splice(at, 2);
  if (engine !== 'hydra') throw new Explained(`There is no engine "${engine}" in the demo. There is: hydra.`);
  const { program } = await ensureHydra();
  return demo(['demo/hydra.js', '--program', program, ...args]);
});

/** @param {string[]} args */
async function demo(args) {
  const { status } = await run(execPath, args);
  return status;
}
