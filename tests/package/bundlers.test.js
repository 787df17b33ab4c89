// A small program that uses the packed package goes through every bundler, and what comes out is run.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filesBelow, root, run } from '../../scripts/support.js';
import { startBrowser } from '../browsers/browser.js';
import { startSite } from '../browsers/site.js';
import { ensureNewerNode } from '../node/nodes.js';
import { bundled, readmeRows } from './bundlers.js';
import { installed } from './installed.js';
import { textAt } from './page.js';
import { assertKnownResult, writeProgram } from './program.js';

/** @import { Bundled } from './bundlers.js' */

const bundle = fileURLToPath(new URL('bundlers/bundle.js', import.meta.url));

/** @type {import('./installed.js').Installed} */
let there;
/** @type {import('./page.js').Browser} */
let browser;
/** For the bundlers that demand it. @type {string} */
let node;
before(async () => {
  [there, browser, node] = await Promise.all([installed(), startBrowser('chromium'), ensureNewerNode('A bundler')]);
});
after(async () => {
  await browser.close();
  there.remove();
});

for (const one of bundled) {
  const { bundler, platform, format } = one;
  describe(`${bundler} for ${platform}, ${format}`, () => {
    for (const [entry, source] of Object.entries(one.entries)) {
      test(entry, async () => {
        const folder = newProgram(entry, source ?? undefined);
        const by = `${bundler} ${platform} ${format} ${entry}`;
        if (bundler === 'vite dev') return assertKnownResult(await sayOfDevelopmentServer(folder, one), by);
        const output = await outputOf(node, [bundle, JSON.stringify(one)], folder);
        const said = platform === 'node' ? await sayInNode(folder, format) : await sayOnPage(folder, one);
        assertKnownResult(said, `${by}, which wrote\n${output}\nand whose program`);
      });
    }
  });
}

test('a program that only explains a plan carries no WebAssembly, and nothing that would load it', async () => {
  const folder = newProgram('mcp-oauth-wasm');
  writeFileSync(
    join(folder, 'main.js'),
    "import { explain } from 'mcp-oauth-wasm/inspector'; console.log(explain({ scopes: [] }));",
  );
  for (const { bundler, platform, format } of bundled.filter(
    ({ platform, bundler }) => platform === 'browser' && bundler !== 'vite dev',
  )) {
    await outputOf(node, [bundle, JSON.stringify({ bundler, platform, format })], folder);
    const files = filesBelow([join(folder, 'dist')]);
    const text = files
      .filter((file) => file.endsWith('.js'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
    assert.match(text, /nothing|scope/, `${bundler} left explain out`);
    assert.doesNotMatch(text, /WebAssembly|AGFzbQ/, `${bundler} left the module in`);
    assert.deepEqual(
      files.filter((file) => file.endsWith('.wasm')),
      [],
    );
  }
});

test('the README lists what is tested here', () => {
  const read = (/** @type {string} */ file) => readFileSync(join(root, file), 'utf8');
  const { dependencies } = JSON.parse(read('tests/package/bundlers/package.json'));
  const { next } = JSON.parse(read('tests/package/next/package.json')).dependencies;
  const { esbuild } = JSON.parse(read('package.json')).devDependencies;
  const lines = read('README.md').split(/\r?\n/);
  assert.deepEqual(
    readmeRows({ ...dependencies, next, esbuild }).filter((row) => !lines.includes(row)),
    [],
  );
});

/**
 * @param {string} entry
 * @param {string} [source]
 */
function newProgram(entry, source) {
  const folder = mkdtempSync(join(there.folder, 'program '));
  writeProgram(folder, entry, source);
  // Vite starts from a page; the others are loaded by one like it.
  writeFileSync(
    join(folder, 'index.html'),
    '<!doctype html><body><script type="module" src="/main.js"></script></body>',
  );
  return folder;
}

/**
 * @param {string} folder
 * @param {string} format
 */
function sayInNode(folder, format) {
  const file = join(folder, 'dist', format === 'cjs' ? 'main.cjs' : 'main.js');
  return outputOf(process.execPath, [file], folder);
}

/**
 * What a program writes that has to end well.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
async function outputOf(command, args, cwd) {
  const { status, output } = await run(command, args, { cwd, output: 'capture' });
  // Where a bundle is quoted, its lines are long.
  const shown = output
    .split('\n')
    .map((line) => line.slice(0, 300))
    .join('\n');
  assert.equal(status, 0, `${args.join(' ')} ended with status ${status}:\n${shown}`);
  return shown;
}

/**
 * @param {string} folder
 * @param {Bundled} how
 */
async function sayOnPage(folder, { bundler, format }) {
  const dist = join(folder, 'dist');
  mkdirSync(dist, { recursive: true });
  const type = format === 'iife' ? '' : 'type="module"';
  if (bundler !== 'vite')
    writeFileSync(join(dist, 'index.html'), `<!doctype html><body><script ${type} src="main.js"></script></body>`);
  const server = await startSite(dist);
  try {
    return await textAt(browser, `${server.origin}/index.html`);
  } finally {
    await server.close();
  }
}

/**
 * @param {string} folder
 * @param {Bundled} how
 */
async function sayOfDevelopmentServer(folder, how) {
  const child = spawn(node, [bundle, JSON.stringify(how)], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('http')) return await textAt(browser, line);
    }
    throw new Error(`${how.bundler} ended without serving`);
  } finally {
    child.stdin.end();
  }
}
