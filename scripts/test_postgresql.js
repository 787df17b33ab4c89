// `npm run test:postgresql`: the example of a store in PostgreSQL, on a real one, which has to be on this machine.

import { join } from "node:path";
import { execPath } from "node:process";
import { build } from "./build.js";
import { ensureNestedPackage, mustRun, root, runProgram } from "./support.js";

const folder = join("tests", "postgresql");

await runProgram(async () => {
  await build();
  await ensureNestedPackage(join(root, folder, "client"));
  await mustRun(execPath, ["--test", "--test-reporter=spec", join(folder, "store.test.js")]);
});
