import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import 'mcp-oauth-wasm';
import { examine, probe } from 'mcp-oauth-wasm/doctor';
import { endpoint, faultless, issuer, playing } from './played.js';

/** @import { Fetch } from 'mcp-oauth-wasm' */

const managed = { registration_client_uri: `${issuer}/register/1`, registration_access_token: 'the-token-of-the-registration' };

/**
 * A server that registers everybody, and answers authorization requests as a test says.
 *
 * @param {(request: URL) => { status: number, headers?: Record<string, string>, body?: string }} authorize
 * @param {object} [options]
 * @param {Record<string, unknown>} [options.registration] further members of the answer
 * @param {AbortController} [options.ending] aborted by the first authorization request
 */
async function probed(authorize, { registration = managed, ending } = {}) {
  /** @type {string[]} */
  const sent = [];
  let clients = 0;
  const play = playing(faultless(), sent);
  /** @type {Fetch} */
  const fetch = async (input, init, context) => {
    const url = new URL(String(input));
    const { method = 'GET' } = init ?? {};
    if (method === 'POST' && url.href === `${issuer}/register`) {
      sent.push(`POST ${url.href}`);
      clients += 1;
      return Response.json({ client_id: `client-${clients}`, ...JSON.parse(String(init?.body)), ...registration }, { status: 201 });
    }
    if (method === 'DELETE') {
      sent.push(`DELETE ${url.href}`);
      return new Response(null, { status: 204 });
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

describe('a probe', () => {
  test('finds nothing at a server that accepts both clients', async () => {
    const { probing, sent } = await probed(signInPage);
    const { findings, careless, ours, clients } = await probing;
    assert.deepEqual(findings, []);
    assert.deepEqual([careless.answer, ours.answer], ['accepted', 'accepted']);
    assert.deepEqual(clients, [{ clientId: 'client-1', deleted: true }, { clientId: 'client-2', deleted: true }]);
    assert.equal(sent.filter((request) => request.startsWith('POST')).length, 2);
  });

  test('says so where a refusal does not carry the state of its request', async () => {
    const { probing } = await probed((request) => back(request, { error: 'access_denied', iss: issuer }));
    assert.ok((await probing).findings.some(({ id }) => id === 'state-not-returned'));
    const right = await probed((request) => back(request, { error: 'access_denied', iss: issuer, state: request.searchParams.get('state') }));
    assert.ok(!(await right.probing).findings.some(({ id }) => id === 'state-not-returned'));
  });

  test('trades no code, and repeats none', async () => {
    const { probing, sent } = await probed((request) => back(request, { code: 'the-code-of-the-server', state: request.searchParams.get('state'), iss: issuer }));
    const result = await probing;
    assert.equal(result.ours.answer, 'accepted');
    assert.deepEqual(sent.filter((request) => request.includes('/token')), []);
    assert.doesNotMatch(JSON.stringify(result), /the-code-of-the-server|the-token-of-the-registration/);
  });

  test('follows no redirect', async () => {
    const { probing, sent } = await probed(() => ({ status: 302, headers: { location: 'https://elsewhere.example/login' } }));
    assert.equal((await probing).ours.answer, 'accepted');
    assert.deepEqual(sent.filter((request) => request.includes('elsewhere')), []);
  });

  test('deletes nothing at another origin, and says what is to be deleted by hand', async () => {
    const { probing, sent } = await probed(signInPage, { registration: { ...managed, registration_client_uri: 'https://elsewhere.example/1' } });
    const { findings, clients } = await probing;
    assert.deepEqual(sent.filter((request) => request.startsWith('DELETE')), []);
    assert.deepEqual(clients.map(({ deleted }) => deleted), [false, false]);
    assert.match(String(findings.find(({ id }) => id === 'clients-cannot-be-deleted')?.found), /client-1, client-2/);
  });

  test('that is ended leaves no client behind', async () => {
    const { probing, sent } = await probed(signInPage, { ending: new AbortController() });
    await assert.rejects(probing, /enough/);
    assert.equal(sent.filter((request) => request.startsWith('DELETE')).length, sent.filter((request) => request.startsWith('POST')).length);
  });

  test('repeats a page\'s words without its markup, cut', async () => {
    const { probing } = await probed(() => ({ status: 400, headers: { 'content-type': 'text/html' }, body: `<script>alert(1)</script><p>Unknown\u001b[31m scope</p>${'x'.repeat(5000)}` }));
    const { ours } = await probing;
    assert.equal(ours.byRedirect, false);
    assert.match(String(ours.serverAnswer), /^400 Unknown \[31m scope x+$/);
    assert.ok(String(ours.serverAnswer).length < 250);
  });
});
