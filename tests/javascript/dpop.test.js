import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { calculateJwkThumbprint, EmbeddedJWK, generateKeyPair, importJWK, jwtVerify } from 'jose';

import { createDpop } from 'mcp-oauth-wasm/dpop';
import { createFileStore, createMemoryStore } from 'mcp-oauth-wasm/node';
import { temporaryFolder } from './temporary_folder.js';
import { rejectionOf, rewrite } from './world.js';

/** @import { KeyPair } from '../../js/dpop.js' */

const request = { method: 'POST', url: 'https://as.example/token' };

/** @param {string} proof */
const verified = (proof) => jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' });

/** @param {string} [algorithm] */
async function newKeyPair(algorithm = 'ES256') {
  return /** @type {KeyPair} */ (await generateKeyPair(algorithm));
}

test('[accepts T7] a proof has the shape of RFC 9449 §4.2, and is signed by the key in it', async () => {
  const dpop = createDpop();
  const before = Math.floor(Date.now() / 1000);
  const { payload, protectedHeader } = await verified(await dpop.proof(request));
  const { jwk, ...header } = protectedHeader;
  assert.deepEqual(header, { typ: 'dpop+jwt', alg: 'ES256' });
  assert.deepEqual(Object.keys(jwk ?? {}).sort(), ['crv', 'kty', 'x', 'y'], 'the public half, and nothing else');
  const { jti, iat = 0, ...claims } = payload;
  assert.deepEqual(claims, { htm: 'POST', htu: 'https://as.example/token' });
  assert.ok(iat >= before && iat <= Date.now() / 1000);
  assert.ok(String(jti).length >= 16);
  const second = await verified(await dpop.proof(request));
  assert.notEqual(second.payload.jti, jti, 'no proof is made twice');
  assert.deepEqual(second.protectedHeader.jwk, jwk, 'by the same key');
  assert.equal(await dpop.thumbprint(), await calculateJwkThumbprint(/** @type {any} */ (jwk)));
});

test('[accepts T7] a proof for a protected resource hashes the access token (RFC 9449 §4.2, §7.1) and carries the nonce', async () => {
  const accessToken = 'Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU';
  const proof = await createDpop().proof({
    method: 'GET',
    url: 'https://resource.example.org/protectedresource',
    accessToken,
    nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v',
  });
  const { ath, nonce, htm, htu } = (await verified(proof)).payload;
  assert.deepEqual(
    { ath, nonce, htm, htu },
    {
      ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
      nonce: 'eyJ7S_zG.eyJH0-Z.HX4w-7v',
      htm: 'GET',
      htu: 'https://resource.example.org/protectedresource',
    },
  );
  assert.ok(!proof.includes(accessToken) && !Buffer.from(proof.split('.')[1] ?? '', 'base64url').includes(accessToken));
});

test('what a proof names is called without query, fragment and user name', async () => {
  const dpop = createDpop();
  const named = async (/** @type {string} */ url) =>
    (await verified(await dpop.proof({ method: 'POST', url }))).payload.htu;
  assert.equal(await named('https://user:password@MCP.example:443/a%20b/?x=1&y=#z'), 'https://mcp.example/a%20b/');
  assert.equal(await named('http://127.0.0.1:8080'), 'http://127.0.0.1:8080/');
  assert.equal(await named('http://[::1]:8080/mcp?'), 'http://[::1]:8080/mcp');
});

test('the thumbprint is that of RFC 9449 §6.1', async () => {
  const { privateKey } = await newKeyPair();
  const jwk = {
    kty: 'EC',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    crv: 'P-256',
  };
  const publicKey = /** @type {CryptoKey} */ (await importJWK(jwk, 'ES256'));
  assert.equal(
    await createDpop({ keyPair: { publicKey, privateKey } }).thumbprint(),
    '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I',
  );
});

test('a given key pair is used, non-extractable as it is, of whichever kind', async () => {
  for (const algorithm of ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA']) {
    const keyPair = await newKeyPair(algorithm);
    assert.equal(keyPair.privateKey.extractable, false);
    const { protectedHeader } = await verified(await createDpop({ keyPair }).proof(request));
    assert.equal(protectedHeader.alg, algorithm);
    assert.equal(
      await createDpop({ keyPair }).thumbprint(),
      await calculateJwkThumbprint(/** @type {any} */ (protectedHeader.jwk)),
    );
  }
});

test('a key pair that is none is refused', async () => {
  const [es256, rs256] = [await newKeyPair('ES256'), await newKeyPair('RS256')];
  const secret = await crypto.subtle.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, true, [
    'sign',
  ]);
  /** @type {any[]} */
  const pairs = [
    {},
    { publicKey: es256.publicKey },
    { privateKey: es256.privateKey },
    { publicKey: es256.privateKey, privateKey: es256.publicKey },
    { publicKey: rs256.publicKey, privateKey: es256.privateKey },
    { publicKey: secret, privateKey: secret },
  ];
  for (const keyPair of pairs) {
    await assert.rejects(createDpop({ keyPair }).proof(request), { name: 'MisuseError', code: 'invalid_key_pair' });
  }
});

test('without a store every process has a key of its own, which nobody can extract', async (context) => {
  const generate = context.mock.method(crypto.subtle, 'generateKey');
  assert.notEqual(await createDpop().thumbprint(), await createDpop().thumbprint());
  assert.deepEqual(
    generate.mock.calls.map((call) => call.arguments[1]),
    [false, false],
  );
});

test('with a store the key survives a restart', async () => {
  const store = createMemoryStore();
  const first = createDpop({ store });
  assert.equal(await store.read('dpop-key'), null, 'made on first use, not before');
  const [one, two] = await Promise.all([first.thumbprint(), first.thumbprint()]);
  assert.equal(one, two);
  assert.equal(await createDpop({ store }).thumbprint(), one);
  assert.equal((await verified(await createDpop({ store }).proof(request))).protectedHeader.alg, 'ES256');
});

test('processes that share a store end up with the same key', async () => {
  const file = join(await temporaryFolder(), 'store.json');
  const processes = Array.from({ length: 4 }, () => createDpop({ store: createFileStore(file) }));
  const thumbprints = await Promise.all(processes.map((dpop) => dpop.thumbprint()));
  assert.equal(new Set(thumbprints).size, 1);
});

test("of two that make a key at once, the second adopts the first one's", async () => {
  const store = createMemoryStore();
  const winner = createDpop({ store });
  let isFirst = true;
  const late = createDpop({
    store: {
      ...store,
      async compareAndSwap(key, expected, value) {
        if (isFirst) await winner.thumbprint();
        isFirst = false;
        return store.compareAndSwap(key, expected, value);
      },
    },
  });
  assert.equal(await late.thumbprint(), await winner.thumbprint());
});

test('a stored key that is damaged or newer is reported, left as it is, and not told', async () => {
  for (const [damage, code] of /** @type {[(value: any) => any, string][]} */ ([
    [(value) => ({ ...value, version: 2 }), 'record_newer'],
    [(value) => ({ ...value, version: '1' }), 'record_invalid'],
    [({ version }) => ({ version }), 'record_invalid'],
    [(value) => ({ ...value, privateKey: 'text' }), 'record_invalid'],
    [(value) => ({ ...value, privateKey: { ...value.privateKey, d: undefined } }), 'record_invalid'],
    [(value) => ({ ...value, privateKey: { ...value.privateKey, x: 'AAAA' } }), 'record_invalid'],
    [(value) => ({ ...value, privateKey: { ...value.privateKey, kty: 'oct' } }), 'record_invalid'],
  ])) {
    const store = createMemoryStore();
    await createDpop({ store }).thumbprint();
    const secret = /** @type {any} */ ((await store.read('dpop-key'))?.value).privateKey.d;
    await rewrite(store, 'dpop-key', damage);
    const before = await store.read('dpop-key');
    const error = await rejectionOf(createDpop({ store }).proof(request));
    assert.deepEqual([error.name, error.code], ['StorageError', code]);
    assert.ok(!inspect(error).includes(secret));
    assert.deepEqual(await store.read('dpop-key'), before);
  }
});

test('a store that was out of reach is asked again', async () => {
  const store = createMemoryStore();
  let isDown = true;
  const read = async (/** @type {string} */ key) =>
    isDown ? Promise.reject(new Error('out of reach')) : store.read(key);
  const dpop = createDpop({ store: { ...store, read } });
  await assert.rejects(dpop.proof(request), /out of reach/);
  isDown = false;
  await verified(await dpop.proof(request));
});

test('without WebCrypto, as on a page that is not secure, the error says so', async (context) => {
  context.mock.getter(globalThis, 'crypto', () => ({ getRandomValues: () => {} }));
  await assert.rejects(createDpop().proof(request), { name: 'IncompatibleError', code: 'no_web_crypto' });
});
