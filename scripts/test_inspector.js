// `npm run test:inspector`: the inspector's server, and its page in Chromium and Firefox. Its main states are pictured in
// target/inspector. `-- --picture` makes docs/inspector.png instead, the picture in the README.

import { join } from 'node:path';
import { argv, execPath } from 'node:process';
import { ensureChrome, findFirefox } from './browser.js';
import { build } from './build.js';
import { conclude, ensureNestedPackage, filesBelow, root, run, runNodeTests, runProgram } from './support.js';

const folder = join(root, 'tests', 'inspector');

await runProgram(async () => {
  findFirefox();
  await build();
  await ensureNestedPackage(join(root, 'tests', 'browsers'));
  await ensureChrome();
  if (argv.includes('--picture')) return (await run(execPath, [join(folder, 'picture.js')])).status;
  const files = filesBelow([folder]).filter((file) => file.endsWith('.test.js'));
  // One browser after the other: windows of several compete for being in front.
  const counts = await runNodeTests(files, ['--test-concurrency=1']);
  console.log("The inspector's pictures are in target/inspector.");
  return conclude([counts]);
});
