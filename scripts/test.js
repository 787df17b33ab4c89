// `npm test`: every phase, or the ones that are named: `npm test -- native javascript`.

import { join, relative } from 'node:path';
import { argv, execPath } from 'node:process';
import { ensureChrome } from './browser.js';
import { build } from './build.js';
import { setup } from './setup.js';
import {
  conclude,
  Explained,
  elapsed,
  ensureTestPackages,
  filesBelow,
  logName,
  progress,
  root,
  runChecks,
  runNodeTests,
  runProgram,
  runTests,
} from './support.js';
import { wasmTests } from './wasm_tests.js';

/** @typedef {import("./support.js").Counts} Counts */

/** @type {Record<string, { about: string, needsBuild?: true, run: () => Promise<Counts> }>} */
const phases = {
  lint: {
    about: 'formatting, clippy for both targets, types of the JavaScript, and as consumers see them',
    needsBuild: true,
    run: async () => {
      await ensureTestPackages();
      return runChecks([
        [execPath, ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings']],
        ['cargo', ['fmt', '--all', '--check']],
        ['cargo', ['clippy', '--locked', '--all-targets', '--', '-D', 'warnings']],
        [
          'cargo',
          ['clippy', '--locked', '--all-targets', '--target', 'wasm32-unknown-unknown', '--', '-D', 'warnings'],
        ],
        ...[
          'tsconfig.json',
          'tests/types/tsconfig.json',
          'tests/types/tsconfig.node.json',
          'tests/types/tsconfig.mcp_sdk.json',
        ].map(typeCheck),
      ]);
    },
  },
  native: {
    about: 'the Rust tests on this machine',
    run: () => runTests('cargo', ['test', '--locked']),
  },
  'wasm-node': {
    about: 'the Rust tests as WebAssembly in Node',
    run: () => wasmTests('node'),
  },
  'wasm-browser': {
    about: 'the same in headless Chromium',
    run: async () => {
      await ensureTestPackages();
      await ensureChrome();
      return wasmTests('chromium');
    },
  },
  javascript: {
    about: 'the package from JavaScript',
    needsBuild: true,
    run: javascriptTests,
  },
  reference: {
    about: 'docs/reference is what the types say, and the types say enough',
    needsBuild: true,
    run: () => runChecks([[execPath, ['scripts/reference.js', '--check']]]),
  },
  size: {
    about: 'the download against its limit',
    needsBuild: true,
    run: () => runChecks([[execPath, ['scripts/size.js']]]),
  },
};

/**
 * @param {string} project
 * @returns {[string, string[]]}
 */
function typeCheck(project) {
  return [execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--project', project]];
}

/** What `npm test` leaves to them: each needs what a bare machine lacks, or takes long. `.ci/run` runs them all. */
const otherCommands = [
  'test:redis',
  'test:postgresql',
  'test:browsers',
  'test:wasm-pack',
  'test:inspector',
  'test:electron',
  'test:package',
  'test:rust-example',
  'interop',
  'conformance',
];

async function javascriptTests() {
  await ensureTestPackages();
  const ofOtherCommands =
    /(python|newer)_servers\.test\.js$|\b(package|browsers|rust_example|electron|postgresql|redis)[/\\]|\binspector[/\\]page_/;
  const files = filesBelow([join(root, 'tests')]).filter(
    (file) => file.endsWith('.test.js') && !ofOtherCommands.test(relative(root, file)),
  );
  return runNodeTests(files);
}

/**
 * @param {string} name
 * @param {string} about
 * @param {() => Promise<Counts>} work
 */
async function runPhase(name, about, work) {
  progress(`${name}: ${about}`);
  const since = performance.now();
  /** @type {Counts & { note: string }} */
  let result;
  try {
    const counts = await work();
    result = { ...counts, note: counts.failed > 0 ? `${counts.failed} failed` : 'ok' };
  } catch (error) {
    console.error(error instanceof Explained ? error.message : error);
    result = { passed: 0, failed: 1, skipped: 0, note: 'not run' };
  }
  return { ...result, phase: name, time: elapsed(since) };
}

await runProgram(async () => {
  const chosen = argv.length > 2 ? argv.slice(2) : Object.keys(phases);
  const unknown = chosen.filter((name) => !Object.hasOwn(phases, name));
  if (unknown.length > 0) {
    throw new Explained(`There is no phase ${unknown.join(', ')}. The phases are ${Object.keys(phases).join(', ')}.`);
  }
  console.log(
    `Sets up and builds below this folder, then runs: ${chosen.join(', ')}. The whole output goes to ${logName}.`,
  );
  if (argv.length === 2) console.log('The first time takes about ten minutes, later ones about five.');
  const asCheck = async (/** @type {() => Promise<void>} */ work) => {
    await work();
    return { passed: 1, failed: 0, skipped: 0 };
  };
  const first = chosen.some((name) => phases[name]?.needsBuild)
    ? await runPhase('build', 'everything the tests need, then pkg/', () => asCheck(build))
    : await runPhase('setup', 'everything the tests need', () => asCheck(setup));
  const rows = [first];
  const isReady = first.failed === 0;
  for (const name of isReady ? chosen : []) {
    const phase = phases[name];
    if (phase) rows.push(await runPhase(name, phase.about, phase.run));
  }

  // At most ten lines with those that `conclude` prints, and each as short as it can be.
  console.log();
  for (const { phase, passed, time, note } of rows)
    console.log(`${phase.padEnd(14)}${`${passed} passed`.padStart(12)}${time.padStart(10)}  ${note}`);
  if (!isReady) console.log(`Not run, since ${first.phase} failed: ${chosen.join(', ')}. When it is mended: npm test.`);
  if (argv.length === 2)
    console.log(`Not run here, but by .ci/run, or one by one: npm run ${otherCommands.join(', ')}.`);
  return conclude(rows);
});
