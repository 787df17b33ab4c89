/** @import { ClientAssertion } from '../../core/host.js' */
/** @import { JsonWebKey, Key } from '../json_web_signature.js' */

import { MisuseError } from '../../core/errors.js';
import { algorithmOf, algorithms, signToken, webCrypto } from '../json_web_signature.js';

/** Seconds for which an assertion is good: it is used at once. */
const LIFETIME = 60;

/**
 * Makes the `assertion` of a client that is registered with `tokenEndpointAuthMethod: 'private_key_jwt'` (RFC 7523 §2.2;
 * OpenID Connect Core §9): `iss` and `sub` are the client, `aud` is the authorization server's issuer and nothing else
 * (an assertion with more audiences could be replayed at the others), `exp` is 60 seconds away, `jti` is never the same.
 *
 * @param {object} options the key
 * @param {Key | JsonWebKey | string} options.privateKey WebCrypto's key, which may be non-extractable; a key in JSON
 *   (RFC 7517); or PKCS #8 in PEM
 * @param {'ES256' | 'RS256' | 'PS256' | 'EdDSA'} [options.algorithm] default: what the key says, ES256 for PEM
 * @param {string} [options.keyId] the `kid` by which the server finds the public key. Default: that of a key in JSON
 * @returns {ClientAssertion} rejects with a `MisuseError`
 *   (`invalid_private_key`) and an `IncompatibleError` (`no_web_crypto`)
 */
export function privateKeyAssertion({ privateKey, algorithm, keyId }) {
  /** @type {Promise<{ key: Key, header: { alg: string, kid?: string } }> | undefined} */
  let signer;
  return async ({ issuer, clientId }) => {
    signer ??= signerOf(privateKey, algorithm, keyId);
    const { key, header } = await signer;
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: issuer,
      jti: crypto.randomUUID(),
      iat: now,
      exp: now + LIFETIME,
    };
    return signToken(header, claims, key);
  };
}

/**
 * @param {Key | JsonWebKey | string} given
 * @param {string | undefined} algorithm
 * @param {string | undefined} keyId
 */
async function signerOf(given, algorithm, keyId) {
  const subtle = webCrypto();
  try {
    const ofGiven =
      typeof given === 'string'
        ? 'ES256'
        : 'kty' in given
          ? algorithmOfJson(given)
          : algorithmOf(/** @type {Key} */ (given));
    const alg = algorithm ?? ofGiven ?? '';
    const key = await imported(given, alg, subtle);
    if (key.type !== 'private' || algorithmOf(key) !== alg || !key.usages.includes('sign'))
      throw new TypeError('another kind of key');
    const kid = keyId ?? (typeof given === 'object' && 'kid' in given ? given.kid : undefined);
    return { key, header: { alg, ...(kid !== undefined && { kid }) } };
  } catch {
    // What the platform says of a key could be a part of it.
    throw new MisuseError({
      code: 'invalid_private_key',
      message: `The private key cannot be used${algorithm ? ` for ${algorithm}` : ''}: it has to be a private CryptoKey with the usage \`sign\`, a private JWK, or PKCS #8 in PEM with the \`algorithm\` that fits it.`,
      step: 'token',
    });
  }
}

/** @param {JsonWebKey} key */
function algorithmOfJson({ alg, kty, crv }) {
  return (
    alg ??
    Object.keys(algorithms).find(
      (name) => algorithms[name]?.kty === kty && (kty === 'RSA' || algorithms[name]?.namedCurve === crv),
    )
  );
}

/**
 * @param {Key | JsonWebKey | string} given
 * @param {string} alg
 * @param {ReturnType<typeof webCrypto>} subtle
 * @returns {Promise<Key>}
 */
async function imported(given, alg, subtle) {
  const algorithm = /** @type {import('../json_web_signature.js').Algorithm} */ (algorithms[alg]);
  if (typeof given === 'string') return subtle.importKey('pkcs8', fromPem(given), algorithm, false, ['sign']);
  if (!('kty' in given)) return /** @type {Key} */ (given);
  const { use: _use, key_ops: _operations, alg: _algorithm, ...key } = given;
  return subtle.importKey('jwk', key, algorithm, false, ['sign']);
}

/** @param {string} pem (RFC 7468 §10) */
function fromPem(pem) {
  const [, text = ''] = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(pem) ?? [];
  return Uint8Array.from(atob(text.replace(/\s/g, '')), (character) => character.charCodeAt(0));
}
