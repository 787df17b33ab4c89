import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jwtVerify } from 'jose';

import {
  algorithmOf,
  algorithms,
  digest,
  encoded,
  isSignedBy,
  readToken,
  signToken,
  thumbprint,
} from '../../js/extensions/json_web_signature.js';

/** @import { Algorithm, JsonWebKey, Token } from '../../js/extensions/json_web_signature.js' */

const claims = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

/** The examples of RFC 7515. @type {{ name: string, alg: string, key: JsonWebKey, token: string }[]} */
const examples = [
  {
    name: 'RFC 7515 A.1',
    alg: 'HS256',
    key: { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow' },
    token: `eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${claims}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`,
  },
  {
    name: 'RFC 7515 A.2',
    alg: 'RS256',
    key: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    token: `eyJhbGciOiJSUzI1NiJ9.${claims}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
  },
  {
    name: 'RFC 7515 A.3',
    alg: 'ES256',
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    token: `eyJhbGciOiJFUzI1NiJ9.${claims}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  },
];

/** RFC 8037 A.2. */
const ed25519 = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

const known = (/** @type {string} */ alg) => /** @type {Algorithm} */ (algorithms[alg]);

for (const { name, alg, key, token } of examples) {
  test(`verifies the signature of ${name} (${alg}), and no other`, async () => {
    const read = readToken(token);
    assert.ok(read);
    assert.equal(read.header.alg, alg);
    assert.deepEqual(read.claims, { iss: 'joe', exp: 1300819380, 'http://example.com/is_root': true });
    assert.equal(await isSignedBy(read, known(alg), key), true);

    assert.equal(
      await isSignedBy(/** @type {Token} */ (readToken(token.replace(/\.[^.]*$/, '.'))), known(alg), key),
      false,
      'without signature',
    );
    for (const other of examples.filter((other) => other.alg !== alg)) {
      assert.equal(await isSignedBy(read, known(other.alg), other.key), false, `the key of ${other.name}`);
      assert.equal(await isSignedBy(read, known(alg), other.key), false, `the kind of key of ${other.name}`);
    }
    read.signed[read.signed.length - 1] = (read.signed.at(-1) ?? 0) ^ 1;
    assert.equal(await isSignedBy(read, known(alg), key), false, 'one bit changed');
  });
}

test('verifies the signature of RFC 8037 A.4 (EdDSA)', async () => {
  const signed = encoded('eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc');
  const text = 'hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg';
  const signature = Uint8Array.from(Buffer.from(text, 'base64url'));
  assert.equal(await isSignedBy({ header: {}, claims: {}, signed, signature }, known('EdDSA'), ed25519), true);
  signature[0] = 0;
  assert.equal(await isSignedBy({ header: {}, claims: {}, signed, signature }, known('EdDSA'), ed25519), false);
});

test('thumbprints are those of RFC 7638 §3.1, RFC 8037 A.3 and RFC 9449 §6.1, whatever else the key has', async () => {
  const rsa = {
    kty: 'RSA',
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  };
  assert.equal(await thumbprint(rsa), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  assert.equal(await thumbprint(ed25519), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  const ec = {
    kty: 'EC',
    x: 'l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs',
    y: '9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA',
    crv: 'P-256',
    use: 'sig',
  };
  assert.equal(await thumbprint(ec), '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I');
});

test('the hash of an access token is that of RFC 9449 §7.1', async () => {
  assert.equal(
    await digest('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU'),
    'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo',
  );
});

test('signs with every algorithm so that others can verify it, and tells the algorithm from the key', async () => {
  for (const [alg, algorithm] of Object.entries(algorithms)) {
    if (algorithm.kty === 'oct') continue;
    const parameters = { ...algorithm, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
    const generated = await crypto.subtle.generateKey(/** @type {any} */ (parameters), false, ['sign', 'verify']);
    const { publicKey, privateKey } = /** @type {CryptoKeyPair} */ (generated);
    assert.equal(algorithmOf(privateKey), alg);
    const token = await signToken({ alg, typ: 'x+jwt' }, { iss: 'héllo', '𝄞': [1] }, privateKey);
    const { payload, protectedHeader } = await jwtVerify(token, publicKey, { algorithms: [alg] });
    assert.deepEqual(payload, { iss: 'héllo', '𝄞': [1] });
    assert.deepEqual(protectedHeader, { alg, typ: 'x+jwt' });
    const read = /** @type {Token} */ (readToken(token));
    assert.deepEqual(read.claims, payload);
    assert.equal(await isSignedBy(read, algorithm, await crypto.subtle.exportKey('jwk', publicKey)), true, alg);
  }
});

test('what is no JSON Web Token is not read', () => {
  const part = (/** @type {unknown} */ value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const whole = `${part({ alg: 'ES256' })}.${part({ iss: 'a' })}.AA`;
  assert.ok(readToken(whole));
  const others = [
    '',
    '.',
    '..',
    '...',
    'a.b.c',
    `${whole}.AA`,
    `${whole}.AA.AA`,
    whole.slice(0, whole.lastIndexOf('.')),
    ` ${whole}`,
    `${whole}\n`,
    `${whole}=`,
    whole.replace('.', '+.'),
    `${part([])}.${part({})}.AA`,
    `${part({})}.${part(null)}.AA`,
    `${part({})}.${part('x')}.AA`,
    `${part({})}..AA`,
    `${part({})}.${Buffer.from('{"iss":"\xff"}', 'latin1').toString('base64url')}.AA`,
    `${part({})}.${part({})}.A`,
  ];
  for (const other of others) assert.equal(readToken(other), undefined, JSON.stringify(other));
});
