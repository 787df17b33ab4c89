/** Questions that rules ask of evidence. */

/** @import { JsonObject, JsonValue } from '../core/host.js' */
/** @import { Evidence, Exchange, Purpose } from './finding.js' */

/**
 * @param {Evidence} evidence
 * @param {...Purpose} purposes
 */
export function exchangesFor({ exchanges }, ...purposes) {
  return exchanges.filter(({ purpose }) => purposes.includes(purpose));
}

/**
 * The request without token, where redirects led.
 *
 * @param {Evidence} evidence
 */
export function firstCall(evidence) {
  return exchangesFor(evidence, 'call').at(-1);
}

/** @param {Exchange} exchange */
export function isRedirect({ status = 0 }) {
  return [301, 302, 303, 307, 308].includes(status);
}

/**
 * Where a request may be sent instead: within the origin, if the redirect keeps the method.
 *
 * @param {Exchange} exchange
 */
export function redirectWithinOrigin({ status = 0, headers: { location }, url }) {
  const follows = [307, 308].includes(status) && location !== undefined && URL.canParse(location, url);
  const target = follows ? new URL(location, url) : undefined;
  return target?.origin === new URL(url).origin ? target.href : undefined;
}

/** Whether a metadata document came, however little is in it. @param {Exchange} exchange */
export function isDocument({ status, document }) {
  return status === 200 && document !== undefined;
}

/** Whether a server could not answer, which decides nothing. @param {Exchange} exchange */
export function isUnavailable({ status = 0 }) {
  return status >= 500 || status === 429;
}

/**
 * @param {Evidence} evidence
 * @param {...string} codes
 */
export function failureOf({ failures }, ...codes) {
  return failures.find(({ code }) => codes.includes(code));
}

/**
 * A member that is a list of strings; undefined where it is absent or something else.
 *
 * @param {JsonObject | undefined} document
 * @param {string} member
 * @returns {string[] | undefined}
 */
export function listOf(document, member) {
  const value = document?.[member];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined;
}

/**
 * @param {JsonObject | undefined} document
 * @param {string} member
 * @returns {string | undefined}
 */
export function textOf(document, member) {
  const value = document?.[member];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The scopes that a sign-in requests now. @param {Evidence} evidence */
export function requestedScopes({ plan }) {
  return (plan?.scopes ?? []).filter(({ requested }) => requested).map(({ scope }) => scope);
}

/** As it stood in a document. @param {JsonValue | undefined} value */
export function quoted(value) {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}

/** @param {string} text */
export function urlOf(text) {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** A JSON object, or undefined for all else. @param {string} text */
export function asObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The scopes of `scope` members. Some servers separate them by commas.
 *
 * @param {...(string | null | undefined)} members
 */
export function scopesOf(...members) {
  return members.flatMap((member) => (member ?? '').split(/[\s,]+/)).filter((scope) => scope !== '');
}

/**
 * @param {string[]} scopes
 * @param {string[]} others
 */
export function without(scopes, others) {
  return scopes.filter((scope) => !others.includes(scope));
}
