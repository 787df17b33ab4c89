// `npm run test:package`: the packed tarball, installed into an empty folder, on every Node, through every bundler and in
// real browsers. `npm run test:package -- bundlers pages` runs the test files of these names.

import { basename, join } from "node:path";
import { argv, execPath } from "node:process";
import { build } from "./build.js";
import { ensureNode, supportedNodes } from "./newer_node.js";
import { elapsed, ensureNestedPackage, Explained, filesBelow, mustRun, progress, root, runProgram } from "./support.js";

const folder = join(root, "tests", "package");
const suffix = ".test.js";

await runProgram(async () => {
  const since = performance.now();
  const all = filesBelow([folder]).filter((file) => file.endsWith(suffix));
  const names = all.map((file) => basename(file, suffix));
  const words = argv.slice(2);
  const unknown = words.filter((word) => !names.includes(word));
  if (unknown.length > 0) throw new Explained(`There is no test ${unknown.join(", ")}. The tests are ${names.join(", ")}.`);

  await build();
  for (const nested of ["bundlers", "next", "../browsers"]) await ensureNestedPackage(join(folder, nested));
  for (const version of supportedNodes) await ensureNode(version, "This test");
  const files = all.filter((file) => words.length === 0 || words.includes(basename(file, suffix)));
  for (const file of files) {
    progress(basename(file, suffix));
    // One after the other: a bundler takes every core that it finds.
    await mustRun(execPath, ["--test", "--test-reporter=spec", file]);
  }
  progress(`all passed in ${elapsed(since)}`);
});
