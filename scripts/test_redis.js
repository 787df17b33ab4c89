// `npm run test:redis`: the store for fleets, on a real Redis that it starts, which has to be on this machine.

import { join } from 'node:path';
import { build } from './build.js';
import { conclude, ensureTestPackages, filesBelow, root, runNodeTests, runProgram } from './support.js';

await runProgram(async () => {
  await build();
  await ensureTestPackages();
  return conclude([
    await runNodeTests(filesBelow([join(root, 'tests', 'redis')]).filter((file) => file.endsWith('.test.js'))),
  ]);
});
