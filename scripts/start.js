// `node scripts/start.js FILE …`: builds the package, then runs the program in that file, which imports it.

import { resolve } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from './build.js';
import { ensureTestPackages, root, runProgram } from './support.js';

await runProgram(async () => {
  const [, , file = '', ...args] = argv;
  await build();
  await ensureTestPackages();
  const { main } = await import(pathToFileURL(resolve(root, file)).href);
  return main(args);
});
