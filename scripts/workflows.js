// `npm run workflows`: what actionlint says of .github/workflows. Not part of `npm test`, because it takes Go.

import { join } from 'node:path';
import { filesBelow, mustBeThere, mustRun, root, runProgram } from './support.js';

const remedy = 'actionlint is built by Go 1.21 or newer, which fetches the Go that it needs: https://go.dev/dl.';

await runProgram(async () => {
  await mustBeThere('go', ['version'], remedy);
  const files = filesBelow([join(root, '.github', 'workflows')]);
  const actionlint = ['run', '-buildvcs=false', 'github.com/rhysd/actionlint/cmd/actionlint'];
  await mustRun('go', [...actionlint, ...files], { cwd: join(root, 'tests', 'workflows') });
  console.log(`${files.length} passed, 0 failed`);
});
