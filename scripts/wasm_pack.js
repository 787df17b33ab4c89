// `npm run wasm-pack`: provides what `wasm-pack test` needs, below target/ where it is missing, and prints the PATH for it.

import { delimiter, dirname } from 'node:path';
import { env, platform } from 'node:process';
import { findChrome, findChromedriver, findFirefox } from './browser.js';
import { ensureCargoTool, ensureGeckodriver } from './cargo_tool.js';
import { setup, toolPath } from './setup.js';
import { isProgram, runProgram } from './support.js';

/** The ways in which wasm-pack runs the Rust tests. */
export const wasmPackTests = ['test --node', 'test --headless --chrome', 'test --headless --firefox'];

/**
 * Provides wasm-pack, the wasm-bindgen of the version that the crate uses, and the drivers of the browsers that are here.
 * wasm-pack takes what is on PATH, and downloads what is not.
 *
 * @returns {Promise<{ first: string[], last: string[] }>} the folders to put before those of PATH, and behind them
 */
export async function ensureWasmPack() {
  for (const find of [findChrome, findFirefox]) find();
  const chromedriver = findChromedriver();
  await setup();
  const geckodriver = await ensureGeckodriver();
  const wasmPack = await ensureCargoTool('wasm-pack', '0.15.1', 'two and a half minutes');
  const isOnPath = (/** @type {string} */ folder) => (env.PATH ?? '').split(delimiter).includes(folder);
  return {
    // A wasm-bindgen of another version may be on PATH already.
    first: [toolPath('wasm-bindgen'), wasmPack].map(dirname),
    last: [chromedriver, geckodriver]
      .map(dirname)
      .filter((folder) => !isOnPath(folder) && folder !== dirname(wasmPack)),
  };
}

if (isProgram(import.meta.url)) {
  await runProgram(async () => {
    const { first, last } = await ensureWasmPack();
    const path = (/** @type {string} */ own) => [...first, own, ...last].join(delimiter);
    console.log(`\nEverything is there. In this terminal, from now on:\n
  ${platform === 'win32' ? `$env:PATH = "${path('$env:PATH')}"` : `export PATH="${path('$PATH')}"`}
${wasmPackTests.map((args) => `  wasm-pack ${args}`).join('\n')}\n`);
  });
}
