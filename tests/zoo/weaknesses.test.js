import assert from 'node:assert/strict';
import test from 'node:test';
import { allComplaints } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { weaknesses } from './weaknesses.js';
import { play } from './world.js';

for (const { name, noticedBy, start } of weaknesses) {
  test(`a client that ${name} is noticed`, async () => {
    const scenario = scenarios.find((candidate) => candidate.name === noticedBy);
    assert.ok(scenario);
    assert.notDeepEqual(allComplaints(scenario, await play(scenario, start)), []);
  });
}
