/** What the ways to send a person to the authorization server have in common. */

/** @import { AuthorizeRequest, RedirectReceiver } from '../core/host.js' */

import { MisuseError, TransportError } from '../core/errors.js';
import { untilAborted } from '../core/until_aborted.js';

/**
 * A receiver that waits for one response at a time, as long as it is neither aborted nor closed.
 *
 * @param {object} way
 * @param {string} way.redirectUri
 * @param {boolean} [way.acceptsQuery] whether responses are received there with any query as well
 * @param {(request: Required<AuthorizeRequest>) => Promise<string>} way.receive sends the person off, and resolves with the
 *   callback URL. Its signal aborts once nobody waits for that any more, in whichever way the wait has ended
 * @param {RedirectReceiver['finish']} [way.finish]
 * @param {RedirectReceiver['holdProcess']} [way.holdProcess]
 * @param {() => Promise<void>} [way.close]
 * @returns {RedirectReceiver}
 */
export function createReceiver({ redirectUri, acceptsQuery, receive, finish, holdProcess, close }) {
  /** @type {AbortController | undefined} */
  let waiting;
  /** @type {Promise<void> | undefined} */
  let closing;

  return {
    redirectUri,
    acceptsQuery,

    async authorize({ authorizationUrl, state, signal }) {
      const url = requireWebUrl(authorizationUrl);
      if (signal?.aborted) throw callbackAborted(signal.reason);
      if (closing) throw callbackAborted();
      if (waiting) throw alreadyWaiting();
      const ended = new AbortController();
      const onAbort = () => ended.abort(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting = ended;
      try {
        return await untilAborted(receive({ authorizationUrl: url, state, signal: ended.signal }), ended.signal);
      } catch (error) {
        throw ended.signal.aborted ? callbackAborted(ended.signal.reason) : error;
      } finally {
        signal?.removeEventListener('abort', onAbort);
        waiting = undefined;
        ended.abort();
      }
    },

    finish,
    holdProcess,

    close() {
      closing ??= (async () => {
        waiting?.abort();
        await close?.();
      })();
      return closing;
    },
  };
}

/**
 * @param {string} url
 * @returns {string} The URL in its serialised form: nothing in it is a space, a quote or a control character,
 *   and it does not start like an option.
 */
export function requireWebUrl(url) {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol === 'https:' || parsed?.protocol === 'http:') return parsed.href;
  throw new MisuseError({
    code: 'url_not_openable',
    step: 'authorize',
    message:
      'The URL that was to be opened in the browser is not an http or https URL, so it was not opened. ' +
      'Pass the authorization URL as `begin` returned it.',
    details: { scheme: parsed?.protocol ?? null },
  });
}

/**
 * Whether a browser may come back there: https, http on loopback, or a private-use scheme (RFC 8252 §7).
 *
 * @param {unknown} uri
 * @returns {uri is string}
 */
export function isRedirectUri(uri) {
  if (typeof uri !== 'string' || !URL.canParse(uri) || uri.includes('#')) return false;
  const { protocol, hostname, username, password } = new URL(uri);
  if (username || password) return false;
  return protocol === 'https:' || protocol.includes('.') || (protocol === 'http:' && isLoopback(hostname));
}

/** @param {string} hostname */
function isLoopback(hostname) {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

/** @param {unknown} [reason] */
export function callbackAborted(reason) {
  return new TransportError({
    code: 'callback_aborted',
    step: 'authorize',
    message: 'The wait for the authorization response was ended before the person came back. Start signing in again.',
    cause: reason,
  });
}

function alreadyWaiting() {
  return new MisuseError({
    code: 'callback_awaited',
    step: 'authorize',
    message: 'This receiver already waits for an authorization response. Wait for it, or prepare another receiver.',
  });
}

/**
 * Why a URL is not that of the awaited authorization response.
 *
 * @param {string} callbackUrl
 * @param {string} redirectUri
 * @param {string} state
 * @returns {'not_a_url' | 'other_address' | 'other_sign_in' | undefined}
 */
export function problemOf(callbackUrl, redirectUri, state) {
  if (!URL.canParse(callbackUrl)) return 'not_a_url';
  const [answered, expected] = [new URL(callbackUrl), new URL(redirectUri)];
  const isThere =
    answered.protocol === expected.protocol &&
    answered.host === expected.host &&
    answered.pathname === expected.pathname;
  if (!isThere) return 'other_address';
  return answered.searchParams.getAll('state').some((candidate) => isSame(candidate, state))
    ? undefined
    : 'other_sign_in';
}

/**
 * Compares without telling by its duration how much was right.
 *
 * @param {string} one
 * @param {string} other
 */
export function isSame(one, other) {
  let difference = one.length ^ other.length;
  for (let index = 0; index < one.length; index += 1) difference |= one.charCodeAt(index) ^ other.charCodeAt(index);
  return difference === 0;
}
