/** Questions that rules ask of evidence. */

/** @import { JsonObject, JsonValue } from '../core/host.js' */
/** @import { Evidence, Exchange, Purpose } from './finding.js' */

/** Items of a list, items and members in all, and characters of a text. */
const LIST_LIMIT = 1000;
const VALUE_LIMIT = 4000;
const TEXT_LIMIT = 65_536;

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

/**
 * A JSON object, or undefined for all else. Of a server's only so much is kept as a sign-in would read (src/data/json.rs).
 *
 * @param {string} text
 */
export function asObject(text) {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? /** @type {JsonObject} */ (cut(value, { values: VALUE_LIMIT })) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {any} value
 * @param {{ values: number }} left
 * @returns {any}
 */
function cut(value, left) {
  if (typeof value === 'string') return value.length > TEXT_LIMIT ? null : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.slice(0, Math.min(LIST_LIMIT, left.values));
    left.values -= items.length;
    return items.map((item) => cut(item, left));
  }
  const members = Object.entries(value).slice(0, left.values);
  left.values -= members.length;
  return Object.fromEntries(members.map(([name, member]) => [name, cut(member, left)]));
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
  const left = new Set(others);
  return scopes.filter((scope) => !left.has(scope));
}
