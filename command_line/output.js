/** What is written to the terminal. Words of servers can neither move the cursor nor colour anything. */

import { styleText } from 'node:util';

/** @typedef {'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan'} Style */

/**
 * A piece of a line: plain, or in a style.
 *
 * @typedef {string | [Style, string]} Piece
 */

/** Controls, halves of characters, and what has no appearance of its own, direction marks among it. */
const unfit = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

const WIDEST = 100;

/**
 * @param {{ stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream, json: boolean, variables: NodeJS.ProcessEnv }} where
 */
export function createOutput({ stdout, stderr, json, variables }) {
  return {
    json,
    /** Result: for people, on standard output; nothing where JSON is wanted. @param {Piece[]} pieces */
    line: (...pieces) => {
      if (!json) write(stdout, variables, pieces);
    },
    /** Text of several lines, each indented. @param {string} text @param {string} [indent] */
    text: (text, indent = '  ') => {
      if (!json) for (const line of text.split('\n')) write(stdout, variables, [line === '' ? '' : indent + line]);
    },
    /** Progress, and what has to be done: for people, on standard error. @param {Piece[]} pieces */
    progress: (...pieces) => write(stderr, variables, pieces),
    /** The one document of `--json`. @param {unknown} value */
    document: (value) => {
      if (json) stdout.write(`${asJson(value)}\n`);
    },
    width: Math.min(stdout.columns || 80, WIDEST),
  };
}

/** @typedef {ReturnType<typeof createOutput>} Output */

/**
 * @param {NodeJS.WriteStream} stream
 * @param {NodeJS.ProcessEnv} variables
 * @param {Piece[]} pieces
 */
function write(stream, variables, pieces) {
  const isColoured = stream.isTTY && !variables.NO_COLOR && variables.TERM !== 'dumb';
  const text = pieces.map((piece) => {
    if (typeof piece === 'string') return fit(piece);
    const [style, words] = piece;
    return isColoured ? styleText(style, fit(words)) : fit(words);
  });
  stream.write(`${text.join('').trimEnd()}\n`);
}

/** @param {string} text */
function fit(text) {
  return text.replace(unfit, ' ');
}

/**
 * JSON in which nothing is unfit to be shown, and which means the same.
 *
 * @param {unknown} value
 */
function asJson(value) {
  return JSON.stringify(value, null, 2).replace(unfit, (character) =>
    character === '\n'
      ? character
      : character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/**
 * A text in lines of a width, between words.
 *
 * @param {string} text
 * @param {number} width
 * @returns {string[]}
 */
export function wrapped(text, width) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
