// `npm run soak`: lives of people, their applications and servers, judged by what the servers logged and by the windows that
// were opened. What there is: docs/development.md.

import { parseArgs } from 'node:util';
import { progress, UserError } from '../../scripts/support.js';
import { faults } from './faults.js';
import { livesInProcesses } from './processes.js';
import { live, smallLife } from './virtual.js';

/** @import { Fault } from './faults.js' */

/** How much was lived, and what was wrong. @typedef {{ violations: string[], counts: Record<string, number> }} Verdict */

const options = /** @type {const} */ ({
  seed: { type: 'string', default: '1' },
  'sign-ins': { type: 'string', default: '10000' },
  people: { type: 'string', default: '200' },
  servers: { type: 'string', default: '20' },
  processes: { type: 'boolean', default: false },
  minutes: { type: 'string', default: '2' },
  faults: { type: 'boolean', default: false },
});

/** More of them say no more. */
const SHOWN = 10;

/** @param {string[]} args */
export async function main(args) {
  const { values } = parseArgs({ args, options });
  const number = (/** @type {'seed' | 'sign-ins' | 'people' | 'servers' | 'minutes'} */ name) => {
    const value = Number(values[name]);
    if (!(value > 0)) throw new UserError(`--${name} has to be a number above 0, and is ${values[name]}.`);
    return value;
  };
  const seed = number('seed');
  if (values.faults) return plantEach(seed);
  const minutes = number('minutes');
  let told = 0;
  const tell = (/** @type {string} */ violation) => {
    told += 1;
    if (told <= SHOWN) console.error(violation);
  };
  const since = performance.now();
  const verdict = values.processes
    ? await livesInProcesses({ seed, minutes, progress, tell })
    : await live({
        seed,
        signIns: number('sign-ins'),
        people: number('people'),
        servers: number('servers'),
        perRound: number('sign-ins') / 10,
        progress,
        tell,
      });
  const { violations, counts } = verdict;
  const figures = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  console.log(`${figures.join(', ')}; ${Math.round((performance.now() - since) / 1000)} s`);
  console.log(violations.length === 0 ? '1 passed, 0 failed' : `0 passed, 1 failed: ${violations.length} violations`);
  if (violations.length > 0 && !values.processes) console.log(`The same again: npm run soak -- --seed ${seed}`);
  return violations.length === 0 ? 0 : 1;
}

/**
 * Each fault is planted by itself, and has to be found.
 *
 * @param {number} seed
 */
async function plantEach(seed) {
  let missed = 0;
  for (const [fault, complaint] of /** @type {[Fault, string][]} */ (Object.entries(faults))) {
    const { violations } = await live({ ...smallLife, seed, signIns: 2000, fault, until: complaint });
    const isFound = violations.some((violation) => violation.includes(complaint));
    progress(
      `${isFound ? 'found ' : 'MISSED'} ${fault}: ${violations[0]?.split('\n')[0] ?? 'nothing was complained of'}`,
    );
    if (!isFound) missed += 1;
  }
  console.log(`${Object.keys(faults).length - missed} passed, ${missed} failed`);
  return missed === 0 ? 0 : 1;
}
