/** A session in words. */

/** @import { Session } from 'mcp-oauth-wasm' */

/** @param {Session} session */
export function grantedScopes({ plan }) {
  return plan.scopes.filter(({ granted }) => granted).map(({ scope }) => scope);
}

/** @param {Session} session */
export function expiryInWords({ tokens: { expiresAt, refreshToken } }) {
  const renewed = refreshToken ? ', and is then renewed by itself.' : '. It cannot be renewed: sign in again then.';
  if (expiresAt === undefined)
    return `The server does not say when the access token expires.${refreshToken ? ' It can be renewed.' : ''}`;
  const isOver = expiresAt * 1000 <= Date.now();
  return isOver
    ? `The access token has expired${refreshToken ? ', and is renewed by the next call.' : ': sign in again.'}`
    : `The access token expires at ${new Date(expiresAt * 1000).toISOString()}${renewed}`;
}
