/** The checks of an ID Token (OpenID Connect Core §3.1.3.7), when `openid` was requested. */

/** @import { Session } from '../core/records.js' */
/** @import { JsonWebKey, Token } from './json_web_signature.js' */

import { MisbehavedError } from '../core/errors.js';
import { algorithms, encoded, isSignedBy, readToken, toBase64Url } from './json_web_signature.js';

/** How far two clocks may be apart, in seconds. */
const TOLERANCE = 300;

/** How many keys are tried where the token names none: a large one may take milliseconds. */
const KEY_LIMIT = 20;

/**
 * Judges the ID Token that came with a session's tokens. It says who issued it and for whom, so that no other server's
 * answer and no other sign-in's can pass for this one's.
 *
 * The signature is verified with the authorization server's keys, or with the client's secret (HS256). Where the server
 * publishes no keys, or the platform has no WebCrypto (a page that is not secure), the claims alone count: TLS vouches
 * for the token endpoint (§3.1.3.7, 6). A token that says of itself that it is not signed is refused even then.
 *
 * @param {object} input
 * @param {Session} input.session with `tokens.idToken`
 * @param {string} [input.nonce] what the authorization request carried; absent: there was none, as after a refresh
 * @param {number} input.now in seconds since 1970
 * @param {(url: string) => Promise<any>} fetchDocument reads a JSON document (the server's keys, RFC 7517 §5). What it
 *   rejects with is passed on
 * @returns {Promise<void>}
 * @throws {MisbehavedError} `id_token_invalid`; `details.reason` names the check: `format`, `critical`, `algorithm`,
 *   `issuer`, `subject`, `audience`, `authorized-party`, `expired`, `issued-at`, `not-before`, `nonce`, `keys`,
 *   `signature`
 */
export async function checkIdToken({ session, nonce, now }, fetchDocument) {
  const token = readToken(String(session.tokens.idToken));
  if (!token) throw invalid('format');
  requireClaims(token, session, nonce, now);
  await requireSignature(token, session, fetchDocument);
}

/**
 * @param {Token} token
 * @param {Session} session
 * @param {string | undefined} nonce
 * @param {number} now
 */
function requireClaims({ header, claims }, { discovery, registration: { clientId } }, nonce, now) {
  const { iss, sub, aud, azp, exp, iat, nbf = now } = claims;
  const audiences = [aud].flat();
  // None of the headers that one could be told to understand is understood here (RFC 7515 §4.1.11).
  if ('crit' in header) throw invalid('critical');
  if (iss !== discovery.authorizationServer.issuer) throw invalid('issuer');
  if (typeof sub !== 'string' || sub === '') throw invalid('subject');
  if (!audiences.includes(clientId)) throw invalid('audience');
  if ((azp !== undefined || audiences.length > 1) && azp !== clientId) throw invalid('authorized-party');
  if (typeof exp !== 'number' || exp + TOLERANCE <= now) throw invalid('expired');
  if (typeof iat !== 'number' || iat - TOLERANCE > now) throw invalid('issued-at');
  if (typeof nbf !== 'number' || nbf - TOLERANCE > now) throw invalid('not-before');
  if (nonce !== undefined && claims.nonce !== nonce) throw invalid('nonce');
}

/**
 * @param {Token} token
 * @param {Session} session
 * @param {(url: string) => Promise<any>} fetchDocument
 */
async function requireSignature(token, session, fetchDocument) {
  const { alg } = token.header;
  const algorithm = typeof alg === 'string' && Object.hasOwn(algorithms, alg) ? algorithms[alg] : undefined;
  if (!algorithm) throw invalid('algorithm');
  const isShared = algorithm.kty === 'oct';
  const keysAt = session.discovery.authorizationServer.endpoints?.jwks_uri;
  if (!globalThis.crypto?.subtle || (!isShared && keysAt === undefined)) return;
  // A shared secret is the client's own, and never one of the server's keys, which everybody knows.
  const keys = isShared ? secretOf(session) : keysIn(await fetchDocument(String(keysAt)));
  const fitting = keys.filter((/** @type {JsonWebKey} */ key) => key.kty === algorithm.kty && fits(key, token));
  for (const key of fitting.slice(0, KEY_LIMIT)) if (await isSignedBy(token, algorithm, key)) return;
  throw invalid('signature');
}

/**
 * @param {Session} session
 * @returns {JsonWebKey[]}
 */
function secretOf({ registration: { clientSecret } }) {
  return clientSecret ? [{ kty: 'oct', k: toBase64Url(encoded(clientSecret)) }] : [];
}

/**
 * @param {any} document (RFC 7517 §5)
 * @returns {JsonWebKey[]}
 */
function keysIn(document) {
  if (!Array.isArray(document?.keys)) throw invalid('keys');
  return document.keys.filter((/** @type {unknown} */ key) => typeof key === 'object' && key !== null);
}

/**
 * Whether a key is meant for such a signature (RFC 7517 §4.2 to §4.5). WebCrypto itself refuses one of another type.
 *
 * @param {JsonWebKey} key
 * @param {Token} token
 */
function fits({ use = 'sig', key_ops: operations, alg, kid }, { header }) {
  const isMeant = use === 'sig' && (alg === undefined || alg === header.alg);
  const isNamed = header.kid === undefined || kid === undefined || kid === header.kid;
  return isMeant && isNamed && (!Array.isArray(operations) || operations.includes('verify'));
}

/** @param {string} reason */
function invalid(reason) {
  return new MisbehavedError({
    code: 'id_token_invalid',
    message: `The ID Token of the authorization server does not hold (${reason}; OpenID Connect Core §3.1.3.7). Nothing was stored. Sign in again; if it happens again, the server's operator has to look into it, or the clock of this machine is wrong.`,
    step: 'token',
    details: { reason },
  });
}
