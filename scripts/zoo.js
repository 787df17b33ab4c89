// `npm run zoo`: every scenario against this package, or those whose name or numbers contain a word: `npm run zoo -- openid`.
// `npm run zoo -- --mistakes`: whether each of them notices a mistake at all.

import { join } from 'node:path';
import { argv, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from './build.js';
import { Explained, elapsed, root, runProgram } from './support.js';

/** @typedef {import("../tests/zoo/scenario.js").Expectation} Expectation */
/** @typedef {import("../tests/zoo/scenario.js").Observed} Observed */

await runProgram(async () => {
  await build();
  // Only now: they import pkg/, which a fresh clone does not have.
  const load = (/** @type {string} */ path) => import(pathToFileURL(join(root, 'tests', 'zoo', path)).href);
  /** @type {typeof import("../tests/zoo/scenarios/index.js")} */
  const { scenarios } = await load('scenarios/index.js');
  /** @type {typeof import("../tests/zoo/world.js")} */
  const { play } = await load('world.js');
  /** @type {typeof import("../tests/zoo/scenario.js")} */
  const { allComplaints, complaints } = await load('scenario.js');
  /** @type {typeof import("../tests/zoo/clients/ours.js")} */
  const { startOurs } = await load('clients/ours.js');

  if (argv.includes('--mistakes')) {
    /** @type {typeof import("../tests/zoo/weaknesses.js")} */
    const { weaknesses } = await load('weaknesses.js');
    const blind = new Set(scenarios);
    for (const { name, start } of weaknesses) {
      let noticed = 0;
      for (const scenario of scenarios) {
        if (allComplaints(scenario, await play(scenario, start)).length === 0) continue;
        noticed += 1;
        blind.delete(scenario);
      }
      console.log(`noticed by ${String(noticed).padStart(3)}: a client that ${name}`);
    }
    for (const { name } of blind) console.log(`${paint(31, 'none noticed by')}  ${name}`);
    return blind.size === 0 ? 0 : 1;
  }

  const wanted = argv.slice(2).join(' ').toLowerCase();
  const chosen = scenarios.filter(({ name, proves }) =>
    [name, ...proves].some((text) => text.toLowerCase().includes(wanted)),
  );
  if (chosen.length === 0) throw new Explained(`No scenario has "${wanted}" in its name or numbers.`);

  const since = performance.now();
  let failed = 0;
  let violations = 0;
  let untold = 0;
  let untoldExpected = 0;
  for (const scenario of chosen) {
    const phases = await play(scenario, startOurs);
    const found = phases.map((observed, at) =>
      complaints(scenario.phases[at]?.expects ?? { trips: 0, registrations: 0 }, observed),
    );
    const wrong = found.flat().length > 0;
    if (wrong) failed += 1;
    console.log(
      `${paint(wrong ? 31 : 32, wrong ? 'fails' : 'holds')}  ${scenario.name}  (${scenario.proves.join(', ')})`,
    );
    for (const [at, observed] of phases.entries()) {
      const { does, expects } = scenario.phases[at] ?? { does: [], expects: { trips: 0, registrations: 0 } };
      violations += observed.violations.length;
      untold += observed.untold;
      untoldExpected += expects.untold ?? 0;
      console.log(
        `       ${at + 1}. ${does.join(', ')}: expected ${expectedInWords(expects)}; got ${observedInWords(observed)}`,
      );
      for (const complaint of found[at] ?? []) console.log(`          ${paint(31, complaint)}`);
    }
  }
  console.log(
    `\n${chosen.length} scenarios in ${elapsed(since)}: ${chosen.length - failed} hold, ${failed} fail. ${violations} violations of requested ⊆ told. ` +
      `${untold} requests by clients that had to register without scope, in scenarios that allow ${untoldExpected}.`,
  );
  return failed === 0 ? 0 : 1;
});

/** @param {Expectation} expects */
function expectedInWords({ granted, error, open, trips, registrations, updates }) {
  const outcome = error ?? (open ? 'any end' : granted === undefined ? 'success' : granted || 'no scope');
  return [outcome, ...costs({ trips, registrations, updates: updates ?? 0 })].join(', ');
}

/** @param {Observed} observed */
function observedInWords({ failure, granted, trips, registrations, updates }) {
  const outcome = failure ? failure.code : granted === undefined ? 'success' : granted.join(' ') || 'no scope';
  return [outcome, ...costs({ trips, registrations, updates })].join(', ');
}

/** @param {Record<string, number>} counts */
function costs(counts) {
  return Object.entries(counts)
    .filter(([what, count]) => what !== 'updates' || count > 0)
    .map(([what, count]) => `${count} ${count === 1 ? what.slice(0, -1) : what}`);
}

/**
 * @param {number} colour
 * @param {string} text
 */
function paint(colour, text) {
  return stdout.isTTY ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
