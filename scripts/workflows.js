// `npm run workflows`: what actionlint says of .github/workflows. Not part of `npm test`, because it takes Go.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import { mustBeThere } from './engine_programs.js';
import { filesBelow, hashFiles, makeIfStale, mustRun, progress, root, runProgram, targetFolder } from './support.js';

const module = join(root, 'tests', 'workflows');
const program = join(targetFolder, 'workflows', platform === 'win32' ? 'actionlint.exe' : 'actionlint');

await runProgram(async () => {
  await makeIfStale({
    stamp: join(targetFolder, 'workflows.made-from'),
    inputs: hashFiles(['go.mod', 'go.sum'].map((name) => join(module, name))),
    outputs: [program],
    make: async () => {
      await mustBeThere(
        'go',
        ['version'],
        'actionlint is built by Go 1.21 or newer, which fetches the Go that it needs: https://go.dev/dl. Then run this again.',
      );
      progress('go build of actionlint (half a minute, once)');
      mkdirSync(join(targetFolder, 'workflows'), { recursive: true });
      await mustRun('go', ['build', '-buildvcs=false', '-o', program, 'github.com/rhysd/actionlint/cmd/actionlint'], {
        cwd: module,
      });
    },
  });
  const files = filesBelow([join(root, '.github', 'workflows')]);
  await mustRun(program, files);
  console.log(`${files.length} passed, 0 failed`);
});
