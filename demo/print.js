import { stripVTControlCharacters, styleText } from 'node:util';

/** @import { TraceEvent } from 'mcp-oauth-wasm' */

const coloured = process.stdout.isTTY && !process.env.NO_COLOR;
const lineWidth = process.stdout.columns ?? 100;
const margin = '  ';

/** @param {string} text */
const bold = (text) => styled('bold', text);
/** @param {string} text */
export const faint = (text) => styled('dim', text);
/** @param {string} text */
export const good = (text) => styled('green', text);
/** @param {string} text */
export const bad = (text) => styled('red', text);

/**
 * @param {Parameters<typeof styleText>[0]} format
 * @param {string} text
 */
function styled(format, text) {
  return coloured ? styleText(format, text) : text;
}

/** @param {string} text */
export function print(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {string} text */
export function indented(text) {
  return text.replace(/^(?=.)/gm, margin);
}

/** @param {string} text */
export function heading(text) {
  print(`\n${bold(text)}\n`);
}

/**
 * Prints rows with their columns below each other. The last cell of a row is text that may wrap.
 *
 * @param {string[][]} rows
 */
export function table(rows) {
  const columns = Math.max(...rows.map((row) => row.length)) - 1;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (column < row.length - 1 ? shownLength(row[column] ?? '') + 2 : 0))),
  );
  for (const row of rows) printRow(row, widths);
}

/**
 * Prints what happens step by step, as it happens.
 *
 * @returns {(event: Pick<TraceEvent, 'kind' | 'from' | 'to' | 'summary'> & { step: string }) => void}
 */
export function stepPrinter() {
  const widths = ['authorization  '.length, '→ authorization server  '.length];
  let lastStep = '';
  return ({ step, kind, from, to, summary }) => {
    const name = step === lastStep ? '' : spaced(step);
    lastStep = step;
    const party = { request: `→ ${spaced(to)}`, answer: `← ${spaced(from)}`, decision: '', failure: bad('failed') }[
      kind
    ];
    printRow([bold(name), faint(party), kind === 'failure' ? bad(summary) : summary], widths);
  };
}

/** @param {string} name */
function spaced(name) {
  return name.replaceAll('-', ' ');
}

/**
 * @param {string[]} row
 * @param {number[]} widths of all its cells but the last
 */
function printRow(row, widths) {
  const cells = row
    .slice(0, -1)
    .map((cell, column) => cell.padEnd((widths[column] ?? 0) + cell.length - shownLength(cell)));
  const indent = margin.length + cells.reduce((sum, cell) => sum + shownLength(cell), 0);
  const [first = '', ...more] = wrapped(row.at(-1) ?? '', lineWidth - indent);
  print(margin + cells.join('') + first);
  for (const line of more) print(' '.repeat(indent) + line);
}

/**
 * @param {string} text
 * @param {number} room
 * @returns {string[]}
 */
function wrapped(text, room) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && shownLength(`${line} ${word}`) <= room) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** @param {string} text */
function shownLength(text) {
  return stripVTControlCharacters(text).length;
}
