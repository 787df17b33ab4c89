import { createHash } from 'node:crypto';

const SECRET_MEMBERS = new Set([
  'access_token',
  'assertion',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'id_token',
  'id_token_hint',
  'initial_access_token',
  'password',
  'refresh_token',
  'registration_access_token',
  'subject_token',
  'token',
]);

/**
 * What a secret is recorded as: equal secrets stay equal, so that a test can tell a rotated token
 * from a repeated one, and nothing that works anywhere is kept.
 *
 * @param {string} secret
 */
export function maskSecret(secret) {
  return `masked-${createHash('sha256').update(secret).digest('hex').slice(0, 12)}`;
}

/**
 * A copy of the members of a form, a query or a JSON body, with the secrets masked.
 *
 * @param {Record<string, unknown>} members
 * @returns {Record<string, unknown>}
 */
export function maskMembers(members) {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name,
      SECRET_MEMBERS.has(name) ? maskSecret(String(value)) : value,
    ]),
  );
}

/**
 * The same URL, with the secrets in its query masked.
 *
 * @param {string} location absolute, or relative to an origin
 */
export function maskLocation(location) {
  const [path, query] = splitOnce(location, '?');
  if (query === undefined) return location;
  const masked = new URLSearchParams(query);
  for (const [name, value] of masked) {
    if (SECRET_MEMBERS.has(name)) masked.set(name, maskSecret(value));
  }
  return `${path}?${masked}`;
}

/**
 * `Basic …` and `Bearer …` with their credentials masked.
 *
 * @param {string} authorization
 */
export function maskAuthorization(authorization) {
  const [scheme, credentials] = splitOnce(authorization, ' ');
  return credentials === undefined ? maskSecret(authorization) : `${scheme} ${maskSecret(credentials)}`;
}

/**
 * @param {string} text
 * @param {string} separator
 * @returns {[string, string | undefined]}
 */
function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
