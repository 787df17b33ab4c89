import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt, EmbeddedJWK, jwtVerify } from 'jose';

import { createDpop } from 'mcp-oauth-wasm/dpop';
import { fetchWithProofs, proofHeaders, rememberNonce } from '../../js/extensions/dpop_fetch.js';

const tokenEndpoint = 'https://as.example/token';

const refusal = (/** @type {string} */ error, /** @type {string} */ nonce, status = 400) =>
  new Response(JSON.stringify({ error }), { status, headers: { 'dpop-nonce': nonce } });

const form = (body = 'grant_type=authorization_code&code=1') => ({
  method: 'POST',
  headers: new Headers({ 'content-type': 'application/x-www-form-urlencoded', authorization: 'Basic eA==' }),
  body,
});

/**
 * A network of canned answers, and what was sent to it.
 *
 * @param {(() => Response)[]} answers
 */
function network(...answers) {
  /** @type {{ url: string, method: string, headers: Headers, body: unknown, redirect: unknown, signal: unknown }[]} */
  const sent = [];
  return {
    sent,
    /** @param {number} index */
    proof: (index) => decodeJwt(String(sent[index]?.headers.get('dpop'))),
    /** @type {(url: string, init?: RequestInit) => Promise<Response>} */
    async fetch(url, init = {}) {
      const { method = 'GET', headers, body, redirect, signal } = init;
      sent.push({ url, method, headers: new Headers(headers), body, redirect, signal });
      return (answers[sent.length - 1] ?? (() => new Response('{}')))();
    },
  };
}

test('[accepts T7] every form carries a fresh proof; what else was said stays as it was', async () => {
  const { fetch, sent, proof } = network();
  const signed = fetchWithProofs(fetch, createDpop());
  const { signal } = new AbortController();
  await signed(tokenEndpoint, { ...form(), redirect: 'manual', signal });
  await signed('https://as.example/par?tenant=1', form('client_id=1'));
  assert.equal(sent.length, 2);
  assert.deepEqual(
    [sent[0]?.body, sent[0]?.redirect, sent[0]?.signal, sent[0]?.headers.get('authorization')],
    [form().body, 'manual', signal, 'Basic eA=='],
  );
  for (const [index, htu] of [tokenEndpoint, 'https://as.example/par'].entries()) {
    const { payload } = await jwtVerify(String(sent[index]?.headers.get('dpop')), EmbeddedJWK, { typ: 'dpop+jwt' });
    assert.deepEqual([payload.htm, payload.htu, payload.nonce, payload.ath], ['POST', htu, undefined, undefined]);
  }
  assert.notEqual(proof(0).jti, proof(1).jti);
});

test('[refuses T7] other requests carry none: metadata, registration, deletion', async () => {
  const { fetch, sent } = network();
  const signed = fetchWithProofs(fetch, createDpop());
  await signed('https://as.example/.well-known/oauth-authorization-server');
  await signed('https://as.example/reg', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  await signed('https://as.example/reg/1', { method: 'DELETE', headers: new Headers({ authorization: 'Bearer x' }) });
  assert.deepEqual(
    sent.map(({ headers }) => headers.get('dpop')),
    [null, null, null],
  );
});

test('[accepts T7] a request that lacked a nonce is sent once more with it, and later ones have it at once (RFC 9449 §8)', async () => {
  const { fetch, sent, proof } = network(
    () => refusal('use_dpop_nonce', 'one'),
    () => new Response('{"access_token":"a"}'),
  );
  const signed = fetchWithProofs(fetch, createDpop());
  assert.deepEqual(await (await signed(tokenEndpoint, form())).json(), { access_token: 'a' });
  assert.equal(sent.length, 2);
  assert.deepEqual([proof(0).nonce, proof(1).nonce], [undefined, 'one']);
  assert.notEqual(proof(0).jti, proof(1).jti);
  assert.equal(sent[1]?.body, form().body);
  await signed('https://as.example/par', form());
  assert.equal(proof(2).nonce, 'one');
});

test('[refuses T7] a server that is never content with a nonce is asked twice, not for ever', async () => {
  const { fetch, sent } = network(
    () => refusal('use_dpop_nonce', 'one'),
    () => refusal('use_dpop_nonce', 'two'),
  );
  const response = await fetchWithProofs(fetch, createDpop())(tokenEndpoint, form());
  assert.equal(sent.length, 2);
  assert.deepEqual([response.status, await response.json()], [400, { error: 'use_dpop_nonce' }]);
});

test('every answer may bring the next nonce, and an origin has its own (RFC 9449 §8.2)', async () => {
  const { fetch, proof } = network(
    () => new Response('{}', { headers: { 'dpop-nonce': 'one' } }),
    () => refusal('invalid_grant', 'two'),
    () => refusal('use_dpop_nonce', 'three'),
    () => new Response('{}', { headers: { 'dpop-nonce': 'four' } }),
  );
  const dpop = createDpop();
  const signed = fetchWithProofs(fetch, dpop);
  for (const url of [tokenEndpoint, tokenEndpoint, tokenEndpoint, 'https://as.example:8443/token', tokenEndpoint])
    await signed(url, form());
  assert.deepEqual(
    [0, 1, 2, 3, 4, 5].map((index) => proof(index).nonce),
    [undefined, 'one', 'two', 'three', undefined, 'four'],
  );
  const other = network();
  await fetchWithProofs(other.fetch, createDpop())(tokenEndpoint, form());
  assert.equal(other.proof(0).nonce, undefined, 'another key knows nothing of them');
  const same = network();
  await fetchWithProofs(same.fetch, dpop)(tokenEndpoint, form());
  assert.equal(same.proof(0).nonce, 'four', 'the same key does, wherever it is used');
});

test('[accepts T7] an answer that is no Response, as a fetch of another process gives: sent once more with the nonce as well', async () => {
  const plain = (/** @type {Response} */ { status, headers, url, body }) =>
    /** @type {Response} */ (/** @type {unknown} */ ({ status, headers, url, body }));
  const { fetch, sent, proof } = network(
    () => plain(refusal('use_dpop_nonce', 'one')),
    () => plain(Response.json({ access_token: 'at' })),
  );
  assert.equal((await fetchWithProofs(fetch, createDpop())(tokenEndpoint, form())).status, 200);
  assert.deepEqual([sent.length, proof(1).nonce], [2, 'one']);
});

test('[refuses T7] a refusal for any other reason is not answered by sending a code again, and is passed on whole', async () => {
  /** @type {[string, () => Response][]} */
  const answers = [
    ['another error', () => refusal('invalid_grant', 'one')],
    ['an error of the server', () => refusal('use_dpop_nonce', 'one', 500)],
    ['success', () => refusal('use_dpop_nonce', 'one', 200)],
    ['no nonce', () => new Response('{"error":"use_dpop_nonce"}', { status: 400 })],
    ['a nonce that could not stand in a proof', () => refusal('use_dpop_nonce', 'a"b')],
    ['a page', () => new Response('<p>use_dpop_nonce</p>', { status: 400, headers: { 'dpop-nonce': 'one' } })],
    ['nothing', () => new Response(null, { status: 400, headers: { 'dpop-nonce': 'one' } })],
    ['null', () => new Response('null', { status: 400, headers: { 'dpop-nonce': 'one' } })],
    ['text', () => new Response('"use_dpop_nonce"', { status: 400, headers: { 'dpop-nonce': 'one' } })],
  ];
  for (const [name, answer] of answers) {
    const { fetch, sent } = network(answer);
    const response = await fetchWithProofs(fetch, createDpop())(tokenEndpoint, form());
    assert.equal(sent.length, 1, name);
    assert.equal(await new Response(response.body).text(), await answer().text(), name);
  }
});

test('a refusal by 401 counts as well, for there are such servers', async () => {
  const { fetch, sent } = network(() => refusal('use_dpop_nonce', 'one', 401));
  await fetchWithProofs(fetch, createDpop())(tokenEndpoint, form());
  assert.equal(sent.length, 2);
});

test('of an endless refusal no more is read than a refusal has, and the reader can still end it', async () => {
  let pulled = 0;
  let cancelled = false;
  const endless = new ReadableStream({
    pull(controller) {
      pulled += 1;
      controller.enqueue(new Uint8Array(16 * 1024));
    },
    cancel() {
      cancelled = true;
    },
  });
  const { fetch, sent } = network(() => new Response(endless, { status: 400, headers: { 'dpop-nonce': 'one' } }));
  const response = await fetchWithProofs(fetch, createDpop())(tokenEndpoint, form());
  assert.equal(sent.length, 1);
  assert.ok(pulled < 10, `${pulled} chunks were read`);
  await response.body?.cancel();
  assert.ok(cancelled);
});

test('[accepts T7] at a protected resource the token goes with a proof that hashes it, and with the latest nonce (RFC 9449 §7.1, §9)', async () => {
  const dpop = createDpop();
  const request = { method: 'POST', url: 'https://mcp.example/mcp', accessToken: 'token' };
  const first = await proofHeaders(dpop, request);
  assert.deepEqual(Object.keys(first).sort(), ['authorization', 'dpop']);
  assert.equal(first.authorization, 'DPoP token');
  assert.equal(decodeJwt(first.dpop).nonce, undefined);
  assert.equal(decodeJwt(first.dpop).ath, 'PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A');
  assert.equal(rememberNonce(dpop, 'https://mcp.example/other', new Headers()), false);
  assert.equal(rememberNonce(dpop, 'https://mcp.example/other', new Headers({ 'dpop-nonce': 'a b' })), false);
  assert.equal(rememberNonce(dpop, 'https://mcp.example/other', new Headers({ 'dpop-nonce': 'one' })), true);
  assert.equal(
    rememberNonce(dpop, 'https://mcp.example/other', new Headers({ 'dpop-nonce': 'one' })),
    true,
    'a second request was refused meanwhile',
  );
  assert.equal(decodeJwt((await proofHeaders(dpop, request)).dpop).nonce, 'one');
});
