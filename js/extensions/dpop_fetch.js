/** Proofs for requests, and the nonces that servers demand in them (RFC 9449 §8, §9). */

/** @import { Dpop } from '../core/host.js' */

/** Of a refusal no more is read than this, in characters: `{"error":"use_dpop_nonce"}` is short. */
const REFUSAL_LIMIT = 64 * 1024;

/** The latest nonce of each origin, for each key. @type {WeakMap<Dpop, Map<string, string>>} */
const nonces = new WeakMap();

/**
 * A `fetch` that proves possession of the key in every form POST: token, pushed authorization, device authorization and
 * revocation requests (RFC 9449 §5, §10). One that was refused for want of a nonce, and for that alone, is sent once
 * more with it (§8); nothing of it was processed.
 *
 * @param {(input: string, init?: RequestInit) => Promise<Response>} fetch
 * @param {Dpop} dpop
 * @returns {(input: string, init?: RequestInit) => Promise<Response>}
 */
export function fetchWithProofs(fetch, dpop) {
  return async (url, init = {}) => {
    const { method = 'GET' } = init;
    const isForm = new Headers(init.headers).get('content-type') === 'application/x-www-form-urlencoded';
    if (method !== 'POST' || !isForm) return fetch(url, init);
    const send = async () => {
      const headers = new Headers(init.headers);
      headers.set('dpop', await proofFor(dpop, { method, url }));
      return fetch(url, { ...init, headers });
    };
    const response = await send();
    const hasNonce = rememberNonce(dpop, url, response.headers);
    if (!hasNonce || ![400, 401].includes(response.status) || !response.body) return response;
    // What a host answers with has these members, and need not have others.
    const { status, headers, url: answeredBy } = response;
    const [body, copy] = response.body.tee();
    if ((await refusalIn(copy)) !== 'use_dpop_nonce')
      return /** @type {Response} */ (/** @type {unknown} */ ({ status, headers, url: answeredBy, body }));
    await body.cancel();
    const second = await send();
    rememberNonce(dpop, url, second.headers);
    return second;
  };
}

/**
 * The headers that present a bound token to a protected resource (RFC 9449 §7.1).
 *
 * @param {Dpop} dpop
 * @param {{ method: string, url: string, accessToken: string }} request
 * @returns {Promise<{ authorization: string, dpop: string }>}
 */
export async function proofHeaders(dpop, { method, url, accessToken }) {
  return { authorization: `DPoP ${accessToken}`, dpop: await proofFor(dpop, { method, url, accessToken }) };
}

/**
 * A fresh proof, with the latest nonce of that server.
 *
 * @param {Dpop} dpop
 * @param {{ method: string, url: string, accessToken?: string }} request
 */
function proofFor(dpop, request) {
  return dpop.proof({ ...request, nonce: nonces.get(dpop)?.get(new URL(request.url).origin) });
}

/**
 * Keeps the nonce that an answer brings, whatever else it says (RFC 9449 §8.2, §9).
 *
 * @param {Dpop} dpop
 * @param {string} url that answered
 * @param {Headers} headers of the answer
 * @returns {boolean} whether there is one: a request that was refused for want of it is worth sending once more
 */
export function rememberNonce(dpop, url, headers) {
  const nonce = headers.get('dpop-nonce');
  // Printable ASCII but " and \ (RFC 9449 §8.1).
  if (!nonce || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(nonce)) return false;
  const known = nonces.get(dpop) ?? new Map();
  nonces.set(dpop, known.set(new URL(url).origin, nonce));
  return true;
}

/**
 * The `error` of a refusal (RFC 6749 §5.2).
 *
 * @param {ReadableStream<Uint8Array>} body a copy of the whole, which others read
 * @returns {Promise<unknown>}
 */
async function refusalIn(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (text.length < REFUSAL_LIMIT) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  // Whoever reads the response itself is not waited for.
  void reader.cancel().catch(() => {});
  try {
    return JSON.parse(text).error;
  } catch {
    return undefined;
  }
}
