import assert from 'node:assert/strict';
import test from 'node:test';
import { startOurs } from './clients/ours.js';
import { complaints } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { play } from './world.js';

for (const scenario of scenarios) {
  test(scenario.name, async () => {
    const phases = await play(scenario, startOurs);
    const found = scenario.phases.flatMap(({ expects }, at) => {
      const observed = phases[at];
      return observed ? complaints(expects, observed).map((complaint) => `phase ${at + 1}: ${complaint}`) : ['it did not happen'];
    });
    assert.deepEqual(found, []);
  });
}
