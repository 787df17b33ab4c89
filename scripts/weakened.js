// `npm run test:weakened`: each patch in tests/weakened/ removes one check, and every test that it names
// must notice. A patch begins with lines before its diff:
//
//   Removes: <which check, in words>
//   Test: native <filter of cargo test>
//   Test: javascript <file> <pattern that a test's name matches>
//
// with as many tests as there are to notice; of tests/attacks/ every test that a line names. One that hangs without the check is ended, and has noticed.
// Arguments choose among the patches by a part of their names.

import { readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { argv, execPath } from 'node:process';
import { copyProject } from './copy.js';
import { setup } from './setup.js';
import {
  countTests,
  Explained,
  elapsed,
  ensureTestPackages,
  filesBelow,
  nodeTestArguments,
  progress,
  root,
  run,
  runProgram,
} from './support.js';

const patches = join(root, 'tests', 'weakened');
// Always the same folder: its own target/ makes every build after the first one incremental.
const copy = join(root, 'target', 'weakened');

/** For one test, without its build. The slowest takes a tenth of it on a machine that does nothing else. */
const limitMilliseconds = 120_000;

/** @typedef {{ line: string } & ({ kind: "native", filter: string } | { kind: "javascript", file: string, pattern: string })} NamedTest */
/** @typedef {{ name: string, path: string, removes: string, tests: NamedTest[], changesRust: boolean }} Patch */
/** @typedef {{ complaint?: string, timedOut?: boolean }} Verdict */

/**
 * @param {string} path
 * @returns {Patch}
 */
function readPatch(path) {
  const text = readFileSync(path, 'utf8');
  const header = text.split(/^(?:diff|---) /m)[0] ?? '';
  const removes = /^Removes: (.+)$/m.exec(header)?.[1];
  const tests = [...header.matchAll(/^Test: (.+)$/gm)].map(([, line = '']) => readTest(line));
  if (!removes || tests.length === 0 || tests.includes(undefined)) {
    throw new Explained(
      `${path} must begin with a line 'Removes: …' and lines 'Test: native <filter>' or 'Test: javascript <file> <pattern>'.`,
    );
  }
  const named = tests.filter((test) => test !== undefined);
  return { name: basename(path, '.patch'), path, removes, tests: named, changesRust: /^\+\+\+ b\/src\//m.test(text) };
}

/**
 * @param {string} line
 * @returns {NamedTest | undefined}
 */
function readTest(line) {
  const [, filter, file, pattern] = /^(?:native (\S+)|javascript (\S+) (.+))$/.exec(line) ?? [];
  if (filter) return { line, kind: 'native', filter };
  return file && pattern ? { line, kind: 'javascript', file, pattern } : undefined;
}

// The copy builds into its own target/.
const inCopy = { cwd: copy, output: /** @type {const} */ ('capture'), env: { CARGO_TARGET_DIR: undefined } };

/**
 * Builds what these tests need, of the copy as it is now.
 *
 * @param {NamedTest[]} tests
 */
async function buildFor(tests) {
  if (tests.some(({ kind }) => kind === 'javascript')) {
    const built = await run(execPath, ['scripts/build.js', '--quick'], inCopy);
    if (built.status !== 0) return built;
  }
  return tests.some(({ kind }) => kind === 'native')
    ? run('cargo', ['test', '--locked', '--no-run'], inCopy)
    : { status: 0, output: '' };
}

/**
 * Runs a test in the copy as it is built.
 *
 * @param {NamedTest} named
 */
async function runTest(named) {
  if (named.kind === 'native') {
    const result = await run('cargo', ['test', '--locked', '--no-fail-fast', named.filter], {
      ...inCopy,
      limitMilliseconds,
    });
    return { ...result, counts: countTests(result.output) };
  }
  const result = await run(
    execPath,
    nodeTestArguments([join(root, named.file)], [`--test-name-pattern=${named.pattern}`]),
    { ...inCopy, limitMilliseconds },
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
  const { status, counts, output, timedOut } = await runTest(named);
  if (timedOut) return 'does not end without any patch';
  if (status !== 0) return `fails without any patch:\n${output}`;
  if (counts.passed === 0) return 'names no test that exists';
  return undefined;
}

/**
 * @param {NamedTest} named
 * @returns {Promise<Verdict>} on a test while a patch is applied
 */
async function judge(named) {
  const { status, counts, output, timedOut } = await runTest(named);
  if (timedOut) return { timedOut };
  if (status === 0) return { complaint: `was not noticed by ${named.line}` };
  if (counts.failed === 0) return { complaint: `stopped ${named.line} from running:\n${output}` };
  // Each attack stands for itself: all that a line names must succeed.
  const isAttack = named.kind === 'javascript' && named.file.startsWith('tests/attacks/');
  if (isAttack && counts.passed > 0) return { complaint: `was not noticed by all of ${named.line}:\n${output}` };
  return {};
}

/**
 * Applies a patch to the copy, which must be like the working tree, and lets its tests judge.
 *
 * @param {Patch} patch
 * @returns {Promise<Verdict[]>}
 */
async function judgePatch({ path, tests }) {
  // The copy lies inside a git repository but is none: git must not look for one above it.
  const applied = await run('git', ['apply', '--whitespace=nowarn', path], {
    cwd: copy,
    output: 'capture',
    env: { GIT_CEILING_DIRECTORIES: dirname(realpathSync(copy)) },
  });
  if (applied.status !== 0) return [{ complaint: `no longer applies:\n${applied.output}` }];
  const built = await buildFor(tests);
  if (built.status !== 0) return [{ complaint: `cannot be built:\n${built.output}` }];
  const verdicts = [];
  for (const test of tests) verdicts.push(await judge(test));
  return verdicts;
}

await runProgram(async () => {
  const chosen = filesBelow([patches])
    .filter((file) => file.endsWith('.patch'))
    .filter((file) => argv.length === 2 || argv.slice(2).some((part) => basename(file).includes(part)))
    .map(readPatch)
    // Those in JavaScript first: they need no build.
    .sort((one, other) => Number(one.changesRust) - Number(other.changesRust));
  if (chosen.length === 0) throw new Explained(`No patch in ${patches} matches.`);

  await setup();
  await ensureTestPackages();
  await copyProject(copy);

  const tests = new Map(chosen.flatMap((patch) => patch.tests.map((test) => [test.line, test])));
  progress('without a patch: builds');
  const built = await buildFor([...tests.values()]);
  if (built.status !== 0) throw new Explained(`The project cannot be built:\n${built.output}`);
  /** @type {Map<string, string | undefined>} */
  const unfit = new Map();
  for (const [line, test] of tests) {
    progress(`without a patch: ${line}`);
    unfit.set(line, await complaintAboutTest(test));
  }
  const rows = [];
  for (const patch of chosen) {
    progress(`${patch.name}: ${patch.tests.map(({ line }) => line).join(', ')}`);
    const since = performance.now();
    const complaints = patch.tests.flatMap(({ line }) =>
      unfit.get(line) ? `its test ${line} ${unfit.get(line)}` : [],
    );
    const verdicts = complaints.length > 0 ? [] : await judgePatch(patch);
    complaints.push(...verdicts.flatMap(({ complaint = [] }) => complaint));
    const verdict =
      complaints.length > 0 ? 'FAILED' : verdicts.some(({ timedOut }) => timedOut) ? 'time limit' : 'noticed';
    rows.push({ patch, complaints, verdict, time: elapsed(since) });
    await copyProject(copy);
  }

  const width = Math.max(...chosen.map(({ name }) => name.length)) + 2;
  console.log();
  for (const { patch, complaints, verdict, time } of rows) {
    console.log(`${verdict.padEnd(12)}${patch.name.padEnd(width)}${time.padStart(7)}  ${patch.removes}`);
    for (const complaint of complaints) console.log(complaint.replace(/^/gm, ' '.repeat(12)));
  }
  const failed = rows.filter(({ complaints }) => complaints.length > 0).length;
  console.log(`\n${rows.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
