import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { generateKeyPair, jwtVerify, SignJWT } from 'jose';

import * as grants from 'mcp-oauth-wasm/grants';
import { grantContext, refused, session, undecided } from './grant_context.js';
import { rejectionOf } from './world.js';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';

const identityProvider = {
  issuer: 'https://idp.example',
  tokenEndpoint: 'https://idp.example/token',
  clientId: 'idp-client',
  clientSecret: 'idp secret',
};
const { privateKey, publicKey } = await generateKeyPair('ES256');

/** @param {string} [issuer] */
function idTokenOf(issuer = identityProvider.issuer) {
  return new SignJWT({ iss: issuer, sub: 'alice', aud: 'idp-client' })
    .setProtectedHeader({ alg: 'ES256' })
    .sign(privateKey);
}

const exchanged = { issued_token_type: ID_JAG, access_token: 'the assertion', token_type: 'N_A', expires_in: 300 };

test('exports the grants and what they authenticate with', () => {
  assert.deepEqual(Object.keys(grants).sort(), [
    'clientCredentials',
    'deviceAuthorization',
    'enterpriseManaged',
    'jwtBearer',
    'privateKeyAssertion',
  ]);
});

test('[accepts T8] client credentials: one token request, with nothing but what every one has (RFC 6749 §4.4)', async () => {
  const { context, redeemed, posted } = grantContext();
  const grant = grants.clientCredentials();
  assert.deepEqual([grant.grantType, grant.interactive ?? false], ['client_credentials', false]);
  assert.equal(await grant.obtain(context), session);
  assert.deepEqual([redeemed, posted], [[{}], []]);
});

test('[accepts T8] workload identity: the platform is asked for an assertion that fits, and it is redeemed (RFC 7523 §2.1)', async () => {
  const { context, redeemed } = grantContext();
  /** @type {unknown[]} */
  const requests = [];
  const grant = grants.jwtBearer((request) => {
    requests.push(request);
    return `assertion ${requests.length}`;
  });
  assert.deepEqual([grant.grantType, grant.interactive ?? false], [JWT_BEARER, false]);
  assert.equal(await grant.obtain(context), session);
  await grant.obtain(context);
  assert.deepEqual(requests[0], {
    issuer: 'https://as.example',
    tokenEndpoint: 'https://as.example/token',
    resource: 'https://mcp.example/mcp',
    scopes: ['read', 'write'],
    clientId: 'client',
  });
  assert.deepEqual(redeemed, [{ assertion: 'assertion 1' }, { assertion: 'assertion 2' }]);
});

test('[refuses T8] workload identity: a refusal is final, and nothing else is tried', async () => {
  for (const error of ['invalid_grant', 'invalid_scope', 'unauthorized_client', 'slow_down']) {
    const { context, redeemed } = grantContext({ redeem: () => Promise.reject(refused(error)) });
    assert.equal((await rejectionOf(grants.jwtBearer(async () => 'x').obtain(context))).details.error, error);
    assert.equal(redeemed.length, 1);
  }
});

test('a token that is none is not sent', async () => {
  for (const token of ['', undefined, null, 7]) {
    const { context, redeemed, posted } = grantContext();
    const nothing = () => /** @type {any} */ (token);
    for (const grant of [grants.jwtBearer(nothing), grants.enterpriseManaged({ identityProvider, idToken: nothing })]) {
      await assert.rejects(grant.obtain(context), { name: 'MisuseError', code: 'invalid_argument' });
    }
    assert.deepEqual([redeemed, posted], [[], []]);
  }
  const failure = new Error('the platform has no identity');
  assert.equal(
    await rejectionOf(grants.jwtBearer(() => Promise.reject(failure)).obtain(grantContext().context)),
    failure,
  );
});

test('[accepts T8] enterprise-managed: the ID Token is exchanged at the identity provider, and its assertion redeemed', async () => {
  const { context, posted, redeemed } = grantContext({ post: () => exchanged });
  const idToken = await idTokenOf();
  const grant = grants.enterpriseManaged({ identityProvider, idToken: async () => idToken });
  assert.deepEqual([grant.grantType, grant.interactive ?? false], [JWT_BEARER, false]);
  assert.equal(await grant.obtain(context), session);
  assert.deepEqual(posted, [
    [
      'https://idp.example/token',
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: ID_JAG,
        audience: 'https://as.example',
        resource: 'https://mcp.example/mcp',
        scope: 'read write',
        subject_token: idToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      },
      { clientId: 'idp-client', clientSecret: 'idp secret', tokenEndpointAuthMethod: undefined },
    ],
  ]);
  assert.deepEqual(redeemed, [{ assertion: 'the assertion' }]);
});

test('enterprise-managed: what there is none of is left out', async () => {
  const { context, posted } = grantContext({ post: () => exchanged, resource: null, scopes: [] });
  const { clientSecret: _, ...provider } = identityProvider;
  await grants
    .enterpriseManaged({
      identityProvider: { ...provider, tokenEndpointAuthMethod: 'none' },
      idToken: () => idTokenOf(),
    })
    .obtain(context);
  const [, parameters, client] = /** @type {[string, object, object]} */ (posted[0]);
  assert.deepEqual(
    Object.keys(parameters).filter((name) => name === 'scope' || name === 'resource'),
    [],
  );
  assert.deepEqual(client, { clientId: 'idp-client', clientSecret: undefined, tokenEndpointAuthMethod: 'none' });
});

test('enterprise-managed: the client authenticates to the identity provider by its key as well (RFC 7523 §2.2)', async () => {
  const { context, posted } = grantContext({ post: () => exchanged });
  const assertion = grants.privateKeyAssertion({ privateKey: /** @type {CryptoKey} */ (privateKey) });
  const { clientSecret: _, ...provider } = identityProvider;
  await grants
    .enterpriseManaged({ identityProvider: { ...provider, assertion }, idToken: () => idTokenOf() })
    .obtain(context);
  const [, parameters, client] = /** @type {[string, Record<string, string>, object]} */ (posted[0]);
  assert.equal(parameters.client_assertion_type, 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
  const { payload } = await jwtVerify(String(parameters.client_assertion), publicKey);
  assert.deepEqual([payload.iss, payload.sub, payload.aud], ['idp-client', 'idp-client', 'https://idp.example']);
  assert.deepEqual(client, { clientId: 'idp-client', tokenEndpointAuthMethod: 'none' });
});

test("[refuses T8] enterprise-managed: only an identity assertion is passed on to the MCP server's authorization server", async () => {
  const secret = 'an access token of the identity provider';
  for (const [answer, member] of /** @type {[object, string][]} */ ([
    [
      { ...exchanged, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token', access_token: secret },
      'issued_token_type',
    ],
    [{ access_token: secret, token_type: 'Bearer' }, 'issued_token_type'],
    [{ ...exchanged, access_token: undefined }, 'access_token'],
    [{ ...exchanged, access_token: '' }, 'access_token'],
    [{ ...exchanged, access_token: { secret } }, 'access_token'],
    [{}, 'issued_token_type'],
  ])) {
    const { context, redeemed } = grantContext({ post: () => answer });
    const error = await rejectionOf(
      grants.enterpriseManaged({ identityProvider, idToken: () => idTokenOf() }).obtain(context),
    );
    assert.deepEqual([error.name, error.code, error.details], ['MisbehavedError', 'invalid_document', { member }]);
    assert.doesNotMatch(inspect(error), /an access token/);
    assert.deepEqual(redeemed, []);
  }
});

test('enterprise-managed: an ID Token of another identity provider goes nowhere', async () => {
  const { context, posted } = grantContext({ post: () => exchanged });
  const foreign = await idTokenOf('https://other.example');
  const error = await rejectionOf(
    grants.enterpriseManaged({ identityProvider, idToken: () => foreign }).obtain(context),
  );
  assert.deepEqual([error.name, error.code], ['MisuseError', 'id_token_of_other_issuer']);
  assert.ok(!inspect(error).includes(foreign));
  assert.deepEqual(posted, []);
});

test('enterprise-managed: an encrypted ID Token, which only the identity provider can read, is sent', async () => {
  const { context, posted } = grantContext({ post: () => exchanged });
  await grants.enterpriseManaged({ identityProvider, idToken: () => 'a.b.c.d.e' }).obtain(context);
  assert.equal(/** @type {any} */ (posted[0])[1].subject_token, 'a.b.c.d.e');
});

test('enterprise-managed: it is told who refused, and a failure of the network stays one', async () => {
  const grant = grants.enterpriseManaged({ identityProvider, idToken: () => idTokenOf() });
  const atProvider = await rejectionOf(
    grant.obtain(grantContext({ post: () => Promise.reject(refused('invalid_grant')) }).context),
  );
  assert.deepEqual(
    [atProvider.name, atProvider.code, atProvider.step],
    ['RefusedError', 'identity_provider_refused', 'token'],
  );
  assert.deepEqual(atProvider.details, { error: 'invalid_grant', issuer: 'https://idp.example' });
  assert.match(atProvider.message, /idp\.example.*invalid_grant/);

  const atServer = await rejectionOf(
    grant.obtain(
      grantContext({ post: () => exchanged, redeem: () => Promise.reject(refused('invalid_grant')) }).context,
    ),
  );
  assert.deepEqual([atServer.code, atServer.details], ['token_refused', { error: 'invalid_grant' }]);

  const down = await rejectionOf(
    grant.obtain(grantContext({ post: () => Promise.reject(undecided('server_unavailable')) }).context),
  );
  assert.deepEqual([down.name, down.code], ['TransportError', 'server_unavailable']);
});
