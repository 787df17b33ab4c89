// `npm run zoo`: every scenario against this package, or those whose name or numbers contain a word: `npm run zoo -- openid`.
// `npm run zoo -- --mistakes`: whether each of them notices a mistake at all.

import { styleText } from 'node:util';
import { elapsed, UserError } from '../../scripts/support.js';
import { startOurs } from './clients/ours.js';
import { allComplaints, complaints } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { weaknesses } from './weaknesses.js';
import { play } from './world.js';

/** @param {string[]} args */
export function main(args) {
  return args.includes('--mistakes') ? listMistakes() : playAll(args.join(' ').toLowerCase());
}

/** @param {string} wanted */
async function playAll(wanted) {
  const chosen = scenarios.filter(({ name, proves }) => `${name}\n${proves.join('\n')}`.toLowerCase().includes(wanted));
  if (chosen.length === 0) throw new UserError(`No scenario has "${wanted}" in its name or numbers.`);
  const since = performance.now();
  const sums = { failed: 0, violations: 0, untold: 0, allowed: 0 };
  for (const scenario of chosen) {
    const phases = await play(scenario, startOurs);
    const rows = scenario.phases.flatMap(({ does, expects }, at) => {
      const observed = phases[at];
      return observed ? [{ does, expects, observed, wrong: complaints(expects, observed) }] : [];
    });
    const isWrong = rows.some(({ wrong }) => wrong.length > 0);
    if (isWrong) sums.failed += 1;
    const verdict = isWrong ? styleText('red', 'fails') : styleText('green', 'holds');
    console.log(`${verdict}  ${scenario.name}  (${scenario.proves.join(', ')})`);
    for (const [at, { does, expects, observed, wrong }] of rows.entries()) {
      sums.violations += observed.violations.length;
      sums.untold += observed.untold;
      sums.allowed += expects.untold ?? 0;
      const { failure, granted } = observed;
      const expected = inWords({ ...expects, error: expects.error ?? (expects.open && 'any end') });
      const got = inWords({ ...observed, error: failure?.code, granted: granted?.join(' ') });
      console.log(`       ${at + 1}. ${does.join(', ')}: expected ${expected}; got ${got}`);
      for (const complaint of wrong) console.log(`          ${styleText('red', complaint)}`);
    }
  }
  const held = `${chosen.length - sums.failed} hold, ${sums.failed} fail`;
  console.log(
    `\n${chosen.length} scenarios in ${elapsed(since)}: ${held}. ${sums.violations} violations of requested ⊆ told. ` +
      `${sums.untold} requests by clients that had to register without scope, in scenarios that allow ${sums.allowed}.`,
  );
  return sums.failed === 0 ? 0 : 1;
}

/** @param {{ error?: string | false, granted?: string, trips: number, registrations: number, updates?: number }} phase */
function inWords({ error, granted, trips, registrations, updates = 0 }) {
  const outcome = error || (granted === undefined ? 'success' : granted || 'no scope');
  const counts = Object.entries({ trips, registrations, ...(updates > 0 && { updates }) });
  return [outcome, ...counts.map(([what, count]) => `${count} ${count === 1 ? what.slice(0, -1) : what}`)].join(', ');
}

async function listMistakes() {
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
  for (const { name } of blind) console.log(`${styleText('red', 'none noticed by')}  ${name}`);
  return blind.size === 0 ? 0 : 1;
}
