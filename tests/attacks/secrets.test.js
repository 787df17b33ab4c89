// Whoever reads logs, traces and error reports looks for what signs him in. Every secret of a whole life is a needle here.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { AuthorizationError } from 'mcp-oauth-wasm';
import { createFileStore } from 'mcp-oauth-wasm/node';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { attacksIn } from './attack.js';
import { callTool, rejectionOf, startHonestWorld } from './parties.js';

/** @import { ServerResponse } from 'node:http' */
/** @import { TestContext } from 'node:test' */
/** @import { Answer, Received, Server } from './internet.js' */

const attack = attacksIn(import.meta.filename);

const managed = {
  registration_client_uri: 'https://login.example/register/1',
  registration_access_token: 'registration-access-token-of-this-client',
};

/**
 * A world in which everything that is told is kept.
 *
 * @param {TestContext} context
 * @param {Parameters<typeof startHonestWorld>[1]} [options]
 */
async function startListening(context, options = {}) {
  /** @type {unknown[]} */
  const told = [];
  const listen = (/** @type {unknown} */ warning) => void told.push(warning);
  process.on('warning', listen);
  context.after(() => process.off('warning', listen));
  const world = await startHonestWorld(context, {
    authorizationServer: {
      registered: managed,
      metadata: { revocation_endpoint: 'https://login.example/revoke' },
      routes: {
        '/revoke': () => ({ body: {} }),
        '/register/1': ({ method, body }) => ({ body: method === 'PUT' ? JSON.parse(body) : {} }),
      },
      ...options.authorizationServer,
    },
    protectedResource: { challenge: 'scope="openid"', ...options.protectedResource },
    person: { trace: (event) => void told.push(event), ...options.person },
  });
  /** Waits for an error, and keeps it. @param {Promise<unknown>} promise */
  const failing = async (promise) => {
    const error = await rejectionOf(promise);
    assert.ok(error instanceof AuthorizationError, inspect(error));
    told.push(error);
  };
  return { ...world, told, failing };
}

/** Everything that nobody but two parties may know, as far as a server saw it. @param {Server & { secrets: string[] }} server */
function secretsOf({ secrets, requests }) {
  const names = [
    'code',
    'code_verifier',
    'state',
    'nonce',
    'code_challenge',
    'refresh_token',
    'client_secret',
    'token',
  ];
  const sent = requests.flatMap(({ url, form, headers }) => [
    ...names.flatMap((name) => [...url.searchParams.getAll(name), ...form.getAll(name)]),
    headers.authorization?.split(' ')[1] ?? '',
  ]);
  return [...new Set([...secrets, ...sent, managed.registration_access_token])].filter((secret) => secret.length > 8);
}

/**
 * Nothing of it shows a secret, however it is printed, nor the first half of one.
 *
 * @param {unknown[]} told
 * @param {string[]} secrets
 */
function requireSilent(told, secrets) {
  assert.ok(told.length > 0 && secrets.length > 3);
  for (const thing of told) {
    const { stack = '', message = '' } = thing instanceof Error ? thing : {};
    const shown = [
      inspect(thing, { depth: Infinity, showHidden: true, getters: true }),
      JSON.stringify(thing),
      String(thing),
      stack,
      message,
    ].join('\n');
    for (const secret of secrets)
      assert.ok(!shown.includes(secret.slice(0, 20)), `${secret.slice(0, 8)}… is in ${shown}`);
  }
}

attack(
  'the trace of a whole life: sign-in, call, refresh, step-up, widened registration, sign-out',
  async (context) => {
    const { person, protectedResource, authorizationServer, told } = await startListening(context);
    const authorizer = person.start();
    const connection = authorizer.connection(protectedResource.endpoint, { interaction: true });
    assert.equal((await callTool(connection.fetch, protectedResource.endpoint)).status, 200);
    await connection.refresh();
    const ordinary = protectedResource.routes['/mcp'];
    let demands = 1;
    protectedResource.routes['/mcp'] = (request) =>
      demands-- > 0
        ? { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope", scope="write"' } }
        : ordinary?.(request);
    assert.equal((await callTool(connection.fetch, protectedResource.endpoint)).status, 200);
    told.push(authorizer, connection, await connection.plan());
    await connection.signOut();
    const paths = new Set(authorizationServer.requests.map(({ url }) => url.pathname));
    for (const path of ['/register', '/register/1', '/authorize', '/token', '/revoke'])
      assert.ok(paths.has(path), path);
    assert.ok(person.trips.every(({ searchParams }) => searchParams.has('nonce')));
    requireSilent(told, secretsOf(authorizationServer));
  },
);

/** @type {Record<string, (request: Received) => Answer | ((response: ServerResponse) => void)>} */
const failures = {
  'a connection that breaks': () => (response) => response.destroy(),
  'an answer that breaks': () => (response) =>
    response.writeHead(200, { 'content-length': '100' }).write('{', () => response.destroy()),
  'status 500': () => ({ status: 500, body: 'Oops' }),
  'a refusal': () => ({ status: 400, body: { error: 'invalid_grant' } }),
  'another refusal': () => ({ status: 401, body: { error: 'invalid_client' } }),
  'a page': () => ({ headers: { 'content-type': 'text/html' }, body: '<html>' }),
  'a cut document': () => ({
    headers: { 'content-type': 'application/json' },
    body: '{"access_token":"access-cut-in-the-middle-of-it',
  }),
  'a token that is none': () => ({
    body: { access_token: 'an access token\r\n', token_type: 'Bearer', refresh_token: 'refresh-token-beside-it' },
  }),
  'a redirect': ({ url }) => ({ status: 307, headers: { location: `https://evil.example/?${url.searchParams}` } }),
};
attack('the errors of everything that can go wrong', async (context) => {
  for (const failure of Object.values(failures)) {
    const { person, protectedResource, authorizationServer, told, failing } = await startListening(context);
    const connection = person.start().connection(protectedResource.endpoint);
    const { '/token': token, '/register': register } = authorizationServer.routes;
    Object.assign(authorizationServer.routes, { '/register': failure });
    await failing(connection.signIn());
    Object.assign(authorizationServer.routes, { '/register': register, '/token': failure });
    await failing(connection.signIn());
    Object.assign(authorizationServer.routes, { '/token': token });
    await connection.signIn();
    Object.assign(authorizationServer.routes, { '/token': failure, '/register/1': failure });
    await failing(connection.refresh());
    await failing(
      person
        .start({ settings: () => ({ scopes: ['wider'] }) })
        .connection(protectedResource.endpoint)
        .signIn(),
    );
    requireSilent(told, [...secretsOf(authorizationServer), 'access-cut-in-the-middle', 'refresh-token-beside-it']);
  }
});

attack('the error of a preflight that fails, whose URL has everything in it', async (context) => {
  const { person, protectedResource, authorizationServer, told, failing } = await startListening(context);
  authorizationServer.routes['/authorize'] = () => (response) => response.destroy();
  await failing(
    person
      .start({ settings: () => ({ preflight: true }) })
      .connection(protectedResource.endpoint)
      .signIn(),
  );
  requireSilent(told, secretsOf(authorizationServer));
});

/** How servers repeat what they were sent. @type {Record<string, (words: string) => Answer>} */
const echoes = {
  JSON: (words) => ({ status: 400, body: { error: 'invalid_grant', error_description: words } }),
  'JSON with status 200': (words) => ({ body: { error: 'invalid_grant', error_description: words } }),
  'JSON, cut behind 300 characters': (words) => ({
    status: 400,
    body: { error: 'invalid_grant', error_description: `${'-'.repeat(270)}${words}` },
  }),
  'a form': (words) => ({
    status: 400,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `${new URLSearchParams({ error: 'invalid_grant', error_description: words })}`,
  }),
  text: (words) => ({ status: 400, headers: { 'content-type': 'text/plain' }, body: words }),
};
attack('a server repeats in its words what it was sent', async (context) => {
  for (const echo of Object.values(echoes)) {
    const { person, protectedResource, authorizationServer, told, failing } = await startListening(context);
    const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
    const { '/token': token } = authorizationServer.routes;
    for (const name of ['code', 'code_verifier', 'client_secret']) {
      authorizationServer.routes['/token'] = ({ form }) => echo(`unknown ${form.get(name)} given`);
      await failing(connection.signIn());
    }
    Object.assign(authorizationServer.routes, { '/token': token });
    await connection.signIn();
    authorizationServer.routes['/token'] = ({ form }) => echo(`unknown ${form.get('refresh_token')} given`);
    await failing(connection.refresh());
    Object.assign(authorizationServer.routes, { '/token': token });
    authorizationServer.routes['/register/1'] = ({ headers }) => echo(`unknown ${headers.authorization} given`);
    authorizationServer.routes['/register'] = ({ body }) => echo(`unknown ${body}`);
    // Whatever comes of it: that a registration is not widened may be no reason to fail.
    await person
      .start({ settings: () => ({ scopes: ['wider'] }) })
      .connection(protectedResource.endpoint)
      .signIn()
      .catch((error) => told.push(error));
    requireSilent(told, secretsOf(authorizationServer));
  }
});

attack('an MCP server repeats the token in its challenge', async (context) => {
  const { person, protectedResource, authorizationServer, told } = await startListening(context);
  const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
  await connection.signIn();
  protectedResource.routes['/mcp'] = ({ headers }) => ({
    status: 401,
    headers: {
      'www-authenticate': `Bearer error="invalid_token", error_description="expired: ${headers.authorization}"`,
    },
  });
  told.push(await rejectionOf(callTool(connection.fetch, protectedResource.endpoint)));
  requireSilent(told, secretsOf(authorizationServer));
});

attack('a store file that is damaged, and quoted by the error about it', async (context) => {
  const path = join(await temporaryFolder(), 'store.json');
  const { person, protectedResource, authorizationServer, told, failing } = await startListening(context, {
    person: { store: createFileStore(path) },
  });
  await person.start().connection(protectedResource.endpoint).signIn();
  const text = await readFile(path, 'utf8');
  for (const secret of authorizationServer.secrets.filter((secret) => text.includes(secret))) {
    await writeFile(path, text.replace(`${secret}"`, `${secret}"!`));
    await failing(callTool(person.start().fetch(protectedResource.endpoint), protectedResource.endpoint));
  }
  requireSilent(told, secretsOf(authorizationServer));
});
