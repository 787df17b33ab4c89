/** What an application gives, judged before it is used: nothing else would tell of a mistake in time. */

import { MisuseError } from '../core/errors.js';

/** @param {string} message */
export const misused = (message) => new MisuseError({ code: 'invalid_argument', message });

/**
 * Nothing else would tell of a name that is misspelt.
 *
 * @param {object} options
 * @param {string[]} known
 */
export function requireKnown(options, known) {
  const unknown = Object.keys(options ?? {}).find((name) => !known.includes(name));
  if (unknown) throw misused(`There is no option \`${unknown}\`. There are \`${known.join('`, `')}\`.`);
}

/**
 * @param {string} name
 * @param {any} part of the host
 * @param {string[]} functions
 */
export function requireFunctions(name, part, functions) {
  const lacking = functions.find((wanted) => typeof part?.[wanted] !== 'function');
  if (lacking) throw misused(`The argument \`${name}\` must have the functions \`${functions.join('`, `')}\`.`);
}
