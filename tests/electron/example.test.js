// The example, all of it, with the packed package: its main process on Node, its page in Chromium.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
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
const person = (/** @type {string} */ main) => `
  import '${main}';
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

/**
 * @param {import('node:test').TestContext} context
 * @param {string} [main]
 */
async function installExample(context, main = './main.js') {
  const world = await startWorld();
  context.after(() => world.close());
  const folder = await temporaryFolder();
  await installWithElectron(folder, 'example_electron.js');
  for (const name of ['main.js', 'page']) await cp(join(example, name), join(folder, name), { recursive: true });
  await writeFile(join(folder, 'start.js'), person(main));
  const env = { ...process.env, USER_DATA: folder, MCP_SERVER: world.server };
  return {
    folder,
    async run() {
      const options = { cwd: folder, env, timeout: 60_000 };
      const { stdout } = await promisify(execFile)(process.execPath, ['start.js'], options);
      const { plan, result } = JSON.parse(stdout);
      assert.match(plan, /openid/);
      assert.match(plan, /offline_access/);
      assert.match(result, /alice@example\.com/);
    },
  };
}

test('the example connects, shows the plan and calls a tool', async (context) => {
  const { folder, run } = await installExample(context);
  const page = { entryPoints: [join(folder, 'page', 'renderer.js')], outfile: join(folder, 'page', 'bundle.js') };
  await build({ ...page, bundle: true, format: 'esm', logLevel: 'error', allowOverwrite: true });
  await run();
});

const builder = (/** @type {string} */ program) =>
  fileURLToPath(new URL(`definitions/node_modules/${program}`, import.meta.url));

/**
 * How Vite builds the page, into a folder beside what it builds of the main process.
 *
 * @param {string} folder
 * @param {string} outDir
 */
async function pageConfig(folder, outDir) {
  const html = join(folder, 'page', 'index.html');
  await writeFile(html, (await readFile(html, 'utf8')).replace('bundle.js', 'renderer.js'));
  const output = { entryFileNames: 'bundle.js', assetFileNames: 'style.css' };
  return {
    root: join(folder, 'page'),
    build: { outDir: join(folder, outDir), rollupOptions: { input: html, output } },
  };
}

for (const [how, externalizeDeps] of /** @type {const} */ ([
  ['left in node_modules', true],
  ['bundled into the main process', false],
])) {
  test(`built by electron-vite it does the same, the package ${how}`, async (context) => {
    const { folder, run } = await installExample(context, './out/main/index.js');
    const config = {
      main: { build: { externalizeDeps, rollupOptions: { input: { index: join(folder, 'main.js') } } } },
      renderer: await pageConfig(folder, 'out/main/page'),
    };
    await writeFile(join(folder, 'electron.vite.config.js'), `export default ${JSON.stringify(config)};`);
    const electronVite = builder('electron-vite/bin/electron-vite.js');
    await promisify(execFile)(process.execPath, [electronVite, 'build'], { cwd: folder });
    const built = await readFile(join(folder, 'out', 'main', 'index.js'), 'utf8');
    assert.equal(/from ["']mcp-oauth-wasm["']/.test(built), externalizeDeps);
    await run();
  });
}

// The configuration of @electron-forge/plugin-vite 7.11.2 for the main process.
const forgeMain = `
  import { builtinModules } from 'node:module';
  const external = ['electron', 'electron/common', ...builtinModules.flatMap((name) => [name, 'node:' + name]), 'electron/main'];
  export default {
    build: {
      emptyOutDir: false, outDir: '.vite/build', minify: true, copyPublicDir: false,
      rollupOptions: { external },
      lib: { entry: 'main.js', fileName: () => '[name].cjs', formats: ['cjs'] },
    },
    resolve: { conditions: ['node'], mainFields: ['module', 'jsnext:main', 'jsnext'] },
  };
`;

test("built with the configuration of Electron Forge's template for Vite it does the same, as one file of CommonJS", async (context) => {
  const { folder, run } = await installExample(context, './.vite/build/main.cjs');
  const page = await pageConfig(folder, '.vite/build/page');
  // Vite would take the files that the example serves for assets of its own.
  const main = await readFile(join(folder, 'main.js'), 'utf8');
  await writeFile(
    join(folder, 'main.js'),
    main.replace('import.meta.url)', 'here)').concat('\nconst here = import.meta.url;\n'),
  );
  for (const [name, config] of /** @type {const} */ ([
    ['main.config.mjs', forgeMain],
    ['page.config.mjs', `export default ${JSON.stringify(page)};`],
  ])) {
    await writeFile(join(folder, name), config);
    const vite = [builder('vite/bin/vite.js'), 'build', '--config', name];
    await promisify(execFile)(process.execPath, vite, { cwd: folder });
  }
  await run();
});
