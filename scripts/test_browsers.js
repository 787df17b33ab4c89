// `npm run test:browsers`: the packed package in real browsers, Chromium and Firefox, through the pages of a real
// authorization server; and the Rust tests as WebAssembly in Firefox, beside those in Chromium that `npm test` runs.
// Arguments choose test files by a part of their names; `wasm` chooses the Rust tests.

import { basename, join, relative } from "node:path";
import { argv, execPath } from "node:process";
import { findChrome, findFirefox } from "./browser.js";
import { build } from "./build.js";
import { elapsed, ensureNestedPackage, Explained, filesBelow, progress, root, runProgram, runTests } from "./support.js";
import { wasmTests } from "./wasm_tests.js";

const folder = join(root, "tests", "browsers");

await runProgram(async () => {
  const since = performance.now();
  for (const find of [findChrome, findFirefox]) find();
  await build();
  await ensureNestedPackage(folder);
  const chosen = argv.slice(2);
  const isChosen = (/** @type {string} */ name) => chosen.length === 0 || chosen.some((word) => name.includes(word));
  const files = filesBelow([folder]).filter((file) => file.endsWith(".test.js") && isChosen(basename(file)));
  const hasWasm = isChosen("wasm");
  if (files.length === 0 && !hasWasm) throw new Explained(`No file of tests/browsers has ${chosen.join(" or ")} in its name.`);
  const args = ["--test", "--test-reporter=spec", "--test-concurrency=2", ...files.map((file) => relative(root, file))];
  /** @type {import("./support.js").Counts[]} */
  const counts = [];
  if (files.length > 0) counts.push(await runTests(execPath, args));
  if (hasWasm) {
    progress("the Rust tests as WebAssembly in Firefox");
    counts.push(await wasmTests("firefox"));
  }
  const total = (/** @type {"passed" | "failed"} */ what) => counts.reduce((sum, count) => sum + count[what], 0);
  console.log(`\n${total("passed")} passed, ${total("failed")} failed, ${elapsed(since)}`);
  return total("failed") === 0 ? 0 : 1;
});
