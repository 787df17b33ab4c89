// Answers that are too much: too large, too slow, too deep, too many.

import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { discover, readChallenge } from 'mcp-oauth-wasm';
import { attacksIn } from './attack.js';
import { callTool, rejectionOf, startHonestWorld } from './parties.js';

/** @import { ServerResponse } from 'node:http' */
/** @import { Answer, Route } from './internet.js' */

const attack = attacksIn(import.meta.filename);
const json = { 'content-type': 'application/json' };
const mebibyte = 1024 * 1024;

/** @param {object} document @param {number} length */
const padded = (document, length) => JSON.stringify(document).padEnd(length);

/** Never ends. @param {ServerResponse} response */
function endless(response) {
  response.writeHead(200, json);
  const write = () => {
    while (!response.destroyed && response.write(' '.repeat(65_536)));
  };
  response.on('drain', write);
  write();
}

/**
 * What a server answers with instead, of what it would have answered. Each answer would be right, if it were read to its end.
 *
 * @type {Record<string, (document: object) => Answer | ((response: ServerResponse) => void)>}
 */
const oversized = {
  'two mebibytes': (document) => ({ headers: json, body: padded(document, 2 * mebibyte) }),
  'sixteen mebibytes in a few kilobytes': (document) => ({
    headers: { ...json, 'content-encoding': 'gzip' },
    body: gzipSync(padded(document, 16 * mebibyte)),
  }),
  'no end': () => endless,
};

attack('documents and answers that are too large', async (context) => {
  for (const [what, answer] of Object.entries(oversized)) {
    for (const path of ['/.well-known/oauth-authorization-server', '/register', '/token']) {
      const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
      const ordinary = /** @type {Route} */ (authorizationServer.routes[path]);
      authorizationServer.routes[path] = (request) => answer(/** @type {any} */ (ordinary(request)).body);
      const error = await rejectionOf(person.start().connection(protectedResource.endpoint).signIn());
      assert.equal(error.code, 'response_too_large', `${what} at ${path}`);
      assert.equal(await person.start().connection(protectedResource.endpoint).session(), null);
    }
  }
});

/** @type {Record<string, (response: ServerResponse) => void>} */
const slow = {
  'nothing at all': () => {},
  'a byte now and then': (response) => {
    response.writeHead(200, json);
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  },
};
for (const [what, answer] of Object.entries(slow)) {
  attack(`[refuses T5] a server that answers ${what}`, async (context) => {
    for (const path of ['/.well-known/oauth-authorization-server', '/register', '/token']) {
      const { person, protectedResource, authorizationServer } = await startHonestWorld(context, {
        person: { timeoutMilliseconds: 250 },
      });
      authorizationServer.routes[path] = () => answer;
      const error = await rejectionOf(person.start().connection(protectedResource.endpoint).signIn());
      assert.equal(error.code, 'timed_out', path);
    }
  });
}

attack('JSON that is deeper than any stack', async (context) => {
  for (const depth of [10_000, 100_000]) {
    const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const { person, protectedResource } = await startHonestWorld(context);
    protectedResource.routes[protectedResource.metadataPath] = () => ({
      headers: json,
      body: `{"resource":"${protectedResource.endpoint}","authorization_servers":["https://login.example"],"x":${deep}}`,
    });
    const { fetch } = person.start().connection(protectedResource.endpoint, { interaction: true });
    const error = await rejectionOf(callTool(fetch, protectedResource.endpoint));
    assert.equal(error.code, 'not_json');
  }
});

attack('scopes without number, each of which would be compared with all others', async (context) => {
  for (const count of [2_000, 6_000]) {
    const scopes = Array.from({ length: count }, (_, index) => `scope-${index}`);
    const { person, protectedResource } = await startHonestWorld(context, {
      authorizationServer: {
        metadata: { scopes_supported: scopes },
        registered: { scope: scopes.join(' ') },
        tokens: { scope: scopes.join(' ') },
      },
      protectedResource: { metadata: { scopes_supported: scopes } },
    });
    const challenge = await readChallenge(`Bearer scope="${scopes.slice(0, 1200).join(' ')}"`);
    assert.equal(challenge?.scopes?.length, 1000);
    const connection = person.start().connection(protectedResource.endpoint);
    await connection.signIn();
    assert.ok(Number((await connection.plan())?.scopes.length) <= 1000);
    const {
      host: { fetch },
    } = person;
    const { protectedResource: read } = await discover({ endpoint: protectedResource.endpoint }, { fetch });
    assert.equal(read.scopesSupported?.length, 1000);
  }
});

attack('a challenge of one megabyte of quotes that never close', async () => {
  const challenge = await readChallenge(`${"Basic a='x ".repeat(95_000)}, Bearer scope="read"`);
  assert.equal(challenge?.scopes, undefined);
  const many = await readChallenge(
    Array.from({ length: 10_000 }, (_, index) => `Bearer scope="${index}", realm="\\"`.repeat(3)),
  );
  assert.deepEqual(many?.scopes, ['0']);
});

attack('[refuses D5] a thousand authorization servers, to have this machine call them all', async (context) => {
  const issuers = Array.from({ length: 1000 }, (_, index) => `https://many.example/${index}`);
  const { internet, person, protectedResource } = await startHonestWorld(context, {
    protectedResource: { metadata: { authorization_servers: issuers } },
  });
  const many = await internet.serve('https://many.example');
  const error = await rejectionOf(person.start().connection(protectedResource.endpoint).signIn());
  assert.equal(error.code, 'no_authorization_server_metadata');
  // Each has three locations.
  assert.equal(many.requests.length, 30);
});

attack('[refuses T2] a lifetime that makes a session which cannot be read again', async (context) => {
  for (const lifetime of [
    8_999_999_999_999_999,
    1e15,
    1e308,
    -1,
    -1e308,
    '1e308',
    'Infinity',
    '99999999999999999999',
    '-1',
    0.5,
    '',
    [],
    {},
    true,
  ]) {
    const { person, protectedResource } = await startHonestWorld(context, {
      authorizationServer: { tokens: { expires_in: lifetime } },
    });
    const connection = person.start().connection(protectedResource.endpoint);
    const refused = await connection.signIn().then(
      () => undefined,
      (error) => error,
    );
    const again = person.start().connection(protectedResource.endpoint);
    if (refused) {
      assert.equal(refused.code, 'invalid_document', String(lifetime));
      assert.equal(await again.session(), null);
    } else {
      await again.refresh();
      assert.equal((await callTool(again.fetch, protectedResource.endpoint)).status, 200, String(lifetime));
    }
  }
});

attack(
  '[refuses S6] an MCP server that demands what nobody gives, at every start of the application, until the person agrees to anything',
  async (context) => {
    const { person, protectedResource } = await startHonestWorld(context, {
      authorizationServer: { tokens: { scope: 'read' } },
    });
    await person.start().connection(protectedResource.endpoint).signIn();
    protectedResource.routes['/mcp'] = () => ({
      status: 403,
      headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="everything"' },
    });
    for (let start = 0; start < 6; start += 1) {
      await rejectionOf(
        callTool(person.start().fetch(protectedResource.endpoint, { interaction: true }), protectedResource.endpoint),
      );
    }
    assert.equal(person.trips.length, 3, 'the sign-in, and two step-ups in vain');
  },
);
