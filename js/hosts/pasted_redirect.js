/** @import { Redirect } from '../core/host.js' */

import { MisuseError, TransportError } from '../core/errors.js';
import { untilAborted } from '../core/until_aborted.js';
import { callbackAborted, createReceiver, problemOf } from './redirect.js';

/** How often the person is asked in one sign-in. */
const ATTEMPT_LIMIT = 5;

/**
 * What was wrong with what the person pasted: `not_a_url`, it is no URL; `other_address`, it is not the redirect URI, but
 * perhaps the page to sign in at; `other_sign_in`, it is the redirect URI with another `state` (RFC 6749 §10.12): the
 * answer to an earlier sign-in, or to nobody's.
 *
 * @typedef {'not_a_url' | 'other_address' | 'other_sign_in'} PasteProblem
 */

/**
 * What the person is asked for.
 *
 * @typedef {object} PasteRequest
 * @property {string} authorizationUrl to be opened in any browser, on any machine (RFC 6749 §4.1.1)
 * @property {string} redirectUri how the address begins that is wanted back
 * @property {PasteProblem} [problem] why the person is asked again; absent the first time
 * @property {string} [explanation] the same in words for people, plain text
 * @property {AbortSignal} signal aborts when no answer is wanted any more: close the prompt
 */

/**
 * How the person is asked, and what comes back.
 *
 * @typedef {object} PastedRedirectOptions
 * @property {string} redirectUri where the browser ends (RFC 6749 §3.1.2). Nobody needs to listen there: the address bar
 *   keeps the URL, whatever the page says. For instance `http://127.0.0.1:8976/callback`
 * @property {(request: PasteRequest) => Promise<string>} ask shows the authorization URL, and resolves with what the person
 *   pastes: the whole address at which the browser ended
 */

/**
 * Lets the person open the authorization URL anywhere, and paste the address at which the browser ended
 * (RFC 6749 §4.1.2). Needs nothing of its platform.
 *
 * Of servers that do not send `iss` (RFC 9207), the first one has this redirect URI for itself; any other gets it with a
 * query of its own (RFC 9700 §4.4.2).
 *
 * @param {PastedRedirectOptions} options how the person is asked
 * @returns {Redirect} its receivers' `authorize` rejects with a `TransportError` (`callback_aborted`; `callback_not_pasted`
 *   after five answers that did not fit), with a `MisuseError` (`url_not_openable`, `callback_awaited`), and with
 *   whatever `ask` rejects with
 * @throws {MisuseError} `redirect_uri_invalid`
 */
export function pastedRedirect({ redirectUri, ask }) {
  requireRedirectUri(redirectUri);
  return {
    async prepare({ signal }) {
      if (signal?.aborted) throw callbackAborted(signal.reason);
      return createReceiver({
        redirectUri,
        acceptsQuery: true,
        receive: ({ authorizationUrl, state, signal }) =>
          askUntilItFits({ authorizationUrl, redirectUri, signal }, state, ask),
      });
    },
  };
}

/**
 * @param {PasteRequest} request
 * @param {string} state
 * @param {PastedRedirectOptions['ask']} ask
 * @returns {Promise<string>}
 */
async function askUntilItFits(request, state, ask) {
  /** @type {PasteProblem | undefined} */
  let problem;
  for (let attempt = 0; attempt < ATTEMPT_LIMIT; attempt += 1) {
    const again = problem && { problem, explanation: explanations[problem] };
    const callbackUrl = cleaned(await untilAborted(ask({ ...request, ...again }), request.signal));
    problem = problemOf(callbackUrl, request.redirectUri, state);
    if (!problem) return callbackUrl;
  }
  throw new TransportError({
    code: 'callback_not_pasted',
    step: 'callback',
    message: `The address of the sign-in was asked for ${ATTEMPT_LIMIT} times, and did not come. Start signing in again.`,
    details: { problem },
  });
}

/** @type {Record<PasteProblem, string>} */
const explanations = {
  not_a_url: 'That is not an address. Copy everything in the address bar of the browser, after signing in.',
  other_address: 'That is another address. Sign in first; the address that is wanted begins with the redirect URI.',
  other_sign_in: 'That is the answer to another sign-in, perhaps to an earlier one. Open the authorization URL anew.',
};

/**
 * What was copied, without what chat programs and terminals add: a URL has no white space. Nothing that comes after `#`
 * was sent by the server as an answer to a code request.
 *
 * @param {unknown} pasted
 */
function cleaned(pasted) {
  const text = String(pasted).replace(/\s/g, '');
  const [url = ''] = (/^["'<`](.*)["'>`]$/.exec(text)?.[1] ?? text).split('#');
  return url;
}

/** @param {string} redirectUri */
function requireRedirectUri(redirectUri) {
  if (URL.canParse(redirectUri) && !redirectUri.includes('#')) return;
  throw new MisuseError({
    code: 'redirect_uri_invalid',
    message:
      'The option `redirectUri` of pastedRedirect has to be a URL without fragment, such as "http://127.0.0.1:8976/callback".',
    details: { redirectUri },
  });
}
