/** What can be asked of a session without a wasm call. */

/** @import { Session } from './records.js' */

/** A token is renewed this long before it expires, or after nine tenths of a short life. Seconds. */
const RENEWAL_MARGIN = 30;

/** @param {Session} session */
export function isExpiring({ tokens: { expiresAt, receivedAt } }) {
  return (
    expiresAt !== undefined && Date.now() / 1000 >= expiresAt - Math.min(RENEWAL_MARGIN, (expiresAt - receivedAt) / 10)
  );
}

/** @param {Session} session */
export function isExpired({ tokens: { expiresAt } }) {
  return expiresAt !== undefined && Date.now() / 1000 >= expiresAt;
}

/**
 * Those of these scopes that were not granted.
 *
 * @param {Session} session
 * @param {string[]} demanded
 */
export function lackingScopes({ plan }, demanded) {
  const granted = new Set(plan.scopes.filter((planned) => planned.granted).map(({ scope }) => scope));
  return demanded.filter((scope) => !granted.has(scope));
}

/**
 * The scopes that were requested and not granted.
 *
 * @param {Session} session
 */
export function withheldScopes({ plan }) {
  return plan.scopes.filter((planned) => planned.requested && !planned.granted).map(({ scope }) => scope);
}

/**
 * The scopes that were wanted, and that the token came without: the MCP server took it all the same.
 *
 * @param {Session} session
 */
export function missedScopes({ plan }) {
  return plan.scopes.filter(({ purpose, granted }) => purpose === 'request' && !granted).map(({ scope }) => scope);
}

/**
 * Those of these scopes that a sign-in could still add: not those that are left out or refused, nor those that the
 * registration does not name, for nobody demands them by name.
 *
 * @param {Session} session
 * @param {string[]} listed
 */
export function possibleScopes({ plan }, listed) {
  const impossible = plan.scopes.filter(
    ({ purpose, refused, registered }) => purpose === 'left-out' || refused || registered === false,
  );
  return listed.filter((name) => !impossible.some(({ scope }) => scope === name));
}
