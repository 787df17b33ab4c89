/** What is asked for beside each other, so that nobody waits for one answer after the other. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthorizer, createMemoryStore } from 'mcp-oauth-wasm';
import { AskedAhead } from '../../js/connection/asked_ahead.js';

/** @import { Fetch } from 'mcp-oauth-wasm' */

const server = 'https://mcp.example/mcp';
const guessed = 'https://mcp.example/.well-known/oauth-protected-resource/mcp';

/** @param {string} issuer */
const locationsOf = (issuer) => {
  const { origin, pathname } = new URL(issuer);
  const path = pathname === '/' ? '' : pathname;
  return {
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
    openidInserted: `${origin}/.well-known/openid-configuration${path}`,
    openid: `${origin}${path}/.well-known/openid-configuration`,
  };
};

/** @param {string} issuer @param {string} [name] of its endpoints */
const metadataOf = (issuer, name = '') =>
  Response.json({
    issuer,
    authorization_endpoint: `${issuer}/authorize${name}`,
    token_endpoint: `${issuer}/token${name}`,
    registration_endpoint: `${issuer}/register`,
    code_challenge_methods_supported: ['S256'],
  });

/** @param {string} issuer */
const resourceOf = (issuer) => Response.json({ resource: server, authorization_servers: [issuer] });

/**
 * A connection over a network that answers as it is told, 404 elsewhere, and a person who goes away for good.
 *
 * @param {Record<string, () => Response | Promise<Response>>} answers by URL
 */
function start(answers) {
  /** @type {string[]} */
  const asked = [];
  /** What waits until something is asked for. @type {Map<string, () => void>} */
  const waiting = new Map();
  const untilAsked = (/** @type {string} */ url) =>
    new Promise((resolve) => (asked.includes(url) ? resolve(undefined) : waiting.set(url, () => resolve(undefined))));
  /** @type {Fetch} */
  const fetch = async (input, init) => {
    const url = String(input);
    asked.push(url);
    waiting.get(url)?.();
    if (url.endsWith('/register')) {
      return Response.json({ ...JSON.parse(String(init?.body)), client_id: 'client' }, { status: 201 });
    }
    return answers[url]?.() ?? new Response(null, { status: 404 });
  };
  const sent = new Promise((/** @type {(url: URL) => void} */ resolve) => {
    const redirect = {
      prepare: async () => ({
        redirectUri: 'http://127.0.0.1:49152/callback',
        authorize: (/** @type {{ authorizationUrl: string }} */ { authorizationUrl }) => {
          resolve(new URL(authorizationUrl));
          return new Promise(() => {});
        },
        close: async () => {},
      }),
    };
    const host = { store: createMemoryStore(), fetch: /** @type {Fetch} */ (fetch), redirect };
    const connection = createAuthorizer({ host }).connection(server, { interaction: true });
    connection.fetch(server, { method: 'POST', body: '{}' }).catch(() => {});
  });
  return { asked, untilAsked, /** Where the person is sent. */ sent };
}

/** @param {string} [location] */
const refusal = (location) => () =>
  new Response(null, {
    status: 401,
    headers: { 'www-authenticate': location ? `Bearer resource_metadata="${location}"` : 'Bearer' },
  });

const timeout = 20_000;

for (const [where, challenged] of Object.entries({ 'names the location': guessed, 'names none': undefined })) {
  test(`[accepts D3] the first well-known location is asked beside the first request; the challenge ${where}`, {
    timeout,
  }, async () => {
    const issuer = 'https://as.example';
    const { asked, untilAsked, sent } = start({
      // It answers to nobody who waits for it first.
      [server]: async () => (await untilAsked(guessed), refusal(challenged)()),
      [guessed]: () => resourceOf(issuer),
      [locationsOf(issuer).oauth]: () => metadataOf(issuer),
    });
    assert.equal((await sent).origin, issuer);
    const { oauth, openid } = locationsOf(issuer);
    assert.deepEqual(asked.toSorted(), [server, guessed, oauth, openid, `${issuer}/register`].toSorted());
  });
}

test('[refuses D2] a location that the challenge does not name is not believed, however early it answers', {
  timeout,
}, async () => {
  const issuer = 'https://as.example';
  const named = 'https://mcp.example/metadata';
  const { asked, untilAsked, sent } = start({
    [server]: async () => (await untilAsked(guessed), refusal(named)()),
    [guessed]: () => resourceOf('https://evil.example'),
    [named]: () => resourceOf(issuer),
    [locationsOf(issuer).oauth]: () => metadataOf(issuer),
  });
  assert.equal((await sent).origin, issuer);
  // One request too many is all that speed may cost: then nothing else is asked for beside.
  const { oauth } = locationsOf(issuer);
  assert.deepEqual(asked.toSorted(), [server, guessed, named, oauth, `${issuer}/register`].toSorted());
});

for (const issuer of ['https://as.example', 'https://as.example/tenant']) {
  const { oauth, openid, openidInserted } = locationsOf(issuer);

  test(`[accepts D6] the metadata of ${issuer}: its locations are asked beside each other, the earlier one counts, however late`, {
    timeout,
  }, async () => {
    const { untilAsked, sent } = start({
      [server]: refusal(guessed),
      [guessed]: () => resourceOf(issuer),
      [oauth]: async () => (await untilAsked(openid), metadataOf(issuer)),
      [openid]: () => metadataOf(issuer, '-of-openid'),
    });
    assert.equal((await sent).pathname.endsWith('/authorize'), true);
  });

  test(`[accepts D6] the metadata of ${issuer}: the later location counts where the earlier one has none`, {
    timeout,
  }, async () => {
    const { asked, untilAsked, sent } = start({
      [server]: refusal(guessed),
      [guessed]: () => resourceOf(issuer),
      [oauth]: async () => (await untilAsked(openid), new Response(null, { status: 404 })),
      [openid]: () => metadataOf(issuer, '-of-openid'),
    });
    assert.equal((await sent).pathname.endsWith('/authorize-of-openid'), true);
    assert.equal(asked.length, 5);
  });

  test(`the metadata of ${issuer}: nobody waits for a location that is not needed`, { timeout }, async () => {
    const { sent } = start({
      [server]: refusal(guessed),
      [guessed]: () => resourceOf(issuer),
      [oauth]: () => metadataOf(issuer),
      [openid]: () => new Promise(() => {}),
    });
    assert.equal((await sent).pathname.endsWith('/authorize'), true);
  });

  test(`[refuses D6] the metadata of ${issuer}: an earlier location that is overloaded decides nothing, whatever the later one says`, {
    timeout,
  }, async () => {
    const { asked, untilAsked } = start({
      [server]: refusal(guessed),
      [guessed]: () => resourceOf(issuer),
      [oauth]: () => new Response(null, { status: 503 }),
      [openid]: () => metadataOf(issuer, '-of-openid'),
    });
    await untilAsked(oauth);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(!asked.includes(`${issuer}/register`));
  });

  if (openidInserted !== openid) {
    test(`[accepts D6] the metadata of ${issuer} where it is asked for last`, { timeout }, async () => {
      const { sent } = start({
        [server]: refusal(guessed),
        [guessed]: () => resourceOf(issuer),
        [openidInserted]: () => metadataOf(issuer, '-inserted'),
      });
      assert.equal((await sent).pathname.endsWith('/authorize-inserted'), true);
    });
  }
}

test('what could not be sent ahead is asked for when it is wanted', { timeout }, async () => {
  const issuer = 'https://as.example';
  const once = (/** @type {() => Response} */ answer) => {
    let times = 0;
    return () => ((times += 1) === 1 ? Promise.reject(new TypeError('fetch failed')) : answer());
  };
  const { sent } = start({
    [server]: refusal(guessed),
    [guessed]: once(() => resourceOf(issuer)),
    [locationsOf(issuer).openid]: once(() => metadataOf(issuer)),
  });
  assert.equal((await sent).origin, issuer);
});

test('a public MCP server is asked for one document, once', { timeout }, async () => {
  /** @type {string[]} */
  const asked = [];
  /** @type {Fetch} */
  const fetch = async (input) => {
    asked.push(String(input));
    return Response.json({});
  };
  const connection = createAuthorizer({ host: { store: createMemoryStore(), fetch } }).connection(server);
  for (let call = 0; call < 3; call += 1) await connection.fetch(server, { method: 'POST', body: '{}' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(
    asked.filter((url) => url !== server),
    [guessed],
  );
});

test('an answer is taken once, and not after a minute', async (context) => {
  context.mock.timers.enable({ apis: ['Date'] });
  const askedAhead = new AskedAhead();
  const request = /** @type {const} */ ({ method: 'GET', redirect: 'manual' });
  askedAhead.ask(guessed, async () => Response.json({}));
  assert.equal((await askedAhead.take(guessed, request))?.status, 200);
  assert.equal(askedAhead.take(guessed, request), undefined);
  /** @type {AbortSignal | null | undefined} */
  let signal;
  askedAhead.ask(guessed, async (_url, init) => ((signal = init?.signal), Response.json({})));
  context.mock.timers.tick(61_000);
  assert.equal(askedAhead.take(guessed, request), undefined);
  assert.equal(signal?.aborted, true);
});
