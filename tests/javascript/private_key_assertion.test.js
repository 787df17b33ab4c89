import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from 'jose';

import { privateKeyAssertion } from 'mcp-oauth-wasm/grants';

const request = { issuer: 'https://as.example/tenant', clientId: 'https://app.example/client.json' };

/** @typedef {'ES256' | 'RS256' | 'PS256' | 'EdDSA'} Algorithm */

for (const algorithm of /** @type {Algorithm[]} */ (['ES256', 'RS256', 'PS256', 'EdDSA'])) {
  test(`[accepts T1] a client assertion is signed with ${algorithm} by a key in every form`, async () => {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk = await exportJWK(privateKey);
    const forms = {
      'a CryptoKey': { privateKey: /** @type {CryptoKey} */ (privateKey) },
      'a JWK': { privateKey: jwk, algorithm },
      'a JWK that says its algorithm': { privateKey: { ...jwk, alg: algorithm, use: 'sig', key_ops: ['sign'] } },
      PEM: { privateKey: await exportPKCS8(privateKey), algorithm },
    };
    for (const [name, form] of Object.entries(forms)) {
      const assertion = await privateKeyAssertion(form)(request);
      const { protectedHeader } = await jwtVerify(assertion, publicKey, { algorithms: [algorithm] });
      assert.deepEqual(protectedHeader, { alg: algorithm }, name);
    }
  });
}

test('[accepts T1] a client assertion names the client and the issuer alone, ends in a minute, and is never the same (RFC 7523 §3)', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const assertionOf = privateKeyAssertion({ privateKey: /** @type {CryptoKey} */ (privateKey) });
  const before = Math.floor(Date.now() / 1000);
  const { payload } = await jwtVerify(await assertionOf(request), publicKey);
  const { iss, sub, aud, iat = 0, exp, jti, ...others } = payload;
  assert.deepEqual(
    { iss, sub, aud, others },
    { iss: request.clientId, sub: request.clientId, aud: request.issuer, others: {} },
  );
  assert.ok(iat >= before && iat <= Date.now() / 1000);
  assert.equal(exp, iat + 60);
  const other = await jwtVerify(await assertionOf({ issuer: 'https://other.example', clientId: 'c' }), publicKey);
  assert.deepEqual([other.payload.iss, other.payload.sub, other.payload.aud], ['c', 'c', 'https://other.example']);
  assert.ok(jti && other.payload.jti && jti !== other.payload.jti);
});

test('the header names the key, as it was given or as the JWK says', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: 'own' };
  const kidWith = async (/** @type {string | undefined} */ keyId) =>
    (await jwtVerify(await privateKeyAssertion({ privateKey: jwk, keyId })(request), publicKey)).protectedHeader.kid;
  assert.equal(await kidWith(undefined), 'own');
  assert.equal(await kidWith('given'), 'given');
});

test('PEM is read for ES256 where nothing else is said', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const assertion = await privateKeyAssertion({ privateKey: `comment\n${await exportPKCS8(privateKey)}\n` })(request);
  assert.equal((await jwtVerify(assertion, publicKey)).protectedHeader.alg, 'ES256');
});

test('a key that cannot sign so is refused, and no part of it is told', async () => {
  const es256 = await generateKeyPair('ES256', { extractable: true });
  const rs256 = await generateKeyPair('RS256', { extractable: true });
  const rs512 = await generateKeyPair('RS512');
  const jwk = await exportJWK(es256.privateKey);
  const pem = await exportPKCS8(rs256.privateKey);
  const secret = await crypto.subtle.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ]);
  /** @type {Record<string, any>} */
  const unusable = {
    'a public CryptoKey': { privateKey: es256.publicKey },
    'a public JWK': { privateKey: await exportJWK(es256.publicKey) },
    'a shared secret': { privateKey: secret },
    'a shared secret in JSON': { privateKey: { kty: 'oct', k: 'c2VjcmV0' } },
    'PEM of another kind': { privateKey: pem },
    'PEM for another algorithm': { privateKey: pem, algorithm: 'EdDSA' },
    'PEM of a public key': { privateKey: '-----BEGIN PUBLIC KEY-----\nc2VjcmV0\n-----END PUBLIC KEY-----' },
    text: { privateKey: 'secret' },
    'a damaged JWK': { privateKey: { ...jwk, d: 'secret' } },
    'a JWK for another algorithm': { privateKey: jwk, algorithm: 'RS256' },
    'a JWK for another use': { privateKey: { ...jwk, alg: 'ECDH-ES' } },
    'a CryptoKey for another algorithm': { privateKey: es256.privateKey, algorithm: 'PS256' },
    'a CryptoKey with another hash': { privateKey: rs512.privateKey, algorithm: 'RS256' },
    nothing: { privateKey: undefined },
  };
  for (const [name, options] of Object.entries(unusable)) {
    await assert.rejects(privateKeyAssertion(options)(request), (/** @type {any} */ error) => {
      assert.deepEqual([error.name, error.code], ['MisuseError', 'invalid_private_key'], name);
      assert.doesNotMatch(inspect(error), /secret/, name);
      assert.ok(!inspect(error).includes(String(jwk.d)), name);
      return true;
    });
  }
});

test('without WebCrypto, as on a page that is not secure, the error says so', async (context) => {
  const { privateKey } = await generateKeyPair('ES256');
  context.mock.getter(globalThis, 'crypto', () => ({ getRandomValues: () => {} }));
  await assert.rejects(privateKeyAssertion({ privateKey: /** @type {CryptoKey} */ (privateKey) })(request), {
    name: 'IncompatibleError',
    code: 'no_web_crypto',
  });
});
