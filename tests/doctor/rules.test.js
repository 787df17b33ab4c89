import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import 'mcp-oauth-wasm';
import { examine, findingsOf, rules } from 'mcp-oauth-wasm/doctor';
import { cases } from './cases.js';
import {
  endpoint,
  faultless,
  issuer,
  openidConfigurationUrl,
  playing,
  refusal,
  resource,
  resourceMetadataUrl,
  server,
} from './played.js';

/** @import { Answers } from './played.js' */
/** @import { Case } from './cases.js' */

/** Of every server at which clients register, for that is what doctor cannot see: whether it keeps what is not sent. */
const always = 'scope-to-be-registered';

/** @param {Case} how */
function examined({ answers, endpoint: called = endpoint, settings }) {
  return examine(
    { endpoint: called, settings, client: { clientName: 'the tests' } },
    { fetch: playing({ ...faultless(), ...answers }) },
  );
}

/** @param {Answers} answers */
async function idsAt(answers) {
  return (await examined({ answers })).findings.map(({ id }) => id);
}

describe('findings', () => {
  for (const [id, servers] of Object.entries(cases)) {
    for (const [at, how] of servers.entries()) {
      test(`${id} is found where it is so${servers.length > 1 ? ` (${at + 1})` : ''}`, async () => {
        const { findings } = await examined(how);
        const finding = findings.find((other) => other.id === id);
        assert.ok(finding, `found instead: ${findings.map((other) => other.id)}`);
        assert.ok(finding.found.length > 0);
        assert.deepEqual(
          Object.entries(finding).filter(([, value]) => value === '' || value === undefined),
          [],
        );
        assert.equal('look' in finding, false, 'a finding is data');
      });
    }
  }

  test('of a faultless server there is none but the question that only registering answers', async () => {
    assert.deepEqual(await idsAt({}), [always]);
  });

  test('where nothing is requested or nobody registers, that question is not raised', async () => {
    const nothing = {
      [`POST ${endpoint}`]: refusal(`Bearer resource_metadata="${resourceMetadataUrl}"`),
      ...resource({ scopes_supported: undefined }),
    };
    assert.ok(!(await idsAt({ ...nothing, ...server({ scopes_supported: ['other'] }) })).includes(always));
    assert.ok(!(await idsAt(server({ registration_endpoint: undefined }))).includes(always));
  });

  test('every rule has a server at which it finds something', () => {
    assert.deepEqual(
      rules
        .map(({ id }) => id)
        .filter((id) => id !== always)
        .sort(),
      Object.keys(cases).sort(),
    );
    assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length);
  });

  test('one mistake does not hide the next', async () => {
    const ids = await idsAt({
      ...resource({ resource: 'https://mcp.example.com/other' }),
      ...server({ issuer: 'https://other.example', code_challenge_methods_supported: undefined }),
    });
    assert.deepEqual(ids.slice(0, 3), ['resource-mismatch', 'issuer-mismatch', 'no-s256']);
  });

  test('the worst come first', async () => {
    const { findings } = await examined({
      answers: server({
        code_challenge_methods_supported: undefined,
        revocation_endpoint: undefined,
        require_pushed_authorization_requests: true,
      }),
    });
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      ['error', 'warning', 'advice', 'advice'],
    );
  });

  test('what a server says is cut, and made fit to be shown', async () => {
    const words = `\u202e\u009b31m${'x'.repeat(5000)}`;
    const { findings, exchanges } = await examined({
      answers: {
        ...resource({ resource: `https://other.example/${words}` }),
        [`GET ${openidConfigurationUrl}`]: { text: words },
      },
    });
    const shown = [...findings.map(({ found }) => found), ...exchanges.map(({ body = '' }) => body)].join('');
    assert.ok(shown.includes('xxx') && findings.every(({ found }) => found.length < 500));
    assert.doesNotMatch(shown, /[\u009b\u202e]/);
  });

  test('evidence can be judged elsewhere, and again', async () => {
    const { findings, ...evidence } = await examined({ answers: {} });
    assert.deepEqual(findingsOf(JSON.parse(JSON.stringify(evidence))), findings);
  });
});

describe('an examination', () => {
  test('registers nothing, and says what a registration would send', async () => {
    /** @type {string[]} */
    const sent = [];
    const { registrationRequest, plan } = await examine(
      { endpoint, client: { clientName: 'the tests' } },
      { fetch: playing(faultless(), sent) },
    );
    assert.equal(registrationRequest?.scope, 'read write offline_access');
    assert.equal(registrationRequest.client_name, 'the tests');
    assert.deepEqual(
      plan?.scopes.filter(({ requested }) => requested).map(({ scope }) => scope),
      ['read', 'offline_access'],
    );
    assert.deepEqual(
      sent.filter((request) => request.startsWith('POST')),
      [`POST ${endpoint}`],
    );
  });

  test('sends nobody to an address of a private network', async () => {
    /** @type {string[]} */
    const sent = [];
    await examine(
      { endpoint },
      { fetch: playing({ ...faultless(), ...resource({ authorization_servers: ['https://10.0.0.1'] }) }, sent) },
    );
    assert.deepEqual(
      sent.filter((request) => request.includes('10.0.0.1')),
      [],
    );
  });

  test('does not look at what web pages may do where that is not wanted', async () => {
    /** @type {string[]} */
    const sent = [];
    await examine({ endpoint, webPages: false }, { fetch: playing(faultless(), sent) });
    assert.deepEqual(
      sent.filter((request) => request.startsWith('OPTIONS')),
      [],
    );
  });

  test('ends when it is told to', async () => {
    const ending = new AbortController();
    const fetch = playing(faultless());
    const examining = examine(
      { endpoint },
      {
        signal: ending.signal,
        fetch: (input, init, context) => {
          if (String(input).startsWith(issuer)) ending.abort(new Error('enough'));
          return fetch(input, init, context);
        },
      },
    );
    await assert.rejects(examining, /enough/);
  });

  test('of what is no URL is refused', () =>
    assert.rejects(examine({ endpoint: 'nonsense' }), { code: 'invalid_argument' }));
});
