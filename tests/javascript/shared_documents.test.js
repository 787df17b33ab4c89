/** Documents that many want at the same time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthorizer, createMemoryStore } from 'mcp-oauth-wasm';
import { sharingDocuments } from '../../js/connection/shared_documents.js';

/** @import { Fetch } from 'mcp-oauth-wasm' */

const issuer = 'https://as.example';
const document = /** @type {const} */ ({ method: 'GET', redirect: 'manual' });

test('ten MCP servers at one authorization server: it is asked once at a time, and each signs in', {
  timeout: 20_000,
}, async () => {
  /** @type {Map<string, number>} */
  const onTheirWay = new Map();
  /** @type {Fetch} */
  const fetch = async (input, init) => {
    const url = new URL(String(input));
    if (init?.method === 'GET') {
      onTheirWay.set(url.href, (onTheirWay.get(url.href) ?? 0) + 1);
      assert.equal(onTheirWay.get(url.href), 1, url.href);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    onTheirWay.set(url.href, 0);
    if (url.pathname === '/mcp') return new Response(null, { status: 401, headers: { 'www-authenticate': 'Bearer' } });
    if (url.pathname === '/.well-known/oauth-protected-resource/mcp')
      return Response.json({ resource: `${url.origin}/mcp`, authorization_servers: [issuer] });
    if (url.pathname === '/.well-known/oauth-authorization-server')
      return Response.json({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        registration_endpoint: `${issuer}/register`,
        code_challenge_methods_supported: ['S256'],
      });
    if (url.pathname === '/register')
      return Response.json({ ...JSON.parse(String(init?.body)), client_id: 'client' }, { status: 201 });
    return new Response(null, { status: 404 });
  };
  let sent = 0;
  await new Promise((resolve, reject) => {
    const redirect = {
      prepare: async () => ({
        redirectUri: 'http://127.0.0.1:49152/callback',
        authorize: () => {
          sent += 1;
          if (sent === 10) resolve(undefined);
          return new Promise(() => {});
        },
        close: async () => {},
      }),
    };
    const authorizer = createAuthorizer({ host: { store: createMemoryStore(), fetch, redirect } });
    for (let server = 0; server < 10; server += 1) {
      const endpoint = `https://mcp${server}.example/mcp`;
      authorizer.connection(endpoint, { interaction: true }).fetch(endpoint, { method: 'POST' }).catch(reject);
    }
  });
});

test('all get the whole document and where it is from, and the next one asks anew', async () => {
  let asked = 0;
  const fetch = sharingDocuments(async (/** @type {unknown} */ url) => {
    asked += 1;
    return Object.defineProperty(Response.json({ asked }), 'url', { value: url });
  });
  const ask = async () => {
    const answer = await fetch(issuer, document, { step: 'discover', url: issuer });
    return { ...(await answer.json()), url: answer.url };
  };
  const url = issuer;
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), Array(3).fill({ asked: 1, url }));
  assert.deepEqual(await ask(), { asked: 2, url });
});

test('who gives up leaves it to the others; when nobody is left, it ends, and the next one asks anew', async () => {
  /** @type {AbortSignal[]} */
  const signals = [];
  const fetch = sharingDocuments(
    (/** @type {unknown} */ _url, /** @type {RequestInit} */ { signal } = {}) =>
      new Promise((_, reject) => {
        if (!signal) return;
        signals.push(signal);
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  const ask = (/** @type {AbortSignal} */ signal) =>
    fetch(issuer, { ...document, signal }, { step: 'discover', url: issuer }).catch(() => 'ended');
  const [one, other] = [new AbortController(), new AbortController()];
  const both = [ask(one.signal), ask(other.signal)];
  one.abort();
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [false],
  );
  other.abort();
  assert.deepEqual(await Promise.all(both), ['ended', 'ended']);
  ask(new AbortController().signal);
  assert.deepEqual(
    signals.map(({ aborted }) => aborted),
    [true, false],
  );
});

test('one that judges on whose word it asks is asked every time, or judges without asking', async () => {
  let asked = 0;
  /** @type {Fetch} */
  const judging = async (_url, _init, context) => {
    asked += 1;
    return Response.json(context);
  };
  const admit = async (/** @type {string} */ _url, /** @type {string} */ namedBy) => {
    if (namedBy.includes('evil')) throw new Error('It may not name that.');
  };
  const askAll = (/** @type {Fetch} */ fetch) =>
    Promise.allSettled(
      ['one', 'other', 'evil'].map((name) =>
        fetch(issuer, document, { step: 'discover', url: issuer, endpoint: `https://${name}.example/mcp` }),
      ),
    );
  await askAll(sharingDocuments(judging));
  assert.equal(asked, 3);
  const answers = await askAll(sharingDocuments(judging, admit));
  assert.equal(asked, 4);
  assert.deepEqual(
    answers.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected'],
  );
});
