// Servers far away that name addresses of this machine and of the networks that it can reach, under many spellings; and
// names far away that look like this machine.

import assert from 'node:assert/strict';
import { attacksIn } from './attack.js';
import { callTool, onePlace, rejectionOf, startAuthorizationServer, startHonestWorld } from './parties.js';

/** @import { TestContext } from 'node:test' */

const attack = attacksIn(import.meta.filename);

/** Where a public server may name an address. @type {Record<string, (url: string) => Parameters<typeof startHonestWorld>[1]>} */
const places = {
  'the challenge': (url) => ({
    protectedResource: {
      routes: { '/mcp': () => ({ status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${url}"` } }) },
    },
  }),
  authorization_servers: (url) => ({
    protectedResource: { metadata: { authorization_servers: [new URL(url).origin] } },
  }),
  ...Object.fromEntries(
    ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'].map((member) => [
      member,
      (/** @type {string} */ url) => ({ authorizationServer: { metadata: { [member]: url } } }),
    ]),
  ),
};

/**
 * Lets a public server name an address, and sees that nobody goes there.
 *
 * @param {TestContext} context
 * @param {string} url
 * @param {string} [place]
 */
async function requireRefused(context, url, place = 'the challenge') {
  const { internet, person, protectedResource } = await startHonestWorld(context, places[place]?.(url));
  const { fetch } = person.start().connection(protectedResource.endpoint, { interaction: true });
  const error = await rejectionOf(callTool(fetch, protectedResource.endpoint));
  assert.ok(['private_address', 'insecure_endpoint'].includes(error.code), `${url} in ${place}: ${error}`);
  assert.deepEqual([internet.strayed, person.trips], [[], []], url);
}

const literals = [
  'https://127.0.0.1/',
  'https://127.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0177.0.0.1/',
  'https://0x7f.0.0.01/',
  'https://127.0.0.1./',
  'https://%31%32%37.0.0.1/',
  'https://0/',
  'https://10.0.0.1/',
  'https://0xa.1/',
  'https://172.31.255.255/',
  'https://192.168.1.1/',
  'https://169.254.169.254/',
  'https://2852039166/',
  'https://100.100.100.200/',
  'https://[::1]/',
  'https://[fe80::1]/',
  'https://[fd00:ec2::254]/',
  'http://127.0.0.1/',
  'http://localhost:8080/',
];
attack('[refuses D12] an address in here, in every spelling', async (context) => {
  for (const url of literals) await requireRefused(context, url);
});

attack('[refuses D12] an address in here, in every place', async (context) => {
  for (const place of Object.keys(places)) {
    for (const url of ['https://169.254.169.254/latest', 'https://10.0.0.1:8443/'])
      await requireRefused(context, url, place);
  }
});

attack('[refuses D12] an address in here, in a place that the sign-in does not need', async (context) => {
  for (const member of ['pushed_authorization_request_endpoint', 'jwks_uri', 'revocation_endpoint']) {
    for (const url of ['https://169.254.169.254/latest', 'https://10.0.0.1:8443/']) {
      const { internet, person, protectedResource } = await startHonestWorld(context, {
        authorizationServer: { metadata: { [member]: url } },
      });
      const connection = person.start().connection(protectedResource.endpoint, { interaction: true });
      assert.equal((await callTool(connection.fetch, protectedResource.endpoint)).status, 200);
      await connection.signOut();
      assert.deepEqual(internet.strayed, [], `${url} in ${member}`);
    }
  }
});

const embedded = [
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:a9fe:a9fe]/',
  'https://[0:0:0:0:0:ffff:10.0.0.1]/',
  'https://[::10.0.0.1]/',
  'https://[::ffff:0:192.168.1.1]/',
  'https://[64:ff9b::7f00:1]/',
];
attack('[refuses D12] an address in here, inside of an IPv6 address', async (context) => {
  for (const url of embedded) await requireRefused(context, url);
});

attack('[refuses D12] an address in here, inside of a 6to4 address', (context) =>
  requireRefused(context, 'https://[2002:a9fe:a9fe::]/'),
);

attack("[refuses D12] this machine's name with a full stop at its end", async (context) => {
  for (const url of ['https://localhost./', 'https://LocalHost.:8443/']) await requireRefused(context, url);
});

attack("[refuses D12] a name below this machine's", async (context) => {
  for (const url of ['https://app.localhost/', 'https://a.b.LOCALHOST/']) await requireRefused(context, url);
});

const publicNames = [
  'http://localhost.evil.example/',
  'http://localhosted.example/',
  'http://127.0.0.1.evil.example/',
  'http://127.0.0.1.nip.io/',
  'http://localhost@evil.example/',
  'http://localhost:80@evil.example/',
  'http://127.0.0.1%2eevil.example/',
  'http://evil.example\\@localhost/',
  'http://evil.example/?@localhost/',
  'http://[::ffff:127.0.0.1]/',
  'http://0.0.0.0/',
  'http://[::]/',
];
attack('[refuses A6] http to a public server whose name looks like this machine', async (context) => {
  for (const url of publicNames) {
    const { internet, person, protectedResource } = await startHonestWorld(context, {
      authorizationServer: { metadata: { token_endpoint: url } },
    });
    const error = await rejectionOf(person.start().connection(protectedResource.endpoint).signIn());
    assert.equal(error.code, 'insecure_endpoint', url);
    assert.deepEqual(internet.strayed, []);
  }
});

const registrations = [
  'https://evil.example/records/1',
  '//evil.example/records/1',
  'https://login.example:8443/register/1',
  'https://login.example.evil.example/',
  'https://login.example@evil.example/',
  'https://10.0.0.1/',
  'https://[::1]/',
  'http://127.0.0.1:9/',
  'http://login.example/register/1',
];
attack(
  '[refuses R7, D12] a registration is managed somewhere else: what is there would be replaced and deleted from here',
  async (context) => {
    for (const url of registrations) {
      const { internet, person, protectedResource } = await startHonestWorld(context, {
        authorizationServer: {
          registered: { registration_client_uri: url, registration_access_token: 'chosen-by-the-server' },
        },
        person: { handsOver: onePlace },
      });
      const evil = await startAuthorizationServer(internet, 'https://evil.example');
      await person.start().connection(protectedResource.endpoint).signIn();
      const wider = person.start({ settings: () => ({ scopes: ['wider'] }) });
      await wider.connection(protectedResource.endpoint).signIn();
      assert.deepEqual([internet.strayed, evil.requests], [[], []], url);
    }
  },
);
