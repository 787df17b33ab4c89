// `npm test`: every phase, or the ones that are named: `npm test -- native javascript`.

import { join, relative } from "node:path";
import { argv, execPath } from "node:process";
import { build } from "./build.js";
import { setup } from "./setup.js";
import { elapsed, ensureTestPackages, Explained, filesBelow, root, run, runProgram, runTests } from "./support.js";
import { wasmTests } from "./wasm_tests.js";

/** @typedef {import("./support.js").Counts} Counts */

/** @type {Record<string, { about: string, needsBuild?: true, run: () => Promise<Counts> }>} */
const phases = {
  lint: {
    about: "formatting, clippy for both targets, types of the JavaScript, and as consumers see them",
    needsBuild: true,
    run: async () => {
      await ensureTestPackages();
      return checks([
        ["cargo", ["fmt", "--all", "--check"]],
        ["cargo", ["clippy", "--locked", "--all-targets", "--", "-D", "warnings"]],
        ["cargo", ["clippy", "--locked", "--all-targets", "--target", "wasm32-unknown-unknown", "--", "-D", "warnings"]],
        ...["tsconfig.json", "tests/types/tsconfig.json", "tests/types/tsconfig.node.json", "tests/types/tsconfig.mcp_sdk.json"].map(typeCheck),
      ]);
    },
  },
  native: {
    about: "the Rust tests on this machine",
    run: () => runTests("cargo", ["test", "--locked"]),
  },
  "wasm-node": {
    about: "the Rust tests as WebAssembly in Node",
    run: () => wasmTests("node"),
  },
  "wasm-browser": {
    about: "the same in headless Chromium",
    run: () => wasmTests("chromium"),
  },
  javascript: {
    about: "the package from JavaScript",
    needsBuild: true,
    run: javascriptTests,
  },
  reference: {
    about: "docs/reference is what the types say, and the types say enough",
    needsBuild: true,
    run: () => checks([[execPath, ["scripts/reference.js", "--check"]]]),
  },
  size: {
    about: "the download against its limit",
    needsBuild: true,
    run: () => checks([[execPath, ["scripts/size.js"]]]),
  },
};

/**
 * @param {string} project
 * @returns {[string, string[]]}
 */
function typeCheck(project) {
  return [execPath, [join(root, "node_modules/typescript/bin/tsc"), "--project", project]];
}

const testFiles = filesBelow([join(root, "tests")]);

async function javascriptTests() {
  await ensureTestPackages();
  // Those in Python and in a newer Node are left to `npm run interop`, so that this needs neither; the packed package and
  // its bundlers to `npm run test:package`, browsers to `npm run test:browsers` and `npm run test:inspector`, Rust to
  // `npm run test:rust-example`, Electron to `npm run test:electron`, PostgreSQL to `npm run test:postgresql`.
  const ofOtherCommands = /(python|newer)_servers\.test\.js$|\b(package|browsers|rust_example|electron|postgresql)[/\\]|\binspector[/\\]page_/;
  const files = testFiles.filter((file) => file.endsWith(".test.js") && !ofOtherCommands.test(relative(root, file)));
  return runTests(execPath, ["--test", "--test-reporter=spec", ...files.map((file) => relative(root, file))]);
}

/**
 * Runs commands that pass or fail as a whole, all of them even when one fails.
 *
 * @param {[string, string[]][]} commands
 * @returns {Promise<Counts>}
 */
async function checks(commands) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [command, args] of commands) {
    console.log(`$ ${[command === execPath ? "node" : command, ...args].join(" ")}`);
    const { status } = await run(command, args);
    if (status === 0) counts.passed += 1;
    else counts.failed += 1;
  }
  return counts;
}

/**
 * @param {string} name
 * @param {string} about
 * @param {() => Promise<Counts>} work
 */
async function runPhase(name, about, work) {
  console.log(`\n== ${name}: ${about}`);
  const since = performance.now();
  /** @type {Counts & { note: string }} */
  let result;
  try {
    const counts = await work();
    result = { ...counts, note: counts.failed > 0 ? "failed" : counts.skipped > 0 ? "has skipped tests" : "ok" };
  } catch (error) {
    console.error(error instanceof Explained ? error.message : error);
    result = { passed: 0, failed: 1, skipped: 0, note: "not run" };
  }
  const row = { phase: name, ...result, time: elapsed(since) };
  console.log(`== ${name}: ${row.note}, ${row.time}`);
  return row;
}

await runProgram(async () => {
  const chosen = argv.length > 2 ? argv.slice(2) : Object.keys(phases);
  const unknown = chosen.filter((name) => !Object.hasOwn(phases, name));
  if (unknown.length > 0) {
    throw new Explained(`There is no phase ${unknown.join(", ")}. The phases are ${Object.keys(phases).join(", ")}.`);
  }
  const asCheck = async (/** @type {() => Promise<void>} */ work) => {
    await work();
    return { passed: 1, failed: 0, skipped: 0 };
  };
  const rows = [
    chosen.some((name) => phases[name]?.needsBuild)
      ? await runPhase("build", "everything the tests need, then pkg/", () => asCheck(build))
      : await runPhase("setup", "everything the tests need", () => asCheck(setup)),
  ];
  for (const name of chosen) {
    const phase = phases[name];
    if (phase) rows.push(await runPhase(name, phase.about, phase.run));
  }

  console.log(`\n${"phase".padEnd(14)}${"passed".padStart(8)}${"failed".padStart(8)}${"skipped".padStart(9)}${"time".padStart(10)}`);
  for (const { phase, passed, failed, skipped, time, note } of rows) {
    console.log(
      phase.padEnd(14) + `${passed}`.padStart(8) + `${failed}`.padStart(8) + `${skipped}`.padStart(9) + time.padStart(10) +
        (note === "ok" ? "" : `  ${note}`),
    );
  }
  const total = (/** @type {"passed" | "failed"} */ what) => rows.reduce((sum, row) => sum + row[what], 0);
  console.log(`\n${total("passed")} passed, ${total("failed")} failed`);
  return total("failed") === 0 ? 0 : 1;
});
