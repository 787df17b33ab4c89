import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MisuseError } from 'mcp-oauth-wasm';
import { checkClientMetadataDocument, clientMetadataDocument } from 'mcp-oauth-wasm/client-metadata';
import { loopbackRedirect } from 'mcp-oauth-wasm/node';
import { callTool, createMachine, startWorld } from './world.js';

/** @import { JsonObject } from 'mcp-oauth-wasm' */
/** @import { ClientMetadataOptions } from 'mcp-oauth-wasm/client-metadata' */

const url = 'https://app.example/oauth/client.json';
const client = { clientMetadataUrl: url, clientName: 'An application' };
const redirectUris = ['http://127.0.0.1/callback'];

/** @param {Partial<ClientMetadataOptions>} [options] */
const documentWith = (options) => clientMetadataDocument(client, { redirectUris, ...options });

test('[accepts R3] a document that is made here is whole, and names no scope', () => {
  assert.deepEqual(documentWith(), {
    client_id: url,
    client_name: 'An application',
    application_type: 'native',
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  });
});

test('everything that the client says of itself is in it', () => {
  const described = {
    ...client,
    clientUri: 'https://app.example/',
    logoUri: 'https://app.example/logo.svg',
    softwareId: 'id',
    softwareVersion: '1',
  };
  const document = clientMetadataDocument(described, {
    redirectUris: ['https://app.example/callback'],
    scopes: ['read', 'write'],
    refresh: false,
    publicKeysUrl: 'https://app.example/keys.json',
    further: { policy_uri: 'https://app.example/policy', client_name: 'not this one' },
  });
  assert.deepEqual(document, {
    policy_uri: 'https://app.example/policy',
    client_id: url,
    client_name: 'An application',
    client_uri: 'https://app.example/',
    logo_uri: 'https://app.example/logo.svg',
    software_id: 'id',
    software_version: '1',
    application_type: 'web',
    redirect_uris: ['https://app.example/callback'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: 'https://app.example/keys.json',
    scope: 'read write',
  });
});

test('the application type follows from the redirect URIs, unless it is given', () => {
  assert.equal(
    documentWith({ redirectUris: ['https://app.example/callback', ...redirectUris] }).application_type,
    'native',
  );
  assert.equal(documentWith({ redirectUris: ['com.example.app:/callback'] }).application_type, 'native');
  assert.equal(
    documentWith({ redirectUris: ['https://app.example/callback'], applicationType: 'native' }).application_type,
    'native',
  );
});

test('what would not be accepted is not made, and every reason is told', () => {
  assert.throws(
    () =>
      clientMetadataDocument(
        { clientMetadataUrl: 'http://app.example/client.json' },
        { redirectUris: ['http://app.example/callback'] },
      ),
    (error) => {
      assert.ok(error instanceof MisuseError);
      assert.equal(error.code, 'invalid_client_metadata');
      const { problems } = /** @type {{ problems: { member: string }[] }} */ (error.details);
      assert.deepEqual(
        problems.map(({ member }) => member),
        ['client_id', 'client_name', 'redirect_uris'],
      );
      assert.match(error.message, /`client_id` has to be an https URL\. `client_name` is missing/);
      return true;
    },
  );
});

describe('a URL that can be no client identifier', () => {
  for (const [wrongUrl, problem] of Object.entries({
    'no URL': /https URL/,
    'http://app.example/client.json': /https URL/,
    'https://app.example': /needs a path/,
    'https://app.example/': /needs a path/,
    'https://app.example/client.json#a': /fragment/,
    'https://app.example/client.json#': /fragment/,
    'https://user@app.example/client.json': /user name/,
    'https://app.example/a/../client.json': /segments/,
    'https://app.example/./client.json': /segments/,
    'https://app.example/a/%2E%2e/client.json': /segments/,
    'https://app.example/a/..': /segments/,
    'https://APP.example/client.json': /normal form: https:\/\/app\.example\/client\.json/,
    'https://app.example:443/client.json': /normal form/,
  })) {
    test(`[refuses R3] no client identifier: ${wrongUrl}`, () => {
      const [found, ...others] = checkClientMetadataDocument(wrongUrl, { ...documentWith(), client_id: wrongUrl });
      assert.equal(found?.member, 'client_id');
      assert.match(found?.problem ?? '', problem);
      assert.deepEqual(others, []);
    });
  }

  test('[accepts R3] ports, queries and dots within names are no hindrance', () => {
    for (const right of [
      'https://app.example:8443/client.json',
      'https://app.example/client?v=1',
      'https://app.example/.well-known/..client.json',
    ]) {
      assert.deepEqual(checkClientMetadataDocument(right, { ...documentWith(), client_id: right }), []);
    }
  });
});

describe('a document', () => {
  const publicKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' };

  /** @type {Record<string, [member: string | undefined, change: (document: JsonObject) => unknown, problem: RegExp]>} */
  const wrongs = {
    'that is none': [undefined, () => 'text', /JSON object/],
    'that is a list': [undefined, (document) => [document], /JSON object/],
    'of another URL': ['client_id', (document) => ({ ...document, client_id: `${url}/` }), /character by character/],
    'without a name': ['client_name', ({ client_name: _, ...others }) => others, /consent page/],
    'with an empty name': ['client_name', (document) => ({ ...document, client_name: ' ' }), /consent page/],
    'without redirect URIs': ['redirect_uris', (document) => ({ ...document, redirect_uris: [] }), /is missing/],
    'with a redirect URI by http elsewhere': [
      'redirect_uris',
      (document) => ({ ...document, redirect_uris: ['http://app.example/'] }),
      /"http:\/\/app\.example\/"/,
    ],
    'with a redirect URI that only begins like loopback': [
      'redirect_uris',
      (document) => ({ ...document, redirect_uris: ['http://127.0.0.1.app.example/'] }),
      /neither/,
    ],
    'with a redirect URI that has a fragment': [
      'redirect_uris',
      (document) => ({ ...document, redirect_uris: ['https://app.example/#a'] }),
      /neither/,
    ],
    'with a redirect URI that has a user name': [
      'redirect_uris',
      (document) => ({ ...document, redirect_uris: ['https://a@app.example/'] }),
      /neither/,
    ],
    'with a redirect URI that is a script': [
      'redirect_uris',
      (document) => ({ ...document, redirect_uris: ['javascript:alert(1)'] }),
      /neither/,
    ],
    'with a redirect URI that is a number': ['redirect_uris', (document) => ({ ...document, redirect_uris: [7] }), /7/],
    'of a web application that comes back to loopback': [
      'application_type',
      (document) => ({ ...document, application_type: 'web' }),
      /has to be `native`/,
    ],
    'of an unheard-of type': [
      'application_type',
      (document) => ({ ...document, application_type: 'desktop' }),
      /`native` or `web`/,
    ],
    'without the grant': [
      'grant_types',
      (document) => ({ ...document, grant_types: ['implicit'] }),
      /authorization_code/,
    ],
    'without the response type': [
      'response_types',
      (document) => ({ ...document, response_types: ['token'] }),
      /`code`/,
    ],
    'that would authenticate by a secret': [
      'token_endpoint_auth_method',
      (document) => ({ ...document, token_endpoint_auth_method: 'client_secret_post' }),
      /is none/,
    ],
    'that does not say how it authenticates': [
      'token_endpoint_auth_method',
      ({ token_endpoint_auth_method: _, ...others }) => others,
      /client_secret_basic/,
    ],
    'with a secret': ['client_secret', (document) => ({ ...document, client_secret: 's' }), /everybody can read/],
    'with the expiry of a secret': [
      'client_secret_expires_at',
      (document) => ({ ...document, client_secret_expires_at: 0 }),
      /everybody can read/,
    ],
    'without the keys that it authenticates by': [
      'jwks',
      (document) => ({ ...document, token_endpoint_auth_method: 'private_key_jwt' }),
      /is needed/,
    ],
    'with keys twice': [
      'jwks',
      (document) => ({ ...document, jwks: { keys: [publicKey] }, jwks_uri: 'https://app.example/keys' }),
      /exclude/,
    ],
    'with keys that are none': ['jwks', (document) => ({ ...document, jwks: [publicKey] }), /JWK Set/],
    'with a private key': [
      'jwks',
      (document) => ({ ...document, jwks: { keys: [publicKey, { ...publicKey, d: 'd' }] } }),
      /private/,
    ],
    'with a symmetric key': ['jwks', (document) => ({ ...document, jwks: { keys: [{ kty: 'oct' }] } }), /symmetric/],
    'with an empty scope': ['scope', (document) => ({ ...document, scope: '' }), /left out/],
    'with pages that are not https': [
      'logo_uri',
      (document) => ({ ...document, logo_uri: 'http://app.example/logo.svg' }),
      /https/,
    ],
    'that is too large': [
      undefined,
      (document) => ({ ...document, software_version: 'x'.repeat(5200) }),
      /servers read up to 5120/,
    ],
  };
  for (const [what, [member, change, problem]] of Object.entries(wrongs)) {
    test(`[refuses R3] a document ${what} is not accepted`, () => {
      const [found, ...others] = checkClientMetadataDocument(url, change(documentWith()));
      assert.equal(found?.member, member);
      assert.match(found?.problem ?? '', problem);
      assert.deepEqual(others, []);
    });
  }

  test('[accepts R3] with public keys, or with less than is made here', () => {
    const { client_id, client_name, redirect_uris } = documentWith();
    for (const document of [
      documentWith({ publicKeys: { keys: [publicKey] } }),
      { client_id, client_name, redirect_uris, token_endpoint_auth_method: 'none', unheard_of: true },
    ]) {
      assert.deepEqual(checkClientMetadataDocument(url, document), []);
    }
  });
});

test('[accepts R3] a real authorization server fetches the document, and signs its client in', async () => {
  const document = documentWith();
  /** @type {string[]} */
  const fetched = [];
  const world = await startWorld({
    authorizationServer: {
      defaultScope: null,
      features: { clientIdMetadataDocument: { enabled: true, ack: 'draft-02' } },
      configuration: {
        fetch: async (input) => {
          fetched.push(String(input));
          return Response.json(document);
        },
      },
    },
  });
  try {
    const machine = createMachine();
    const redirect = loopbackRedirect({
      pathPerIssuer: false,
      open: async (authorizationUrl) => void (await machine.userAgent.browse(authorizationUrl)),
    });
    machine.network.fault = ({ url: requested }) => (requested === url ? Response.json(document) : undefined);
    const authorizer = machine.start({ host: { ...machine.host, redirect }, client });
    const connection = authorizer.connection(world.server, { interaction: true });
    assert.equal((await callTool(connection.fetch, world.server)).status, 200);
    const session = await connection.session();
    assert.equal(session?.registration.clientId, url);
    assert.ok(fetched.length > 0 && fetched.every((one) => one === url));
    assert.deepEqual(machine.network.registrations(), []);
  } finally {
    await world.close();
  }
});
