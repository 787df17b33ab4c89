// `wasm-pack test`, as people type it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countTests, run } from '../../scripts/support.js';
import { ways } from '../../scripts/wasm.js';
import { options } from './options.js';

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
