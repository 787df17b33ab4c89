// A server that repeats what it was sent, in whichever form, has no secret shown in messages and traces.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ask, complete, grant, refresh, unregister } from 'mcp-oauth-wasm';

/** @import { ClientRegistration, Discovery, Fetch, PendingAuthorization, ScopePlan, Session } from 'mcp-oauth-wasm' */

const issuer = 'https://as.example';
const endpoint = 'https://mcp.example/mcp';
/** Every character that form-encoding changes is in them. */
const secrets = {
  client: 'k+y/9=ü&client secret~*%',
  refresh: 'r+f/8=ä&refresh token~*%',
  code: 'c+d/7=ö&authorization~*%',
  verifier: `v${'-._~'.repeat(12)}`,
  device: 'd+v/6=ß&device code~*%!',
  management: 'management-token-0123456789',
};
const discovery = /** @type {Discovery} */ ({
  endpoint,
  protectedResource: { resource: endpoint, authorizationServers: [issuer], metadataUrl: `${endpoint}/metadata` },
  authorizationServer: {
    issuer,
    authorizationEndpoint: `${issuer}/authorize`,
    tokenEndpoint: `${issuer}/token`,
    authorizationResponseIssParameterSupported: false,
    clientIdMetadataDocumentSupported: false,
  },
});
const plan = /** @type {ScopePlan} */ ({ version: 1, scopes: [] });

/** @param {ClientRegistration['tokenEndpointAuthMethod']} method @returns {ClientRegistration} */
const client = (method) => ({
  ...{ version: 1, kind: 'dynamic', issuer, clientId: 'the client', clientSecret: secrets.client },
  tokenEndpointAuthMethod: method,
  redirectUri: 'http://127.0.0.1:9/callback',
  registrationAccessToken: secrets.management,
  registrationClientUri: `${issuer}/client`,
});

/** Every form in which a server has received them, or may think that it has. */
function formsOf(/** @type {string} */ secret) {
  const form = String(new URLSearchParams({ secret })).slice('secret='.length);
  return [secret, form];
}

/** How servers and their frameworks write what they repeat. @type {Record<string, (form: string) => string>} */
const repetitions = {
  'as it was sent': (form) => form,
  'decoded, and encoded as in .NET': (form) => form.replace(/%../g, (escape) => escape.toLowerCase()),
  'as part of a URL': (form) => encodeURIComponent(decodeURIComponent(form.replaceAll('+', ' '))),
  'in a page': (form) =>
    decodeURIComponent(form.replaceAll('+', ' '))
      .replaceAll('&', '&amp;')
      .replaceAll('"', '&quot;')
      .replaceAll('<', '&lt;'),
  'in JSON': (form) => JSON.stringify(decodeURIComponent(form.replaceAll('+', ' '))).replaceAll('/', '\\/'),
};

for (const [how, repeat] of Object.entries(repetitions)) {
  test(`a secret that a server repeats ${how}`, async () => {
    const registration = { ...client('client_secret_post'), clientSecret: 'quite-long-secret/+"&<it goes on> %' };
    const session = /** @type {Session} */ ({
      ...{ version: 1, grant: 'authorization_code', discovery, registration, plan },
      tokens: { accessToken: 'access', refreshToken: secrets.refresh, receivedAt: 0 },
    });
    /** @type {Fetch} */
    const fetch = async (_url, init) => {
      const form = /client_secret=([^&]*)/.exec(String(init?.body))?.[1] ?? '';
      const said = `not for ${repeat(form)}!`;
      return Response.json({ error: 'invalid_request', error_description: said }, { status: 400 });
    };
    /** @type {unknown[]} */
    const told = [];
    const error = await refresh({ session }, { fetch, trace: (event) => told.push(event) }).catch((reason) => reason);
    const shown = JSON.stringify([told, error.message, error.details]);
    assert.match(shown, /not for [^!]{0,4}\[redacted\]/);
    assert.doesNotMatch(shown, /quite-long|goes|on>|on&gt;/);
  });
}

for (const method of /** @type {const} */ (['client_secret_basic', 'client_secret_post'])) {
  const registration = client(method);
  const session = /** @type {Session} */ ({
    ...{ version: 1, grant: 'authorization_code', discovery, registration, plan },
    tokens: { accessToken: 'access', refreshToken: secrets.refresh, receivedAt: 0 },
  });
  const pending = /** @type {PendingAuthorization} */ (
    /** @type {unknown} */ ({
      ...{ version: 1, discovery, registration, plan, state: 'the-state-of-it', codeVerifier: secrets.verifier },
      ...{ createdAt: 0, attempts: { authorizations: 1, registrations: 0, scopeRegistrations: 0, preflighted: false } },
    })
  );
  const callbackUrl = `${registration.redirectUri}?${new URLSearchParams({ code: secrets.code, state: 'the-state-of-it' })}`;
  const deviceGrant = /** @type {const} */ ('urn:ietf:params:oauth:grant-type:device_code');
  /** @type {Record<string, (host: { fetch: Fetch, trace: (event: unknown) => void }) => Promise<unknown>>} */
  const steps = {
    refresh: (host) => refresh({ session }, host),
    complete: (host) => complete({ pending, callbackUrl }, host),
    'device code': (host) =>
      grant({ discovery, registration, plan, grant: deviceGrant, parameters: { device_code: secrets.device } }, host),
    revocation: (host) =>
      ask({ endpoint: `${issuer}/revoke`, registration, parameters: { token: secrets.refresh } }, host),
    deletion: (host) => unregister({ registration }, host),
  };

  describe(`a server that repeats what it was sent, the client by ${method}`, () => {
    for (const [name, step] of Object.entries(steps)) {
      test(`${name}`, async () => {
        /** @type {unknown[]} */
        const told = [];
        let repeated = '';
        /** @type {Fetch} */
        const fetch = async (_url, init) => {
          const headers = new Headers(init?.headers);
          const credentials = headers.get('authorization')?.split(' ')[1] ?? '';
          const decoded = headers.get('authorization')?.startsWith('Basic') ? atob(credentials) : '';
          const secret = decoded.split(':')[1] ?? '';
          repeated = [init?.body, headers.get('authorization'), credentials, decoded, secret].join(' | ');
          return Response.json({ error: 'invalid_request', error_description: repeated }, { status: 400 });
        };
        const outcome = await step({ fetch, trace: (event) => told.push(event) }).catch(
          (/** @type {any} */ error) => error,
        );
        const shown = JSON.stringify([told, Object(outcome).message, Object(outcome).details]);
        assert.ok(repeated.length > 20 && told.length > 1);
        for (const secret of Object.values(secrets).flatMap(formsOf))
          assert.ok(!shown.includes(JSON.stringify(secret).slice(1, -1)), `${secret} is shown: ${shown}`);
        const credentials = btoa(`the+client:${formsOf(secrets.client)[1]}`);
        assert.ok(!shown.includes(credentials.slice(-16)), `${credentials} is shown: ${shown}`);
      });
    }
  });
}
