/**
 * Plays rows of the matrix, in a process of its own that trusts the tests' authority and no other. It is sent their names,
 * and sends back what happened in each cell.
 */

import { AskedAhead } from '../../js/connection/asked_ahead.js';
import { play } from './cell.js';
import { rows } from './expectations.js';
import { faults } from './faults.js';
import { startWorld } from './world.js';

/** @import { ObservedCell } from './cell.js' */
/** @import { Certificates } from './world.js' */

/**
 * @typedef {{ row: string, certificates: Certificates }} Task
 * @typedef {{ row: string, cells: Record<string, ObservedCell> }} Played `cells`: by the column
 */

// Each request is sent when it is wanted: their order says what was. What goes wrong with those that are asked for ahead:
// tests/javascript/asked_ahead.test.js.
AskedAhead.prototype.ask = () => {};

process.on('message', async (/** @type {Task} */ { row: name, certificates }) => {
  const row = rows[name];
  if (!row) throw new Error(`There is no row ${name}.`);
  const world = await startWorld(row.world ?? {}, certificates);
  /** @type {Played} */
  const played = { row: name, cells: {} };
  for (const column of Object.keys(faults)) played.cells[column] = await play(world, row, column);
  await world.close();
  process.send?.(played);
});
