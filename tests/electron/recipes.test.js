// The programs in docs/electron.md: each is checked against the types of this package and of Electron, and the first two run.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { root, run } from '../../scripts/support.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { installWithElectron } from './installed.js';

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

/** What a person does in the window, and sees. */
const person = `
  import './main.js';
  import { becomeReady, opened } from 'electron';
  becomeReady();
  const { page, close } = await opened;
  const seen = async () => [await page.$eval('#status', (e) => e.textContent), await page.$eval('button', (e) => e.textContent)];
  const until = (text) => page.waitForFunction((text) => document.querySelector('button').textContent === text, {}, text);
  await until('Sign in');
  const said = [await seen()];
  await page.click('button');
  await until('Sign out');
  said.push(await seen());
  await page.click('button');
  await until('Sign in');
  said.push(await seen());
  console.log(JSON.stringify(said));
  await close();
  process.exit();
`;

test('the page with buttons signs in and out', async (context) => {
  const world = await startWorld();
  context.after(() => world.close());
  const folder = await temporaryFolder();
  await installWithElectron(folder, 'recipe_electron.js');
  const [main = '', script = ''] = programs;
  await writeFile(join(folder, 'main.js'), main.replace('https://mcp.example.com/mcp', world.server));
  const html = '<!doctype html><p id="status"></p><button></button><script type="module" src="page.js"></script>';
  await writeFile(join(folder, 'index.html'), html);
  await writeFile(join(folder, 'start.js'), person);
  const stdin = { contents: script, resolveDir: folder };
  await build({ stdin, outfile: join(folder, 'page.js'), bundle: true, format: 'esm', logLevel: 'error' });
  const options = { cwd: folder, env: { ...process.env, USER_DATA: folder }, timeout: 60_000 };
  const { stdout } = await promisify(execFile)(execPath, ['start.js'], options);
  assert.deepEqual(JSON.parse(stdout), [
    ['Not signed in.', 'Sign in'],
    ['Signed in.', 'Sign out'],
    ['Not signed in.', 'Sign in'],
  ]);
});
