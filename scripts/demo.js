// `npm run demo`: from a fresh clone to the running demo.

import { execPath, argv } from "node:process";
import { build } from "./build.js";
import { run, runProgram } from "./support.js";

await runProgram(async () => {
  console.log("Builds the package below this folder, then lets a published client and this one sign in at real servers on this machine.");
  console.log("The first time takes about three minutes, later ones a few seconds.");
  await build();
  const { status } = await run(execPath, ["demo/demo.js", ...argv.slice(2)]);
  return status;
});
