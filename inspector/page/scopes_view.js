/** The scope matrix as a table. */

/** @import { ScopeMatrix, ScopeRow, ScopeState } from '../../js/inspector.js' */

import { byId, element, replace } from './dom.js';

/** @type {Record<ScopeState, string>} */
const marks = { yes: '✓', no: '–', refused: '✕', lacking: '!', open: '…', silent: '?' };

/** Rows beyond the plan that are shown at first. */
let showsAll = false;

/** @param {ScopeMatrix} matrix */
export function showScopes({ columns, rows }) {
  const planned = rows.filter((row) => row.planned);
  const others = rows.filter((row) => !row.planned);
  byId('empty-scopes').hidden = rows.length > 0;
  byId('scopes').hidden = rows.length === 0;
  const toggle = element(
    'button',
    {
      id: 'catalogue-rows',
      type: 'button',
      class: 'quiet',
      'aria-expanded': String(showsAll),
      onclick: () => {
        showsAll = !showsAll;
        showScopes({ columns, rows });
      },
    },
    `${showsAll ? 'Hide' : 'Show'} ${others.length} more that ${others.length === 1 ? 'is' : 'are'} listed and not planned`,
  );
  replace(
    byId('scopes'),
    element('caption', { class: 'hidden' }, 'Scopes, who named them, and what became of them'),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        element('th', { scope: 'col' }, 'Scope'),
        columns.map(({ title, about }) => element('th', { scope: 'col', title: about }, title)),
      ),
    ),
    element(
      'tbody',
      {},
      planned.flatMap((row) => rowsOf(row, columns)),
    ),
    others.length > 0 &&
      element(
        'tbody',
        {},
        element('tr', { class: 'more' }, element('td', { colspan: columns.length + 1 }, toggle)),
        showsAll && others.flatMap((row) => rowsOf(row, columns)),
      ),
  );
}

/**
 * @param {ScopeRow} row
 * @param {ScopeMatrix['columns']} columns
 */
function rowsOf({ scope, required, reason, cells }, columns) {
  return [
    element(
      'tr',
      { class: 'scope-row' },
      element('th', { scope: 'row' }, element('code', {}, scope)),
      columns.map(({ column }) => {
        const { state, word, why } = cells[column];
        return element(
          'td',
          { class: `cell ${state}`, title: why },
          element('span', { class: 'mark', 'aria-hidden': 'true' }, marks[state]),
          element('span', { class: 'word' }, word),
          element('span', { class: 'hidden' }, `: ${why}`),
        );
      }),
    ),
    element(
      'tr',
      { class: 'why' },
      element(
        'td',
        { colspan: columns.length + 1 },
        required && element('span', { class: 'required' }, 'required: '),
        reason,
      ),
    ),
  ];
}
