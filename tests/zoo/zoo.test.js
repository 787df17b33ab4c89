import assert from 'node:assert/strict';
import test from 'node:test';
import { startCareless } from './clients/careless.js';
import { startOurs } from './clients/ours.js';
import { allComplaints } from './scenario.js';
import { scenarios } from './scenarios/index.js';
import { play } from './world.js';

for (const scenario of scenarios) {
  test(scenario.name, async () => {
    assert.deepEqual(allComplaints(scenario, await play(scenario, startOurs)), []);
  });
}

test('no two scenarios have the same name', () => {
  const names = scenarios.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

test('every rule of scopes, and every way in which servers treat them, has a scenario', () => {
  const proved = new Set(scenarios.flatMap(({ proves }) => proves));
  const rules = [
    'S1',
    'S2',
    'S3',
    'S4',
    'S5',
    'S6',
    'S7',
    'S8',
    'S9',
    'R1',
    'R2',
    'R3',
    'R4',
    'R5',
    'R6',
    'R7',
    'R8',
    'I1',
    'I2',
  ];
  const rows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 27, 28, 29, 30, 31, 32, 34, 36].map(
    (row) => `interop ${row}`,
  );
  assert.deepEqual(
    [...rules, ...rows].filter((id) => !proved.has(id)),
    [],
  );
});

test('only scenarios whose server makes clients register without scope allow requests of such clients', () => {
  const allowing = scenarios.filter(({ phases }) => phases.some(({ expects }) => (expects.untold ?? 0) > 0));
  assert.deepEqual(
    allowing.filter(({ server }) => !server.registration?.refuses).map(({ name }) => name),
    [],
  );
});

/** @param {string} name */
async function carelessly(name) {
  const scenario = scenarios.find((candidate) => candidate.name === name);
  assert.ok(scenario);
  const [first] = await play(scenario, startCareless);
  assert.ok(first);
  return first;
}

test('the books notice a client that registers without scope and asks for one all the same', async () => {
  const { violations, failure } = await carelessly(
    'a default when scope is omitted; a 401 demands openid, which is not in it',
  );
  assert.deepEqual(violations, ['requested openid, though told only: email offline_access profile']);
  assert.equal(failure?.code, 'invalid_scope');
});

test('the books notice it also where the server does not care', async () => {
  const { violations, failure } = await carelessly('ignores scope at registration; a 401 demands');
  assert.deepEqual(violations, ['requested read, though told only: nothing']);
  assert.equal(failure, undefined);
});

test('the books notice an empty scope', async () => {
  const { violations } = await carelessly('echoes and enforces; nobody names a scope: none is sent anywhere');
  assert.deepEqual(violations, ['an empty scope in the authorization request']);
});
