import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';

import { deviceAuthorization } from 'mcp-oauth-wasm/grants';
import { grantContext, refused, session, undecided } from './grant_context.js';
import { rejectionOf } from './world.js';

/** @import { Prompt } from 'mcp-oauth-wasm/grants' */

const endpoint = 'https://as.example/device_authorization';
const server = { endpoints: { device_authorization_endpoint: endpoint } };

/** The example of RFC 8628 §3.2. */
const authorized = {
  device_code: 'GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://example.com/device',
  verification_uri_complete: 'https://example.com/device?user_code=WDJB-MJHT',
  expires_in: 1800,
  interval: 5,
};

/** Time that passes only while somebody waits. */
function stoppedClock() {
  let now = 1_800_000_000_000;
  /** @type {number[]} seconds */
  const waits = [];
  return {
    waits,
    now: () => now,
    async wait(/** @type {number} */ milliseconds) {
      waits.push(milliseconds / 1000);
      now += milliseconds;
    },
  };
}

/**
 * @param {(string | Error)[]} answers to one question after the other: an error of the server's, or what the request
 *   fails with; when they are used up, the person has signed in
 * @param {object} [answer] of the device authorization endpoint
 */
function signInOnAnotherDevice(answers, answer = authorized) {
  const clock = stoppedClock();
  /** @type {Prompt[]} */
  const shown = [];
  const left = [...answers];
  const { context, redeemed, posted } = grantContext({
    server,
    post: () => answer,
    redeem: () => {
      const next = left.shift();
      if (next === undefined) return session;
      throw typeof next === 'string' ? refused(next) : next;
    },
  });
  const grant = deviceAuthorization({ show: (prompt) => void shown.push(prompt), clock });
  return { result: grant.obtain(context), waits: clock.waits, shown, redeemed, posted, grant };
}

test('[accepts T8] device authorization: the person is shown a code, and asked for until they are done (RFC 8628 §3)', async () => {
  const { result, waits, shown, redeemed, posted, grant } = signInOnAnotherDevice([
    'authorization_pending',
    'authorization_pending',
  ]);
  assert.equal(await result, session);
  assert.deepEqual([grant.grantType, grant.interactive], ['urn:ietf:params:oauth:grant-type:device_code', true]);
  assert.deepEqual(posted, [[endpoint, { scope: 'read write', resource: 'https://mcp.example/mcp' }, undefined]]);
  assert.deepEqual(shown, [
    {
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://example.com/device',
      verificationUriComplete: 'https://example.com/device?user_code=WDJB-MJHT',
      expiresAt: 1_800_000_000 + 1800,
    },
  ]);
  assert.deepEqual(waits, [5, 5, 5]);
  assert.deepEqual(redeemed, Array(3).fill({ device_code: authorized.device_code }));
});

test('what there is none of is left out: scope, resource, the complete URL, the interval', async () => {
  for (const absent of [undefined, null]) {
    const post = () => ({ ...authorized, verification_uri_complete: absent, interval: absent });
    const { context, posted } = grantContext({ server, post, resource: null, scopes: [] });
    /** @type {Prompt[]} */
    const shown = [];
    const clock = stoppedClock();
    await deviceAuthorization({ show: (prompt) => void shown.push(prompt), clock }).obtain(context);
    assert.deepEqual(posted[0]?.[1], {});
    assert.deepEqual(Object.keys(shown[0] ?? {}), ['userCode', 'verificationUri', 'expiresAt']);
    assert.deepEqual(clock.waits, [5]);
  }
});

test('[accepts T8] device authorization: the server sets the pace (RFC 8628 §3.5)', async () => {
  const paced = async (/** @type {(string | Error)[]} */ answers, /** @type {object} */ answer) => {
    const { result, waits } = signInOnAnotherDevice(answers, { ...authorized, ...answer });
    await result;
    return waits;
  };
  assert.deepEqual(await paced(['slow_down', 'authorization_pending', 'slow_down'], { interval: 7 }), [7, 12, 12, 17]);
  assert.deepEqual(await paced(['slow_down'], { interval: undefined }), [5, 10]);
  assert.deepEqual(await paced(['authorization_pending'], { interval: 0 }), [1, 1], 'never without a pause');
  assert.deepEqual(await paced([], { interval: '2', expires_in: '60' }), [2]);
});

test('a network that fails is asked less and less often, and as before once it is back', async () => {
  const { result, waits } = signInOnAnotherDevice([
    undecided('timed_out'),
    undecided('server_unavailable'),
    undecided('network_failed'),
    'authorization_pending',
    'slow_down',
    undecided('timed_out'),
  ]);
  assert.equal(await result, session);
  assert.deepEqual(waits, [5, 10, 20, 40, 5, 10, 20]);
});

test('[refuses T8] device authorization: it ends when the server says so', async () => {
  for (const [error, code] of [
    ['access_denied', 'device_authorization_denied'],
    ['expired_token', 'device_code_expired'],
    ['invalid_grant', 'token_refused'],
  ]) {
    const { result, redeemed } = signInOnAnotherDevice(['authorization_pending', String(error)]);
    const rejection = await rejectionOf(result);
    assert.deepEqual([rejection.name, rejection.code], ['RefusedError', code]);
    assert.doesNotMatch(inspect(rejection), /GmRhmhcx/);
    assert.equal(redeemed.length, 2);
  }
  const other = new Error('other');
  assert.equal(await rejectionOf(signInOnAnotherDevice([other]).result), other);
});

test('[refuses T8] device authorization: it ends when the code does, whatever the server says', async () => {
  const { result, waits, redeemed } = signInOnAnotherDevice(Array(100).fill('authorization_pending'), {
    ...authorized,
    expires_in: 12,
  });
  const rejection = await rejectionOf(result);
  assert.deepEqual([rejection.name, rejection.code], ['RefusedError', 'device_code_expired']);
  assert.deepEqual(waits, [5, 5, 2]);
  assert.equal(redeemed.length, 3);
});

test('an interval that no timer can wait is not taken for none', async () => {
  const { result, waits } = signInOnAnotherDevice([], { ...authorized, interval: 1e12, expires_in: 1e13 });
  await result;
  assert.deepEqual(waits, [(2 ** 31 - 1) / 1000]);
});

test('[refuses T8] device authorization: it ends with the call, also while nobody answers', async () => {
  const aborted = { name: 'TransportError', code: 'aborted' };
  for (const where of ['show', 'wait', 'redeem']) {
    const abort = new AbortController();
    const never = () => {
      abort.abort(new Error('the host gave up'));
      return new Promise(() => {});
    };
    const { context, redeemed } = grantContext({
      server,
      signal: abort.signal,
      post: () => authorized,
      redeem: () => {
        abort.abort();
        throw undecided('aborted');
      },
    });
    /** @type {AbortSignal | undefined} */
    let over;
    const wait = (/** @type {number} */ _milliseconds, /** @type {AbortSignal} */ signal) => {
      over = signal;
      return where === 'wait' ? never() : Promise.resolve();
    };
    const grant = deviceAuthorization({
      show: () => (where === 'show' ? never() : undefined),
      clock: { now: () => 0, wait: /** @type {any} */ (wait) },
    });
    await assert.rejects(grant.obtain(context), aborted, where);
    assert.equal(redeemed.length, where === 'redeem' ? 1 : 0, where);
    if (where !== 'show') assert.ok(over?.aborted, 'the timer is ended as well');
  }
});

test('a host that cannot show the code is told so, and nobody is asked for', async () => {
  const { context, redeemed } = grantContext({ server, post: () => authorized });
  const failure = new Error('no screen');
  for (const show of [
    () => Promise.reject(failure),
    () => {
      throw failure;
    },
  ]) {
    assert.equal(await rejectionOf(deviceAuthorization({ show, clock: stoppedClock() }).obtain(context)), failure);
  }
  assert.deepEqual(redeemed, []);
});

test('the real clock waits, and stops when nobody does any more', async (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1000 });
  const abort = new AbortController();
  const { context: grant, redeemed } = grantContext({
    server,
    signal: abort.signal,
    post: () => authorized,
    redeem: () => Promise.reject(refused('authorization_pending')),
  });
  const settled = () => new Promise(setImmediate);
  const result = rejectionOf(deviceAuthorization({ show() {} }).obtain(grant));
  await settled();
  context.mock.timers.tick(4999);
  await settled();
  assert.equal(redeemed.length, 0);
  context.mock.timers.tick(1);
  await settled();
  assert.equal(redeemed.length, 1);
  const clear = context.mock.method(globalThis, 'clearTimeout');
  abort.abort();
  assert.equal((await result).code, 'aborted');
  assert.equal(clear.mock.callCount(), 1);
});

test('an answer that cannot be shown or waited for is refused, and none of it is told', async () => {
  /** @type {[Record<string, unknown>, string, string?][]} */
  const answers = [
    [{ device_code: undefined }, 'device_code'],
    [{ device_code: '' }, 'device_code'],
    [{ device_code: 7 }, 'device_code'],
    [{ user_code: undefined }, 'user_code'],
    [{ user_code: '' }, 'user_code'],
    [{ user_code: 123456 }, 'user_code'],
    [{ user_code: 'A'.repeat(65) }, 'user_code'],
    [{ user_code: 'WDJB\nMJHT' }, 'user_code'],
    [{ user_code: 'WDJB\u202eMJHT' }, 'user_code'],
    [{ user_code: 'WDJB\u200bMJHT' }, 'user_code'],
    [{ user_code: '\u001b[31mWDJB' }, 'user_code'],
    [{ verification_uri: undefined }, 'verification_uri'],
    [{ verification_uri: 'device' }, 'verification_uri'],
    [{ verification_uri: 'http://example.com/device' }, 'verification_uri', 'insecure_endpoint'],
    [{ verification_uri: 'http://localhost.example.com/device' }, 'verification_uri', 'insecure_endpoint'],
    [{ verification_uri: 'javascript:alert(1)' }, 'verification_uri', 'insecure_endpoint'],
    [{ verification_uri: 'https://login.example@evil.example/' }, 'verification_uri', 'insecure_endpoint'],
    [{ verification_uri: 'file:///etc/passwd' }, 'verification_uri', 'insecure_endpoint'],
    [{ verification_uri_complete: 'javascript:alert(1)' }, 'verification_uri_complete', 'insecure_endpoint'],
    [{ verification_uri_complete: 7 }, 'verification_uri_complete'],
    [{ expires_in: undefined }, 'expires_in'],
    [{ expires_in: 'soon' }, 'expires_in'],
    [{ expires_in: -1 }, 'expires_in'],
    [{ expires_in: 'Infinity' }, 'expires_in'],
    [{ interval: 'often' }, 'interval'],
    [{ interval: -5 }, 'interval'],
    [{ interval: [5] }, 'interval'],
  ];
  for (const [change, member, code = 'invalid_document'] of answers) {
    const { result, shown, redeemed } = signInOnAnotherDevice([], { ...authorized, ...change });
    const error = await rejectionOf(result);
    assert.deepEqual(
      [error.name, error.code, error.details],
      ['MisbehavedError', code, { member }],
      JSON.stringify(change),
    );
    assert.doesNotMatch(error.message, /alert|passwd|WDJB|\u202e/);
    assert.deepEqual([shown, redeemed], [[], []]);
  }
});

test('a verification URI on this machine is shown without https', async () => {
  for (const uri of ['http://127.0.0.1:1234/device', 'http://localhost:1234/device', 'http://[::1]:1234/device']) {
    const { result, shown } = signInOnAnotherDevice([], { ...authorized, verification_uri: uri });
    await result;
    assert.equal(shown[0]?.verificationUri, uri);
  }
});

test('codes in any script are shown', async () => {
  for (const userCode of ['123-456', 'ЖДБ 42', '確認コード', 'wdjb.mjht']) {
    const { result, shown } = signInOnAnotherDevice([], { ...authorized, user_code: userCode });
    await result;
    assert.equal(shown[0]?.userCode, userCode);
  }
});
