/** How tokens are carried, and for how long. */

/** @import { Session } from '../core/records.js' */

import { IncompatibleError, MisbehavedError, RefusedError } from '../core/errors.js';

/** A token is renewed this long before it expires, or after nine tenths of a short life. Seconds. */
const RENEWAL_MARGIN = 30;

/** @param {Session} session */
export function isExpiring({ tokens: { expiresAt, receivedAt } }) {
  return (
    expiresAt !== undefined && Date.now() / 1000 >= expiresAt - Math.min(RENEWAL_MARGIN, (expiresAt - receivedAt) / 10)
  );
}

/**
 * How a request carries the token.
 *
 * @param {Session} session
 */
export function authorizationOf({ tokens: { tokenType, accessToken } }) {
  return `${tokenType ?? 'Bearer'} ${accessToken}`;
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
