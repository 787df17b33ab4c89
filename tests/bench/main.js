// `npm run bench`: what this package costs beside what does without it, as ratios of one run. Words choose: `npm run bench --
// start`. Nothing fails by a time: what else the machine does is in all of them.

import { UserError } from '../../scripts/support.js';
import { gateway } from './gateway.js';
import { start } from './start.js';
import { warmCall } from './warm_call.js';

/** @type {Record<string, { about: string, run: () => Promise<void> }>} */
const parts = {
  start: { about: 'from import to the first answer', run: start },
  'warm-call': { about: 'a signed-in fetch', run: warmCall },
  gateway: { about: 'sessions of many users in a Redis, several processes, and all tokens expire', run: gateway },
};

/** @param {string[]} names */
export async function main(names) {
  for (const name of names.length > 0 ? names : Object.keys(parts)) {
    const part = parts[name];
    if (!part) throw new UserError(`There is no part ${name}; there are ${Object.keys(parts).join(', ')}.`);
    console.log(`\n${name}: ${part.about}`);
    await part.run();
  }
}
