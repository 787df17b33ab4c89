// The Rust tests as WebAssembly: by the runner of wasm-bindgen, and by wasm-pack.
// `npm run wasm-pack` provides what `wasm-pack test` needs, below target/ where it is missing, and prints the PATH for it.

import { delimiter, dirname, join } from 'node:path';
import { execPath, platform } from 'node:process';
import { findChrome, findChromedriver, findFirefox, findGeckodriver } from './browser.js';
import { ensureCargoTool } from './cargo_tool.js';
import { setup, toolPath } from './setup.js';
import { isProgram, root, runProgram, runTests } from './support.js';

/** @param {"node" | "chromium" | "firefox"} where */
export function wasmTests(where) {
  const inBrowser = [execPath, join(root, 'tests', 'browsers', 'wasm_runner.js'), where];
  const program = where === 'node' ? [toolPath('wasm-bindgen-test-runner')] : inBrowser;
  // `runner` as an array: the variable CARGO_TARGET_…_RUNNER is split at spaces.
  const runner = `target.wasm32-unknown-unknown.runner=${JSON.stringify(program)}`;
  const options = ['--lib', '--tests', '--target', 'wasm32-unknown-unknown', '--config', runner];
  return runTests('cargo', ['test', '--locked', ...options], {
    // Debug information is nine tenths of a test module, and the runner rewrites all of it.
    CARGO_PROFILE_DEV_DEBUG: '0',
    // As wasm-pack has it: each test program is of Node or of browsers, and the others are passed over.
    [where === 'node' ? 'WASM_BINDGEN_TEST_ONLY_NODE' : 'WASM_BINDGEN_TEST_ONLY_WEB']: '1',
  });
}

/** The ways in which wasm-pack runs the Rust tests. */
export const ways = ['test --node', 'test --headless --chrome', 'test --headless --firefox'];

/**
 * Provides wasm-pack, the wasm-bindgen of the version that the crate uses, and the drivers of the browsers that are here.
 * wasm-pack takes what is on PATH, and downloads what is not.
 *
 * @param {string} path the PATH to add to
 */
export async function pathForWasmPack(path) {
  for (const find of [findChrome, findFirefox]) find();
  const chromedriver = findChromedriver();
  await setup();
  const geckodriver = findGeckodriver() ?? (await ensureCargoTool('geckodriver', '0.37.1', 'two minutes'));
  const wasmPack = await ensureCargoTool('wasm-pack', '0.15.1', 'two and a half minutes');
  // A wasm-bindgen of another version may be on PATH already.
  const first = [toolPath('wasm-bindgen'), wasmPack].map(dirname);
  return [...first, path, ...[chromedriver, geckodriver].map(dirname)].join(delimiter);
}

if (isProgram(import.meta.url)) {
  await runProgram(async () => {
    const own = platform === 'win32' ? '$env:PATH' : '$PATH';
    const path = await pathForWasmPack(own);
    console.log(`\nEverything is there. In this terminal, from now on:\n
  ${platform === 'win32' ? `${own} = "${path}"` : `export PATH="${path}"`}
${ways.map((way) => `  wasm-pack ${way}`).join('\n')}\n`);
  });
}
