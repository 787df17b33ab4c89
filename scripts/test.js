// `npm test`: every phase, or the ones that are named: `npm test -- native javascript`.

import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { argv, execPath, stdout } from "node:process";
import { findChrome, findChromedriver } from "./browser.js";
import { build } from "./build.js";
import { setup, toolPath } from "./setup.js";
import {
  countTests, elapsed, ensureTestPackages, Explained, filesBelow, root, run, runProgram, targetFolder,
} from "./support.js";

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
    run: () => tests("cargo", ["test", "--locked"]),
  },
  types: {
    about: "the TypeScript types derived from the Rust structs are the committed ones",
    run: () => tests("cargo", ["test", "--locked", "typescript_types"]),
  },
  "wasm-node": {
    about: "the Rust tests as WebAssembly in Node",
    run: () => wasmTests({}),
  },
  "wasm-browser": {
    about: "the same in headless Chromium",
    run: () => wasmTests({ WASM_BINDGEN_USE_BROWSER: "1", ...driverVariables() }),
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

/** @param {Record<string, string | undefined>} variables */
function wasmTests(variables) {
  // `runner` as an array: the variable CARGO_TARGET_…_RUNNER is split at spaces.
  const runner = `target.wasm32-unknown-unknown.runner=${JSON.stringify([toolPath("wasm-bindgen-test-runner")])}`;
  return tests("cargo", ["test", "--locked", "--lib", "--tests", "--target", "wasm32-unknown-unknown", "--config", runner], {
    // Debug information is nine tenths of a test module, and the runner rewrites all of it.
    CARGO_PROFILE_DEV_DEBUG: "0",
    ...variables,
  });
}

/** What tells wasm-bindgen-test-runner which browser to drive. */
function driverVariables() {
  const capabilities = join(targetFolder, "webdriver.json");
  const switches = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ];
  writeFileSync(capabilities, JSON.stringify({ "goog:chromeOptions": { binary: findChrome(), args: switches } }));
  return {
    CHROMEDRIVER: findChromedriver(),
    WASM_BINDGEN_TEST_WEBDRIVER_JSON: capabilities,
    // Seconds, for a busy machine; the runner's own limits are 5 and 20.
    WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "30",
    WASM_BINDGEN_TEST_TIMEOUT: "120",
    // The runner takes the first driver it is told about, in an order of its own.
    GECKODRIVER: undefined,
    GECKODRIVER_REMOTE: undefined,
    SAFARIDRIVER: undefined,
    SAFARIDRIVER_REMOTE: undefined,
    CHROMEDRIVER_REMOTE: undefined,
  };
}

const testFiles = filesBelow([join(root, "tests")]);

async function javascriptTests() {
  await ensureTestPackages();
  // Those in Python and in a newer Node are left to `npm run interop`, so that this needs neither; the packed package and
  // its bundlers to `npm run test:package`, browsers to `npm run test:browsers` and `npm run test:inspector`, Rust to
  // `npm run test:rust-example`, Electron to `npm run test:electron`, PostgreSQL to `npm run test:postgresql`.
  const ofOtherCommands = /(python|newer)_servers\.test\.js$|\b(package|browsers|rust_example|electron|postgresql)[/\\]|\binspector[/\\]page_/;
  const files = testFiles.filter((file) => file.endsWith(".test.js") && !ofOtherCommands.test(relative(root, file)));
  return tests(execPath, ["--test", "--test-reporter=spec", ...files.map((file) => relative(root, file))]);
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
 * Runs a command that reports tests, and counts them.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [variables]
 * @returns {Promise<Counts>}
 */
async function tests(command, args, variables = {}) {
  const colours = stdout.isTTY ? { CARGO_TERM_COLOR: "always", FORCE_COLOR: "1" } : {};
  const { status, output } = await run(command, args, { output: "both", env: { ...colours, ...variables } });
  const counts = countTests(output);
  // A test program that does not compile, crashes or hangs reports no failed test.
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  if (status === 0 && counts.passed === 0) throw new Explained("The command succeeded without running a single test.");
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
