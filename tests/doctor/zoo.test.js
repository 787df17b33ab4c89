import assert from 'node:assert/strict';
import { test } from 'node:test';
import 'mcp-oauth-wasm';
import { probeRules } from 'mcp-oauth-wasm/doctor';
import { startPolicyServer } from '../zoo/policy_server.js';
import { startProtectedResource } from '../zoo/protected_resource.js';
import { scenarios } from '../zoo/scenarios/index.js';
import { assertSnapshot, inShort, seen } from './snapshots.js';

/** Found only at servers that differ in ways that no policy of the zoo does: see probe.test.js. */
const elsewhere = [
  'state-not-returned',
  'permitted-scope-not-named',
  'sign-in-before-scopes',
  'public-clients-not-listed',
  'resource-refused',
  'refused-refresh-not-told',
];

test('every policy of the zoo is examined and probed with the same findings as ever', async () => {
  /** By what decides them: scenarios share policies. @type {Map<string, ReturnType<typeof inShort>>} */
  const known = new Map();
  /** @type {Record<string, ReturnType<typeof inShort> | string>} */
  const all = {};
  /** @type {Map<string, string>} */
  const first = new Map();
  for (const { name, server, resource, settings: given = {} } of scenarios) {
    const policy = JSON.stringify([server, resource, given]);
    const there = first.get(policy);
    if (there !== undefined) {
      all[name] = `as: ${there}`;
      continue;
    }
    const { authorizationServer, close } = await startPolicyServer(server);
    const { resource: mcp, close: closeResource } = await startProtectedResource(resource, authorizationServer);
    const { client: byHand } = given;
    // Whoever hands out a secret says where it is from.
    const client = byHand?.clientSecret ? { issuer: authorizationServer.issuer, ...byHand } : byHand;
    const settings = { ...given, client };
    try {
      const short = inShort(await seen(mcp.endpoint, { settings }));
      known.set(policy, short);
      first.set(policy, name);
      all[name] = short;
    } finally {
      await Promise.all([close(), closeResource()]);
    }
  }
  const everywhere = [...known.values()]
    .filter(({ probed }) => probed !== undefined)
    .map(({ examined }) => examined)
    .reduce((common, examined) => common.filter((line) => examined.includes(line)));
  for (const short of known.values()) short.examined = short.examined.filter((line) => !everywhere.includes(line));
  assertSnapshot('zoo', { everywhere, ...all });

  const found = [...known.values()].map(({ probed }) => (probed ?? []).map((line) => line.split(' ')[1]));
  for (const { id } of probeRules.filter((rule) => !elsewhere.includes(rule.id))) {
    assert.ok(
      found.some((ids) => ids.includes(id)),
      `${id} is found at some server of the zoo`,
    );
    assert.ok(
      found.some((ids) => !ids.includes(id)),
      `${id} is not found at all of them`,
    );
  }
});
