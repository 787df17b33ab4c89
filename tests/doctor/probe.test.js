import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import 'mcp-oauth-wasm';
import { examine, probe } from 'mcp-oauth-wasm/doctor';
import { endpoint, faultless, issuer, playing, server } from './played.js';

/** @import { Fetch } from 'mcp-oauth-wasm' */

const managed = {
  registration_client_uri: `${issuer}/register/1`,
  registration_access_token: 'the-token-of-the-registration',
};

/** @typedef {{ status: number, headers?: Record<string, string>, body?: string }} Answered */

/**
 * A server that registers everybody whom it does not refuse, and answers authorization requests as a test says.
 *
 * @param {(request: URL) => Answered} authorize
 * @param {object} [options]
 * @param {Record<string, unknown>} [options.registration] further members of the answer
 * @param {(sent: Record<string, unknown>) => Answered | undefined} [options.refuses] registrations
 * @param {Record<string, unknown>} [options.metadata] in place of its own
 * @param {AbortController} [options.ending] aborted by the first authorization request
 * @param {(isDeleted: boolean) => { status: number, body: string }} [options.token] how a refresh is answered; `isDeleted`:
 *   whether the client is
 */
async function probed(
  authorize,
  { registration = managed, refuses = () => undefined, metadata = {}, ending, token = oauthRefusal } = {},
) {
  /** @type {string[]} */
  const sent = [];
  let clients = 0;
  let isDeleted = false;
  const play = playing({ ...faultless(), ...server(metadata) }, sent);
  /** @type {Fetch} */
  const fetch = async (input, init, context) => {
    const url = new URL(String(input));
    const { method = 'GET' } = init ?? {};
    if (method === 'POST' && url.href === `${issuer}/register`) {
      sent.push(`POST ${url.href}`);
      const { status, headers, body } = refuses(JSON.parse(String(init?.body))) ?? { status: 201 };
      if (status !== 201)
        return new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
      clients += 1;
      return Response.json(
        { client_id: `client-${clients}`, ...JSON.parse(String(init?.body)), ...registration },
        { status: 201 },
      );
    }
    if (method === 'DELETE') {
      sent.push(`DELETE ${url.href}`);
      isDeleted = true;
      return new Response(null, { status: 204 });
    }
    if (method === 'POST' && url.href === `${issuer}/token`) {
      const grant = new URLSearchParams(String(init?.body)).get('grant_type');
      sent.push(`POST ${url.href} ${grant}`);
      const { status, body } = token(isDeleted);
      return new Response(body, { status });
    }
    if (url.pathname === '/authorize') {
      sent.push(`GET ${url.href}`);
      ending?.abort(new Error('enough'));
      const { status, headers, body } = authorize(url);
      return new Response(body, { status, headers });
    }
    return play(input, init, context);
  };
  const { discovery, plan } = await examine({ endpoint, webPages: false }, { fetch });
  assert.ok(discovery && plan);
  sent.length = 0;
  const probing = probe({ discovery, plan }, { fetch, signal: ending?.signal });
  return { sent, probing };
}

/** @param {boolean} isDeleted whether the client is @returns {{ status: number, body: string }} */
const oauthRefusal = (isDeleted) => ({
  status: isDeleted ? 401 : 400,
  body: JSON.stringify({ error: isDeleted ? 'invalid_client' : 'invalid_grant' }),
});

/**
 * @param {URL} request
 * @param {Record<string, string | null>} parameters
 */
function back(request, parameters) {
  const url = new URL(String(request.searchParams.get('redirect_uri')));
  for (const [name, value] of Object.entries(parameters)) if (value !== null) url.searchParams.set(name, value);
  return { status: 302, headers: { location: url.href } };
}

const signInPage = () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<form>' });

/** @param {URL} request */
const asked = (request) => (request.searchParams.get('scope') ?? '').split(' ').filter(Boolean);

/** @param {URL} request */
const withCode = (request) =>
  back(request, { code: 'the-code-of-the-server', state: request.searchParams.get('state'), iss: issuer });

/**
 * Judges scopes before it shows its sign-in page, and names all that was asked for, as Keycloak does.
 *
 * @param {...string} permitted
 */
const permitting =
  (...permitted) =>
  (/** @type {URL} */ request) =>
    asked(request).every((scope) => permitted.includes(scope))
      ? signInPage()
      : back(request, {
          error: 'invalid_scope',
          error_description: `Invalid scopes: ${asked(request).join(' ')}`,
          state: request.searchParams.get('state'),
          iss: issuer,
        });

/** @param {Awaited<ReturnType<typeof probe>>} result */
const idsOf = ({ findings }) => findings.map(({ id }) => id);

/**
 * @param {string} policy
 * @param {string} details
 */
function refusedByKeycloak(policy, details) {
  return {
    status: 403,
    body: JSON.stringify({
      error: 'insufficient_scope',
      error_description: `Policy '${policy}' rejected request to client-registration service. Details: ${details}`,
    }),
  };
}

describe('a probe', () => {
  test('finds nothing at a server that accepts both clients', async () => {
    const { probing, sent } = await probed(withCode);
    const { findings, careless, ours, clients } = await probing;
    assert.deepEqual(findings, []);
    assert.deepEqual([careless.answer, ours.answer], ['accepted', 'accepted']);
    assert.deepEqual(clients, [
      { clientId: 'client-1', deleted: true },
      { clientId: 'client-2', deleted: true },
    ]);
    assert.equal(sent.filter((request) => request.startsWith(`POST ${issuer}/register`)).length, 2);
  });

  test('[refuses interop 73] finds a token endpoint that does not say in known words that a refresh token is dead', async () => {
    for (const [status, body] of /** @type {const} */ ([
      [401, '["expired"]'],
      [400, '{"message":"no"}'],
      [400, ''],
      [403, '<h1>Forbidden</h1>'],
      [422, '{"error":"invalid_grant"}'],
      [200, '<p>Sign in'],
      [500, '{"error":"server_error"}'],
    ])) {
      const { probing } = await probed(withCode, {
        token: (isDeleted) => (isDeleted ? oauthRefusal(true) : { status, body }),
      });
      const { findings } = await probing;
      assert.deepEqual(
        findings.map(({ id, found }) => [id, found.startsWith(`${status} `)]),
        [['refused-refresh-not-told', true]],
      );
    }
  });

  test('[refuses interop 80] finds a token endpoint that does not say that a client is not known any more', async () => {
    for (const answer of [
      { status: 400, body: '{"error":"invalid_grant"}' },
      { status: 422, body: '{"message":"no"}' },
      { status: 404, body: '<h1>Unknown client</h1>' },
    ]) {
      const { probing } = await probed(withCode, { token: (isDeleted) => (isDeleted ? answer : oauthRefusal(false)) });
      assert.deepEqual(idsOf(await probing), ['deleted-client-not-told']);
    }
  });

  test('[refuses interop 66] finds a server that refuses `resource`, and names the setting', async () => {
    for (const [error, error_description] of /** @type {const} */ ([
      ['invalid_target', null],
      ['invalid_request', 'unknown resource https://mcp.example.com/mcp'],
    ])) {
      const { probing } = await probed((request) =>
        request.searchParams.has('resource')
          ? back(request, { error, error_description, state: request.searchParams.get('state'), iss: issuer })
          : withCode(request),
      );
      const [finding] = (await probing).findings;
      assert.deepEqual(
        [finding?.id, finding?.severity, finding?.setting],
        ['resource-refused', 'error', 'omitResource'],
      );
    }
  });

  test('says so where a refusal does not carry the state of its request', async () => {
    const { probing } = await probed((request) => back(request, { error: 'access_denied', iss: issuer }));
    assert.ok((await probing).findings.some(({ id }) => id === 'state-not-returned'));
    const right = await probed((request) =>
      back(request, { error: 'access_denied', iss: issuer, state: request.searchParams.get('state') }),
    );
    assert.ok(!(await right.probing).findings.some(({ id }) => id === 'state-not-returned'));
  });

  test('trades no code, and repeats none', async () => {
    const { probing, sent } = await probed(withCode);
    const result = await probing;
    assert.equal(result.ours.answer, 'accepted');
    assert.deepEqual(
      sent.filter((request) => request.includes('/token')),
      [`POST ${issuer}/token refresh_token`, `POST ${issuer}/token refresh_token`],
    );
    assert.doesNotMatch(JSON.stringify(result), /the-code-of-the-server|the-token-of-the-registration/);
  });

  test('follows no redirect', async () => {
    const { probing, sent } = await probed(() => ({
      status: 302,
      headers: { location: 'https://elsewhere.example/login' },
    }));
    assert.equal((await probing).ours.answer, 'sign-in');
    assert.deepEqual(
      sent.filter((request) => request.includes('elsewhere')),
      [],
    );
  });

  test('deletes nothing at another origin, and says what is to be deleted by hand', async () => {
    const { probing, sent } = await probed(signInPage, {
      registration: { ...managed, registration_client_uri: 'https://elsewhere.example/1' },
    });
    const { findings, clients } = await probing;
    assert.deepEqual(
      sent.filter((request) => request.startsWith('DELETE')),
      [],
    );
    assert.deepEqual(
      clients.map(({ deleted }) => deleted),
      [false, false],
    );
    assert.match(String(findings.find(({ id }) => id === 'clients-cannot-be-deleted')?.found), /client-1, client-2/);
  });

  test('that is ended leaves no client behind', async () => {
    const { probing, sent } = await probed(signInPage, { ending: new AbortController() });
    await assert.rejects(probing, /enough/);
    assert.equal(
      sent.filter((request) => request.startsWith('DELETE')).length,
      sent.filter((request) => request.startsWith(`POST ${issuer}/register`)).length,
    );
  });

  test("repeats a page's words without its markup, cut", async () => {
    const { probing } = await probed(() => ({
      status: 400,
      headers: { 'content-type': 'text/html' },
      body: `<script>alert(1)</script><p>Unknown\u001b[31m scope</p>${'x'.repeat(5000)}`,
    }));
    const { ours } = await probing;
    assert.equal(ours.byRedirect, false);
    assert.match(String(ours.serverAnswer), /^400 Unknown \[31m scope x+$/);
    assert.ok(String(ours.serverAnswer).length < 250);
  });
});

describe('a sign-in page', () => {
  test('[refuses interop 95] is not taken for consent to the scopes where the server shows it to whatever is requested', async () => {
    const { probing } = await probed(signInPage);
    const { findings, careless, ours } = await probing;
    assert.deepEqual([careless.answer, ours.answer], ['sign-in', 'sign-in']);
    assert.deepEqual(
      findings.map(({ id }) => id),
      ['sign-in-before-scopes'],
    );
    assert.deepEqual(findings[0]?.scopes, ['read'], 'what the client without scope requests, and no answer names');
    assert.match(
      String(findings[0]?.found),
      /registered without `scope`, its answer does not name read; registered by the plan, its answer names all/,
    );
  });

  test('says that the request was accepted where the server refuses scopes that nobody registered before it', async () => {
    const { probing } = await probed(permitting('read', 'offline_access'));
    const { findings, careless, ours } = await probing;
    assert.deepEqual([careless.answer, ours.answer], ['accepted', 'accepted']);
    assert.deepEqual(findings, []);
  });

  test('leaves open what the registration does not name', async () => {
    const { probing } = await probed(signInPage, { registration: { ...managed, scope: 'write' } });
    const result = await probing;
    assert.deepEqual(result.ours.notKnown, ['read', 'offline_access']);
    assert.deepEqual(
      idsOf(result).filter((id) => id !== 'registration-narrows'),
      ['sign-in-before-scopes'],
    );
  });
});

describe('a registration that is silent about a scope', () => {
  const silent = { registration: { ...managed, scope: 'write offline_access' } };

  test('does not lock out who asks for it outright, where it is permitted', async () => {
    const { probing, sent } = await probed(permitting('read', 'write', 'offline_access'), silent);
    const result = await probing;
    const { careless, ours, findings } = result;
    assert.deepEqual([careless.answer, ours.answer], ['accepted', 'accepted']);
    assert.deepEqual(ours.permitted, ['read']);
    assert.deepEqual(idsOf(result), ['permitted-scope-not-named']);
    assert.deepEqual(findings[0]?.scopes, ['read']);
    const requests = sent
      .filter((request) => request.includes('client_id=client-2'))
      .map((request) => asked(new URL(request.slice(4))));
    assert.ok(!requests[0]?.includes('read'), 'the first request is what the answer names');
  });

  test('locks out who needs it where it is refused, and only what is refused is named', async () => {
    const { probing } = await probed(permitting('write'), { registration: { ...managed, scope: 'write' } });
    const { ours, findings } = await probing;
    assert.deepEqual(ours.notPermitted, ['read', 'offline_access']);
    const finding = findings.find(({ id }) => id === 'demanded-scope-not-registered');
    assert.deepEqual(finding?.scopes, ['read'], 'it is all that the MCP server demands');
    assert.match(String(finding?.found), /asked for outright: 302 error=invalid_scope/);
  });

  test('is found out scope by scope where the server does not say which of them it refuses', async () => {
    const { probing } = await probed(permitting('read'), { registration: { ...managed, scope: 'other' } });
    const result = await probing;
    assert.deepEqual([result.ours.permitted, result.ours.notPermitted], [['read'], ['write', 'offline_access']]);
    assert.ok(!idsOf(result).includes('demanded-scope-not-registered'));
    assert.deepEqual(result.findings.find(({ id }) => id === 'registration-narrows')?.scopes, [
      'write',
      'offline_access',
    ]);
  });

  test('is no end where a request without scope is refused, and one for it accepted', async () => {
    const needing = (/** @type {URL} */ request) =>
      asked(request).includes('read')
        ? withCode(request)
        : back(request, { error: 'invalid_request', state: request.searchParams.get('state'), iss: issuer });
    const { ours, findings } = await (await probed(needing, { registration: { ...managed, scope: 'other' } })).probing;
    assert.equal(ours.answer, 'accepted');
    assert.ok(!findings.some(({ id }) => id === 'sign-in-refused'));
    const never = await (
      await probed(
        (request) => back(request, { error: 'invalid_request', state: request.searchParams.get('state'), iss: issuer }),
        { registration: { ...managed, scope: 'other' } },
      )
    ).probing;
    assert.ok(never.findings.some(({ id }) => id === 'sign-in-refused'));
  });
});

describe('a refused registration', () => {
  const where =
    /Keycloak: Admin console → Clients → Client registration → Client registration policies \(anonymous access\)/;

  test('names every policy that refused it, and where its operator changes it', async () => {
    const refuses = (/** @type {Record<string, unknown>} */ { scope }) =>
      scope === undefined
        ? refusedByKeycloak('Trusted Hosts', 'Host not trusted.')
        : refusedByKeycloak('Allowed Client Scopes', 'Not permitted to use specified clientScope');
    const { findings } = await (await probed(withCode, { refuses })).probing;
    assert.deepEqual(
      findings.map(({ id }) => id),
      ['registration-refused'],
    );
    assert.match(String(findings[0]?.change), /Policy "Allowed Client Scopes": .*Policy "Trusted Hosts": /);
    assert.match(String(findings[0]?.change), where);
    assert.match(
      String(findings[0]?.found),
      /^sent "read write offline_access", "read": 403 .*Allowed Client Scopes.*; sent no `scope`: 403 .*Host not trusted/,
    );
  });

  test('of a scope is told also where the client is registered in the end', async () => {
    const refuses = (/** @type {Record<string, unknown>} */ { scope }) =>
      scope === undefined
        ? undefined
        : refusedByKeycloak('Allowed Client Scopes', 'Not permitted to use specified clientScope');
    const { findings, ours } = await (await probed(withCode, { refuses })).probing;
    assert.equal(ours.registered, true);
    const finding = findings.find(({ id }) => id === 'registration-refuses-scopes');
    assert.match(String(finding?.change), where);
    assert.equal(finding?.severity, 'warning');
  });

  test('without `scope` names the policy too', async () => {
    const refuses = (/** @type {Record<string, unknown>} */ { scope }) =>
      scope === undefined ? refusedByKeycloak('A policy of their own', 'Send a scope.') : undefined;
    const { findings } = await (await probed(withCode, { refuses })).probing;
    assert.match(
      String(findings.find(({ id }) => id === 'registration-needs-scope')?.change),
      /^Policy "A policy of their own": permit there what the words name\. Where: Keycloak/,
    );
  });

  for (const [words, answer, change] of /** @type {[string, Answered, RegExp][]} */ ([
    ['that wants a token', { status: 401, body: '{"error":"invalid_token"}' }, /initial access token/],
    ['that redirects to a login page', { status: 302, headers: { location: '/login' } }, /signed-in operator/],
    [
      'of Hydra',
      { status: 404, body: '{"error":"not_found","error_description":"Dynamic registration is not enabled."}' },
      /Ory Hydra/,
    ],
    [
      'in words that nobody knows',
      { status: 400, body: '{"error":"invalid_client_metadata","error_description":"Policy of the house"}' },
      /^Accept public clients with a loopback/,
    ],
  ])) {
    test(`${words} is told as what it is`, async () => {
      const { findings } = await (await probed(withCode, { refuses: () => answer })).probing;
      assert.match(String(findings.find(({ id }) => id === 'registration-refused')?.change), change);
    });
  }
});

describe('public clients', () => {
  const metadata = { token_endpoint_auth_methods_supported: ['client_secret_basic'] };

  test('that are registered, and not listed, are told as that', async () => {
    const ids = idsOf(
      await (await probed(withCode, { metadata, registration: { ...managed, token_endpoint_auth_method: 'none' } }))
        .probing,
    );
    assert.deepEqual(ids, ['public-clients-not-listed']);
  });

  test('are told not to exist only where one was given a secret', async () => {
    const ids = idsOf(
      await (
        await probed(withCode, {
          metadata,
          registration: {
            ...managed,
            client_secret: 'the-secret-of-the-client',
            token_endpoint_auth_method: 'client_secret_basic',
          },
        })
      ).probing,
    );
    assert.deepEqual(ids, ['secret-required']);
  });
});
