// `npm run compare`: the scenarios of the zoo through this package and its peers. `--markdown` prints the README's table.

import { join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from './build.js';
import { comparedClients, quietly } from './compared_clients.js';
import { progress, root, runProgram } from './support.js';

/** @typedef {import("../tests/zoo/scenario.js").Observed} Observed */
/** @typedef {import("../tests/zoo/scenario.js").Scenario} Scenario */
/** @typedef {{ group: string, scenario: Scenario, verdicts: string[], violations: number[] }} Row */

await runProgram(async () => {
  await build();
  const peers = await comparedClients();
  // Only now: they import pkg/ and node_modules/, which a fresh clone does not have.
  const load = (/** @type {string[]} */ ...path) => import(pathToFileURL(join(root, 'tests', ...path)).href);
  /** @type {typeof import("../tests/zoo/scenarios/index.js")} */
  const { groups } = await load('zoo', 'scenarios', 'index.js');
  /** @type {typeof import("../tests/zoo/world.js")} */
  const { play } = await load('zoo', 'world.js');
  /** @type {typeof import("../tests/zoo/scenario.js")} */
  const { outcomeComplaints } = await load('zoo', 'scenario.js');

  /** @type {Row[]} */
  const rows = [];
  for (const [group, scenarios] of Object.entries(groups)) {
    progress(group);
    for (const scenario of scenarios) {
      /** @type {Row} */
      const row = { group, scenario, verdicts: [], violations: [] };
      for (const { start } of peers) {
        const phases = await quietly(() => play(scenario, start));
        const found = phases.flatMap((observed, at) => {
          const expects = scenario.phases[at]?.expects;
          return expects ? outcomeComplaints(expects, observed) : [];
        });
        const violations = phases.flatMap((observed) => observed.violations);
        row.violations.push(violations.length);
        row.verdicts.push(inShort(found, violations));
      }
      rows.push(row);
    }
  }
  const titles = peers.map(({ name, version }) => `${name} ${version}`);
  if (argv.includes('--markdown')) printMarkdown(rows, titles);
  else printTable(rows, titles);
});

/**
 * The worst of what was found, in a few words.
 *
 * @param {string[]} found
 * @param {string[]} violations
 */
function inShort(found, violations) {
  const [first] = found;
  if (first === undefined) return 'holds';
  if (violations.some((violation) => violation.includes('though told only'))) return 'asks for unregistered scopes';
  if (violations.some((violation) => violation.includes('again after a refusal')))
    return 'asks again for what was refused';
  if (violations.length > 0) return String(violations[0]);
  if (found.some((complaint) => complaint.includes(' failed '))) return 'does not get in';
  return first.startsWith('succeeded') ? 'goes on where it must stop' : first;
}

/**
 * @param {Row[]} rows
 * @param {string[]} titles
 */
function printTable(rows, titles) {
  const width = 34;
  let group = '';
  for (const row of rows) {
    if (row.group !== group) {
      group = row.group;
      console.log(`\n${group}\n${titles.map((title) => title.padEnd(width)).join('')}`);
    }
    console.log(`${row.verdicts.map((verdict) => verdict.padEnd(width)).join('')}${row.scenario.name}`);
  }
  console.log(`\n${rows.length} scenarios`);
  for (const [at, title] of titles.entries()) {
    const held = rows.filter(({ verdicts }) => verdicts[at] === 'holds').length;
    const violations = rows.reduce((sum, row) => sum + (row.violations[at] ?? 0), 0);
    console.log(`${title.padEnd(width)} ${held} hold, ${violations} violations`);
  }
  const everybody = rows.filter(({ verdicts }) => verdicts.every((verdict) => verdict === 'holds')).length;
  console.log(`${everybody} hold for everybody`);
}

/**
 * @param {Row[]} rows
 * @param {string[]} titles
 */
function printMarkdown(rows, titles) {
  const held = (/** @type {Row[]} */ some, /** @type {number} */ at) =>
    some.filter(({ verdicts }) => verdicts[at] === 'holds').length;
  const line = (/** @type {(string | number)[]} */ cells) => console.log(`| ${cells.join(' | ')} |`);
  console.log(`Scenarios that hold, ${new Date().toISOString().slice(0, 10)}:\n`);
  line(['the authorization server or the client …', 'scenarios', ...titles.map((title) => `\`${title}\``)]);
  line(['---', '---:', ...titles.map(() => '---:')]);
  for (const group of new Set(rows.map((row) => row.group))) {
    const some = rows.filter((row) => row.group === group);
    line([group, some.length, ...titles.map((_, at) => held(some, at))]);
  }
  line(['**all**', `**${rows.length}**`, ...titles.map((_, at) => `**${held(rows, at)}**`)]);
  line([
    'requests for scopes that the client knew not to be registered, or that had been refused',
    '',
    ...titles.map((_, at) => rows.reduce((sum, row) => sum + (row.violations[at] ?? 0), 0)),
  ]);
}
