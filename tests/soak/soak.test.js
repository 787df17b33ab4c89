// A sample of `npm run soak`, which goes on for as long as one wants.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults } from './faults.js';
import { Judge, SIGN_IN_LIMIT } from './judge.js';
import { live, smallLife } from './virtual.js';

/** @import { Fault } from './faults.js' */

test('[accepts I2, interop 78] a hundred sign-ins, while servers, processes and people do what they do: nobody is stuck, sent for nothing, or loses a session', async () => {
  const { violations, counts } = await live({ ...smallLife, seed: 7, signIns: 100 });
  assert.deepEqual(violations, []);
  assert.ok(counts.kills > 5 && counts.refreshes > 5, JSON.stringify(counts));
});

test('the same seed is the same life', async () => {
  const life = async (/** @type {number} */ seed) =>
    JSON.stringify((await live({ people: 4, servers: 2, perRound: 10, seed, signIns: 10 })).counts);
  const first = await life(1);
  assert.equal(await life(1), first);
  assert.notEqual(await life(2), first);
});

// The others: npm run soak -- --faults
for (const fault of /** @type {Fault[]} */ (['sign-ins of others are not seen', 'each window is opened twice'])) {
  test(`the judge finds it where ${fault}`, async () => {
    const { violations } = await live({ ...smallLife, seed: 7, signIns: 400, fault, until: faults[fault] });
    assert.ok(violations.some((violation) => violation.includes(faults[fault])));
  });
}

test('the judge tells good from bad', () => {
  let now = 0;
  const refusal = { call: '1', status: 401, hadToken: false, wasAccepted: false };
  const judged = (/** @type {(judge: Judge) => void} */ life) => {
    const judge = new Judge({ now: () => now });
    life(judge);
    return judge.violations.map((violation) => violation.split(': ')[1]?.split('\n')[0]);
  };
  const open = (/** @type {Judge} */ judge) => judge.opened('one', 'a');
  const refused = (/** @type {Judge} */ judge) => judge.refused('one', 'a', refusal);
  assert.deepEqual(
    judged((judge) => {
      refused(judge);
      open(judge);
      judge.granted('one', 'a', true);
    }),
    [],
  );
  assert.deepEqual(judged(open), ['a browser without a cause']);
  assert.deepEqual(
    judged((judge) => {
      refused(judge);
      for (let time = 0; time < 3; time += 1) {
        open(judge);
        now += SIGN_IN_LIMIT;
      }
    }),
    ['a browser without a cause'],
  );
  assert.deepEqual(
    judged((judge) => {
      judge.granted('one', 'a', true);
      refused(judge);
      open(judge);
    }),
    ['a person was sent though the session was good'],
  );
  assert.deepEqual(
    judged((judge) => {
      const use = judge.refreshSent('one', 'token', 'a');
      judge.refreshAnswered(use, 'renewed');
      judge.refreshSent('one', 'token', 'b');
    }),
    ['a refresh token was used again, after it was replaced'],
  );
});
