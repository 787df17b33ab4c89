import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { base64url, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';

import { checkIdToken } from '../../js/extensions/id_token.js';
import { rejectionOf } from './world.js';

/** @import { Session } from 'mcp-oauth-wasm' */

const issuer = 'https://as.example';
const jwksUri = 'https://as.example/jwks';
const now = 1_800_000_000;
const nonce = 'n-0S6_WzA2Mj';
const clientSecret = 'a secret of the client, which is long enough for HS256';

/** What a good token says. */
const claims = { iss: issuer, sub: 'alice', aud: 'client', exp: now + 600, iat: now - 5, nonce };

const rs256 = await generateKeyPair('RS256', { extractable: true });
const jwk = { ...(await exportJWK(rs256.publicKey)), kid: 'one', use: 'sig', alg: 'RS256' };

/**
 * @param {object} [of]
 * @param {Record<string, unknown>} [of.claims] in place of those of a good token; undefined: absent
 * @param {Record<string, unknown>} [of.header]
 * @param {CryptoKey | Uint8Array} [of.key]
 */
function signed({ claims: others, header, key = /** @type {CryptoKey} */ (rs256.privateKey) } = {}) {
  return new SignJWT({ ...claims, ...others }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key);
}

/**
 * @param {string} idToken
 * @param {object} [others]
 * @param {any[]} [others.keys] of the server
 * @param {string} [others.secret] of the client
 * @param {string | null} [others.nonce] that was sent
 * @param {string | null} [others.jwksUri]
 */
function check(idToken, { keys = [jwk], secret, nonce: sent = nonce, jwksUri: uri = jwksUri } = {}) {
  const session = {
    tokens: { idToken },
    registration: { clientId: 'client', clientSecret: secret },
    discovery: { authorizationServer: { issuer, endpoints: uri === null ? undefined : { jwks_uri: uri } } },
  };
  return checkIdToken(
    { session: /** @type {Session} */ (/** @type {unknown} */ (session)), nonce: sent ?? undefined, now },
    async (url) => {
      assert.equal(url, jwksUri);
      return { keys };
    },
  );
}

/**
 * @param {Promise<void>} checking
 * @param {string} reason
 * @param {string} [name] of the attack
 */
async function assertRefused(checking, reason, name = reason) {
  const error = await rejectionOf(checking);
  assert.deepEqual(
    [error.name, error.code, error.details],
    ['MisbehavedError', 'id_token_invalid', { reason }],
    `${name}: ${inspect(error)}`,
  );
}

test('[accepts A8] a good ID Token holds, by every algorithm', async () => {
  await check(await signed());
  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const key = await exportJWK(publicKey);
    await check(await signed({ header: { alg }, key: /** @type {CryptoKey} */ (privateKey) }), { keys: [jwk, key] });
  }
  await check(await signed({ header: { alg: 'HS256', kid: undefined }, key: new TextEncoder().encode(clientSecret) }), {
    secret: clientSecret,
  });
});

test('[refuses A8] attack: an ID Token without signature (`none`), with keys published or without', async () => {
  const unsecured = new UnsecuredJWT(claims).encode();
  for (const [name, token] of Object.entries({
    unsecured,
    'in capitals': unsecured.replace(/^[^.]*/, base64url.encode('{"alg":"NONE"}')),
  })) {
    await assertRefused(check(token), 'algorithm', name);
    await assertRefused(check(token, { jwksUri: null }), 'algorithm', name);
    await assertRefused(check(token, { secret: '' }), 'algorithm', name);
  }
  const good = await signed();
  await assertRefused(check(good.replace(/\.[^.]*$/, '.')), 'signature', 'cut off');
});

test('[refuses A8] attack: an ID Token that somebody else signed', async () => {
  const { privateKey } = await generateKeyPair('RS256');
  await assertRefused(check(await signed({ key: /** @type {CryptoKey} */ (privateKey) })), 'signature');
  const [header, , signature] = (await signed()).split('.');
  const forged = base64url.encode(JSON.stringify({ ...claims, sub: 'mallory' }));
  await assertRefused(check(`${header}.${forged}.${signature}`), 'signature', 'a changed claim');
  await assertRefused(
    check(await signed({ header: { jwk: await exportJWK(rs256.publicKey) } }), { keys: [] }),
    'signature',
    'a key that comes along',
  );
});

test('[refuses A8] attack: HS256 with the public key as secret', async () => {
  const secrets = {
    'its modulus': base64url.decode(String(jwk.n)),
    'its JSON': new TextEncoder().encode(JSON.stringify(jwk)),
    'its DER': new Uint8Array(await crypto.subtle.exportKey('spki', /** @type {CryptoKey} */ (rs256.publicKey))),
  };
  for (const [name, key] of Object.entries(secrets)) {
    const token = await signed({ header: { alg: 'HS256' }, key });
    await assertRefused(check(token), 'signature', name);
    await assertRefused(check(token, { secret: clientSecret }), 'signature', name);
    await assertRefused(check(token, { jwksUri: null }), 'signature', `${name}, no keys published`);
  }
  const published = { kty: 'oct', k: base64url.encode('a key that the server published to everybody') };
  const token = await signed({ header: { alg: 'HS256' }, key: base64url.decode(published.k) });
  await assertRefused(check(token, { keys: [published] }), 'signature', 'a shared key among the public ones');
});

test('[refuses A8] attack: a key that is not meant for it', async () => {
  const token = await signed();
  /** @type {Record<string, object>} */
  const others = {
    'another name': { kid: 'two' },
    'another use': { use: 'enc' },
    'another operation': { key_ops: ['encrypt'] },
    'another algorithm': { alg: 'RS512' },
    'another type': { kty: 'EC' },
    'no modulus': { n: undefined },
  };
  for (const [name, change] of Object.entries(others))
    await assertRefused(check(token, { keys: [{ ...jwk, ...change }] }), 'signature', name);
  const ps256 = await signed({
    header: { alg: 'PS256' },
    key: await crypto.subtle.importKey(
      'jwk',
      await exportJWK(rs256.privateKey),
      { name: 'RSA-PSS', hash: 'SHA-256' },
      false,
      ['sign'],
    ),
  });
  await assertRefused(check(ps256), 'signature', 'the key is for RS256');
  await check(ps256, { keys: [{ ...jwk, alg: undefined }] });
});

test('the key is found among others: by its name, and where names are missing or shared by trying', async () => {
  const { publicKey } = await generateKeyPair('RS256', { extractable: true });
  const { publicKey: curve } = await generateKeyPair('ES256', { extractable: true });
  const [other, ec] = [await exportJWK(publicKey), await exportJWK(curve)];
  await check(await signed(), { keys: [ec, { ...other, kid: 'two' }, jwk] });
  await check(await signed(), { keys: [{ ...other, kid: 'one' }, jwk] });
  await check(await signed({ header: { kid: undefined } }), { keys: [null, 'text', ec, other, jwk] });
  await check(await signed(), { keys: [{ kty: 'RSA', n: jwk.n, e: jwk.e }] });
});

test('of many keys that could be meant twenty are tried; those that could not do not count', async (context) => {
  const verify = context.mock.method(crypto.subtle, 'verify');
  const others = (/** @type {number} */ count, /** @type {object} */ key) => Array.from({ length: count }, () => key);
  const { publicKey } = await generateKeyPair('RS256', { extractable: true });
  const [other, token] = [await exportJWK(publicKey), await signed({ header: { kid: undefined } })];
  const named = others(1000, { ...jwk, use: 'enc' });
  await check(token, { keys: [...named, ...others(1000, { kty: 'EC' }), ...others(19, other), jwk] });
  assert.equal(verify.mock.callCount(), 20);
  await assertRefused(check(token, { keys: [...others(1000, other), jwk] }), 'signature');
  assert.equal(verify.mock.callCount(), 40);
});

test('[refuses A8] attack: claims that are not ours', async () => {
  /** @type {[string, Record<string, unknown>, string][]} */
  const attacks = [
    ['another issuer', { iss: 'https://evil.example' }, 'issuer'],
    ['nearly the same issuer', { iss: `${issuer}/` }, 'issuer'],
    ['no issuer', { iss: undefined }, 'issuer'],
    ['several issuers', { iss: [issuer] }, 'issuer'],
    ['nobody', { sub: undefined }, 'subject'],
    ['nobody by name', { sub: '' }, 'subject'],
    ['another audience', { aud: 'other' }, 'audience'],
    ['no audience', { aud: undefined }, 'audience'],
    ['nearly the same audience', { aud: 'client ' }, 'audience'],
    ['no audience in a list', { aud: [] }, 'audience'],
    ['others, and nobody says for whom it is', { aud: ['client', 'other'] }, 'authorized-party'],
    ['others, and it is for one of them', { aud: ['client', 'other'], azp: 'other' }, 'authorized-party'],
    ['ours, but for another', { azp: 'other' }, 'authorized-party'],
    ['expired', { exp: now - 300 }, 'expired'],
    ['never expires', { exp: undefined }, 'expired'],
    ['expires in words', { exp: `${now + 600}` }, 'expired'],
    ['never issued', { iat: undefined }, 'issued-at'],
    ['issued in the future', { iat: now + 301 }, 'issued-at'],
    ['not valid yet', { nbf: now + 301 }, 'not-before'],
    ['valid from a word on', { nbf: 'now' }, 'not-before'],
    ['no nonce', { nonce: undefined }, 'nonce'],
    ['the nonce of another sign-in', { nonce: 'other' }, 'nonce'],
    ['nonces', { nonce: [nonce] }, 'nonce'],
  ];
  for (const [name, change, reason] of attacks) {
    const token = await signed({ claims: change });
    await assertRefused(check(token), reason, name);
    await assertRefused(check(token, { jwksUri: null }), reason, `${name}, no keys published`);
  }
});

test('claims that differ and are ours', async () => {
  /** @type {Record<string, unknown>[]} */
  const changes = [
    { aud: ['client'] },
    { aud: ['other', 'client'], azp: 'client' },
    { azp: 'client' },
    { exp: now - 299 },
    { iat: now + 300 },
    { nbf: now + 300 },
    { iat: now - 86_400 },
  ];
  for (const change of changes) await check(await signed({ claims: change }));
  await check(await signed({ claims: { nonce: undefined } }), { nonce: null });
});

test('[refuses A8] attack: headers that nobody here understands', async () => {
  const critical = base64url.encode(JSON.stringify({ alg: 'RS256', kid: 'one', crit: ['exp'], exp: 1 }));
  await assertRefused(check((await signed()).replace(/^[^.]*/, critical)), 'critical');
  for (const alg of ['RS1', 'ES256K', 'HS512', 'toString', '__proto__', '', 7, null]) {
    const header = base64url.encode(JSON.stringify({ alg, kid: 'one' }));
    await assertRefused(check((await signed()).replace(/^[^.]*/, header)), 'algorithm', String(alg));
  }
});

test('what is no signed token is refused: encrypted, cut, text', async () => {
  for (const token of ['', 'a.b.c', 'a.b.c.d.e', (await signed()).replace(/\.[^.]*$/, ''), JSON.stringify(claims)]) {
    await assertRefused(check(token), 'format', token);
  }
});

test('without published keys, or without WebCrypto, the claims alone count', async (context) => {
  const { privateKey } = await generateKeyPair('RS256');
  const foreign = await signed({ key: /** @type {CryptoKey} */ (privateKey) });
  const late = await signed({ claims: { exp: now - 300 } });
  await check(foreign, { jwksUri: null });
  context.mock.getter(globalThis, 'crypto', () => ({}));
  await check(foreign);
  await assertRefused(check(late), 'expired');
});

test('documents that hold no keys', async () => {
  for (const keys of [undefined, null, {}, 'text'])
    await assertRefused(check(await signed(), { keys: /** @type {any} */ (keys ?? null) }), 'keys');
  await assertRefused(check(await signed(), { keys: [] }), 'signature');
});

test('what the keys could not be read for is passed on: nothing is decided', async () => {
  const down = new Error('down');
  const session = /** @type {any} */ ({
    tokens: { idToken: await signed() },
    registration: { clientId: 'client' },
    discovery: { authorizationServer: { issuer, endpoints: { jwks_uri: jwksUri } } },
  });
  assert.equal(await rejectionOf(checkIdToken({ session, nonce, now }, () => Promise.reject(down))), down);
});

test('the error carries nothing of the token, which may be hostile', async () => {
  const error = await rejectionOf(check(await signed({ claims: { iss: 'https://evil.example/<script>' } })));
  assert.doesNotMatch(inspect(error), /evil|eyJ/);
});
