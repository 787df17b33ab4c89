import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import 'mcp-oauth-wasm';
import { startWorld } from '../javascript/world.js';
import { assertSnapshot, seen, settled } from './snapshots.js';

/** @import { World } from '../javascript/world.js' */

describe("the servers of the demo, which are oidc-provider and the MCP SDK's", () => {
  /** @type {World} */
  let world;
  /** @type {Awaited<ReturnType<typeof seen>>} */
  let what;
  before(async () => {
    world = await startWorld({
      protectedResource: {
        scopesSupported: ['openid', 'profile', 'email', 'private_metadata'],
        furtherTools: { read_private_notes: ['private_metadata'] },
      },
    });
    what = await seen(world.server);
  });
  after(() => world.close());

  test('are examined and probed with the same findings as ever', () => {
    const { examination, probed } = what;
    const { findings, plan, registrationRequest } = examination;
    const origins = {
      'http://authorization-server.example': world.issuer,
      'http://mcp.example': new URL(world.server).origin,
    };
    const drawn = probed?.clients.map(({ clientId }) => clientId);
    const { careless, ours, clients } = probed ?? {};
    assertSnapshot(
      'oidc_provider',
      settled(
        { findings, plan, registrationRequest, probe: { findings: probed?.findings, careless, ours, clients } },
        origins,
        drawn,
      ),
    );
  });

  test('refuse `openid` to a client that registers without scope, and not to ours', () => {
    const finding = what.probed?.findings.find(({ id }) => id === 'scope-not-registered-by-default');
    assert.deepEqual(finding?.scopes, ['openid']);
    assert.match(String(finding?.found), /error=invalid_scope.*was accepted/);
    assert.equal(what.probed?.ours.answer, 'accepted');
    assert.ok(
      what.examination.findings.some(({ id, scopes }) => id === 'scope-to-be-registered' && scopes?.includes('openid')),
      'the risk is named without a probe',
    );
  });

  test('keep no throwaway client', () => {
    const deleted = world.authorizationServer.requests.filter(
      ({ method, status }) => method === 'DELETE' && status === 204,
    );
    assert.equal(deleted.length, 2);
    assert.deepEqual(
      what.probed?.clients.map((client) => client.deleted),
      [true, true],
    );
  });

  test('sign nobody in for it, and are shown no secret again', () => {
    const tokens = world.authorizationServer.requests.filter(
      ({ method, path }) => method === 'POST' && path === '/token',
    );
    assert.deepEqual(
      tokens.map(({ body, status }) => [body.grant_type, status]),
      [
        ['refresh_token', 400],
        ['refresh_token', 401],
      ],
    );
    const told = JSON.stringify(what.probed);
    assert.doesNotMatch(told, /"registration_access_token":"(?!\[redacted\])/);
    assert.doesNotMatch(told, /[?&]state=(?!\[redacted\])[\w-]{20,}/);
    assert.ok(what.probed?.exchanges.some(({ purpose }) => purpose === 'registration'));
  });
});
