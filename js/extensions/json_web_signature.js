/**
 * JSON Web Signatures, Keys and Tokens (RFC 7515, RFC 7517, RFC 7519) by the platform's own WebCrypto.
 * Nothing of it is loaded before something has to be signed or verified.
 */

import { IncompatibleError } from '../core/errors.js';

/**
 * WebCrypto's key. Written so that it means the same where TypeScript knows no DOM.
 *
 * @typedef {typeof globalThis extends { crypto: { subtle: { sign: (algorithm: any, key: infer Key, data: any) => any } } } ? Key : never} Key
 */

/**
 * A key in JSON (RFC 7517 §4, RFC 7518 §6).
 *
 * @typedef {{ kty?: string, crv?: string, x?: string, y?: string, n?: string, e?: string, d?: string, p?: string, q?: string,
 *   dp?: string, dq?: string, qi?: string, k?: string, alg?: string, use?: string, kid?: string, key_ops?: string[] }} JsonWebKey
 */

/**
 * What WebCrypto wants to know of an algorithm, for importing keys and for using them.
 *
 * @typedef {object} Algorithm
 * @property {string} kty the type of its keys
 * @property {string} name
 * @property {string} [hash]
 * @property {number} [saltLength]
 * @property {string} [namedCurve]
 */

/** By their names in JSON Web Algorithms (RFC 7518 §3.1, RFC 8037 §3.1). `none` is not among them. @type {Record<string, Algorithm>} */
export const algorithms = {
  RS256: { kty: 'RSA', name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  RS384: { kty: 'RSA', name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-384' },
  RS512: { kty: 'RSA', name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512' },
  PS256: { kty: 'RSA', name: 'RSA-PSS', hash: 'SHA-256', saltLength: 32 },
  PS384: { kty: 'RSA', name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 },
  PS512: { kty: 'RSA', name: 'RSA-PSS', hash: 'SHA-512', saltLength: 64 },
  ES256: { kty: 'EC', name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
  ES384: { kty: 'EC', name: 'ECDSA', hash: 'SHA-384', namedCurve: 'P-384' },
  ES512: { kty: 'EC', name: 'ECDSA', hash: 'SHA-512', namedCurve: 'P-521' },
  EdDSA: { kty: 'OKP', name: 'Ed25519', namedCurve: 'Ed25519' },
  HS256: { kty: 'oct', name: 'HMAC', hash: 'SHA-256' },
};

/** @returns {typeof globalThis.crypto.subtle} */
export function webCrypto() {
  const { subtle } = globalThis.crypto ?? {};
  if (subtle) return subtle;
  throw new IncompatibleError({
    code: 'no_web_crypto',
    message:
      'This platform has no `crypto.subtle`, without which nothing can be signed: a page has to be served by https, or from this machine.',
  });
}

/**
 * What fits a key, where the key says enough.
 *
 * @param {Key} key
 * @returns {string | undefined} the name of the algorithm
 */
export function algorithmOf({ algorithm }) {
  const { name, hash, namedCurve } = /** @type {{ name: string, hash?: { name: string }, namedCurve?: string }} */ (
    algorithm
  );
  const fits = (/** @type {Algorithm} */ known) =>
    known.name === name &&
    (known.kty !== 'EC' || known.namedCurve === namedCurve) &&
    (!hash || known.hash === hash.name);
  return Object.keys(algorithms).find((candidate) => fits(/** @type {Algorithm} */ (algorithms[candidate])));
}

/**
 * Signs a JSON Web Token (RFC 7515 §3.1, RFC 7519 §7.1).
 *
 * @param {{ alg: string } & Record<string, unknown>} header
 * @param {Record<string, unknown>} claims
 * @param {Key} privateKey
 * @returns {Promise<string>} in the compact serialization
 */
export async function signToken(header, claims, privateKey) {
  const signed = [header, claims].map((part) => toBase64Url(encoded(JSON.stringify(part)))).join('.');
  const signature = await webCrypto().sign(
    /** @type {Algorithm} */ (algorithms[header.alg]),
    privateKey,
    encoded(signed),
  );
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}

/**
 * The parts of a signed token, its signature not yet verified.
 *
 * @typedef {{ header: Record<string, unknown>, claims: Record<string, unknown>, signed: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer> }} Token
 *
 * @param {string} token
 * @returns {Token | undefined} undefined for what is no JSON Web Token in the compact serialization
 */
export function readToken(token) {
  const [header = '', claims = '', signature, ...more] = token.split('.');
  if (signature === undefined || more.length > 0) return undefined;
  try {
    const [first, second] = [header, claims].map((part) =>
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(fromBase64Url(part))),
    );
    if (!isObject(first) || !isObject(second)) return undefined;
    return {
      header: first,
      claims: second,
      signed: encoded(`${header}.${claims}`),
      signature: fromBase64Url(signature),
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether the owner of that key signed the token (RFC 7515 §5.2).
 *
 * @param {Token} token
 * @param {Algorithm} algorithm
 * @param {JsonWebKey} key public, or shared
 * @returns {Promise<boolean>} false also for a key that does not fit
 */
export async function isSignedBy({ signed, signature }, algorithm, { kty, crv, x, y, n, e, k }) {
  try {
    const imported = await webCrypto().importKey('jwk', { kty, crv, x, y, n, e, k }, algorithm, false, ['verify']);
    return await webCrypto().verify(algorithm, imported, signature, signed);
  } catch {
    return false;
  }
}

/**
 * What identifies a public key (RFC 7638 §3).
 *
 * @param {JsonWebKey} key
 * @returns {Promise<string>} SHA-256, in base64url
 */
export function thumbprint(key) {
  const { crv, e, kty, n, x, y } = key;
  // The members that are absent are left out, and these are in the order that is demanded.
  return digest(JSON.stringify({ crv, e, kty, n, x, y }));
}

/**
 * @param {string} text
 * @returns {Promise<string>} its SHA-256, in base64url
 */
export async function digest(text) {
  return toBase64Url(new Uint8Array(await webCrypto().digest('SHA-256', encoded(text))));
}

/** @param {Uint8Array} bytes */
export function toBase64Url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** @param {string} text */
function fromBase64Url(text) {
  if (!/^[\w-]*$/.test(text)) throw new SyntaxError('not base64url');
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));
}

/** @param {string} text */
export function encoded(text) {
  return new TextEncoder().encode(text);
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
