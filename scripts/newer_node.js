// A Node for what does not run on the oldest one that this project supports: this one, or one from npm.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execPath, versions } from "node:process";
import { ensureNestedPackage, Explained, root } from "./support.js";

const OLDEST = 22;
const folder = join(root, "tests", "node");

/**
 * @param {string} purpose what needs it, for the error
 * @returns {Promise<string>} its executable
 */
export async function ensureNewerNode(purpose) {
  if (Number(versions.node.split(".")[0]) >= OLDEST) return execPath;
  await ensureNestedPackage(folder);
  const { optionalDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const binaries = Object.keys(optionalDependencies).flatMap((name) =>
    ["node", "node.exe"].map((binary) => join(folder, "node_modules", name, "bin", binary)),
  );
  const there = binaries.find((binary) => existsSync(binary));
  if (there) return there;
  throw new Explained(
    `${purpose} needs Node ${OLDEST} or newer; this is ${versions.node}, and npm has none for ${process.platform} ${process.arch}. ` +
      "Install a newer Node and run this again.",
  );
}
