// The Rust tests as WebAssembly, in Node or in a browser.

import { join } from 'node:path';
import { execPath } from 'node:process';
import { toolPath } from './setup.js';
import { root, runTests } from './support.js';

/** @param {"node" | "chromium" | "firefox"} where */
export async function wasmTests(where) {
  const program =
    where === 'node'
      ? [toolPath('wasm-bindgen-test-runner')]
      : [execPath, join(root, 'scripts', 'wasm_in_browser.js'), where];
  // `runner` as an array: the variable CARGO_TARGET_…_RUNNER is split at spaces.
  const runner = `target.wasm32-unknown-unknown.runner=${JSON.stringify(program)}`;
  return runTests(
    'cargo',
    ['test', '--locked', '--lib', '--tests', '--target', 'wasm32-unknown-unknown', '--config', runner],
    {
      // Debug information is nine tenths of a test module, and the runner rewrites all of it.
      CARGO_PROFILE_DEV_DEBUG: '0',
      // As wasm-pack has it: each test program is of Node or of browsers, and the others are passed over.
      ...(where === 'node' ? { WASM_BINDGEN_TEST_ONLY_NODE: '1' } : { WASM_BINDGEN_TEST_ONLY_WEB: '1' }),
    },
  );
}
