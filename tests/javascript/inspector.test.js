import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  AuthorizationError,
  begin,
  complete,
  discover,
  MisbehavedError,
  plan,
  planScopes,
  RefusedError,
  readChallenge,
  register,
} from 'mcp-oauth-wasm';
import { failure, report, scopeMatrix, sequence } from 'mcp-oauth-wasm/inspector';
import { explainedCodes } from '../../js/inspector/failure.js';
import { createUserAgent } from '../servers/user_agent.js';
import { rejectionOf, startWorld } from './world.js';

/** @import { Discovery, Session, TraceEvent } from 'mcp-oauth-wasm' */

/** @type {{ events: TraceEvent[], discovery: Discovery, session: Session }} */
let signedIn;
/** @type {import('./world.js').World} */
let world;

before(async () => {
  world = await startWorld();
  /** @type {TraceEvent[]} */
  const events = [];
  const host = { trace: (/** @type {TraceEvent} */ event) => void events.push(event) };
  const refused = await fetch(world.server, { method: 'POST', body: '{}' });
  const challenge = (await readChallenge(refused.headers)) ?? undefined;
  const discovery = await discover({ endpoint: world.server, challenge }, host);
  const registered = await register(
    { discovery, plan: await plan({ discovery }, host), redirectUri: 'http://127.0.0.1:1/callback' },
    host,
  );
  const { authorizationUrl, pending } = await begin({ discovery, ...registered }, host);
  const completion = await complete({ pending, callbackUrl: await createUserAgent().signIn(authorizationUrl) }, host);
  assert.equal(completion.kind, 'signed-in');
  if (completion.kind === 'signed-in') signedIn = { events, discovery, session: completion.session };
});

after(() => world.close());

test('the trace of a sign-in becomes arrows between four lanes, step by step, answers with the time that they took', () => {
  const { lanes, sections } = sequence(signedIn.events);
  assert.deepEqual(
    lanes.map(({ party }) => party),
    ['browser', 'client', 'protected-resource', 'authorization-server'],
  );
  assert.deepEqual(
    sections.map(({ step }) => step),
    ['discover', 'plan', 'register', 'authorize', 'callback', 'token'],
  );
  const [discovered, , registered, authorized, cameBack] = sections.map(({ arrows }) =>
    arrows.map(({ from, to, label, implied, tone }) => [from, to, implied ? 'implied' : tone, label]),
  );
  assert.deepEqual(discovered?.slice(0, 2), [
    ['client', 'protected-resource', 'neutral', 'GET /.well-known/oauth-protected-resource/mcp'],
    ['protected-resource', 'client', 'good', '200'],
  ]);
  assert.deepEqual(registered?.slice(0, 2), [
    ['client', 'authorization-server', 'neutral', 'POST /reg'],
    ['authorization-server', 'client', 'good', '201'],
  ]);
  assert.deepEqual(
    authorized?.map(([from, to]) => `${from} ${to}`),
    ['client browser', 'browser authorization-server'],
  );
  assert.deepEqual(
    cameBack?.map(([from, to, how]) => `${from} ${to} ${how}`),
    ['authorization-server browser implied', 'browser client neutral'],
  );
  for (const answer of sections.flatMap(({ arrows }) => arrows).filter(({ kind }) => kind === 'answer')) {
    assert.equal(answer.answers?.to, answer.from);
    assert.equal(answer.durationMilliseconds, answer.event.at - Number(answer.answers?.at));
  }
});

test('an answer is judged by its status and its error: refused, redirect, unavailable', () => {
  const answered = (/** @type {object} */ details) => ({ ...signedIn.events[1], details });
  const { sections } = sequence(
    /** @type {TraceEvent[]} */ (
      [
        { status: 400, body: { error: 'invalid_scope' } },
        { status: 302 },
        { status: 503 },
        { status: 404 },
        { status: 429 },
      ].map(answered)
    ),
  );
  assert.deepEqual(
    sections.flatMap(({ arrows }) => arrows).map(({ tone }) => tone),
    ['bad', 'redirect', 'unavailable', 'bad', 'unavailable'],
  );
});

test('the scope matrix says of each scope who named it and what became of it', () => {
  const { columns, rows } = scopeMatrix({
    ...signedIn,
    plan: signedIn.session.plan,
    registration: signedIn.session.registration,
  });
  assert.deepEqual(
    columns.map(({ column }) => column),
    ['challenged', 'resource', 'catalogue', 'registered', 'requested', 'granted'],
  );
  const words = Object.fromEntries(
    rows.map(({ scope, cells }) => [scope, columns.map(({ column }) => cells[column].word).join(' ')]),
  );
  assert.deepEqual(words, {
    openid: 'yes yes yes yes yes yes',
    email: 'yes yes yes yes yes yes',
    profile: 'no yes yes yes no no',
    offline_access: 'no no yes yes yes yes',
    public_metadata: 'no no yes no no no',
    private_metadata: 'no no yes no no no',
  });
  assert.deepEqual(
    rows.filter(({ planned }) => !planned).map(({ scope }) => scope),
    ['public_metadata', 'private_metadata'],
  );
});

test('the scope matrix knows nothing before discovery, and says what is open before registration', () => {
  assert.deepEqual(scopeMatrix().rows, []);
  const [row] = scopeMatrix({ discovery: signedIn.discovery }).rows;
  assert.deepEqual([row?.scope, row?.cells.challenged.state, row?.cells.registered.state], ['openid', 'yes', 'open']);
});

test('a scope that the registration does not name is not known, a withheld one is lacking, a refused one refused', async () => {
  const planned = await planScopes({ challenge: ['read', 'write'] }, { registered: ['read'] });
  const [read, write] = scopeMatrix({ plan: planned }).rows;
  assert.deepEqual(
    [read?.cells.registered.state, write?.cells.registered.state, write?.cells.requested.state],
    ['yes', 'silent', 'no'],
  );
  const answered = {
    ...planned,
    scopes: planned.scopes.map((scope) => ({ ...scope, requested: true, registered: true, granted: false })),
  };
  assert.equal(scopeMatrix({ plan: answered }).rows[0]?.cells.granted.state, 'lacking');
  const refused = { ...planned, scopes: planned.scopes.map((scope) => ({ ...scope, refused: true })) };
  assert.equal(scopeMatrix({ plan: refused }).rows[1]?.cells.registered.state, 'refused');
  assert.equal(scopeMatrix({ plan: refused }).rows[0]?.cells.requested.state, 'refused');
  const permitted = {
    ...planned,
    scopes: planned.scopes.map((scope) => ({ ...scope, outright: /** @type {const} */ ('permitted') })),
  };
  assert.equal(scopeMatrix({ plan: permitted }).rows[1]?.cells.registered.word, 'permitted');
});

const documentedCodes = [
  ...readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^\| (`.+?`) \| (\w+) \|/gm),
].flatMap(([, codes = '', kind = '']) => [...codes.matchAll(/`(\w+)`/g)].map(([, code = '']) => ({ code, kind })));

test('every code that is documented has words of its own: what to change, and who can', () => {
  const missing = documentedCodes.filter(({ code }) => !explainedCodes.includes(code));
  assert.ok(documentedCodes.length > 90);
  assert.deepEqual(missing, []);
});

test('whose fault it is not is not sent to mend it', () => {
  const by = (/** @type {string} */ code, /** @type {string} */ kind, details = {}) =>
    failure(new AuthorizationError(/** @type {any} */ (kind), { code, message: '', details })).change.by;
  for (const { code, kind } of documentedCodes) {
    // Of what the calling code or its store does wrong, nobody at the server can mend anything.
    if (kind === 'misuse') assert.ok(['application', 'settings', 'person'].includes(by(code, kind)), code);
    if (kind === 'storage') assert.ok(['application', 'person'].includes(by(code, kind)), code);
  }
  for (const code of ['popup_blocked', 'callback_aborted', 'sign_in_cancelled', 'interaction_required'])
    assert.equal(by(code, 'transport'), 'person', code);
  assert.equal(by('cors_missing', 'transport'), 'protected-resource');
  assert.equal(by('authorization_refused', 'refused', { error: 'access_denied' }), 'person');
  assert.equal(by('authorization_refused', 'refused', { error: 'invalid_scope' }), 'authorization-server');
  assert.equal(by('device_authorization_denied', 'refused'), 'person');
});

test('a failure names the step, the party, the scopes and the setting', async () => {
  const error = new RefusedError({
    code: 'scope_not_registered',
    message: 'words',
    step: 'register',
    details: { scope: 'a b', issuer: 'https://as.example' },
  });
  const told = failure(error);
  assert.deepEqual(
    [told.stepName, told.partyName, told.scopes, told.change.by],
    ['Register', 'Authorization server', ['a', 'b'], 'authorization-server'],
  );
  assert.match(told.change.words, /optionalScopes/);
});

test('a failure of a document is at whom was asked last, and his to correct', async () => {
  const error = new MisbehavedError({ code: 'not_json', message: 'words', step: 'discover' });
  const events = signedIn.events.filter(({ step }) => step === 'discover');
  assert.deepEqual(
    [failure(error, { events: events.slice(0, 2) }).party, failure(error, { events: events.slice(0, 2) }).change.by],
    ['protected-resource', 'protected-resource'],
  );
  assert.deepEqual(
    [failure(error, { events }).party, failure(error, { events }).change.by],
    ['authorization-server', 'authorization-server'],
  );
});

test('a refused authorization without a named scope is about all that were requested', async () => {
  const error = new RefusedError({
    code: 'authorization_refused',
    message: 'words',
    step: 'callback',
    details: { error: 'access_denied' },
  });
  assert.deepEqual(failure(error, { plan: signedIn.session.plan }).scopes, ['openid', 'email', 'offline_access']);
});

test('an error that is none of ours is explained all the same, whatever it calls itself', () => {
  assert.equal(failure(new TypeError('x')).title, 'Something went wrong');
  for (const words of [
    'fetch failed',
    'Failed to fetch',
    'Load failed',
    'NetworkError when attempting to fetch resource.',
  ])
    assert.equal(failure(new TypeError(words)).code, 'network_failed');
  assert.equal(
    failure(Object.assign(new Error('x'), { code: 'constructor', kind: 'toString' })).title,
    'Something went wrong',
  );
});

test('the report has the events and the scopes, and no secret, even one that a server repeats', async () => {
  const { accessToken, refreshToken = '', idToken = '' } = signedIn.session.tokens;
  const repeated = /** @type {TraceEvent} */ ({
    ...signedIn.events[1],
    details: { status: 400, body: { error: 'x', error_description: `the token ${accessToken}` } },
  });
  const { markdown, json } = report({
    endpoint: `${world.server}?key=in-the-query`,
    ...signedIn,
    events: [...signedIn.events, repeated],
    plan: signedIn.session.plan,
    registration: signedIn.session.registration,
    secrets: [accessToken, refreshToken, idToken],
  });
  for (const text of [markdown, json]) {
    for (const secret of [
      accessToken,
      refreshToken,
      idToken,
      'in-the-query',
      String(signedIn.session.registration.registrationAccessToken),
    ])
      assert.ok(!text.includes(secret));
  }
  assert.match(markdown, /\| `openid` \| required \| yes \| yes \| yes \| yes \| yes \| yes \|/);
  assert.match(markdown, /Client → Authorization server: `POST \/token`/);
  assert.equal(JSON.parse(json).events.length, signedIn.events.length + 1);
});

test('what a server says formats nothing in the report, links nothing and mentions nobody', async () => {
  const hostile = '` ``` | <img src=x> @everyone [a](javascript:alert(1))\n# Title';
  const error = new RefusedError({
    code: 'authorization_refused',
    message: hostile,
    step: 'callback',
    details: { scope: hostile },
  });
  const planned = await planScopes({ challenge: ['read'] });
  const { markdown } = report({
    endpoint: world.server,
    failure: failure(error),
    plan: { ...planned, scopes: planned.scopes.map((scope) => ({ ...scope, scope: hostile })) },
    events: [{ ...signedIn.events[1], summary: hostile, details: { body: { error_description: hostile } } }].map(
      (event) => /** @type {TraceEvent} */ (event),
    ),
  });
  const outsideCode = markdown
    .replace(/^ *(`{3,})json\n[\s\S]*?^ *\1$/gm, '')
    .replace(/(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g, '');
  assert.doesNotMatch(outsideCode, /<img|@everyone|javascript:|^# Title/m);
});

test('what a step rejects with is what the failure is made from', async () => {
  const error = await rejectionOf(discover({ endpoint: 'ftp://mcp.example' }));
  assert.deepEqual([failure(error).code, failure(error).change.by], ['invalid_argument', 'application']);
});
