// `npm run conformance`: the official suite's authorization scenarios for clients, each in both protocols where it has
// both. `npm run conformance -- dpop` runs those that have the word in their name.

import { readFileSync, rmSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { argv, env, execPath } from 'node:process';
import { build } from './build.js';
import { ensureNewerNode } from './newer_node.js';
import {
  conclude,
  Explained,
  elapsed,
  ensureNestedPackage,
  filesBelow,
  mustRun,
  root,
  run,
  runProgram,
  targetFolder,
} from './support.js';

const folder = join(root, 'tests', 'conformance');
const suite = join(folder, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
const results = join(targetFolder, 'conformance');

/** The two protocols that the suite's MCP servers speak: with sessions, and without. */
const [older, newer] = ['2025-11-25', '2026-07-28'];
const protocols = [older, newer];

/** @typedef {{ id: string, name: string, status: string, description: string, errorMessage?: string }} Check */
/** @typedef {{ name: string, protocols: string[] }} Scenario */

await runProgram(async () => {
  await build();
  await ensureNestedPackage(folder);
  const node = await ensureNewerNode('The conformance suite');
  const since = performance.now();

  const words = argv.slice(2);
  const listed = await listScenarios(node);
  const chosen = listed.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
  if (chosen.length === 0)
    throw new Explained(`No authorization scenario of the suite has ${words.join(' or ')} in its name.`);

  rmSync(results, { recursive: true, force: true });
  const width = Math.max(...chosen.map(({ name }) => name.length)) + 2;
  console.log(`\n${'scenario'.padEnd(width)}${older}  ${newer}`);
  /** @type {string[]} */
  const complaints = [];
  let runs = 0;
  let passed = 0;
  let warnings = 0;
  for (const { name, protocols: spoken } of chosen) {
    const cells = [];
    for (const protocol of protocols) {
      if (!spoken.includes(protocol)) {
        cells.push('-');
        continue;
      }
      const { wrong, warned } = await play(node, name, protocol);
      runs += 1;
      warnings += warned;
      if (wrong.length === 0) passed += 1;
      else complaints.push([`${name}, ${protocol}:`, ...wrong].join('\n    '));
      cells.push(wrong.length === 0 ? 'ok' : 'NOT OK');
    }
    console.log(
      name.padEnd(width) +
        cells
          .map((cell) => cell.padEnd(12))
          .join('')
          .trimEnd(),
    );
  }
  console.log('\n-: not a scenario of this revision\n');
  for (const complaint of complaints) console.log(`${complaint}\n`);
  if (complaints.length > 0) console.log(`What the suite wrote is in ${results}.\n`);
  console.log(`In ${elapsed(since)}:`);
  console.log(`${passed} of ${runs}, ${warnings === 0 ? 'no' : warnings} warnings`);
  return conclude([{ passed, failed: runs - passed, skipped: 0 }]);
});

/**
 * The suite's own list: a name, and the revisions of the specification that the scenario is of.
 *
 * @param {string} node
 * @returns {Promise<Scenario[]>}
 */
async function listScenarios(node) {
  const list = await mustRun(node, [suite, 'list', '--client'], { cwd: folder, output: 'capture' });
  return [...list.matchAll(/^ *- (auth\/\S+) \[(.+)\]$/gm)].map(([, name = '', revisions = '']) => ({
    name,
    protocols: protocolsOf(revisions.split(',')),
  }));
}

/**
 * Extensions belong to no revision and are run in both protocols; what is older than both is run in the older one.
 *
 * @param {string[]} revisions
 */
function protocolsOf(revisions) {
  if (revisions.includes('extension')) return protocols;
  const spoken = protocols.filter((protocol) => revisions.includes(protocol));
  return spoken.length > 0 ? spoken : [older];
}

/**
 * Runs one scenario, and judges it by the suite's exit status, which covers the client's, and by what it wrote.
 *
 * @param {string} node
 * @param {string} scenario
 * @param {string} protocol
 * @returns {Promise<{ wrong: string[], warned: number }>}
 */
async function play(node, scenario, protocol) {
  const output = join(results, protocol, scenario);
  // The suite splits the command at spaces, hence no path in it; the client runs with this Node, not with the suite's.
  const path = [dirname(execPath), env.PATH].join(delimiter);
  const options = ['--scenario', scenario, '--spec-version', protocol, '--force', '--output-dir', output];
  const { status } = await run(node, [suite, 'client', '--command', 'node client.js', ...options], {
    cwd: folder,
    env: { PATH: path },
    output: 'capture',
    limitMilliseconds: 300_000,
  });
  const written = filesBelow([output]);
  const read = (/** @type {string} */ name) =>
    written.filter((file) => basename(file) === name).map((file) => readFileSync(file, 'utf8'));
  /** @type {Check[]} */
  const checks = read('checks.json').flatMap((text) => JSON.parse(text));
  const complained = checks.filter((check) => check.status === 'FAILURE' || check.status === 'WARNING');
  const wrong = complained.map((check) => `${check.status} ${check.name}: ${check.errorMessage ?? check.description}`);
  if (!checks.some((check) => check.status === 'SUCCESS')) wrong.push('no check succeeded');
  if (status !== 0) wrong.push(`the suite ended with status ${status}`);
  if (wrong.length > 0) wrong.push(...read('stderr.txt').flatMap(message));
  return { wrong, warned: complained.filter((check) => check.status === 'WARNING').length };
}

/**
 * What the client died of, in one line; nothing if it did not.
 *
 * @param {string} stderr
 */
function message(stderr) {
  const line = stderr.split('\n').find((line) => /^\w*Error\b/.test(line));
  return line ? [`the client: ${line}`] : [];
}
