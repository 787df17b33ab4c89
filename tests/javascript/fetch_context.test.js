// What a host's `fetch` is told, and what it can tell: so a host can send some requests another way than others.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { MisbehavedError } from 'mcp-oauth-wasm';
import { createDpop } from 'mcp-oauth-wasm/dpop';
import { callTool, createMachine, expire, rejectionOf, startWorld } from './world.js';

/** @import { Host } from 'mcp-oauth-wasm' */

describe("a host's fetch", () => {
  /** @type {Awaited<ReturnType<typeof startWorld>>} */
  let world;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  /** Signs in, calls a tool, starts anew, refreshes, signs out. @param {NonNullable<Host['fetch']>} fetch @param {Partial<Host>} [others] */
  async function live(fetch, others) {
    const machine = createMachine({ fetch, ...others });
    const { fetch: signedIn } = machine.start().connection(world.server, { interaction: true });
    assert.equal((await callTool(signedIn, world.server)).status, 200);
    await expire(machine.host.store, world.server);
    const connection = machine.start().connection(world.server);
    assert.equal((await connection.fetch(new Request(world.server))).status, 405);
    await connection.signOut();
  }

  test('is told what each request is for, and what it asks for', async () => {
    /** @type {string[]} */
    const told = [];
    await live((input, init, { step, url } = {}) => {
      assert.equal(url, input instanceof Request ? input.url : String(input));
      told.push(`${step} ${new URL(String(url)).pathname}`);
      return fetch(input, init);
    });
    assert.deepEqual(told, [
      'call /mcp',
      'discover /.well-known/oauth-protected-resource/mcp',
      'discover /.well-known/openid-configuration',
      'discover /.well-known/oauth-authorization-server',
      'register /reg',
      'token /token',
      'token /jwks',
      'call /mcp',
      'refresh /token',
      'call /mcp',
      'token /token/revocation',
      'token /token/revocation',
    ]);
  });

  test('is told the same where tokens are bound to a key', async () => {
    const bound = await startWorld({
      authorizationServer: { features: { dPoP: { enabled: true } } },
      protectedResource: { bound: true },
    });
    /** @type {Set<string>} */
    const told = new Set();
    const machine = createMachine({
      dpop: createDpop(),
      fetch: (input, init, { step } = {}) => fetch(input, init).finally(() => told.add(String(step))),
    });
    try {
      const { fetch } = machine.start().connection(bound.server, { interaction: true });
      assert.equal((await callTool(fetch, bound.server)).status, 200);
    } finally {
      await bound.close();
    }
    assert.deepEqual([...told], ['call', 'discover', 'register', 'token']);
  });

  test('can send registrations and token requests through a proxy, whose answers count as those of the URL that was asked for', async () => {
    /** @type {string[]} */
    const proxied = [];
    await live(async (input, init, { step, url } = {}) => {
      if (step === undefined || !['register', 'token', 'refresh'].includes(step)) return fetch(input, init);
      proxied.push(`${init?.method} ${url}`);
      const { status, headers, body } = await fetch(input, init);
      return new Response(body, { status, headers });
    });
    assert.ok(
      proxied.includes(`POST ${world.issuer}/reg`) && proxied.includes(`POST ${world.issuer}/token`),
      String(proxied),
    );
  });

  for (const [shape, answer] of /** @type {[string, (url: string, response: Response) => Response][]} */ ([
    [
      'a Response whose `url` it sets',
      (url, { status, headers, body }) =>
        Object.defineProperty(new Response(body, { status, headers }), 'url', { value: url }),
    ],
    [
      'an object like a Response',
      (url, { status, headers, body }) => /** @type {Response} */ ({ status, headers, body, url }),
    ],
  ])) {
    test(`can say where an answer is from in the end, with ${shape}: within the origin it is believed`, async () => {
      const machine = createMachine({
        fetch: async (input, init, { step, url } = {}) => {
          const response = await fetch(input, init);
          return step === 'discover' ? answer(`${new URL(String(url)).origin}/moved`, response) : response;
        },
      });
      await machine.start().connection(world.server).signIn();
    });

    test(`[refuses D11] can say where an answer is from in the end, with ${shape}: from elsewhere it is not`, async () => {
      const machine = createMachine({
        fetch: async (input, init, { step } = {}) => {
          const response = await fetch(input, init);
          return step === 'discover' ? answer('http://127.0.0.1:1/', response) : response;
        },
      });
      const error = await rejectionOf(machine.start().connection(world.server).signIn());
      assert.ok(error instanceof MisbehavedError, String(error));
      assert.deepEqual([error.code, error.step], ['redirect_refused', 'discover']);
    });
  }
});
