// The example, all of it, with the packed package: its main process on Node, its page in Chromium.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { installWithElectron } from './installed.js';

const example = fileURLToPath(new URL('../../examples/electron', import.meta.url));

/** What a person does in the window, and sees. */
const person = `
  import './main.js';
  import { becomeReady, opened } from 'electron';
  becomeReady();
  const { window: { page }, close } = await opened;
  const seen = (selector) => page.$eval(selector, (element) => element.textContent);
  await page.$eval('input', (input, server) => { input.value = server; }, process.env.MCP_SERVER);
  await page.click('button');
  await page.waitForFunction(() => document.querySelector('[role=status]').textContent === 'Connected.' );
  const plan = await seen('table');
  await page.click('ul button');
  await page.waitForFunction(() => document.querySelector('pre').textContent !== '');
  console.log(JSON.stringify({ plan, result: await seen('pre') }));
  await close();
  process.exit();
`;

test('the example connects, shows the plan and calls a tool', async (context) => {
  const world = await startWorld();
  context.after(() => world.close());
  const folder = await temporaryFolder();
  await installWithElectron(folder, 'example_electron.js');
  for (const name of ['main.js', 'page']) await cp(join(example, name), join(folder, name), { recursive: true });
  const page = { entryPoints: [join(folder, 'page', 'renderer.js')], outfile: join(folder, 'page', 'bundle.js') };
  await build({ ...page, bundle: true, format: 'esm', logLevel: 'error', allowOverwrite: true });
  await writeFile(join(folder, 'start.js'), person);

  const env = { ...process.env, USER_DATA: folder, MCP_SERVER: world.server };
  const { stdout } = await promisify(execFile)(process.execPath, ['start.js'], { cwd: folder, env, timeout: 60_000 });
  const { plan, result } = JSON.parse(stdout);
  assert.match(plan, /openid/);
  assert.match(plan, /offline_access/);
  assert.match(result, /alice@example\.com/);
});
