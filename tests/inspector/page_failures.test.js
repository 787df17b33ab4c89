// Each kind of failure shows by itself, at 1280 × 800 and without a click: the step, the party, the scope, and what to change.
// In Chromium and in Firefox.

/** @import { Browser } from '../browsers/browser.js' */
/** @import { ServerSettings } from 'mcp-oauth-wasm' */
/** @import { ServerPolicy } from '../zoo/policies.js' */
/** @import { ResourcePolicy } from '../zoo/protected_resource.js' */
/** @import { Scenario } from '../zoo/scenario.js' */
/** @import { InspectorPage } from './page.js' */
/** @import { Script } from './scripted_servers.js' */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { browserNames, startBrowser } from '../browsers/browser.js';
import { startOurs } from '../zoo/clients/ours.js';
import { startPolicyServer } from '../zoo/policy_server.js';
import { startProtectedResource } from '../zoo/protected_resource.js';
import { scenarios } from '../zoo/scenarios/index.js';
import { play } from '../zoo/world.js';
import { openInspector } from './page.js';
import { startScripted } from './scripted_servers.js';

const authorizationServer = 'Authorization server';
const mcpServer = 'MCP server';
const readWrite = { demands: 'read write', lists: 'read write' };

/**
 * @typedef {object} Expected
 * @property {string} code
 * @property {string} step
 * @property {string} party
 * @property {string | RegExp} scope
 * @property {RegExp} change
 *
 * @typedef {object} Given
 * @property {string} name
 * @property {ServerSettings} [settings]
 * @property {string} [tool] that is called once the person has signed in
 * @property {number} [stepUps] that the person agrees to, each of them in vain. Default: none
 * @property {string[]} [alsoAs] what the zoo's host makes of the same failure, where the page leaves it to the person
 *
 * @typedef {Given & Expected & ({ server: ServerPolicy, resource: ResourcePolicy } | { script: Script })} Case
 */

const none = /^none/;

/** @type {Case[]} */
const cases = [
  // The zoo: authorization servers whose treatment of scopes is data.
  {
    name: 'registration is refused',
    server: { registration: { refuses: ['everything'] } },
    resource: readWrite,
    code: 'registration_refused',
    step: 'Register',
    party: authorizationServer,
    scope: 'read write',
    change: /registration policy, or `?client/,
  },
  {
    name: 'one scope is not declared for the client',
    server: { clients: { known: { scope: 'read', told: 'read' } } },
    settings: { client: { clientId: 'known', scopes: ['read'] } },
    resource: readWrite,
    code: 'scope_not_registered',
    step: 'Register',
    party: authorizationServer,
    scope: 'write',
    change: /scopes that clients may register/,
  },
  {
    name: 'registration is refused for one scope',
    server: { registration: { permits: 'read', refuses: ['unpermitted scopes'] } },
    resource: readWrite,
    code: 'authorization_refused',
    step: 'Authorize',
    party: authorizationServer,
    scope: 'read write',
    change: /scopes and grants/,
  },
  {
    name: 'a scope is refused at authorization',
    server: { registration: { permits: 'read', answers: 'sent' }, authorization: { names: 'oidc-provider' } },
    resource: readWrite,
    code: 'authorization_refused',
    step: 'Come back',
    party: authorizationServer,
    scope: 'write',
    change: /scopes and grants/,
  },
  {
    name: 'a scope is refused by a page from which nobody comes back',
    server: { registration: { permits: 'read', answers: 'sent' }, authorization: { refuses: 'page' } },
    resource: readWrite,
    alsoAs: ['callback_aborted'],
    code: 'authorization_refused',
    step: 'Authorize',
    party: authorizationServer,
    scope: 'read write',
    change: /scopes and grants/,
  },
  {
    name: 'a request without scope is refused',
    server: { authorization: { needsScope: true } },
    resource: {},
    code: 'authorization_refused',
    step: 'Authorize',
    party: authorizationServer,
    scope: none,
    change: /scopes and grants/,
  },
  {
    name: 'there is no registration',
    server: { registration: { offered: false } },
    resource: readWrite,
    code: 'needs_client_id',
    step: 'Register',
    party: authorizationServer,
    scope: none,
    change: /client/,
  },
  {
    name: 'the client is not known at the token endpoint',
    server: { token: { knowsNobody: true } },
    resource: readWrite,
    code: 'client_refused',
    step: 'Token',
    party: authorizationServer,
    scope: none,
    change: /client/,
  },
  {
    name: 'a demanded scope is not granted',
    server: { token: { withholds: 'write' } },
    resource: { ...readWrite, needs: { connect: 'read write' } },
    alsoAs: ['scope_withheld'],
    code: 'insufficient_scope',
    step: 'Call',
    party: mcpServer,
    scope: 'read write',
    change: /agree/,
  },
  {
    name: 'a tool needs more, which nobody has agreed to',
    server: {},
    resource: { demands: 'read', needs: { edit: 'read write' } },
    tool: 'edit',
    alsoAs: ['interaction_required', 'not_approved'],
    code: 'insufficient_scope',
    step: 'Call',
    party: mcpServer,
    scope: 'read write',
    change: /agree/,
  },
  {
    name: 'what a tool needs is withheld again and again',
    server: { token: { withholds: 'write' } },
    resource: { demands: 'read', needs: { edit: 'read write' } },
    tool: 'edit',
    stepUps: 2,
    alsoAs: ['attempts_exhausted'],
    code: 'insufficient_scope',
    step: 'Call',
    party: mcpServer,
    scope: 'read write',
    change: /agree/,
  },
  {
    name: 'the client was registered at another issuer',
    server: {},
    resource: readWrite,
    settings: { client: { clientId: 'client', issuer: 'https://other.example' } },
    code: 'client_of_other_issuer',
    step: 'Register',
    party: 'Client',
    scope: none,
    change: /client/,
  },
  {
    name: 'a token with everything is refused',
    server: {},
    resource: { ...readWrite, needs: { connect: 'admin' }, status: 401 },
    code: 'fresh_token_refused',
    step: 'Call',
    party: mcpServer,
    scope: none,
    change: /checks tokens/,
  },
  {
    name: 'iss is promised and missing',
    script: { authorization: { error: 'access_denied', iss: 'https://other.example' } },
    code: 'response_issuer_mismatch',
    step: 'Come back',
    party: authorizationServer,
    scope: none,
    change: /iss/,
  },

  // Single servers that are broken in one way.
  {
    name: 'the person says no',
    script: { authorization: { error: 'access_denied', error_description: 'No.' } },
    code: 'authorization_refused',
    step: 'Come back',
    party: authorizationServer,
    scope: 'read',
    change: /what you agree to/,
  },
  {
    name: 'the code is refused',
    script: { token: { status: 400, body: { error: 'invalid_target' } } },
    code: 'token_refused',
    step: 'Token',
    party: authorizationServer,
    scope: 'read',
    change: /token endpoint accepts/,
  },
  {
    name: 'the token is of another type',
    script: { token: { body: { access_token: 'x', token_type: 'mac' } } },
    code: 'token_type_unsupported',
    step: 'Token',
    party: authorizationServer,
    scope: none,
    change: /token_type/,
  },
  {
    name: 'the token endpoint is overloaded',
    script: { token: { status: 503 } },
    code: 'server_unavailable',
    step: 'Token',
    party: authorizationServer,
    scope: none,
    change: /availability/,
  },
  {
    name: 'the token endpoint answers HTML',
    script: { token: { headers: { 'content-type': 'text/html' }, body: '<h1>Hello</h1>' } },
    code: 'not_json',
    step: 'Token',
    party: authorizationServer,
    scope: none,
    change: /document/,
  },
  {
    name: 'the token endpoint redirects',
    script: { token: { status: 307, headers: { location: '/elsewhere' } } },
    code: 'redirect_refused',
    step: 'Token',
    party: authorizationServer,
    scope: none,
    change: /URL that redirects/,
  },
  {
    name: 'the MCP server is down',
    script: { call: { status: 503 } },
    code: 'server_unavailable',
    step: 'Discover',
    party: mcpServer,
    scope: none,
    change: /availability/,
  },
  {
    name: 'the resource is another',
    script: { resource: { resource: 'https://other.example/mcp' } },
    code: 'resource_mismatch',
    step: 'Discover',
    party: mcpServer,
    scope: none,
    change: /resource/,
  },
  {
    name: 'the metadata that the challenge names is not there',
    script: { resource: { status: 404 } },
    code: 'no_protected_resource_metadata',
    step: 'Discover',
    party: mcpServer,
    scope: none,
    change: /oauth-protected-resource/,
  },
  {
    name: 'the authorization server has no metadata',
    script: { serverAnswer: { status: 404 } },
    code: 'no_authorization_server_metadata',
    step: 'Discover',
    party: authorizationServer,
    scope: none,
    change: /oauth-authorization-server/,
  },
  {
    name: 'the issuer is another',
    script: { server: { issuer: 'https://other.example' } },
    code: 'issuer_mismatch',
    step: 'Discover',
    party: authorizationServer,
    scope: none,
    change: /issuer/,
  },
  {
    name: 'S256 is missing',
    script: { server: { code_challenge_methods_supported: ['plain'] } },
    code: 'no_s256',
    step: 'Discover',
    party: authorizationServer,
    scope: none,
    change: /assumeS256/,
  },
  {
    name: 'an endpoint is not https',
    script: { server: { token_endpoint: 'http://as.example/token' } },
    code: 'insecure_endpoint',
    step: 'Discover',
    party: authorizationServer,
    scope: none,
    change: /endpoint/,
  },
  {
    name: 'an extra parameter is one of the protocol',
    script: {},
    settings: { authorizationParameters: { state: 'x' } },
    code: 'reserved_parameter',
    step: 'Authorize',
    party: 'Client',
    scope: none,
    change: /authorizationParameters/,
  },
];

/**
 * @param {Case} given
 * @returns {Promise<{ endpoint: string, asked: () => number, close: () => Promise<unknown> }>} `asked`: how many
 *   authorization requests there were
 */
async function serversOf(given) {
  if ('script' in given) return { ...(await startScripted(given.script)), asked: () => NaN };
  const policyServer = await startPolicyServer(given.server);
  const { resource, close } = await startProtectedResource(given.resource, policyServer.authorizationServer);
  return {
    endpoint: resource.endpoint,
    asked: () => policyServer.authorizationServer.requested.length,
    close: () => Promise.all([close(), policyServer.close()]),
  };
}

/**
 * Calls the tool, and agrees to each step-up.
 *
 * @param {InspectorPage} shown
 * @param {string} tool
 * @param {number} stepUps
 * @param {() => number} asked
 */
async function callTool(shown, tool, stepUps, asked) {
  await shown.until(async () => (await shown.text('#status')).startsWith('Signed in'));
  await shown.page.$eval('input#tool', (input, tool) => void (input.value = tool), tool);
  const before = asked();
  await shown.click('#call-tool');
  await shown.alert();
  assert.equal(asked(), before, 'nothing is asked for before the person agrees');
  for (let agreed = 0; agreed < stepUps; agreed += 1) {
    const earlier = asked();
    await shown.press('#way-on');
    await shown.until(async () => asked() > earlier);
    await shown.alert();
  }
}

for (const browserName of browserNames) {
  describe(browserName, () => {
    /** @type {Browser} */
    let browser;
    before(async () => {
      browser = await startBrowser(browserName);
    });
    after(() => browser.close());

    for (const given of cases) {
      test(`${given.name}: shown at once, with what to change`, async (t) => {
        const { endpoint, asked, close } = await serversOf(given);
        t.after(close);
        const shown = await openInspector(browser, { url: endpoint });
        t.after(() => shown.close());
        if (given.settings) await shown.set(given.settings);
        await shown.runAll();
        if (given.tool) await callTool(shown, given.tool, given.stepUps ?? 0, asked);
        const alert = await shown.alert();
        const { code, step, party, scope, change } = given;
        assert.deepEqual({ code: alert.code, step: alert.Step, party: alert.Party }, { code, step, party });
        if (typeof scope === 'string') assert.deepEqual(String(alert.Scope).split(/\s+/), scope.split(' '));
        else assert.match(String(alert.Scope), scope);
        assert.match(String(alert['To change']), change);
        // All of it is to be seen without scrolling.
        assert.ok(Number(alert.bottom) <= 500, `the alert ends at ${alert.bottom}`);
        assert.ok(
          await shown.page.evaluate(() => document.documentElement.scrollHeight <= innerHeight),
          'the page itself does not scroll',
        );
        assert.deepEqual(shown.errors, []);
        await shown.picture(`${browserName}-failure-${given.name.replaceAll(' ', '-')}`);
      });
    }

    test('a public server that names a private address: the request is not sent, and the setting is named [refuses D12]', async (t) => {
      const documents = new Map([
        [
          'https://mcp.example/mcp',
          () =>
            new Response(null, {
              status: 401,
              headers: {
                'www-authenticate':
                  'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp", scope="read"',
              },
            }),
        ],
        [
          'https://mcp.example/.well-known/oauth-protected-resource/mcp',
          () =>
            Response.json({ resource: 'https://mcp.example/mcp', authorization_servers: ['https://inside.example'] }),
        ],
      ]);
      const fetch = async (/** @type {any} */ url) =>
        documents.get(String(url))?.() ?? Response.json({}, { status: 404 });
      const resolve = async (/** @type {string} */ name) => [name === 'inside.example' ? '10.1.2.3' : '203.0.113.7'];
      const shown = await openInspector(browser, {
        url: 'https://mcp.example/mcp',
        fetch: /** @type {typeof globalThis.fetch} */ (fetch),
        resolve,
      });
      t.after(() => shown.close());
      await shown.runAll();
      const alert = await shown.alert();
      assert.deepEqual([alert.code, alert.Step], ['private_address', 'Discover']);
      assert.match(String(alert['To change']), /allowPrivateAddresses/);
    });

    test('nobody is at the address', async (t) => {
      const { endpoint, close } = await startScripted({});
      await close();
      const shown = await openInspector(browser, { url: endpoint });
      t.after(() => shown.close());
      await shown.runAll();
      const alert = await shown.alert();
      assert.deepEqual([alert.code, alert.Step, alert.Party], ['network_failed', 'Discover', mcpServer]);
    });
  });
}

test('each kind of failure in the zoo is among them', async () => {
  const expected = scenarios.flatMap(({ phases }) => phases.flatMap(({ expects }) => expects.error ?? []));
  // Where a scenario leaves the kind open, the kind is what comes of it.
  const isOpen = (/** @type {Scenario} */ { phases }) =>
    phases.some(({ expects }) => expects.error === 'any' || expects.open);
  const played = [];
  for (const scenario of scenarios.filter(isOpen)) played.push(...(await play(scenario, startOurs)));
  const kinds = new Set([...expected, ...played.flatMap(({ failure }) => failure?.code ?? [])]);
  kinds.delete('any');
  // The page has no client metadata document, so it cannot meet this one.
  kinds.delete('redirect_not_listed');
  const shown = cases.flatMap(({ code, alsoAs = [] }) => [code, ...alsoAs]);
  assert.deepEqual(
    [...kinds].filter((kind) => !shown.includes(kind)),
    [],
  );
});
