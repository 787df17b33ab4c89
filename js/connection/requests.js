/** What requests to the MCP server need beside a token: redirects that are judged, bodies, signals. */

/** @import { Context } from './effects.js' */

import { MisbehavedError, MisuseError } from '../core/errors.js';
import { networkOf } from '../core/network.js';
import { proofHeaders } from '../extensions/dpop_fetch.js';

/** More of a URL says no more. */
const SHOWN_LIMIT = 300;

/** The sources of a combined signal, kept for as long as it is: by itself it would not keep them. */
const sources = new WeakMap();

/**
 * The combined signal of each pair: a transport has one signal for all its requests, and Node keeps a note of every signal that
 * was made of another.
 *
 * @type {WeakMap<AbortSignal, WeakMap<AbortSignal, AbortSignal>>}
 */
const combined = new WeakMap();

/**
 * Aborts when either does.
 *
 * @param {AbortSignal | null} [one]
 * @param {AbortSignal} [other]
 * @returns {AbortSignal | undefined}
 */
export function eitherSignal(one, other) {
  if (!one || !other || one === other) return one ?? other;
  const known = combined.get(one) ?? new WeakMap();
  const either = known.get(other) ?? AbortSignal.any([one, other]);
  sources.set(either, [one, other]);
  combined.set(one, known.set(other, either));
  return either;
}

/**
 * A request's headers, with those that sign it in the place of its own. Where plain ones were given they are plain: `Headers`
 * would take longer to make than all else that a call needs here.
 *
 * @param {HeadersInit | undefined} given
 * @param {Record<string, string>} signed names in lower case
 */
export function withSigned(given, signed) {
  if (given && Object.getPrototypeOf(given) === Object.prototype) {
    const own = /** @type {Record<string, any>} */ (given);
    /** @type {Record<string, any>} */
    const headers = { ...signed };
    for (const name in own) if (!(name.toLowerCase() in signed)) headers[name] = own[name];
    return headers;
  }
  const headers = new Headers(given);
  for (const name in signed) headers.set(name, signed[name] ?? '');
  return headers;
}

/**
 * @param {Headers | Record<string, string>} headers
 * @param {string} name
 */
export function hasHeader(headers, name) {
  return (headers instanceof Headers ? headers : new Headers(headers)).has(name);
}

/**
 * Sends a request to the MCP server. Nothing follows a redirect by itself.
 *
 * @param {Context} context
 * @param {Request | RequestInit | undefined} what
 * @param {{ headers: Headers | Record<string, string>, signal?: AbortSignal, place: string }} how `place`: where to
 */
export function sendCall({ host, endpoint }, what, { headers, signal, place }) {
  const { fetch } = networkOf(host);
  const context = /** @type {const} */ ({ step: 'call', url: place, endpoint });
  if (!(what instanceof Request)) return fetch(place, { ...what, headers, signal, redirect: 'manual' }, context);
  const there = place === what.url ? what.clone() : new Request(place, what.clone());
  return fetch(new Request(there, { headers, signal, redirect: 'manual' }), undefined, context);
}

/** @param {BodyInit | null | undefined} body */
export function canBeReadOnce(body) {
  return body instanceof ReadableStream || (typeof body === 'object' && body !== null && Symbol.asyncIterator in body);
}

/**
 * Nobody reads it, so it does not matter either that its connection broke in the meantime.
 *
 * @param {Response} response
 */
export async function discardBody({ body }) {
  await body?.cancel().catch(() => {});
}

/**
 * Where a redirect leads, whithersoever.
 *
 * @param {Response} response
 * @param {string} url
 */
function targetOf({ headers }, url) {
  const location = headers.get('location');
  return location !== null && URL.canParse(location, url) ? new URL(location, url) : undefined;
}

/**
 * Where a request may be sent instead: within the origin, if the redirect keeps the method.
 *
 * @param {Response} response
 * @param {string} url
 */
export function redirectWithinOrigin(response, url) {
  const target = [307, 308].includes(response.status) ? targetOf(response, url) : undefined;
  return target?.origin === new URL(url).origin ? target.href : undefined;
}

/**
 * @param {Response} response
 * @param {number} status that it has: 0 where a page is not told
 * @param {string} url
 */
export function refuseRedirect(response, status, url) {
  const isRedirect = status === 0 ? response.type === 'opaqueredirect' : [301, 302, 303, 307, 308].includes(status);
  if (!isRedirect && !response.redirected) return;
  const target = targetOf(response, url);
  const [endpoint, location] = [shown(new URL(url)), target ? shown(target) : 'elsewhere'];
  throw new MisbehavedError({
    code: 'redirect_refused',
    message: `The MCP server redirects ${endpoint} to ${location}. That was not followed: a token follows no redirect, and nothing leaves the origin. Configure the URL at which it really is.`,
    step: 'call',
    details: { endpoint, location },
  });
}

/**
 * Without its query, in which there may be a secret.
 *
 * @param {URL} url
 */
function shown({ origin, pathname }) {
  return `${origin}${pathname}`.slice(0, SHOWN_LIMIT);
}

/**
 * The headers that present a token which is bound to a key (RFC 9449 §7.1).
 *
 * @param {Context['host']} host
 * @param {{ method: string, url: string, accessToken: string }} request
 */
export async function proofOf({ dpop }, request) {
  if (!dpop) {
    throw new MisuseError({
      code: 'dpop_missing',
      message:
        'The session is bound to a key, and the host has no `dpop` any more. Give it back, or sign out and in again.',
      step: 'call',
    });
  }
  return proofHeaders(dpop, request);
}

/**
 * A token goes only to the server that it was issued for.
 *
 * @param {string | URL} url
 * @param {string[]} places where that is, the first as it was written
 * @param {{ wholeOrigin?: boolean }} options
 */
export function refuseForeign(url, places, { wholeOrigin }) {
  const called = new URL(url);
  const [own = '', ...others] = places;
  const isOwn = (/** @type {string} */ place) => {
    const { origin, pathname } = new URL(place);
    return called.origin === origin && (wholeOrigin || called.pathname === pathname);
  };
  if ([own, ...others].some(isOwn)) return;
  throw new MisuseError({
    code: 'foreign_url',
    message: `This fetch is signed in to ${own} and sends its token nowhere else. Use another connection for ${called.origin}${called.pathname}${called.origin === new URL(own).origin ? ', or the option `wholeOrigin` where this is the same MCP server, as with the HTTP+SSE transport' : ''}.`,
    step: 'call',
  });
}
