// `npm run interop`: this package against real servers, those from npm and those in Python, and a table at the end.

import { join } from 'node:path';
import { stdout } from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { build } from './build.js';
import { ensureNewerNode } from './newer_node.js';
import { ensurePython } from './python.js';
import { ensureNestedPackage, fileMilliseconds, root, runProgram } from './support.js';

const folder = join(root, 'tests/interop');

/** @typedef {{ name: string, passed: boolean }} Outcome */
/** @typedef {Outcome & { steps: Outcome[] }} Row a server */

await runProgram(async () => {
  await build();
  for (const name of ['servers', 'newer_servers']) await ensureNestedPackage(join(folder, name));
  await ensureNewerNode('A server of the interoperability tests');
  await ensurePython();

  /** @type {Row[]} */
  const rows = [];
  /** @type {Outcome[]} */
  let steps = [];
  const note =
    (/** @type {boolean} */ passed) =>
    (/** @type {{ name: string, nesting: number }} */ { name, nesting }) => {
      if (nesting > 0) return void steps.push({ name, passed });
      rows.push({ name, passed, steps });
      steps = [];
    };
  const files = ['npm_servers.test.js', 'newer_servers.test.js', 'python_servers.test.js'].map((file) =>
    join(folder, file),
  );
  const tests = run({ files, concurrency: 1, timeout: fileMilliseconds })
    .on('test:pass', note(true))
    .on('test:fail', note(false));
  const report = tests.compose(new spec());
  report.pipe(stdout, { end: false });
  await finished(report);

  printTable(rows);
  return rows.length > 0 && rows.every(({ passed }) => passed) ? 0 : 1;
});

/** @param {Row[]} rows */
function printTable(rows) {
  const columns = [...new Set(rows.flatMap(({ steps }) => steps.map(({ name }) => name)))];
  const width = Math.max(...rows.map(({ name }) => name.length)) + 2;
  const line = (/** @type {string} */ first, /** @type {string[]} */ cells) =>
    first.padEnd(width) + cells.map((cell, column) => cell.padEnd((columns[column]?.length ?? 0) + 2)).join('');
  console.log(`\n${line('server', columns)}`);
  for (const { name, steps } of rows) {
    const outcomes = columns.map((column) => steps.find((step) => step.name === column)?.passed);
    console.log(
      line(
        name,
        outcomes.map((passed) => (passed === undefined ? '-' : passed ? 'ok' : 'NOT OK')),
      ),
    );
  }
  console.log('\n-: the server offers no way to it');
}
