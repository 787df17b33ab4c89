/** What real engines answered, recorded by `npm run engines -- --record`, is understood without them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { discover, planScopes, register } from 'mcp-oauth-wasm';

const endpoint = 'https://mcp.example/mcp';
const redirectUri = 'http://127.0.0.1:8765/callback';

/** @param {string | undefined} scope */
const scopes = (scope) => (scope ?? '').split(' ').filter(Boolean);

for (const engine of ['keycloak', 'hydra']) {
  const recorded = JSON.parse(readFileSync(new URL(`../engines/recorded/${engine}.json`, import.meta.url), 'utf8'));
  const { metadata } = recorded;

  /** @param {{ status: number, answer: object }[]} answers to registrations, one after the other */
  const host = (answers) => ({
    fetch: async (/** @type {string | URL | Request} */ url) => {
      if (String(url).includes('/.well-known/oauth-protected-resource'))
        return Response.json({ resource: endpoint, authorization_servers: [metadata.issuer] });
      if (String(url) === metadata.registration_endpoint) {
        const { status, answer } = answers.shift() ?? { status: 500, answer: {} };
        return Response.json(answer, { status });
      }
      return Response.json(metadata);
    },
  });

  describe(`what ${recorded.engine} answers`, () => {
    test('[accepts interop 90] its metadata is that of an OpenID provider', async () => {
      const { authorizationServer } = await discover({ endpoint }, host([]));
      assert.equal(authorizationServer.openidProvider, true);
    });

    test('[accepts interop 98, S4] its registrations are read, and the first request is within what they name', async () => {
      const discovery = await discover({ endpoint }, host([]));
      for (const { sent, status, answer } of recorded.registrations.filter(
        (/** @type {any} */ one) => one.status === 201,
      )) {
        const demanded = scopes(sent.scope);
        const plan = await planScopes({ challenge: demanded });
        const { registration, plan: within } = await register(
          { discovery, plan, redirectUri },
          host([{ status, answer }]),
        );
        assert.equal(registration.clientId, answer.client_id);
        const told = scopes(answer.scope).length > 0 ? scopes(answer.scope) : demanded;
        const requested = within.scopes.filter((scope) => scope.requested).map(({ scope }) => scope);
        assert.deepEqual(
          requested.filter((scope) => !told.includes(scope)),
          [],
        );
        assert.deepEqual(
          within.scopes.filter(({ refused }) => refused),
          [],
          'what it does not name is not refused',
        );
      }
    });

    const refusals = recorded.registrations.filter((/** @type {any} */ one) => one.status >= 400);
    if (refusals.length === 0) return;
    test('[refuses S4] status and words of its refusals are in the error', async () => {
      const discovery = await discover({ endpoint }, host([]));
      for (const { status, answer } of refusals) {
        const plan = await planScopes({ challenge: ['openid'] });
        const refused = register(
          { discovery, plan, redirectUri },
          host([
            { status, answer },
            { status, answer },
            { status, answer },
          ]),
        );
        await assert.rejects(refused, (/** @type {any} */ error) => {
          assert.equal(error.code, 'registration_refused');
          assert.equal(error.details.status, status);
          assert.ok(error.message.includes(answer.error_description), error.message);
          return true;
        });
      }
    });
  });
}
