/** @import { Dpop, Store } from '../core/host.js' */
/** @import { JsonWebKey, Key } from '../extensions/json_web_signature.js' */

import { MisuseError, StorageError } from '../core/errors.js';
import { algorithmOf, algorithms, digest, signToken, thumbprint, webCrypto } from '../extensions/json_web_signature.js';
import { stored } from './stored.js';

/**
 * A key pair of WebCrypto.
 *
 * @typedef {object} KeyPair
 * @property {Key} publicKey for the servers to verify with
 * @property {Key} privateKey for signing
 */

/**
 * Binds tokens to a key of this machine, so that whoever steals one cannot use it (RFC 9449). Where the key is decides
 * how long the tokens serve:
 *
 * - with `keyPair`, wherever that is kept. It may be non-extractable, and should be where that can be had;
 * - with `store`, beside the tokens: it survives a restart, several processes have the same, and who reads the store has
 *   both;
 * - with neither, nowhere: it is made for this process, non-extractable, and sessions end with the process.
 *
 * @param {object} [options] where the key is
 * @param {Store} [options.store] keeps a key, ES256, made on first use
 * @param {KeyPair} [options.keyPair] for signatures: ECDSA with P-256 (ES256), or another that the servers take
 * @returns {Dpop} whose `proof` rejects where the key cannot be had
 */
export function createDpop({ store, keyPair } = {}) {
  /** @type {Promise<{ alg: string, privateKey: Key, jwk: JsonWebKey }> | undefined} */
  let signer;
  const ready = () => {
    if (signer) return signer;
    signer = (async () => signerOf(keyPair ?? (store ? await storedKeyPair(store) : await generated(false))))();
    // A store that was out of reach may be back.
    signer.catch(() => (signer = undefined));
    return signer;
  };
  return {
    async proof({ method, url, accessToken, nonce }) {
      const { alg, privateKey, jwk } = await ready();
      const { origin, pathname } = new URL(url);
      const claims = {
        jti: crypto.randomUUID(),
        htm: method,
        htu: origin + pathname,
        iat: Math.floor(Date.now() / 1000),
        ...(accessToken !== undefined && { ath: await digest(accessToken) }),
        ...(nonce !== undefined && { nonce }),
      };
      return signToken({ typ: 'dpop+jwt', alg, jwk }, claims, privateKey);
    },
    thumbprint: async () => thumbprint((await ready()).jwk),
  };
}

/** @param {KeyPair} keyPair */
async function signerOf({ publicKey, privateKey }) {
  const alg = privateKey?.type === 'private' ? algorithmOf(privateKey) : undefined;
  if (!alg || publicKey?.type !== 'public' || algorithmOf(publicKey) !== alg) {
    throw new MisuseError({
      code: 'invalid_key_pair',
      message:
        'The argument `keyPair` must have a `publicKey` and a `privateKey` of WebCrypto, both for the same kind of signature.',
    });
  }
  const { crv, e, kty, n, x, y } = await webCrypto().exportKey('jwk', publicKey);
  return { alg, privateKey, jwk: { kty, crv, x, y, e, n } };
}

/**
 * @param {boolean} extractable
 * @returns {Promise<KeyPair>}
 */
async function generated(extractable) {
  return /** @type {Promise<KeyPair>} */ (
    webCrypto().generateKey(/** @type {any} */ (algorithms.ES256), extractable, ['sign', 'verify'])
  );
}

/**
 * The key pair of everybody who shares this store: whoever comes second adopts what the first one made.
 *
 * @param {Store} store
 * @returns {Promise<KeyPair>}
 */
async function storedKeyPair(store) {
  /** @type {import('./stored.js').Stored<{ version: 1, privateKey: JsonWebKey }>} */
  // Tokens of any age may be bound to it.
  const kept = stored(store, 'dpop-key', ({ privateKey }) => typeof privateKey === 'object', 0);
  const there = await kept.read();
  if (there) return imported(there.value.privateKey);
  const { privateKey } = await generated(true);
  const made = /** @type {JsonWebKey} */ (await webCrypto().exportKey('jwk', privateKey));
  await kept.change((there) => there ?? { version: 1, privateKey: made });
  return storedKeyPair(store);
}

/** @param {JsonWebKey} key */
async function imported({ kty, crv, x, y, d }) {
  const algorithm = /** @type {any} */ (algorithms.ES256);
  const subtle = webCrypto();
  try {
    const [publicKey, privateKey] = await Promise.all([
      subtle.importKey('jwk', { kty, crv, x, y }, algorithm, true, ['verify']),
      subtle.importKey('jwk', { kty, crv, x, y, d }, algorithm, false, ['sign']),
    ]);
    return { publicKey, privateKey };
  } catch {
    // What the platform says of a key could be a part of it.
    throw new StorageError({
      code: 'record_invalid',
      message: 'The stored DPoP key is damaged. It was left as it is; move it aside to sign in anew.',
      details: { record: 'dpop-key' },
    });
  }
}
