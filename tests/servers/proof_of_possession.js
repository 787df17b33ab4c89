import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */

const PROOFS_PER_NONCE = 5;

/**
 * What a protected resource does about DPoP (RFC 9449 §4.3, §7, §9): a proof serves for one request, and has to carry
 * one of the last two nonces. There is a new one after every few proofs that held, so that requests at once, which are all
 * refused before they know one, do not outdate each other's; every answer brings the latest.
 *
 * @param {string} origin of the protected resource
 */
export function createProofChecker(origin) {
  /** @type {string[]} */
  const nonces = [randomUUID()];
  /** @type {Set<unknown>} */
  const used = new Set();

  /**
   * @param {IncomingMessage} request
   * @param {string} accessToken
   * @param {string | undefined} thumbprint that the access token is bound to
   * @returns {Promise<string | undefined>} the error code of the refusal
   */
  async function refusal(request, accessToken, thumbprint) {
    try {
      const { payload, protectedHeader } = await jwtVerify(String(request.headers.dpop), EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: ['ES256'],
        maxTokenAge: '5 minutes',
      });
      const url = new URL(request.url ?? '/', origin);
      const holds =
        payload.htm === request.method &&
        payload.htu === url.origin + url.pathname &&
        payload.ath === createHash('sha256').update(accessToken).digest('base64url') &&
        (await calculateJwkThumbprint(/** @type {any} */ (protectedHeader.jwk))) === thumbprint &&
        !used.has(payload.jti);
      if (!holds) return 'invalid_dpop_proof';
      if (!nonces.slice(-2).includes(String(payload.nonce))) return 'use_dpop_nonce';
      used.add(payload.jti);
      if (used.size % PROOFS_PER_NONCE === 0) nonces.push(randomUUID());
      return undefined;
    } catch {
      return 'invalid_dpop_proof';
    }
  }

  /** @param {ServerResponse} response */
  function bringNonce(response) {
    response.setHeader('DPoP-Nonce', String(nonces.at(-1)));
  }

  return { refusal, bringNonce };
}
