// The fault matrix, cell by cell: expectations.js says what has to happen, and player.js what does.

import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { createAuthority, createServerCertificate } from '../servers/certificates.js';
import { outcomes, rows } from './expectations.js';
import { faults } from './faults.js';
import { cells, expected } from './matrix.js';

/** @import { ChildProcess } from 'node:child_process' */
/** @import { ObservedCell } from './cell.js' */
/** @import { Played, Task } from './player.js' */
/** @import { Certificates } from './world.js' */

const folder = await temporaryFolder();

// Each row is played when the first of its tests wants it, and all rows at once.
describe('fault matrix', { concurrency: true }, () => {
  /** @type {Certificates} */
  let certificates;
  /** @type {ChildProcess[]} */
  let players = [];
  /** By the row. @type {Map<string, { played: Promise<Played['cells']>, resolve: (cells: Played['cells']) => void, reject: (reason: Error) => void }>} */
  const plays = new Map();

  before(async () => {
    const authority = createAuthority();
    const file = join(folder, 'authority.pem');
    await writeFile(file, authority.cert);
    certificates = { certificate: createServerCertificate(authority), untrusted: createServerCertificate() };
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
    players = Array.from({ length: availableParallelism() }, () =>
      fork(fileURLToPath(new URL('player.js', import.meta.url)), { env }),
    );
    for (const player of players) {
      player.on('message', (/** @type {Played} */ { row, cells }) => plays.get(row)?.resolve(cells));
      player.on('exit', () => {
        for (const { reject } of plays.values()) reject(new Error('The process that plays this row has ended.'));
      });
    }
  });
  after(() => {
    for (const player of players) player.disconnect();
  });

  /**
   * @param {string} row
   * @returns {Promise<Record<string, ObservedCell>>} by the column
   */
  function play(row) {
    const begun = plays.get(row);
    if (begun) return begun.played;
    const play = /** @type {any} */ ({});
    play.played = new Promise((resolve, reject) => Object.assign(play, { resolve, reject }));
    /** @type {Task} */
    const task = { row, certificates };
    players[plays.size % players.length]?.send(task);
    plays.set(row, play);
    return play.played;
  }

  for (const cell of cells) {
    test(`${cell.row}, ${cell.column}: ${cell.outcome}`, async () => {
      assert.deepEqual((await play(cell.row))[cell.column], expected(cell));
    });
  }
});

test('the matrix is whole: every row has a cell for every fault, but for JSON that is called HTML, and there are at least 200', () => {
  assert.deepEqual([...new Set(cells.map(({ row }) => row))], Object.keys(rows));
  for (const row of Object.keys(rows)) {
    const columns = cells.filter((cell) => cell.row === row).map(({ column }) => column);
    const all = Object.keys(faults).filter((fault) => fault !== 'mistyped' || columns.includes(fault));
    assert.deepEqual(columns.toSorted(), all.toSorted(), row);
  }
  assert.ok(cells.length >= 200, `${cells.length}`);
});

test('every outcome that is defined occurs', () => {
  assert.deepEqual(
    Object.keys(outcomes).filter((name) => !cells.some(({ outcome }) => outcome === name)),
    [],
  );
});
