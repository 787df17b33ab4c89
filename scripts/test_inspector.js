// `npm run test:inspector`: the inspector's server, and its page in Chromium and Firefox. Its main states are pictured in
// target/inspector. `-- --picture` makes docs/inspector.png instead, the picture in the README.

import { join, relative } from "node:path";
import { argv, execPath } from "node:process";
import { build } from "./build.js";
import { elapsed, ensureNestedPackage, filesBelow, root, run, runProgram } from "./support.js";

const folder = join(root, "tests", "inspector");

await runProgram(async () => {
  await build();
  await ensureNestedPackage(join(root, "tests", "browsers"));
  if (argv.includes("--picture")) return (await run(execPath, [join(folder, "picture.js")])).status;
  const since = performance.now();
  const files = filesBelow([folder]).filter((file) => file.endsWith(".test.js"));
  // One browser after the other: windows of several compete for being in front.
  const { status } = await run(execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...files.map((file) => relative(root, file))]);
  console.log(`The inspector in ${elapsed(since)}; its pictures are in target/inspector.`);
  return status;
});
