// The fault matrix, cell by cell: expectations.js says what has to happen, and player.js what does.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { createAuthority, createServerCertificate } from '../servers/certificates.js';
import { cells, expected, outcomes, rows } from './expectations.js';
import { faults } from './faults.js';

/** @import { ObservedCell } from './cell.js' */
/** @import { Played, Task } from './player.js' */

/** By row and column. @type {Map<string, ObservedCell>} */
const observed = new Map();

before(async () => {
  const authority = createAuthority();
  const authorityFile = join(await temporaryFolder(), 'authority.pem');
  await writeFile(authorityFile, authority.cert);
  const certificates = { certificate: createServerCertificate(authority), untrusted: createServerCertificate() };
  const processes = availableParallelism();
  const shares = Array.from({ length: processes }, (_, share) => Object.keys(rows).filter((_, at) => at % processes === share));
  await Promise.all(shares.map((names) => play({ certificates, names }, authorityFile)));
});

/**
 * @param {Task} task
 * @param {string} authorityFile
 */
function play(task, authorityFile) {
  const player = fork(fileURLToPath(new URL('player.js', import.meta.url)), { env: { ...process.env, NODE_EXTRA_CA_CERTS: authorityFile } });
  player.on('message', (/** @type {Played} */ { row, column, observed: cell }) => observed.set(`${row}, ${column}`, cell));
  player.send(task);
  return new Promise((resolve, reject) => player.on('error', reject).on('exit', resolve));
}

for (const row of Object.keys(rows)) {
  describe(row, () => {
    for (const cell of cells.filter((candidate) => candidate.row === row)) {
      test(`${cell.column}: ${cell.outcome}`, () => {
        assert.deepEqual(observed.get(`${row}, ${cell.column}`), expected(cell));
      });
    }
  });
}

test('the matrix is whole: every row has a cell for every fault, and there are at least 200', () => {
  assert.deepEqual([...new Set(cells.map(({ row }) => row))], Object.keys(rows));
  for (const row of Object.keys(rows)) {
    const columns = cells.filter((cell) => cell.row === row).map(({ column }) => column);
    assert.deepEqual(columns.toSorted(), Object.keys(faults).toSorted(), row);
  }
  assert.ok(cells.length >= 200, `${cells.length}`);
});

test('every outcome that is defined occurs', () => {
  assert.deepEqual(Object.keys(outcomes).filter((name) => !cells.some(({ outcome }) => outcome === name)), []);
});
