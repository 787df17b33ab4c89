// What a page is not allowed to see (CORS), without a browser: tests/browsers/cors.test.js has the same in real ones.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { discover, TransportError } from 'mcp-oauth-wasm';
import { rejectionOf } from './world.js';

const endpoint = 'https://mcp.example/mcp';
const issuer = 'https://mcp.example';
const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
};

/** @param {Record<string, unknown>} answers all that the page may see: documents, and statuses without one */
const host = (answers) => ({
  fetch: async (/** @type {string | URL | Request} */ input) => {
    const url = String(input);
    const answer = answers[url];
    if (answer === undefined)
      throw new TransportError({ code: 'cors_missing', message: `${url} is kept.`, details: { url } });
    return typeof answer === 'number' ? new Response(null, { status: answer }) : Response.json(answer);
  },
});

describe('what a page is not allowed to see', () => {
  test('counts as a miss while other locations are left', async () => {
    const found = await discover(
      { endpoint },
      host({ [`${issuer}/.well-known/openid-configuration`]: { ...metadata, openid_provider: true } }),
    );
    assert.equal(found.authorizationServer.metadataUrl, `${issuer}/.well-known/openid-configuration`);
  });

  test('is named whole where nothing is found, and what could be seen is not', async () => {
    const error = await rejectionOf(
      discover({ endpoint }, host({ [`${issuer}/.well-known/oauth-protected-resource/mcp`]: 404 })),
    );
    assert.equal(error.code, 'cors_missing');
    assert.deepEqual(error.details.urls.slice(0, 1), [`${issuer}/.well-known/oauth-protected-resource`]);
    assert.ok(error.details.urls.includes(`${issuer}/.well-known/openid-configuration`));
    for (const url of error.details.urls) assert.ok(error.message.includes(url));
  });

  test('does not hide a document that does not hold', async () => {
    const error = await rejectionOf(
      discover(
        { endpoint },
        host({ [`${issuer}/.well-known/openid-configuration`]: { ...metadata, issuer: 'https://other.example' } }),
      ),
    );
    assert.equal(error.code, 'issuer_mismatch');
  });

  test('is not taken for a server that lacks metadata: its people are sent nowhere by a guess', async () => {
    const names = `${issuer}/.well-known/oauth-protected-resource/mcp`;
    const other = 'https://auth.example';
    const error = await rejectionOf(
      discover({ endpoint }, host({ [names]: { resource: endpoint, authorization_servers: [other] } })),
    );
    assert.equal(error.code, 'cors_missing');
    assert.ok(error.details.urls.every((/** @type {string} */ url) => url.startsWith(other)));
  });
});
