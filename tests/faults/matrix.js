/** Reads the tables of expectations.js: which cells there are, and what has to be observed in each. */

import { outcomes, rows, table } from './expectations.js';

/** @import { ObservedCell } from './cell.js' */
/** @import { Kept, Row } from './expectations.js' */

/** What an answer says of itself, by the fault. @type {Record<string, { status: number, retry?: string }>} */
const answers = {
  500: { status: 500 },
  503: { status: 503, retry: ', retry after 7 seconds' },
  429: { status: 429 },
  page: { status: 200 },
  truncated: { status: 200 },
  array: { status: 200 },
  mistyped: { status: 200 },
};

/** The faults in which the server acts on the request, though its answer is of no use. */
const taken = ['silent', 'reset', 'truncated', 'array', 'mistyped', 'drip'];

/** The faults in which no answer comes. */
const unanswered = ['refused', 'untrusted', 'reset'];

/** The faults in which the request does not even arrive. */
const unsent = ['refused', 'untrusted'];

/** @type {Kept} */
const nothing = { client: 'none', session: 'none' };
/** @type {Kept} */
const renewed = { client: 'new', session: 'new' };

/** @typedef {{ row: string, column: string, outcome: string, arrivals: number }} Cell */

/** @type {Cell[]} */
export const cells = readTable();

function readTable() {
  const lines = table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((text) => text.trim()),
    );
  const [[, ...columns] = [], , ...body] = lines;
  return body.flatMap(([row = '', ...texts]) =>
    texts.flatMap((text, at) => {
      if (text === '–') return [];
      const column = columns[at] ?? '';
      const [, outcome = '', times = '1'] = /^(.*?)(?: (\d))?$/.exec(text) ?? [];
      return { row, column, outcome, arrivals: unsent.includes(column) ? 0 : Number(times) };
    }),
  );
}

/**
 * What has to be observed in a cell.
 *
 * @param {Cell} cell
 * @returns {ObservedCell}
 */
export function expected({ row: name, column, outcome, arrivals }) {
  const row = /** @type {Row} */ (rows[name]);
  const stops = !['goes on', 'revoked'].includes(outcome);
  const before = row.until.split(' → ');
  const request = String(before.pop());
  const then = stops ? undefined : row.then;
  const seen = [
    ...before,
    ...Array(arrivals).fill(request),
    ...(row.looks ? [row.looks] : []),
    ...(row.elsewhere && stops && unanswered.includes(column) ? [row.elsewhere] : []),
    ...(then ? [then] : []),
  ];
  const again = (taken.includes(column) && row.againTaken) || row.again;
  const next = (stops || row.repeated ? again : undefined) ?? 'signed call';
  const pending = (stops && row.pending) || 0;
  return {
    first: {
      gets: gets(outcome, column, row),
      seen: seen.join(' → '),
      kept: stops ? (row.stopped ?? nothing) : (row.tolerated ?? renewed),
      pending,
    },
    next: {
      gets: 'the result',
      seen: next,
      kept: { client: next.includes('register') ? 'new' : 'kept', session: next === 'signed call' ? 'kept' : 'new' },
      pending,
    },
    codesSentTwice: 0,
  };
}

/**
 * @param {string} outcome
 * @param {string} column
 * @param {Row} row
 */
function gets(outcome, column, { does, step }) {
  const { error } = outcomes[outcome] ?? {};
  const { status, retry = '' } = answers[column] ?? {};
  if (outcome === 'revoked') return 'signed out, and the tokens revoked';
  if (outcome === 'goes on') return does === 'sign out' ? 'signed out' : 'the result';
  if (!error) return `status ${status}`;
  if (!error.includes(' ')) return error;
  return `${error} at ${step}${outcome === 'unavailable' ? `, status ${status}${retry}` : ''}`;
}
