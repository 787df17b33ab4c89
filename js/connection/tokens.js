/** How tokens are carried, and for how long. */

/** @import { Session } from '../core/records.js' */

import { IncompatibleError, MisbehavedError, RefusedError } from '../core/errors.js';

/** A token is renewed this long before it expires, or after nine tenths of a short life. Seconds. */
const RENEWAL_MARGIN = 30;

/** @param {Session} session @param {number} [now] in milliseconds since 1970 */
export function isExpiring({ tokens: { expiresAt, receivedAt } }, now = Date.now()) {
  return expiresAt !== undefined && now / 1000 >= expiresAt - Math.min(RENEWAL_MARGIN, (expiresAt - receivedAt) / 10);
}

/**
 * Whether a session has all of these scopes.
 *
 * @param {Session} session
 * @param {string[]} demanded
 */
export function hasGranted({ plan }, demanded) {
  return demanded.every((name) => plan.scopes.some(({ scope, granted }) => scope === name && granted === true));
}

/** @type {WeakMap<Session, string>} */
const written = new WeakMap();

/**
 * How a request carries the token: the same text each time, as long as the session is the same. Whatever sends it would look
 * through a new one from its beginning to its end.
 *
 * @param {Session} session
 */
export function authorizationOf(session) {
  const known = written.get(session);
  if (known) return known;
  const { tokenType, accessToken } = session.tokens;
  const authorization = `${tokenType ?? 'Bearer'} ${accessToken}`;
  written.set(session, authorization);
  return authorization;
}

/**
 * A refresh brought no tokens, whatever the server answered: the refresh token is kept. The access token may still serve,
 * and a person can sign in. Where no answer came, or somebody has to be patient, that is the error.
 *
 * @param {unknown} error
 */
export function ignoreAnswered(error) {
  const isAnswer = [IncompatibleError, MisbehavedError, RefusedError].some((kind) => error instanceof kind);
  if (!isAnswer) throw error;
}
