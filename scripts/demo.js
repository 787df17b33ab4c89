// `npm run demo`: from a fresh clone to the running demo.

import { execPath, argv } from "node:process";
import { build } from "./build.js";
import { run, runProgram } from "./support.js";

await runProgram(async () => {
  await build();
  const { status } = await run(execPath, ["demo/demo.js", ...argv.slice(2)]);
  return status;
});
