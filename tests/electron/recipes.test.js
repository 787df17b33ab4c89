// The programs in docs/electron.md: each is checked against the types of this package and of Electron.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { test } from 'node:test';
import { root, run } from '../../scripts/support.js';

const page = await readFile(join(root, 'docs', 'electron.md'), 'utf8');
const programs = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, program = '']) => program);

test('every program of the page holds against the types, and has at most thirty lines', async (context) => {
  assert.ok(programs.length >= 5);
  // Below this folder, so that `electron` and the rest are found as its other files find them.
  const folder = await mkdtemp(join(root, 'tests', 'electron', 'recipes-'));
  context.after(() => rm(folder, { recursive: true }));
  for (const [index, program] of programs.entries()) {
    assert.ok(program.split('\n').length - 1 <= 30, program);
    await writeFile(join(folder, `program-${index}.js`), program);
  }
  const files = [join('..', 'definitions', 'node_modules', 'electron', 'electron.d.ts')];
  const options = { typeRoots: ['../../../node_modules/@types'], allowJs: true, noEmit: true };
  const project = { extends: '../tsconfig.json', compilerOptions: options, files, include: ['.'], exclude: [] };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(project));
  const tsc = [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', join(folder, 'tsconfig.json')];
  const { status, output } = await run(execPath, tsc, { output: 'capture' });
  assert.equal(status, 0, output);
});
