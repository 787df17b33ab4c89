// `wasm-pack`, as people type it.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { test } from 'node:test';
import { inline, makeFactory } from '../../scripts/build.js';
import { copyProject } from '../../scripts/copy.js';
import { countTests, mustRun, run, targetFolder } from '../../scripts/support.js';
import { pathForWasmPack, ways } from '../../scripts/wasm.js';

const ours = Object.keys(env).filter((name) =>
  /^(WASM_BINDGEN_|NODE_TEST|NO_HEADLESS$|\w+DRIVER(_REMOTE)?$)/.test(name),
);
const options = {
  output: /** @type {const} */ ('capture'),
  env: { ...Object.fromEntries(ours.map((name) => [name, undefined])), PATH: await pathForWasmPack(`${env.PATH}`) },
};

// It ends well where it runs no test at all: those of browsers are in tests/vectors_in_browser.rs.
test('wasm-pack test runs all tests, as many everywhere', async (context) => {
  /** @type {number[]} */
  const passed = [];
  for (const way of ways) {
    const { status, output } = await run('wasm-pack', way.split(' '), options);
    assert.equal(status, 0, output);
    passed.push(countTests(output).passed);
    context.diagnostic(`wasm-pack ${way}: ${passed.at(-1)} passed`);
  }
  assert.ok(Number(passed[0]) > 0);
  assert.deepEqual(
    passed,
    ways.map(() => passed[0]),
  );
});

test('what wasm-pack build makes works the same: all vectors pass with it', async () => {
  const cwd = join(targetFolder, 'wasm-pack');
  await copyProject(cwd);
  const build = ['build', '--target', 'web', '--mode', 'no-install', '--no-pack', '--no-gitignore'];
  await mustRun('wasm-pack', build, { ...options, cwd, env: { ...options.env, CARGO_TARGET_DIR: targetFolder } });
  // As scripts/build.js has it: this package takes as many instances as it needs.
  makeFactory(join(cwd, 'pkg', 'mcp_oauth_wasm.js'));
  inline(join(cwd, 'pkg'));
  const vectors = ['--test', '--test-reporter=spec', 'tests/javascript/vectors.test.js'];
  const { status, output } = await run(execPath, vectors, { ...options, cwd });
  assert.equal(status, 0, output);
  assert.ok(countTests(output).passed > 0);
});
