import assert from 'node:assert/strict';
import test from 'node:test';
import { startOursKilledAtEveryTrip } from './clients/ours.js';
import { allComplaints } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { play } from './world.js';

for (const scenario of scenarios) {
  test(`killed at every trip: ${scenario.name}`, async () => {
    assert.deepEqual(allComplaints(scenario, await play(scenario, startOursKilledAtEveryTrip)), []);
  });
}
