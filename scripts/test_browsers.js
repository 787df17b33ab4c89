// `npm run test:browsers`: the packed package in real browsers, Chromium and Firefox, through the pages of a real
// authorization server; and the Rust tests as WebAssembly in Firefox, beside those in Chromium that `npm test` runs.
// Arguments choose test files by a part of their names; `wasm` chooses the Rust tests.

import { basename, join } from 'node:path';
import { argv } from 'node:process';
import { ensureChrome, findFirefox } from './browser.js';
import { build } from './build.js';
import {
  conclude,
  Explained,
  ensureNestedPackage,
  filesBelow,
  progress,
  root,
  runNodeTests,
  runProgram,
} from './support.js';
import { wasmTests } from './wasm_tests.js';

const folder = join(root, 'tests', 'browsers');

await runProgram(async () => {
  findFirefox();
  await ensureChrome();
  await build();
  await ensureNestedPackage(folder);
  const chosen = argv.slice(2);
  const isChosen = (/** @type {string} */ name) => chosen.length === 0 || chosen.some((word) => name.includes(word));
  const files = filesBelow([folder]).filter((file) => file.endsWith('.test.js') && isChosen(basename(file)));
  const hasWasm = isChosen('wasm');
  if (files.length === 0 && !hasWasm)
    throw new Explained(`No file of tests/browsers has ${chosen.join(' or ')} in its name.`);
  /** @type {import("./support.js").Counts[]} */
  const counts = [];
  if (files.length > 0) counts.push(await runNodeTests(files, ['--test-concurrency=2']));
  if (hasWasm) {
    progress('the Rust tests as WebAssembly in Firefox');
    counts.push(await wasmTests('firefox'));
  }
  return conclude(counts);
});
