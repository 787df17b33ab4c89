// `npm run test:postgresql`: the example of a store in PostgreSQL, on a real one, which has to be on this machine.

import { join } from 'node:path';
import { build } from './build.js';
import { conclude, ensureNestedPackage, root, runNodeTests, runProgram } from './support.js';

const folder = join(root, 'tests', 'postgresql');

await runProgram(async () => {
  await build();
  await ensureNestedPackage(join(folder, 'client'));
  return conclude([await runNodeTests([join(folder, 'store.test.js')])]);
});
