import assert from 'node:assert/strict';
import test from 'node:test';
import { outcomeComplaints } from '../zoo/scenario.js';
import { scenarios } from '../zoo/scenarios/index.js';
import { play } from '../zoo/world.js';
import { peers } from './peers.js';

// Where a peer fails, that is its own doing and not its adapter's: here all of them succeed.
const everybodysOwn = [
  'echoes and enforces; a 401 without scope: what is listed',
  'echoes and enforces; a stored registration with the same scopes is used again',
  'a secret that has expired, with a session to refresh: registered anew once',
  'the port is taken, and redirect URIs are matched exactly: registered anew',
  'a client metadata document with scope; a 401 demands what it declares',
  'no registration is offered, and no client configured: the error names the issuer and the setting',
];

for (const { name, version, start } of peers) {
  for (const own of everybodysOwn) {
    test(`${name} ${version}: ${own}`, async () => {
      const scenario = scenarios.find((candidate) => candidate.name === own);
      assert.ok(scenario);
      const phases = await play(scenario, start);
      assert.deepEqual(
        scenario.phases.flatMap(({ expects }, at) => phases[at] && outcomeComplaints(expects, phases[at])),
        [],
      );
    });
  }
}
