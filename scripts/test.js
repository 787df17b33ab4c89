// `npm test`: every phase that a bare machine can run, or the ones that are named: `npm test -- native javascript`.
// Words behind them choose files of tests by a part of their names, or else tests: `npm test -- browsers store`.

import { basename, join, relative } from 'node:path';
import { argv, execPath } from 'node:process';
import { ensureNewerNode, ensureNode, supportedNodes } from '../tests/node/nodes.js';
import { ensureChrome, findFirefox } from './browser.js';
import { build } from './build.js';
import { setup } from './setup.js';
import {
  elapsed,
  ensureNestedPackage,
  ensureTestPackages,
  filesBelow,
  logName,
  nodeTestArguments,
  progress,
  root,
  runChecks,
  runProgram,
  runTests,
  targetFolder,
  UserError,
} from './support.js';
import { pathForWasmPack, wasmTests } from './wasm.js';

/** @typedef {import('./support.js').Counts} Counts */
/**
 * @typedef {object} Phase
 * @property {string} about
 * @property {(() => unknown)[]} [needs] what has to be there, or is brought
 * @property {[string, string[]][]} [checks] commands that pass or fail as a whole
 * @property {string} [folder] below tests/, whose files of tests it runs
 * @property {number} [concurrency] of those files
 * @property {() => Promise<Counts>} [run]
 * @property {(options: string[]) => Promise<Counts>} [real] what `--real` and the options behind it run in the place of all else
 */

const node = (/** @type {string[]} */ ...args) => /** @type {[string, string[]]} */ ([execPath, args]);
const tsc = (/** @type {string} */ project) => node('node_modules/typescript/bin/tsc', '--project', project);
const packages = (/** @type {string} */ folder) => () => ensureNestedPackage(join(root, 'tests', folder));
const newerNode = () => ensureNewerNode('A server or a suite of the tests');
const warnings = ['--', '-D', 'warnings'];
const clippy = ['clippy', '--locked', '--all-targets'];
const example = ['--manifest-path', 'examples/rust/Cargo.toml'];
// Without TLS, which takes as long to compile as all the rest: everything is on loopback.
const ofExample = ['--locked', '--no-default-features', ...example, '--target-dir', join(targetFolder, 'rust-example')];

/** @type {Record<string, Phase>} */
const phases = {
  lint: {
    about: 'format and lints of JavaScript and Rust, types of the JavaScript, and as consumers see them',
    needs: [ensureTestPackages],
    checks: [
      node('node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'),
      ['cargo', ['fmt', '--all', '--check']],
      ['cargo', [...clippy, ...warnings]],
      ['cargo', [...clippy, '--target', 'wasm32-unknown-unknown', ...warnings]],
      ...[
        'tsconfig.json',
        ...['', '.node', '.mcp_sdk', '.frameworks'].map((name) => `tests/types/tsconfig${name}.json`),
      ].map(tsc),
    ],
  },
  native: { about: 'the Rust tests on this machine', run: () => runTests('cargo', ['test', '--locked']) },
  'wasm-node': { about: 'the Rust tests as WebAssembly in Node', run: () => wasmTests('node') },
  'wasm-browser': {
    about: 'the same in headless Chromium',
    needs: [packages('browsers'), ensureChrome],
    run: () => wasmTests('chromium'),
  },
  javascript: { about: 'the package from JavaScript', needs: [ensureTestPackages], folder: '' },
  reference: {
    about: 'docs/reference is what the types say, and the types say enough',
    needs: [ensureTestPackages],
    checks: [node('scripts/start.js', 'tests/reference/main.js', '--check')],
  },
  size: { about: 'the download against its limit', checks: [node('scripts/start.js', 'tests/size/main.js')] },
};

/** What `npm test` leaves out: each needs what a bare machine lacks, or takes long. `.ci/run` runs them all. */
/** @type {Record<string, Phase>} */
const others = {
  redis: { about: 'the store for fleets, on a Redis of its own', needs: [ensureTestPackages], folder: 'redis' },
  postgresql: {
    about: 'the example of a store in PostgreSQL, on one of its own',
    needs: [packages('postgresql/client')],
    folder: 'postgresql',
  },
  browsers: {
    about: 'the packed package in Chromium and Firefox, through the pages of a real authorization server',
    needs: [findFirefox, ensureChrome, packages('browsers')],
    folder: 'browsers',
    concurrency: 2,
  },
  'wasm-firefox': {
    about: 'the Rust tests as WebAssembly in Firefox',
    needs: [findFirefox, packages('browsers')],
    run: () => wasmTests('firefox'),
  },
  'wasm-pack': {
    about: 'what `wasm-pack` tests and builds, as people type it',
    // Its tools are built for minutes, which are none of a test's.
    needs: [() => pathForWasmPack(''), ensureTestPackages, packages('package/bundlers')],
    folder: 'wasm_pack',
  },
  inspector: {
    about: "the inspector's server, and its page in Chromium and Firefox; pictures of it go to target/inspector",
    needs: [findFirefox, ensureChrome, packages('browsers')],
    folder: 'inspector',
    // One browser after the other: windows of several compete for being in front.
    concurrency: 1,
  },
  electron: {
    about: 'the host for Electron, on Node against a stand-in, its pages in Chromium',
    needs: [ensureTestPackages, ensureChrome, packages('electron/definitions')],
    checks: [tsc('tests/electron/tsconfig.json')],
    folder: 'electron',
    real: async (options) => (await import('../tests/electron/real_electron.js')).main(options),
  },
  package: {
    about: 'the packed tarball, on every Node, through every bundler and in browsers',
    needs: [
      ...['package/bundlers', 'package/next', 'browsers'].map(packages),
      ensureChrome,
      ...supportedNodes.map((version) => () => ensureNode(version, 'This test')),
    ],
    folder: 'package',
    // A bundler takes every core that it finds.
    concurrency: 1,
  },
  'rust-example': {
    about: 'format and lints of examples/rust, then a sign-in with it at real servers',
    needs: [ensureTestPackages],
    checks: [
      ['cargo', ['fmt', '--check', ...example]],
      ['cargo', ['clippy', ...ofExample, '--all-targets', ...warnings]],
      // It builds the programs too.
      ['cargo', ['test', ...ofExample]],
    ],
    folder: 'rust_example',
  },
  interop: {
    about: 'authorization servers from npm and PyPI',
    needs: [packages('interop/servers'), packages('interop/newer_servers'), newerNode],
    folder: 'interop',
    concurrency: 1,
  },
  conformance: {
    about: "the official suite's authorization scenarios, in both protocols",
    needs: [packages('conformance'), newerNode],
    folder: 'conformance',
  },
};

const all = { ...phases, ...others };
const withoutBuild = ['native', 'wasm-node', 'wasm-browser', 'wasm-firefox'];

/** @param {string} folder */
function testFiles(folder) {
  const files = filesBelow([join(root, 'tests', folder)]).filter((file) => file.endsWith('.test.js'));
  if (folder !== '') return files;
  const ofOthers =
    /(python|newer)_servers\.test\.js$|\b(package|browsers|rust_example|electron|postgresql|redis|conformance|wasm_pack)[/\\]|\binspector[/\\]page_/;
  return files.filter((file) => !ofOthers.test(relative(root, file)));
}

/**
 * @param {Phase} phase
 * @param {string[]} words
 */
async function runPhase({ needs = [], checks = [], folder, concurrency, run, real }, words) {
  if (real && words[0] === '--real') {
    await ensureTestPackages();
    return real(words.slice(1));
  }
  for (const need of needs) await need();
  const counts = [];
  if (words.length === 0 && checks.length > 0) counts.push(await runChecks(checks));
  if (words.length === 0 && run) counts.push(await run());
  const files = folder === undefined ? [] : testFiles(folder);
  const byName = files.filter((file) => words.some((word) => basename(file).includes(word)));
  const chosen = byName.length > 0 ? byName : files;
  const options = concurrency ? [`--test-concurrency=${concurrency}`] : [];
  if (words.length > 0 && byName.length === 0) options.push(`--test-name-pattern=${words.join('|')}`);
  if (chosen.length > 0) counts.push(await runTests(execPath, nodeTestArguments(chosen, options)));
  if (counts.length === 0) throw new UserError(`Nothing here has ${words.join(' or ')} in its name.`);
  return total(counts);
}

/** @param {Counts[]} counts */
function total(counts) {
  const sum = (/** @type {keyof Counts} */ what) => counts.reduce((all, count) => all + count[what], 0);
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') };
}

/**
 * @param {string} phase
 * @param {string} about
 * @param {() => Promise<Counts>} work
 */
async function report(phase, about, work) {
  progress(`${phase}: ${about}`);
  const since = performance.now();
  const result = { phase, passed: 0, failed: 1, skipped: 0, note: 'not run' };
  try {
    const counts = await work();
    Object.assign(result, counts, { note: counts.failed > 0 ? `${counts.failed} failed` : 'ok' });
  } catch (error) {
    console.error(error instanceof UserError ? error.message : error);
  }
  return { ...result, time: elapsed(since) };
}

await runProgram(async () => {
  const args = argv.slice(2);
  const end = args.findIndex((arg) => !Object.hasOwn(all, arg));
  const named = end < 0 ? args : args.slice(0, end);
  const words = args.slice(named.length);
  if (named.length === 0 && words.length > 0) {
    throw new UserError(`There is no phase ${words[0]}. The phases are ${Object.keys(all).join(', ')}.`);
  }
  const chosen = named.length > 0 ? named : Object.keys(phases);
  console.log(`Sets up and builds below this folder, then runs: ${chosen.join(', ')}. All output goes to ${logName}.`);
  if (args.length === 0) console.log('The first time takes about ten minutes, later ones about five.');
  const needsBuild = chosen.some((name) => !withoutBuild.includes(name));
  const first = await report(needsBuild ? 'build' : 'setup', 'everything the tests need', async () => {
    await (needsBuild ? build() : setup());
    return { passed: 1, failed: 0, skipped: 0 };
  });
  const rows = [first];
  for (const name of first.failed === 0 ? chosen : []) {
    const phase = all[name];
    if (phase) rows.push(await report(name, phase.about, () => runPhase(phase, words)));
  }

  // At most ten lines, and each as short as it can be.
  console.log();
  for (const { phase, passed, time, note } of rows) {
    console.log(`${phase.padEnd(14)}${`${passed} passed`.padStart(12)}${time.padStart(10)}  ${note}`);
  }
  if (first.failed > 0) console.log(`Not run: ${chosen.join(', ')}. When what failed is mended: npm test.`);
  if (args.length === 0)
    console.log(`Not run here, but by .ci/run, or by npm test -- ${Object.keys(others).join(' ')}`);
  const { passed, failed, skipped } = total(rows);
  const where = skipped > 0 ? `, ${skipped} skipped: look for # SKIP or ﹣ in ${logName}` : '';
  console.log(`${passed} passed, ${failed} failed${where}`);
  return failed === 0 ? 0 : 1;
});
