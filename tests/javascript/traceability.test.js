// The tables in docs/requirements.md and docs/interop.md say how each rule is proven. Here they are compared with what
// names the rules: the vectors' and the scenarios' `proves`, and tests whose name begins like `[T4]` or `[T4, I1]`.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { scenarios } from '../zoo/scenarios/index.js';

/** @typedef {{ accepting: number, refusing: number, tests: number }} Proofs */

const tests = new URL('../', import.meta.url);

/** @param {URL} url */
function read(url) {
  return readFileSync(url, 'utf8').replaceAll('\r\n', '\n');
}

/**
 * The last column of each row, by the first.
 *
 * @param {string} document its name below docs/
 * @returns {Map<string, string>}
 */
function statedProofs(document) {
  const rows = read(new URL(`../docs/${document}`, tests)).split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.map((row) => row.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  const stated = cells.map((row) => /** @type {[string, string]} */ ([row[1] ?? '', row.at(-2) ?? '']));
  return new Map(stated.filter(([id]) => /\d/.test(id)));
}

/** @returns {Map<string, Proofs>} */
function foundProofs() {
  /** @type {Map<string, Proofs>} */
  const found = new Map();
  const count = (/** @type {string} */ id, /** @type {keyof Proofs} */ kind) => {
    const proofs = found.get(id) ?? { accepting: 0, refusing: 0, tests: 0 };
    found.set(id, { ...proofs, [kind]: proofs[kind] + 1 });
  };
  const vectors = new URL('vectors/', tests);
  for (const file of readdirSync(vectors).filter((name) => name.endsWith('.json'))) {
    for (const { proves, accept = null } of JSON.parse(read(new URL(file, vectors))).vectors) {
      for (const id of proves) count(id, accept === null ? 'refusing' : 'accepting');
    }
  }
  for (const { proves } of scenarios) for (const id of proves) count(id, 'tests');
  const javascript = new URL('javascript/', tests);
  for (const file of readdirSync(javascript).filter((name) => name.endsWith('.test.js'))) {
    for (const [, ids = ''] of read(new URL(file, javascript)).matchAll(/\btest\(\s*['"`]\[([^\]$]+)\]/g)) {
      for (const id of ids.split(/,\s*/)) count(id, 'tests');
    }
  }
  return found;
}

const rules = statedProofs('requirements.md');
const observations = new Map([...statedProofs('interop.md')].map(([number, proof]) => [`interop ${number}`, proof]));
const found = foundProofs();

/** @param {string} id */
const proofsOf = (id) => found.get(id) ?? { accepting: 0, refusing: 0, tests: 0 };

/**
 * What is missing of a proof, in words; nothing if it is complete.
 *
 * @param {string} id
 * @param {string} proof
 */
function missingOfRule(id, proof) {
  const { accepting, refusing, tests } = proofsOf(id);
  if (proof === 'later') return [];
  if (proof === 'tests') return tests >= 2 ? [] : [`${id}: ${tests} of 2 tests`];
  if (proof !== 'vectors') return [`${id}: "${proof}" is no kind of proof`];
  return [
    ...(accepting === 0 ? [`${id}: no vector that is accepted`] : []),
    ...(refusing === 0 ? [`${id}: no vector that is refused`] : []),
  ];
}

/**
 * @param {string} id
 * @param {string} proof
 */
function missingOfObservation(id, proof) {
  const { accepting, refusing, tests } = proofsOf(id);
  const complete = { vectors: accepting + refusing > 0, tests: tests > 0, later: true };
  return complete[/** @type {keyof typeof complete} */ (proof)] ? [] : [`${id}: "${proof}" is not so`];
}

test('every rule of docs/requirements.md is proven as its table says', () => {
  assert.deepEqual([...rules].flatMap(([id, proof]) => missingOfRule(id, proof)), []);
});

test('every row of docs/interop.md is proven as its table says', () => {
  assert.deepEqual([...observations].flatMap(([id, proof]) => missingOfObservation(id, proof)), []);
});

test('vectors, scenarios and tests name rules that exist', () => {
  assert.deepEqual([...found.keys()].filter((id) => !rules.has(id) && !observations.has(id)), []);
});

test('the tables are read as they are: no rule is missing between the first and the last of its letter', () => {
  const letters = { D: 12, R: 8, S: 9, A: 10, T: 8, I: 2 };
  const expected = Object.entries(letters).flatMap(([letter, last]) => Array.from({ length: last }, (_, index) => `${letter}${index + 1}`));
  assert.deepEqual([...rules.keys()], expected);
  const numbers = Array.from({ length: 53 }, (_, index) => index + 1).filter((number) => number !== 43);
  assert.deepEqual([...observations.keys()], numbers.map((number) => `interop ${number}`));
});

test('a proof that is not complete is missed', () => {
  assert.deepEqual(missingOfRule('X1', 'vectors'), ['X1: no vector that is accepted', 'X1: no vector that is refused']);
  assert.deepEqual(missingOfRule('X1', 'tests'), ['X1: 0 of 2 tests']);
  assert.deepEqual(missingOfRule('D1', 'proven'), ['D1: "proven" is no kind of proof']);
  assert.deepEqual(missingOfObservation('interop 99', 'vectors'), ['interop 99: "vectors" is not so']);
});
