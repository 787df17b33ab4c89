// The README's example for Electron, in the packed package as users install it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { installWithElectron } from './installed.js';

const root = new URL('../../', import.meta.url);

test('the example of the README has at most twelve lines, and signs in from the main process', async (context) => {
  const readme = await readFile(new URL('README.md', root), 'utf8');
  const example = /^### In Electron$.*?^```js\n(.*?)^```$/ms.exec(readme)?.[1] ?? '';
  assert.ok(example.split('\n').length - 1 <= 12, 'it has more than twelve lines');
  assert.match(example, /electronHost\(\)/);

  const world = await startWorld();
  context.after(() => world.close());
  const folder = await temporaryFolder();
  await installWithElectron(folder, 'readme_electron.js');
  await writeFile(join(folder, 'main.js'), example.replace('https://mcp.example.com/mcp', world.server));
  // As Electron does: it becomes ready when the main module has come to its end, what it awaits included.
  await writeFile(
    join(folder, 'start.js'),
    `import './main.js'; import { becomeReady } from 'electron'; becomeReady();`,
  );

  const env = { ...process.env, USER_DATA: folder };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['start.js'], {
    cwd: folder,
    env,
    timeout: 60_000,
  });
  assert.equal(stderr, '');
  assert.match(stdout, /alice@example\.com/);
  const stored = await readFile(join(folder, 'mcp-oauth-wasm.json'), 'utf8');
  assert.match(stored, /"encrypted"/);
});
