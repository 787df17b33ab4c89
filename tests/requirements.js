// `npm run requirements` writes into docs/requirements.md and docs/interop.md which tests prove each row.
// `npm run requirements -- D4 "interop 17"` lists all that prove these, by name.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { argv } from 'node:process';
import { filesBelow, isProgram, root, runProgram, UserError } from '../scripts/support.js';
import { scenarios } from './zoo/scenarios/index.js';

/**
 * A test that names what it proves.
 *
 * @typedef {object} Proof
 * @property {"accepts" | "refuses"} kind whether something passes, as the rule allows, or is stopped, as it demands
 * @property {string[]} proves ids of rules (`D4`) and of observations (`interop 17`)
 * @property {string} name
 * @property {string} file below the project folder, with slashes
 */

/** What is not built yet. Only rows that lack a proof may stand here. @type {string[]} */
export const later = /** @type {string[]} */ ([]);

/**
 * The documents: how many columns are written by hand, and the kinds of proof that each of the others shows.
 *
 * @type {{ file: string, prefix: string, byHand: number, columns: Proof["kind"][][] }[]}
 */
export const documents = [
  { file: 'docs/requirements.md', prefix: '', byHand: 4, columns: [['accepts'], ['refuses']] },
  { file: 'docs/interop.md', prefix: 'interop ', byHand: 4, columns: [['accepts', 'refuses']] },
];

/** @param {string} file below the project folder */
const read = (file) => readFileSync(join(root, file), 'utf8').replaceAll('\r\n', '\n');

/** @param {string} file */
const belowRoot = (file) => relative(root, file).replaceAll(sep, '/');

/**
 * Everything that proves something: vectors and scenarios by their `proves`, tests in JavaScript by a mark.
 *
 * @returns {Promise<Proof[]>}
 */
export async function findProofs() {
  const vectors = readdirSync(join(root, 'tests/vectors'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => `tests/vectors/${name}`);
  const tests = filesBelow([join(root, 'tests')])
    .map(belowRoot)
    .filter((file) => file.endsWith('.js'));
  return [
    ...vectors.flatMap(vectorsOf),
    ...tests.flatMap((file) => markedTests(read(file), file)),
    ...(await proofsOfScenarios()),
  ];
}

/**
 * @param {string} file
 * @returns {Proof[]}
 */
function vectorsOf(file) {
  /** @type {{ name: string, proves: string[], accept?: unknown }[]} */
  const vectors = JSON.parse(read(file)).vectors;
  return vectors.map(({ name, proves, accept = null }) => ({
    kind: accept === null ? 'refuses' : 'accepts',
    proves,
    name,
    file,
  }));
}

/**
 * The tests in a source that are marked: `[accepts T4] …`, `[refuses T4, interop 41] …`. What is filled into a name when
 * it runs is an ellipsis here.
 *
 * @param {string} source
 * @param {string} file
 * @returns {Proof[]}
 */
export function markedTests(source, file) {
  const names = [...source.matchAll(/\b(?:test|attack)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g)].map(
    ([, , name = '']) => name,
  );
  return names
    .map((name) => name.replace(/\$\{[^}]*\}/g, '…').replace(/\\(.)/g, '$1'))
    .flatMap((marked) => {
      const [, kind, ids = '', name = ''] = /^\[(accepts|refuses) ([^\]…]+)\] (.*)$/s.exec(marked) ?? [];
      if (kind === 'accepts' || kind === 'refuses') return [{ kind, proves: ids.split(/, */), name, file }];
      if (!/^\[[^…]/.test(marked)) return [];
      throw new UserError(
        `${file}: the mark in "${marked}" has to be \`[accepts …]\` or \`[refuses …]\`, with ids of docs/requirements.md or docs/interop.md.`,
      );
    });
}

/**
 * A scenario refuses if one of its phases ends in an error.
 *
 * @returns {Promise<Proof[]>}
 */
async function proofsOfScenarios() {
  const played = new Set(scenarios);
  const files = filesBelow([join(root, 'tests/zoo/scenarios')])
    .map(belowRoot)
    .filter((file) => !file.endsWith('/index.js'));
  const found = await Promise.all(
    files.map(async (file) => {
      /** @type {unknown[]} */
      const exported = Object.values(await import(`../${file}`)).flat();
      return scenarios
        .filter((scenario) => exported.includes(scenario) && played.delete(scenario))
        .map(({ name, proves, phases }) => {
          const kind = phases.some(({ expects }) => expects.error)
            ? /** @type {const} */ ('refuses')
            : /** @type {const} */ ('accepts');
          return { kind, proves, name, file };
        });
    }),
  );
  return found.flat();
}

/**
 * A document with the columns of its proofs as they have to be, and what is wrong with them.
 *
 * @param {string} text
 * @param {typeof documents[number]} form
 * @param {Proof[]} proofs
 * @param {string[]} [notYet] ids of rows that may lack proofs
 */
export function withProofs(text, { prefix, byHand, columns }, proofs, notYet = later) {
  /** @type {string[]} */
  const ids = [];
  /** @type {string[]} */
  const complaints = [];
  const lines = text.split('\n').map((line) => {
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, 1 + byHand)
      .map((cell) => cell.trim());
    if (!line.startsWith('| ') || !/^[A-Z]?\d+$/.test(cells[0] ?? '')) return line;
    const id = prefix + cells[0];
    ids.push(id);
    const found = columns.map((kinds) =>
      proofs.filter(({ kind, proves }) => kinds.includes(kind) && proves.includes(id)),
    );
    const lacking = columns.filter((_, column) => found[column]?.length === 0);
    const isLater = notYet.includes(id);
    if (isLater && lacking.length === 0)
      complaints.push(`${id} has its proofs: take it out of the list \`later\` in tests/requirements.js`);
    if (!isLater) complaints.push(...lacking.map((kinds) => `${id}: nothing ${kinds.join(' or ')}`));
    const shown = found.map((those) => (those.length > 0 ? shownProofs(those) : isLater ? 'later' : 'none'));
    return `| ${[...cells, ...shown].join(' | ')} |`;
  });
  return { text: lines.join('\n'), ids, complaints };
}

/**
 * The proof that is about least else, by name, and where there are more.
 *
 * @param {Proof[]} proofs
 */
function shownProofs(proofs) {
  const [first, ...others] = proofs.toSorted((one, other) => one.proves.length - other.proves.length);
  if (!first) return '';
  const folders = [...new Set(others.map(({ file }) => posix.dirname(file)))].sort();
  const more = folders.map((folder) => `[${posix.basename(folder)}](../${folder})`).join(', ');
  return `[${first.name.replace(/[[\]|\\]/g, '\\$&')}](../${first.file})${more && `; more in ${more}`}`;
}

if (isProgram(import.meta.url)) {
  await runProgram(async () => {
    const proofs = await findProofs();
    for (const id of argv.slice(2)) {
      console.log(`\n${id}`);
      const found = proofs.filter(({ proves }) => proves.includes(id));
      for (const { kind, name, file } of found) console.log(`  ${kind}  ${name}  (${file})`);
      if (found.length === 0) throw new UserError(`Nothing proves ${id}.`);
    }
    for (const form of argv.length > 2 ? [] : documents) {
      const { text, ids, complaints } = withProofs(read(form.file), form, proofs);
      writeFileSync(join(root, form.file), text);
      console.log([`${form.file}: ${ids.length} rows`, ...complaints].join('\n'));
    }
  });
}
