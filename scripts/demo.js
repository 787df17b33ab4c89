// `npm run demo`: from a fresh clone to the running demo. With `--engine hydra`: on Ory Hydra, which Go builds first.

import { argv, execPath } from 'node:process';
import { ensureHydra } from '../tests/engines/programs.js';
import { build } from './build.js';
import { run, runProgram, UserError } from './support.js';

await runProgram(async () => {
  console.log(
    'Builds the package below this folder, then lets a published client and this one sign in at real servers here.',
  );
  console.log('The first time takes about three minutes, later ones a few seconds.');
  await build();
  const args = argv.slice(2);
  const at = args.indexOf('--engine');
  const [, engine] = at < 0 ? [] : args.splice(at, 2);
  if (at >= 0 && engine !== 'hydra')
    throw new UserError(`There is no engine "${engine}" in the demo. There is: hydra.`);
  const program = engine ? ['demo/hydra.js', '--program', (await ensureHydra()).program] : ['demo/demo.js'];
  return (await run(execPath, [...program, ...args])).status;
});
