// `npm run test:weakened`: each patch in tests/weakened/ removes one check, and the test that it names
// must notice. A patch begins with two lines before its diff:
//
//   Removes: <which check, in words>
//   Test: native <filter of cargo test>
//
// or `Test: javascript <file> <pattern that a test's name matches>`. Arguments choose among the patches
// by a part of their names.

import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { argv, execPath } from "node:process";
import { copyProject } from "./copy.js";
import { setup } from "./setup.js";
import { countTests, elapsed, ensureTestPackages, Explained, filesBelow, progress, root, run, runProgram } from "./support.js";

const patches = join(root, "tests", "weakened");
// Always the same folder: its own target/ makes every build after the first one incremental.
const copy = join(root, "target", "weakened");

/** @typedef {{ kind: "native", filter: string } | { kind: "javascript", file: string, pattern: string }} NamedTest */
/** @typedef {{ name: string, path: string, removes: string, test: NamedTest, testLine: string }} Patch */

/**
 * @param {string} path
 * @returns {Patch}
 */
function readPatch(path) {
  const header = readFileSync(path, "utf8").split(/^(?:diff|---) /m)[0] ?? "";
  const removes = /^Removes: (.+)$/m.exec(header)?.[1];
  const testLine = /^Test: (.+)$/m.exec(header)?.[1];
  const [, filter, file, pattern] = /^(?:native (\S+)|javascript (\S+) (.+))$/.exec(testLine ?? "") ?? [];
  if (!removes || !testLine || !(filter || (file && pattern))) {
    throw new Explained(
      `${path} must begin with a line 'Removes: …' and a line 'Test: native <filter>' or 'Test: javascript <file> <pattern>'.`,
    );
  }
  /** @type {NamedTest} */
  const named = filter ? { kind: "native", filter } : { kind: "javascript", file: String(file), pattern: String(pattern) };
  return { name: basename(path, ".patch"), path, removes, test: named, testLine };
}

/**
 * Runs a test in the copy as it is now.
 *
 * @param {NamedTest} named
 * @returns {Promise<{ counts: import("./support.js").Counts, status: number, output: string }>}
 */
async function runTest(named) {
  // The copy builds into its own target/.
  const inCopy = { cwd: copy, output: /** @type {const} */ ("capture"), env: { CARGO_TARGET_DIR: undefined } };
  if (named.kind === "native") {
    const result = await run("cargo", ["test", "--locked", "--no-fail-fast", named.filter], inCopy);
    return { ...result, counts: countTests(result.output) };
  }
  const built = await run(execPath, ["scripts/build.js"], inCopy);
  if (built.status !== 0) return { ...built, counts: { passed: 0, failed: 0, skipped: 0 } };
  const result = await run(
    execPath, ["--test", "--test-reporter=spec", `--test-name-pattern=${named.pattern}`, named.file], inCopy,
  );
  const counts = countTests(result.output);
  // A file that cannot be loaded is reported as one failed test that has the file's name.
  const names = [...result.output.matchAll(/^\s*✖ (.+?) \(\d/gm)].map((match) => String(match[1]));
  if (!names.some((name) => new RegExp(named.pattern).test(name))) counts.failed = 0;
  return { ...result, counts };
}

/**
 * What is wrong with a test on the tree as it is, if anything.
 *
 * @param {NamedTest} named
 */
async function complaintAboutTest(named) {
  const { status, counts, output } = await runTest(named);
  if (status !== 0) return `fails without any patch:\n${output}`;
  if (counts.passed === 0) return "names no test that exists";
  return undefined;
}

/**
 * What is wrong with a patch, if anything. The copy must be like the working tree.
 *
 * @param {Patch} patch
 */
async function complaintAboutPatch(patch) {
  // The copy lies inside a git repository but is none: git must not look for one above it.
  const applied = await run("git", ["apply", "--whitespace=nowarn", patch.path], {
    cwd: copy, output: "capture", env: { GIT_CEILING_DIRECTORIES: dirname(realpathSync(copy)) },
  });
  if (applied.status !== 0) return `no longer applies:\n${applied.output}`;
  const { status, counts, output } = await runTest(patch.test);
  if (status === 0) return "was not noticed by the test";
  if (counts.failed === 0) return `stopped the test from running:\n${output}`;
  return undefined;
}

await runProgram(async () => {
  const chosen = filesBelow([patches])
    .filter((file) => file.endsWith(".patch"))
    .filter((file) => argv.length === 2 || argv.slice(2).some((part) => basename(file).includes(part)))
    .map(readPatch);
  if (chosen.length === 0) throw new Explained(`No patch in ${patches} matches.`);

  await setup();
  await ensureTestPackages();
  await copyProject(copy);

  /** @type {Map<string, string | undefined>} */
  const tests = new Map();
  const rows = [];
  for (const { testLine, test } of chosen) {
    if (tests.has(testLine)) continue;
    progress(`without a patch: ${testLine}`);
    tests.set(testLine, await complaintAboutTest(test));
  }
  for (const patch of chosen) {
    progress(`${patch.name}: ${patch.testLine}`);
    const since = performance.now();
    const unfit = tests.get(patch.testLine);
    const complaint = unfit ? `its test ${unfit}` : await complaintAboutPatch(patch);
    rows.push({ patch, complaint, time: elapsed(since) });
    await copyProject(copy);
  }

  const width = Math.max(...chosen.map(({ name }) => name.length)) + 2;
  console.log();
  for (const { patch, complaint, time } of rows) {
    console.log(`${complaint ? "FAILED" : "noticed"}  ${patch.name.padEnd(width)}${time.padStart(7)}  ${patch.removes}`);
    if (complaint) console.log(complaint.replace(/^/gm, "         "));
  }
  const failed = rows.filter(({ complaint }) => complaint).length;
  console.log(`\n${rows.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
