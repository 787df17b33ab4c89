// Servers that let no page see their answers, and the ways round them.

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, afterEach, before, describe, test } from 'node:test';
import { browserNames } from './browser.js';
import { nextWindow, patience, signInAt } from './person.js';
import { startSite } from './site.js';
import { startStage } from './stage.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Stage } from './stage.js' */

for (const name of browserNames) {
  describe(`servers without CORS headers, in ${name}`, () => {
    /** @type {Stage} */
    let stage;
    before(async () => {
      stage = await startStage(name, {
        world: { authorizationServer: { configuration: { clientBasedCORS: () => false } } },
      });
    });
    after(() => stage?.close());

    test('[refuses interop 49] a token endpoint without them: the error names the request and the headers, and how to go another way', async () => {
      const { world, site, browser } = stage;
      const page = await stage.open('/index.html');
      await page.waitForSelector('#connect:not([disabled])', patience);
      await page.type('#server', world.server);
      const [popup] = await Promise.all([nextWindow(browser), page.click('#connect')]);
      await signInAt(popup);
      await page.waitForSelector('#status[data-code=cors_missing]', patience);
      const said = await page.$eval('#status', ({ textContent }) => String(textContent));
      assert.ok(said.includes(`the answer to POST ${world.issuer}/token`), said);
      assert.ok(said.includes(`Access-Control-Allow-Origin: ${site.origin}`), said);
      assert.ok(said.includes('step `token`'), said);
    });

    test("[accepts interop 49] a host's fetch sends token requests through the site's own server, and no other request", async () => {
      const { world, site, browser } = stage;
      /** @type {string[]} */
      const proxied = [];
      site.routes['/proxy'] = (request, response) => void proxy(request, response, proxied);
      const page = await stage.openLab();
      await page.evaluate((server) => {
        const host = lab.browserHost({
          redirectUri: '/callback.html',
          fetch: (input, init, { step, url } = {}) => {
            const goesRound = step === 'token' || step === 'refresh';
            return goesRound
              ? fetch(`/proxy?url=${encodeURIComponent(String(url))}`, init).then(
                  ({ status, headers, body }) => new Response(body, { status, headers }),
                )
              : fetch(input, init);
          },
        });
        const { fetch: signedIn } = lab.createAuthorizer({ host }).connection(server, { interaction: true });
        const [button, output] = ['act', 'outcome'].map(
          (id) => /** @type {HTMLElement} */ (document.getElementById(id)),
        );
        if (button && output)
          button.onclick = async () =>
            (output.textContent = JSON.stringify(await lab.outcome(() => lab.whoAmI(signedIn, server))));
      }, world.server);
      const [popup] = await Promise.all([nextWindow(browser), page.click('#act')]);
      await signInAt(popup);
      await page.waitForFunction(() => document.querySelector('#outcome')?.textContent, patience);
      assert.match(await page.$eval('#outcome', ({ textContent }) => String(textContent)), /alice@example\.com/);
      assert.deepEqual([...new Set(proxied)], [`${world.issuer}/token`, `${world.issuer}/jwks`]);
    });

    test('[refuses interop 49] documents and MCP servers without them, and what is not there at all, are told apart', async () => {
      const page = await stage.openLab();
      const elsewhere = stage.site.origin.replace('127.0.0.1', 'localhost');
      const outcomes = await page.evaluate(async (elsewhere) => {
        const host = lab.browserHost();
        const outcomes = [
          await lab.outcome(() => lab.discover({ endpoint: `${elsewhere}/mcp` }, host)),
          await lab.outcome(() =>
            lab.whoAmI(lab.createAuthorizer({ host }).fetch(`${elsewhere}/mcp`), `${elsewhere}/mcp`),
          ),
          await lab.outcome(() => lab.discover({ endpoint: 'http://localhost:1/mcp' }, host)),
        ];
        return outcomes.map(({ name, code, step, details }) => ({
          name,
          code,
          step,
          headers: details?.headers ?? null,
        }));
      }, elsewhere);
      const { origin } = stage.site;
      assert.deepEqual(outcomes, [
        {
          name: 'TransportError',
          code: 'cors_missing',
          step: 'discover',
          headers: { 'Access-Control-Allow-Origin': origin },
        },
        {
          name: 'TransportError',
          code: 'cors_missing',
          step: 'call',
          headers: {
            'Access-Control-Allow-Origin': origin,
            'Access-Control-Allow-Headers': 'content-type',
            'Access-Control-Expose-Headers': 'WWW-Authenticate, Mcp-Session-Id',
          },
        },
        { name: 'TransportError', code: 'network_failed', step: 'discover', headers: null },
      ]);
    });

    describe('a location that answers 404 without them', () => {
      let elsewhere = '';
      before(() => (elsewhere = stage.site.origin.replace('127.0.0.1', 'localhost')));
      afterEach(() => stage.reset());
      after(() => (stage.site.routes = {}));

      const cors = { 'content-type': 'application/json', 'access-control-allow-origin': '*' };
      // As Helmet sets it everywhere: not even that there is an answer can be seen then.
      const unseen = { 'cross-origin-resource-policy': 'same-origin' };

      /** @param {Record<string, unknown>} documents all that the other site lets a page see */
      async function discovered(documents) {
        stage.site.routes = Object.fromEntries(
          Object.entries(documents).map(([path, document]) => [
            path,
            (_, response) =>
              document === 401
                ? response.writeHead(401, { ...cors, ...unseen }).end()
                : response.writeHead(200, { ...cors, ...unseen }).end(JSON.stringify(document)),
          ]),
        );
        const page = await stage.openLab();
        return page.evaluate(
          (endpoint) => lab.outcome(() => lab.discover({ endpoint }, lab.browserHost())),
          `${elsewhere}/mcp`,
        );
      }
      /** @param {string} issuer */
      const metadata = (issuer) => ({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        registration_endpoint: `${issuer}/register`,
        response_types_supported: ['code'],
        code_challenge_methods_supported: ['S256'],
      });

      test('is passed over: an issuer with a path has its only document after the path', async () => {
        const issuer = `${elsewhere}/realms/people`;
        const { came } = await discovered({
          '/.well-known/oauth-protected-resource/mcp': {
            resource: `${elsewhere}/mcp`,
            authorization_servers: [issuer],
          },
          '/realms/people/.well-known/openid-configuration': metadata(issuer),
        });
        assert.equal(came?.authorizationServer.metadataUrl, `${issuer}/.well-known/openid-configuration`);
      });

      test('is passed over: the metadata of the MCP server is at its root', async () => {
        const { came } = await discovered({
          '/.well-known/oauth-protected-resource': { resource: elsewhere, authorization_servers: [elsewhere] },
          '/.well-known/oauth-authorization-server': metadata(elsewhere),
        });
        assert.equal(came?.protectedResource.metadataUrl, `${elsewhere}/.well-known/oauth-protected-resource`);
      });

      test('is passed over: an MCP server of 2025-03-26 has the metadata of its authorization server alone', async () => {
        const { came } = await discovered({ '/.well-known/oauth-authorization-server': metadata(elsewhere) });
        assert.equal(came?.authorizationServer.issuer, elsewhere);
        assert.equal(came?.protectedResource.metadataUrl, undefined);
      });

      test('is passed over where not even its being there can be seen (CORP): the metadata is at the root', async () => {
        stage.site.headers = unseen;
        const { came } = await discovered({
          '/.well-known/oauth-protected-resource': { resource: elsewhere, authorization_servers: [elsewhere] },
          '/.well-known/oauth-authorization-server': metadata(elsewhere),
        });
        assert.equal(came?.protectedResource.metadataUrl, `${elsewhere}/.well-known/oauth-protected-resource`);
      });

      test('is passed over where not even its being there can be seen (CORP): the document of another server is after the path', async () => {
        const other = await startSite();
        const origin = other.origin.replace('127.0.0.1', 'localhost');
        const issuer = `${origin}/realms/people`;
        other.headers = unseen;
        other.routes['/realms/people/.well-known/openid-configuration'] = (_, response) =>
          response.writeHead(200, { ...cors, ...unseen }).end(JSON.stringify(metadata(issuer)));
        const { came, ...error } = await discovered({
          '/.well-known/oauth-protected-resource/mcp': {
            resource: `${elsewhere}/mcp`,
            authorization_servers: [issuer],
          },
        });
        await other.close();
        assert.equal(came?.authorizationServer.issuer, issuer, JSON.stringify(error));
      });

      test('is passed over where not even its being there can be seen (CORP): the MCP server of 2025-03-26 answers, so it is there', async () => {
        stage.site.headers = unseen;
        const { came, ...error } = await discovered({
          '/mcp': 401,
          '/.well-known/oauth-authorization-server': metadata(elsewhere),
        });
        assert.equal(came?.authorizationServer.issuer, elsewhere, JSON.stringify(error));
      });

      test('is named with all others where nothing is found', async () => {
        const { code, step, message, details } = await discovered({});
        assert.deepEqual([code, step], ['cors_missing', 'discover']);
        const kept = [
          '/.well-known/oauth-protected-resource/mcp',
          '/.well-known/oauth-protected-resource',
          '/.well-known/oauth-authorization-server',
          '/.well-known/openid-configuration',
        ].map((path) => elsewhere + path);
        for (const url of kept) {
          assert.ok(details.urls.includes(url), `${url} in ${details.urls}`);
          assert.ok(message?.includes(url), message);
        }
      });
    });
  });
}

/**
 * Sends a request on, as the server of a site may do for its pages.
 *
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {string[]} proxied
 */
async function proxy(request, response, proxied) {
  const url = String(new URL(request.url ?? '', 'http://localhost').searchParams.get('url'));
  proxied.push(url);
  const body =
    request.method === 'POST' ? await new Response(/** @type {any} */ (Readable.toWeb(request))).text() : undefined;
  const { authorization, 'content-type': contentType } = request.headers;
  const headers = Object.entries({ authorization, 'content-type': contentType }).flatMap(([name, value]) =>
    value ? [[name, value]] : [],
  );
  const answer = await fetch(url, { method: request.method, headers: Object.fromEntries(headers), body });
  response
    .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    .end(await answer.text());
}
