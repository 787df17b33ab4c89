import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as whole from 'mcp-oauth-wasm';
import * as node from 'mcp-oauth-wasm/node';
import * as slim from 'mcp-oauth-wasm/slim';

/** @import { PlannedScope, ScopePlan } from 'mcp-oauth-wasm' */

const { explain, planScopes } = whole;

/**
 * A plan as it is after a token answer.
 *
 * @param {ScopePlan} plan
 * @param {string[]} granted
 * @returns {ScopePlan}
 */
const granting = (plan, granted) => ({
  ...plan,
  scopes: plan.scopes.map((planned) => ({ ...planned, granted: granted.includes(planned.scope) })),
});

/** @type {PlannedScope} */
const read = {
  scope: 'read',
  sources: ['challenge'],
  required: true,
  purpose: 'request',
  requested: true,
  refused: false,
  reason: 'demanded',
};

test('a plan before registration, and after the token answer', async () => {
  const sources = {
    challenge: ['openid', 'email'],
    protectedResource: ['openid', 'email', 'profile'],
    refresh: true,
    authorizationServer: ['offline_access'],
  };
  assert.equal(
    explain(await planScopes(sources)),
    `Requested: openid email offline_access. The server has not answered yet.

scope           from                 needed    registered  requested  granted
openid          challenge, resource  required  unknown     yes        not yet
                the MCP server's challenge demands it
email           challenge, resource  required  unknown     yes        not yet
                the MCP server's challenge demands it
profile         resource             optional  unknown     no         -
                not needed now; registered for a later step-up
offline_access  refresh              optional  unknown     yes        not yet
                to stay signed in: it asks for a refresh token`,
  );
  const registered = await planScopes(sources, { registered: ['openid', 'email', 'profile', 'offline_access'] });
  const [first, , , , , profile] = explain(granting(registered, ['openid', 'email', 'offline_access']))
    .split('\n')
    .filter((line) => !line.startsWith(' '));
  assert.equal(first, 'Requested: openid email offline_access. Granted: all of it.');
  assert.match(String(profile), /^profile +resource +optional +yes +no +-$/);
});

test('what is missing, withheld, or granted unasked is said first', async () => {
  const plan = await planScopes({ challenge: ['read', 'write', 'admin'] }, { registered: ['read', 'write'] });
  const summary = (/** @type {ScopePlan} */ plan) => explain(plan).split('\n')[0];
  assert.equal(
    summary(plan),
    'Requested: read write. Required, and asked for only if the MCP server insists: admin. The server has not answered yet.',
  );
  const refused = { ...plan, scopes: plan.scopes.map((scope) => ({ ...scope, refused: scope.scope === 'admin' })) };
  assert.equal(
    summary(refused),
    'Requested: read write. Required, and refused: admin. The server has not answered yet.',
  );
  assert.equal(
    summary(granting(plan, ['read'])),
    'Requested: read write. Required, and asked for only if the MCP server insists: admin. Granted: all but write.',
  );
  assert.equal(
    summary(granting(plan, [])),
    'Requested: read write. Required, and asked for only if the MCP server insists: admin. Granted: nothing of it.',
  );
  const unasked = { ...read, scope: 'phone', required: false, requested: false, granted: true };
  assert.equal(
    summary({ version: 1, scopes: [{ ...read, granted: true }, unasked] }),
    'Requested: read. Granted: all of it. Granted without being requested: phone.',
  );
  assert.equal(
    explain(await planScopes({})),
    'Requested: no scope; the parameter is left out. The server has not answered yet.',
  );
});

test('columns stand below each other whatever the scopes are called', () => {
  const scopes = ['read', '読む', 'e\u0301crire', 'ﾖﾐ', '한글', '🔑'].map((scope) => ({ ...read, scope }));
  const [, , heading = '', ...lines] = explain({ version: 1, scopes }).split('\n');
  // The first five take 4, 4, 6, 2 and 4 columns of a terminal, the last one 2, and the widest decides.
  assert.equal(heading.indexOf('from'), 'e\u0301crire'.length - 1 + 2);
  const names = lines.filter((_, index) => index % 2 === 0).map((line) => line.slice(0, line.indexOf('challenge')));
  assert.deepEqual(names, ['read    ', '読む    ', 'e\u0301crire  ', 'ﾖﾐ      ', '한글    ', '🔑      ']);
});

test('what cannot be seen, or would do something to a terminal, is neither passed on nor left out', () => {
  const hostile = { ...read, scope: 're\u202ead\n\u001b[31m\u200b', reason: 'a\r\nb\u0000' };
  const text = explain({ version: 1, scopes: [hostile] });
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{C}\u2028\u2029]/u);
  assert.equal(text.split('\n').length, 5);
  assert.ok(text.startsWith('Requested: re\ufffdad\ufffd\ufffd[31m\ufffd. '));
});

test('it is one function of both entries, and slim does without', () => {
  assert.equal(node.explain, explain);
  assert.ok(!('explain' in slim));
});
