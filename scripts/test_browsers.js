// `npm run test:browsers`: the packed package in real browsers, Chromium and Firefox, through the pages of a real
// authorization server. Arguments choose test files by a part of their names.

import { basename, join, relative } from "node:path";
import { argv, execPath } from "node:process";
import { findChrome, findFirefox } from "./browser.js";
import { build } from "./build.js";
import { countTests, elapsed, ensureNestedPackage, Explained, filesBelow, root, run, runProgram } from "./support.js";

const folder = join(root, "tests", "browsers");

await runProgram(async () => {
  const since = performance.now();
  for (const find of [findChrome, findFirefox]) find();
  await build();
  await ensureNestedPackage(folder);
  const chosen = argv.slice(2);
  const files = filesBelow([folder]).filter(
    (file) => file.endsWith(".test.js") && (chosen.length === 0 || chosen.some((word) => basename(file).includes(word))),
  );
  if (files.length === 0) throw new Explained(`No file of tests/browsers has ${chosen.join(" or ")} in its name.`);
  const args = ["--test", "--test-reporter=spec", "--test-concurrency=2", ...files.map((file) => relative(root, file))];
  const { status, output } = await run(execPath, args, { output: "both" });
  const { passed, failed } = countTests(output);
  console.log(`\n${passed} passed, ${failed} failed, ${elapsed(since)}`);
  return status;
});
