// docs/requirements.md and docs/interop.md show which tests prove their rows. `npm run requirements` writes that; here it
// has to be what was written, and complete.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { documents, findProofs, later, markedTests, withProofs } from '../requirements.js';

const proofs = await findProofs();
const written = documents.map((form) => {
  const text = readFileSync(new URL(`../../${form.file}`, import.meta.url), 'utf8').replaceAll('\r\n', '\n');
  return { file: form.file, before: text, ...withProofs(text, form, proofs) };
});

for (const { file, before, text, complaints } of written) {
  test(`every row of ${file} is proven, but for those that are not built yet`, () => {
    assert.deepEqual(complaints, []);
  });

  test(`${file} shows its proofs as they are`, () => {
    assert.ok(text === before, `${file} is out of date: run \`npm run requirements\` and commit it`);
  });
}

test('proofs name rows that exist', () => {
  const ids = written.flatMap(({ ids }) => ids);
  assert.deepEqual(
    [...new Set([...proofs.flatMap(({ proves }) => proves), ...later])].filter((id) => !ids.includes(id)),
    [],
  );
});

test('the tables are read as they are: no row is missing between the first and the last', () => {
  const letters = { D: 12, R: 8, S: 9, A: 10, T: 8, I: 2 };
  const rules = Object.entries(letters).flatMap(([letter, last]) =>
    Array.from({ length: last }, (_, index) => `${letter}${index + 1}`),
  );
  const known = [57, 61, 65, 66, 67, 68, 71, 73, 74, 75, 76, 80, 81, 82];
  const numbers = Array.from({ length: 99 }, (_, index) => index + 1).filter(
    (number) => number !== 43 && (number <= 53 || number >= 90 || known.includes(number)),
  );
  assert.deepEqual(
    written.map(({ ids }) => ids),
    [rules, numbers.map((number) => `interop ${number}`)],
  );
});

test('a mark says what a test proves, and how', () => {
  // Put together, so that this file does not seem to prove them.
  const source = (/** @type {string[]} */ ...names) => names.map((name) => `test(${name}, () => {});`).join('\n');
  const filledIn = "`[refuses T3, interop 41] ${what}: it\\'s refused`";
  assert.deepEqual(
    markedTests(source("'[accepts T4] a name'", filledIn, "'no mark'", '`[${ids}] ${name}`'), 'x.test.js'),
    [
      { kind: 'accepts', proves: ['T4'], name: 'a name', file: 'x.test.js' },
      { kind: 'refuses', proves: ['T3', 'interop 41'], name: "…: it's refused", file: 'x.test.js' },
    ],
  );
  assert.throws(() => markedTests(source("'[T4] a name'"), 'x.test.js'), /x\.test\.js: the mark in "\[T4\] a name"/);
});

test('what lacks a proof is missed, and so is what no longer lacks one', () => {
  const form = {
    file: 'x.md',
    prefix: 'x ',
    byHand: 2,
    columns: /** @type {('accepts' | 'refuses')[][]} */ ([['accepts'], ['refuses']]),
  };
  const rows = [
    '| id | rule | accepts | refuses |',
    '|---|---|---|---|',
    '| 1 | one \\| two | as it was |',
    '| 2 | three | later | later |',
  ];
  const accepting = {
    kind: /** @type {const} */ ('accepts'),
    proves: ['x 1', 'x 2'],
    name: 'both [of | them]',
    file: 'tests/a/1.json',
  };
  const alone = { ...accepting, proves: ['x 1'], name: 'that one' };
  const refusing = { kind: /** @type {const} */ ('refuses'), proves: ['x 2'], name: 'stopped', file: 'tests/b/2.json' };

  const { text, ids, complaints } = withProofs(rows.join('\n'), form, [accepting, alone, refusing], ['x 2']);
  assert.deepEqual(ids, ['x 1', 'x 2']);
  assert.deepEqual(text.split('\n').slice(2), [
    '| 1 | one \\| two | [that one](../tests/a/1.json); more in [a](../tests/a) | none |',
    '| 2 | three | [both \\[of \\| them\\]](../tests/a/1.json) | [stopped](../tests/b/2.json) |',
  ]);
  assert.deepEqual(complaints, [
    'x 1: nothing refuses',
    'x 2 has its proofs: take it out of the list `later` in tests/requirements.js',
  ]);
  assert.equal(withProofs(text, form, [accepting, alone, refusing], ['x 2']).text, text);

  const incomplete = withProofs(rows.join('\n'), form, [accepting], ['x 1', 'x 2']);
  assert.deepEqual(incomplete.complaints, []);
  assert.ok(incomplete.text.endsWith('| later |'));
});
