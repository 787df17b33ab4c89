// `npm run test:electron`: the package in Electron. Its main process runs on Node against a stand-in that Electron's own types
// check, its pages and their preload script in real Chromium. `-- --real` runs the example in Electron itself instead.

import { join, relative } from "node:path";
import { argv, execPath } from "node:process";
import { build } from "./build.js";
import { runReal } from "./real_electron.js";
import { ensureTestPackages, ensureNestedPackage, Explained, filesBelow, mustRunNode, progress, root, run, runProgram } from "./support.js";

const folder = join(root, "tests", "electron");

await runProgram(async () => {
  await build();
  await ensureTestPackages();
  if (argv.includes("--real")) return runReal();
  await ensureNestedPackage(join(folder, "definitions"));
  progress("tsc: what is used of Electron, and what stands in for it, against Electron's own types");
  await mustRunNode("typescript/bin/tsc", ["--project", join(folder, "tsconfig.json")]);
  const files = filesBelow([folder]).filter((file) => file.endsWith(".test.js")).map((file) => relative(root, file));
  const { status } = await run(execPath, ["--test", "--test-reporter=spec", ...files]);
  if (status !== 0) throw new Explained("Tests of Electron failed.");
});
