// Text of servers that is made for the eyes of people, for the terminal of whoever reads logs, and for headers.

import assert from 'node:assert/strict';
import { AuthorizationError, readChallenge } from 'mcp-oauth-wasm';
import { attacksIn } from './attack.js';
import { callTool, onePlace, rejectionOf, startHonestWorld } from './parties.js';

/** @import { TestContext } from 'node:test' */
/** @import { Answer } from './internet.js' */

const attack = attacksIn(import.meta.filename);

/** Every text in plain data, names of members included. @param {any} told @returns {string[]} */
function texts(told) {
  if (typeof told === 'string') return [told];
  return typeof told === 'object' && told !== null
    ? Object.entries(told).flatMap(([name, value]) => [name, ...texts(value)])
    : [];
}

/**
 * What people and logs get to see of servers that say this wherever they can: errors, and events of the trace.
 *
 * @param {TestContext} context
 * @param {string} words
 */
async function shownOf(context, words) {
  /** @type {unknown[]} */
  const shown = [];
  const trace = (/** @type {unknown} */ event) => void shown.push(event);
  const note = (/** @type {any} */ error) => {
    assert.ok(error instanceof AuthorizationError, String(error));
    shown.push(error.message, error.details);
  };
  const refusal = { error: 'invalid_request', error_description: words, error_uri: words, [words]: words };
  const said = { client_name: words, scope: words, token_type: words, issuer: words, resource_name: [words] };
  /** @type {Answer[]} */
  const refusals = [
    { status: 400, body: refusal },
    { status: 200, body: { ...refusal, ...said } },
    {
      status: 400,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `${new URLSearchParams(/** @type {any} */ (refusal))}`,
    },
    { status: 403, headers: { 'content-type': 'text/plain' }, body: words },
  ];
  for (const path of ['/register', '/token']) {
    for (const answer of refusals) {
      const { person, protectedResource, authorizationServer } = await startHonestWorld(context, { person: { trace } });
      authorizationServer.routes[path] = () => answer;
      note(await rejectionOf(person.start().connection(protectedResource.endpoint).signIn()));
    }
  }
  const { person, protectedResource, authorizationServer } = await startHonestWorld(context, {
    authorizationServer: {
      registered: { client_id: `client ${words}` },
      metadata: { op_policy_uri: words, [words]: words, scopes_supported: [words] },
    },
    protectedResource: { metadata: { resource_name: words } },
    person: { trace, handsOver: onePlace },
  });
  person.callbackOf = async (url) => {
    const { searchParams } = new URL(url);
    return authorizationServer.respond(searchParams, { error: words, error_description: words, error_uri: words });
  };
  note(await rejectionOf(person.start().connection(protectedResource.endpoint).signIn()));
  shown.push(
    await readChallenge(
      `Bearer error="x${words.replaceAll('"', '')}", error_description="${words.replaceAll('"', '')}"`,
    ),
  );
  assert.ok(
    texts(shown).some((text) => text.includes('Allowed')),
    'the words are not there at all',
  );
  return texts(shown);
}

attack(
  'line breaks and commands to the terminal in the words of a server, for whoever reads the log',
  async (context) => {
    const words =
      'Allowed\r\n2026-01-01 INFO signed in as admin\n\u001b[2K\u001b[31m\u0007\b\u0085\u009b2J\u0000\u007f';
    for (const text of await shownOf(context, words)) assert.doesNotMatch(text, /\p{Cc}/u);
  },
);

attack('what turns or hides other text in the words of a server', async (context) => {
  const words =
    'Allowed \u202egnihtyna ta\u2069 \u2066\u200b\u200f\ufeff\u00ad\u2028\u2029\u061c\u180e\u2060\ufff9\u{e0041}\u{e007f}';
  for (const text of await shownOf(context, words)) assert.doesNotMatch(text, /[\p{Cf}\p{Zl}\p{Zp}]/u);
});

attack('words without end, for the log', async (context) => {
  for (const text of await shownOf(context, `Allowed ${'no '.repeat(20_000)}`))
    assert.ok(text.length < 12_000, `${text.length} characters`);
});

attack('halves of characters, which are one thing to one parser and another to the next', async (context) => {
  for (const half of ['\\ud800', '\\udfff\\ud800', '\\ud83d\\u0041']) {
    const { person, protectedResource } = await startHonestWorld(context);
    protectedResource.routes[protectedResource.metadataPath] = () => ({
      headers: { 'content-type': 'application/json' },
      body: `{"resource":"${protectedResource.endpoint}","authorization_servers":["https://login.example"],"resource_name":"${half}"}`,
    });
    const error = await rejectionOf(
      callTool(person.start().fetch(protectedResource.endpoint, { interaction: true }), protectedResource.endpoint),
    );
    assert.equal(error.code, 'not_json', half);
  }
});

const injections = ['a\r\nX-Injected: 1', 'a\nb', 'a b', 'a\u0000', 'a\u007f', 'a\u00e9', 'a\ud83d\ude00', 'a\u2028b'];
attack('[refuses T2] an access token that would end its header and begin another', async (context) => {
  for (const accessToken of injections) {
    const { person, protectedResource } = await startHonestWorld(context, {
      authorizationServer: { tokens: { access_token: accessToken } },
    });
    const connection = person.start().connection(protectedResource.endpoint);
    const error = await rejectionOf(connection.signIn());
    assert.equal(error.code, 'invalid_token');
    assert.equal(await connection.session(), null);
  }
});

attack(
  'a registration access token that would end its header, or be told by the error that it causes',
  async (context) => {
    for (const token of injections) {
      const registered = {
        registration_client_uri: 'https://login.example/register/1',
        registration_access_token: `secret-${token}`,
      };
      const { person, protectedResource } = await startHonestWorld(context, { authorizationServer: { registered } });
      await person.start().connection(protectedResource.endpoint).signIn();
      const wider = person.start({ settings: () => ({ scopes: ['wider'] }) });
      await wider.connection(protectedResource.endpoint).signIn();
    }
  },
);
