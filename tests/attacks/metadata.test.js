// Documents of servers that lie about who they are, whom they speak for, and where one should go.

import assert from 'node:assert/strict';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chdir, cwd, platform } from 'node:process';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { loopbackRedirect, openBrowser } from 'mcp-oauth-wasm/node';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { attacksIn } from './attack.js';
import { createInternet } from './internet.js';
import {
  callTool,
  onePlace,
  Person,
  rejectionOf,
  startAuthorizationServer,
  startHonestWorld,
  startProtectedResource,
  told,
} from './parties.js';

/** @import { TestContext } from 'node:test' */
/** @import { AuthorizationServerOptions } from './parties.js' */

const attack = attacksIn(import.meta.filename);

/** As JSON text, in which members may be there twice. @param {object} document @param {string} more */
const jsonWith = (document, more) => `${JSON.stringify(document).slice(0, -1)},${more}}`;
const json = { 'content-type': 'application/json' };

const impersonations = {
  'the issuer alone': (/** @type {object} */ document) =>
    JSON.stringify({ ...document, issuer: 'https://login.example' }),
  'its own issuer first, the other last': (/** @type {object} */ document) =>
    jsonWith(document, '"issuer":"https://login.example"'),
};
for (const [what, document] of Object.entries(impersonations)) {
  attack(
    `[refuses D7] metadata that names another issuer, to get the credentials for that one: ${what}`,
    async (context) => {
      const {
        internet,
        authorizationServer: honest,
        protectedResource,
        person,
      } = await startHonestWorld(context, {
        protectedResource: { metadata: {} },
      });
      const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
      await connection.signIn();
      // The MCP server has fallen into other hands. The person would sign in where she always does.
      const evil = await startAuthorizationServer(internet, 'https://evil.example');
      const forged = { ...evil.metadata(), authorization_endpoint: honest.metadata().authorization_endpoint };
      evil.routes['/.well-known/oauth-authorization-server'] = () => ({ headers: json, body: document(forged) });
      protectedResource.routes[protectedResource.metadataPath] = () => ({
        body: { resource: protectedResource.endpoint, authorization_servers: [evil.issuer] },
      });
      const error = await rejectionOf(connection.signIn());
      assert.equal(error.code, 'issuer_mismatch');
      assert.deepEqual(told(evil, honest.secrets), []);
    },
  );
}

/**
 * A sign-in that must end before the person is sent anywhere.
 *
 * @param {TestContext} context
 * @param {{ authorizationServer?: AuthorizationServerOptions, metadata?: Record<string, unknown>, challenge?: string }} [options]
 */
async function refusedSignIn(context, { authorizationServer, metadata, challenge } = {}) {
  const world = await startHonestWorld(context, {
    authorizationServer,
    protectedResource: { metadata, challenge },
    person: { handsOver: onePlace },
  });
  const { person, protectedResource } = world;
  const fetch = person.start().fetch(protectedResource.endpoint, { interaction: true });
  const error = await rejectionOf(callTool(fetch, protectedResource.endpoint));
  assert.deepEqual(person.trips.map(String), [], 'the person was sent away');
  return { ...world, error };
}

const spellings = ['https://LOGIN.example', 'https://login.example:443', 'HTTPS://login.example'];
attack('[refuses D7] metadata whose issuer is only another spelling', async (context) => {
  for (const issuer of spellings) {
    const { error } = await refusedSignIn(context, { authorizationServer: { metadata: { issuer } } });
    assert.equal(error.code, 'issuer_mismatch', issuer);
  }
});

attack(
  '[refuses D4] a tenant names the whole origin as its resource, and gets tokens for its neighbours',
  async (context) => {
    const internet = createInternet(context);
    const honest = await startAuthorizationServer(internet, 'https://login.example');
    const tenant = await startProtectedResource(internet, 'https://host.example/mallory/mcp', {
      authorizationServers: [honest],
      metadata: { resource: 'https://host.example' },
    });
    const person = new Person(internet);
    const error = await rejectionOf(person.start().connection(tenant.endpoint).signIn());
    assert.equal(error.code, 'resource_mismatch');
    assert.equal(person.trips.length, 0);
  },
);

const bait = 'https://tools.evil.example/mcp';
const misdirections = {
  'in its own document': { metadata: { resource: 'https://mcp.example/mcp' } },
  "by the location of the other's document": {
    routes: {
      '/mcp': () => ({
        status: 401,
        headers: {
          'www-authenticate': 'Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"',
        },
      }),
    },
  },
};
for (const [how, options] of Object.entries(misdirections)) {
  attack(`[refuses D4] an MCP server passes for another, to get tokens for that one: ${how}`, async (context) => {
    const { internet, authorizationServer, person } = await startHonestWorld(context);
    const evil = await startProtectedResource(internet, bait, {
      authorizationServers: [authorizationServer],
      ...options,
    });
    const fetch = person.start().fetch(bait, { interaction: true });
    const error = await rejectionOf(callTool(fetch, bait));
    assert.equal(error.code, 'resource_mismatch');
    assert.deepEqual(told(evil, authorizationServer.secrets), []);
  });
}

attack(
  "[refuses D4] an MCP server whose path only begins like its neighbour's names that as its resource",
  async (context) => {
    const internet = createInternet(context);
    const honest = await startAuthorizationServer(internet, 'https://login.example');
    const neighbour = await startProtectedResource(internet, 'https://host.example/mcp', {
      authorizationServers: [honest],
    });
    const evil = 'https://host.example/mcp-of-mallory';
    neighbour.routes['/mcp-of-mallory'] = () => ({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    neighbour.routes['/.well-known/oauth-protected-resource/mcp-of-mallory'] = () => ({
      body: { resource: neighbour.endpoint, authorization_servers: [honest.issuer] },
    });
    const person = new Person(internet);
    const fetch = person.start().fetch(evil, { interaction: true });
    const error = await rejectionOf(callTool(fetch, evil));
    assert.equal(error.code, 'resource_mismatch');
    assert.deepEqual(told(neighbour, honest.secrets), []);
  },
);

attack(
  '[refuses D4] a resource by a detour, for an authorization server that judges by the beginning of the path',
  async (context) => {
    const detours = ['/admin/../mcp', '/admin/%2e%2E/mcp', '/./mcp', '\\admin\\..\\mcp', '/mcp/x/..'];
    for (const path of detours) {
      const resource = path.endsWith('/..') ? 'https://mcp.example/mcp/x/../../mcp' : `https://mcp.example${path}`;
      const { error } = await refusedSignIn(context, { metadata: { resource } });
      assert.equal(error.code, 'invalid_document', resource);
    }
  },
);

const activeSchemes = [
  'javascript:alert(1)',
  'javascript://login.example/%0aalert(1)',
  'JaVaScRiPt://login.example/x',
  'vbscript:msgbox(1)',
  'vbscript://login.example/x',
  'file:///etc/passwd',
  'file://login.example/share',
  'data:text/html,<script>alert(1)</script>',
  'blob:https://login.example/1',
  'ms-msdt://login.example/id',
  'com.example.app://login.example/',
  'ws://login.example/',
  'ftp://login.example/',
  'http://login.example/',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  '//login.example/',
  'login.example',
  'https:login.example',
  'https://login.example/#javascript:alert(1)',
];
const serverMembers = ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'];
/** As if they were absent, where they cannot be called. */
const unneededMembers = [
  'revocation_endpoint',
  'pushed_authorization_request_endpoint',
  'device_authorization_endpoint',
  'jwks_uri',
];
for (const member of serverMembers) {
  attack(`[refuses A6] a scheme that does something else in \`${member}\``, async (context) => {
    const schemes =
      member === 'authorization_endpoint'
        ? activeSchemes
        : activeSchemes.filter((url) => url.includes('://login.example/'));
    for (const url of schemes) {
      const { error } = await refusedSignIn(context, { authorizationServer: { metadata: { [member]: url } } });
      assert.equal(error.code, 'insecure_endpoint', url);
    }
  });
}
for (const member of unneededMembers) {
  attack(
    `[refuses A6] a scheme that does something else in \`${member}\`, which the sign-in does not need`,
    async (context) => {
      for (const url of activeSchemes) {
        const { internet, person, protectedResource } = await startHonestWorld(context, {
          authorizationServer: { metadata: { [member]: url } },
        });
        const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
        assert.equal((await callTool(connection.fetch, protectedResource.endpoint)).status, 200, url);
        const { endpoints = {} } = (await connection.session())?.discovery.authorizationServer ?? {};
        assert.equal(endpoints[member], undefined, url);
        await connection.signOut();
        assert.deepEqual(internet.strayed, [], url);
      }
    },
  );
}
attack('[refuses A6] a scheme that does something else as issuer', async (context) => {
  for (const url of activeSchemes) {
    const { error } = await refusedSignIn(context, { metadata: { authorization_servers: [url] } });
    assert.equal(error.code, 'insecure_endpoint', url);
  }
});

attack('[refuses A6] a URL with such a scheme reaches what opens the browser', async (context) => {
  for (const authorizationUrl of ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', 'ms-msdt:/id']) {
    /** @type {(url: string) => void} */
    let open = () => {};
    const opened = new Promise((resolve) => (open = resolve));
    const receiver = await loopbackRedirect({ open }).prepare({ issuer: 'https://login.example' });
    context.after(() => receiver.close());
    const error = await Promise.race([opened, rejectionOf(receiver.authorize({ authorizationUrl, state: 'state' }))]);
    assert.equal(error.code, 'url_not_openable', authorizationUrl);
  }
});

if (platform !== 'win32') {
  const commands = {
    'for a shell': { name: 'xdg-open', kernel: '', script: 'printf "%s\\n" "$@" > "$0.arguments"' },
    // As that of WSL, which makes a command line of PowerShell.
    'for the shell of the program that opens browsers': {
      name: 'wslview',
      kernel: 'microsoft',
      script: 'eval "printf \'%s\\n\' $1" > "$0.arguments"',
    },
  };
  for (const [what, { name, kernel, script }] of Object.entries(commands)) {
    attack(`[refuses A6] an authorization endpoint that is a command, ${what}`, async (context) => {
      const folder = await temporaryFolder();
      const command = join(folder, name);
      await writeFile(command, `#!/bin/sh\n${script}\n`);
      await chmod(command, 0o755);
      const home = cwd();
      chdir(folder);
      context.after(() => chdir(home));
      const path = '/authorize;touch$IFS$9pwned;$(touch$IFS$9pwned)';
      const environment = {
        platform: /** @type {const} */ ('linux'),
        kernel,
        variables: { PATH: `${folder}:/usr/bin:/bin`, DISPLAY: ':0' },
      };
      const { person, protectedResource, authorizationServer } = await startHonestWorld(context, {
        authorizationServer: { metadata: { authorization_endpoint: `https://login.example${path}` } },
        person: { redirectOptions: { open: (url) => openBrowser(url, environment) } },
      });
      const givingUp = new AbortController();
      const signIn = rejectionOf(
        person.start().connection(protectedResource.endpoint, { signal: givingUp.signal }).signIn(),
      );
      const seen = await textOf(`${command}.arguments`);
      givingUp.abort();
      await signIn;
      assert.deepEqual(await readdir(folder), [name, `${name}.arguments`]);
      assert.equal(decodeURIComponent(String(seen.split('?')[0])), `${authorizationServer.issuer}${path}`);
    });
  }
}

/** @param {string} file that is going to be written @returns {Promise<string>} */
async function textOf(file) {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text || (await new Promise((resolve) => setTimeout(() => resolve(textOf(file)), 5)));
}

attack('[refuses A6] an issuer that shows the honest name as a user name', async (context) => {
  for (const issuer of ['https://login.example@evil.example', 'https://login.example:443@evil.example']) {
    const internet = createInternet(context);
    const metadata = { issuer, authorization_endpoint: `${issuer}/authorize` };
    await startAuthorizationServer(internet, 'https://evil.example', { metadata });
    const resource = await startProtectedResource(internet, bait, { authorizationServers: [issuer] });
    const error = await rejectionOf(callTool(new Person(internet).start().fetch(resource.endpoint), resource.endpoint));
    assert.equal(error.code, 'insecure_endpoint', issuer);
    assert.doesNotMatch(inspect(error), /login\.example/);
  }
});

attack('an issuer with a query or a fragment, which make many of one', async (context) => {
  for (const issuer of [
    'https://login.example?tenant=mallory',
    'https://login.example/?',
    'https://login.example#mallory',
  ]) {
    const { error } = await refusedSignIn(context, {
      authorizationServer: { metadata: { issuer } },
      metadata: { authorization_servers: [issuer] },
    });
    assert.ok(['invalid_document', 'insecure_endpoint'].includes(error.code), error.code);
  }
});

const lookalikes = {
  'a letter of another alphabet': 'https://l\u043egin.example',
  'an invisible space': 'https://login\u200b.example',
  'a soft hyphen': 'https://log\u00adin.example',
  'a full stop that is none': 'https://login\u3002example',
  'full-width letters': 'https://\uff4cogin.example',
  'what turns the direction of writing': 'https://evil.example/\u202eelpmaxe.nigol',
};
attack('an issuer that looks like the honest one', async (context) => {
  for (const [what, issuer] of Object.entries(lookalikes)) {
    const internet = createInternet(context);
    const { origin } = new URL(issuer);
    await startAuthorizationServer(internet, origin, { metadata: { issuer } });
    const resource = await startProtectedResource(internet, bait, { authorizationServers: [issuer] });
    const error = await rejectionOf(callTool(new Person(internet).start().fetch(resource.endpoint), resource.endpoint));
    assert.equal(error.code, 'insecure_endpoint', what);
    assert.ok(!/[^\x00-\x7f]/.test(inspect(error)), inspect(error));
  }
});

/**
 * A host on which the root belongs to Mallory. Something between here and there gets in the way of what belongs to others.
 *
 * @param {TestContext} context
 * @param {{ status?: number, headers?: Record<string, string>, body?: object | string }} answer
 * @param {{ challenged: boolean, at?: string }} how whether the challenge names the location, and another one
 */
async function signInBehind(context, answer, { challenged, at }) {
  const internet = createInternet(context);
  const evil = await startAuthorizationServer(internet, 'https://evil.example');
  const resource = await startProtectedResource(internet, 'https://host.example/mcp', { authorizationServers: [] });
  resource.routes[at ?? resource.metadataPath] = () => answer;
  const named = { 'www-authenticate': `Bearer resource_metadata="https://host.example${at}"` };
  if (at) resource.routes['/mcp'] = () => ({ status: 401, headers: named });
  if (!challenged) resource.routes['/mcp'] = () => ({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
  resource.routes['/.well-known/oauth-protected-resource'] = () => ({
    body: { resource: 'https://host.example', authorization_servers: [evil.issuer] },
  });
  const person = new Person(internet);
  const error = await rejectionOf(
    callTool(person.start().fetch(resource.endpoint, { interaction: true }), resource.endpoint),
  );
  assert.deepEqual(evil.requests, [], "Mallory's authorization server was believed");
  assert.deepEqual(person.trips, []);
  return error;
}

const portal = {
  headers: { 'content-type': 'text/html' },
  body: '<html><form action="/login">Welcome to our network</form></html>',
};
const portals = {
  'a page': portal,
  'a page that is refused': { ...portal, status: 403 },
  nothing: { status: 404 },
  'a redirect to its own page': { status: 302, headers: { location: 'https://portal.example/login' } },
};
for (const [what, answer] of Object.entries(portals)) {
  attack(
    `[refuses D2] a captive portal answers in place of the document that the challenge names, so that another is believed: ${what}`,
    async (context) => {
      const error = await signInBehind(context, answer, { challenged: true });
      assert.notEqual(error.kind, 'interaction');
    },
  );
}

attack(
  '[refuses D8] a captive portal or a flood keeps a document away, so that another is believed',
  async (context) => {
    for (const status of [429, 500, 503, 504, 511]) {
      const error = await signInBehind(context, { ...portal, status }, { challenged: false });
      assert.equal(error.code, 'server_unavailable', String(status));
    }
  },
);

attack(
  '[refuses D10] a captive portal keeps metadata away, so that an MCP server seems to be of the time when there was none',
  async (context) => {
    const { internet, protectedResource, authorizationServer, person } = await startHonestWorld(context);
    protectedResource.routes['/mcp'] = () => ({ status: 401 });
    protectedResource.routes['/register'] = () => ({ status: 201, body: { client_id: 'known-to-the-portal' } });
    for (const answer of [portal, portals['a redirect to its own page'], { status: 200, body: {} }]) {
      protectedResource.routes['/.well-known/oauth-protected-resource'] = () => answer;
      protectedResource.routes[protectedResource.metadataPath] = () => answer;
      await rejectionOf(
        callTool(person.start().fetch(protectedResource.endpoint, { interaction: true }), protectedResource.endpoint),
      );
      assert.ok(
        !protectedResource.requests.some(({ url }) => url.pathname === '/register'),
        'a client was registered where there is only a portal',
      );
      assert.deepEqual([person.trips, authorizationServer.requests, internet.strayed], [[], [], []]);
    }
  },
);

attack('[refuses D10] an MCP server takes its metadata back, to sign people in by itself', async (context) => {
  const { protectedResource, person } = await startHonestWorld(context);
  await person.start().connection(protectedResource.endpoint).signIn();
  protectedResource.routes['/mcp'] = () => ({ status: 401 });
  protectedResource.routes['/register'] = () => ({ status: 201, body: { client_id: 'known-to-the-thief' } });
  delete protectedResource.routes[protectedResource.metadataPath];
  const error = await rejectionOf(person.start().connection(protectedResource.endpoint).signIn());
  assert.equal(error.code, 'no_protected_resource_metadata');
  assert.equal(person.trips.length, 1);
});

attack('[refuses D8] a page that is a document at the same time, where anybody may write pages', async (context) => {
  const document = JSON.stringify({
    resource: 'https://host.example/mcp',
    authorization_servers: ['https://evil.example'],
  });
  const page = { headers: { 'content-type': 'text/html' }, body: document };
  const error = await signInBehind(context, page, { challenged: true, at: '/users/mallory/page.html' });
  assert.equal(error.code, 'not_json');
});

attack(
  '[refuses T5] a captive portal answers a refresh, so that the person signs in at what it shows',
  async (context) => {
    const { person, protectedResource, authorizationServer } = await startHonestWorld(context);
    const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
    await connection.signIn();
    const before = await connection.session();
    for (const answer of [
      portal,
      { ...portal, status: 511 },
      { ...portal, status: 403 },
      { status: 302, headers: { location: '/login' } },
    ]) {
      authorizationServer.routes['/token'] = () => answer;
      await rejectionOf(connection.refresh());
      assert.deepEqual(await connection.session(), before, 'what was stored is no longer there');
    }
    assert.equal(person.trips.length, 1);
  },
);

attack(
  '[refuses D5] the honest one of two authorization servers is kept busy, so that the other is used',
  async (context) => {
    const { internet, protectedResource, authorizationServer, person } = await startHonestWorld(context, {
      protectedResource: { metadata: { authorization_servers: ['https://login.example', 'https://evil.example'] } },
    });
    const evil = await startAuthorizationServer(internet, 'https://evil.example');
    authorizationServer.routes['/.well-known/oauth-authorization-server'] = () => ({ status: 503 });
    const error = await rejectionOf(person.start().connection(protectedResource.endpoint).signIn());
    assert.equal(error.code, 'server_unavailable');
    assert.deepEqual(evil.requests, []);
  },
);

attack('[refuses D9] PKCE is taken out of the metadata, or weakened', async (context) => {
  for (const methods of [undefined, [], ['plain'], ['s256'], 'S256']) {
    const { error } = await refusedSignIn(context, {
      authorizationServer: { metadata: { code_challenge_methods_supported: methods } },
    });
    assert.equal(error.code, 'no_s256', String(methods));
  }
});

attack('[refuses A5] an authorization endpoint that brings parameters of its own', async (context) => {
  const own = {
    response_type: 'token',
    client_id: 'mallory',
    redirect_uri: 'https://evil.example/',
    scope: 'admin',
    state: 'known',
    code_challenge: 'known',
    code_challenge_method: 'plain',
    resource: 'https://other.example/',
  };
  const { person, protectedResource } = await startHonestWorld(context, {
    authorizationServer: {
      metadata: { authorization_endpoint: `https://login.example/authorize?tenant=1&${new URLSearchParams(own)}` },
    },
  });
  await person.start().connection(protectedResource.endpoint).signIn();
  const query = /** @type {URL} */ (person.trips[0]).searchParams;
  assert.deepEqual(query.getAll('tenant'), ['1']);
  for (const [name, value] of Object.entries(own))
    assert.ok(!query.getAll(name).includes(value), `${name} is ${query.getAll(name)}`);
});

// No single check keeps this out: such names are members of no object in Rust.
test('names that every object has, as members and as scopes', async (context) => {
  const servers = '"__proto__":{"authorization_servers":["https://login.example"],"polluted":true}';
  const { error } = await refusedSignIn(context, {
    metadata: { authorization_servers: undefined, ...JSON.parse(`{${servers}}`) },
  });
  assert.equal(error.code, 'invalid_document');

  const { person, protectedResource } = await startHonestWorld(context, {
    authorizationServer: {
      tokens: { scope: 'mcp' },
      registered: JSON.parse('{"__proto__":{"client_secret":"x"},"constructor":{"prototype":{"polluted":true}}}'),
    },
  });
  await person.start().connection(protectedResource.endpoint).signIn();
  for (const scope of ['constructor', '__proto__', 'toString']) {
    const challenge = { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` };
    protectedResource.routes['/mcp'] = () => ({ status: 403, headers: challenge });
    for (let restart = 0; restart < 3; restart += 1) {
      const refused = await rejectionOf(
        callTool(person.start().fetch(protectedResource.endpoint, { interaction: true }), protectedResource.endpoint),
      );
      assert.equal(refused.kind, 'refused', `${scope}: ${refused}`);
    }
  }
  assert.ok(!('polluted' in {}));
});
