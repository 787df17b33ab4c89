// `npm run compare`: the scenarios of the zoo through this package and its peers. `--markdown` prints the README's table.

import { progress } from '../../scripts/support.js';
import { outcomeComplaints } from '../zoo/scenario.js';
import { groups } from '../zoo/scenarios/index.js';
import { play } from '../zoo/world.js';
import { allPeers, quietly } from './peers.js';

/** @typedef {{ group: string, name: string, verdicts: string[], violations: number[] }} Row */

/** @param {string[]} args */
export async function main(args) {
  const peers = await allPeers();
  /** @type {Row[]} */
  const rows = [];
  for (const [group, scenarios] of Object.entries(groups)) {
    progress(group);
    for (const scenario of scenarios) {
      /** @type {Row} */
      const row = { group, name: scenario.name, verdicts: [], violations: [] };
      for (const { start } of peers) {
        const phases = await quietly(() => play(scenario, start));
        const violations = phases.flatMap((observed) => observed.violations);
        row.violations.push(violations.length);
        const found = scenario.phases.flatMap(
          ({ expects }, at) => phases[at] && outcomeComplaints(expects, phases[at]),
        );
        row.verdicts.push(inShort(found, violations));
      }
      rows.push(row);
    }
  }
  const titles = peers.map(({ name, version }) => `${name} ${version}`);
  if (args.includes('--markdown')) printMarkdown(rows, titles);
  else printTable(rows, titles);
}

/**
 * The worst of what was found, in a few words.
 *
 * @param {(string | undefined)[]} found
 * @param {string[]} violations
 */
function inShort([first, ...others], violations) {
  if (first === undefined) return 'holds';
  if (violations.some((violation) => violation.includes('though told only'))) return 'asks for unregistered scopes';
  if (violations.some((violation) => violation.includes('again after a refusal')))
    return 'asks again for what was refused';
  if (violations.length > 0) return String(violations[0]);
  if ([first, ...others].some((complaint) => complaint?.includes(' failed '))) return 'does not get in';
  return first.startsWith('succeeded') ? 'goes on where it must stop' : first;
}

const held = (/** @type {Row[]} */ rows, /** @type {number} */ at) =>
  rows.filter(({ verdicts }) => verdicts[at] === 'holds').length;
const violationsOf = (/** @type {Row[]} */ rows, /** @type {number} */ at) =>
  rows.reduce((sum, { violations }) => sum + (violations[at] ?? 0), 0);

/**
 * @param {Row[]} rows
 * @param {string[]} titles
 */
function printTable(rows, titles) {
  const width = 34;
  let group = '';
  for (const row of rows) {
    if (row.group !== group) console.log(`\n${row.group}\n${titles.map((title) => title.padEnd(width)).join('')}`);
    group = row.group;
    console.log(`${row.verdicts.map((verdict) => verdict.padEnd(width)).join('')}${row.name}`);
  }
  console.log(`\n${rows.length} scenarios`);
  for (const [at, title] of titles.entries()) {
    console.log(`${title.padEnd(width)} ${held(rows, at)} hold, ${violationsOf(rows, at)} violations`);
  }
  const everybody = rows.filter(({ verdicts }) => verdicts.every((verdict) => verdict === 'holds')).length;
  console.log(`${everybody} hold for everybody`);
}

/**
 * @param {Row[]} rows
 * @param {string[]} titles
 */
function printMarkdown(rows, titles) {
  const line = (/** @type {(string | number)[]} */ ...cells) => console.log(`| ${cells.join(' | ')} |`);
  console.log(`Scenarios that hold, ${new Date().toISOString().slice(0, 10)}:\n`);
  line('the authorization server or the client …', 'scenarios', ...titles.map((title) => `\`${title}\``));
  line('---', '---:', ...titles.map(() => '---:'));
  for (const group of new Set(rows.map((row) => row.group))) {
    const some = rows.filter((row) => row.group === group);
    line(group, some.length, ...titles.map((_, at) => held(some, at)));
  }
  line('**all**', `**${rows.length}**`, ...titles.map((_, at) => `**${held(rows, at)}**`));
  const what = 'requests for scopes that the client knew not to be registered, or that had been refused';
  line(what, '', ...titles.map((_, at) => violationsOf(rows, at)));
}
