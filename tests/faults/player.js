/**
 * Plays rows of the matrix, in a process of its own that trusts the tests' authority and no other. It is sent the
 * certificates and names of rows, plays them all at once, and sends back what happened in each cell.
 */

import { play } from './cell.js';
import { rows } from './expectations.js';
import { faults } from './faults.js';
import { startWorld } from './world.js';

/** @import { ObservedCell } from './cell.js' */
/** @import { Certificates } from './world.js' */

/**
 * @typedef {{ certificates: Certificates, names: string[] }} Task
 * @typedef {{ row: string, column: string, observed: ObservedCell }} Played
 */

process.on('message', async (/** @type {Task} */ { certificates, names }) => {
  await Promise.all(names.map((name) => playRow(name, certificates)));
  process.disconnect();
});

/**
 * @param {string} name
 * @param {Certificates} certificates
 */
async function playRow(name, certificates) {
  const row = rows[name];
  if (!row) throw new Error(`There is no row ${name}.`);
  const world = await startWorld(row.world ?? {}, certificates);
  for (const column of Object.keys(faults)) {
    const played = { row: name, column, observed: await play(world, row, column) };
    process.send?.(played);
  }
  await world.close();
}
