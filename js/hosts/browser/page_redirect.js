/** @import { Authorizer, CompletedSignIn, CompleteOptions } from '../../connection/authorizer.js' */
/** @import { Redirect, RedirectReceiver } from '../../core/host.js' */

import { callbackAborted, createReceiver, problemOf, requireWebUrl } from '../redirect.js';
import { leaveFor } from './left_for.js';
import { wholeRedirectUri } from './redirect_uri.js';

/**
 * Where the person comes back to.
 *
 * @typedef {object} PageRedirectOptions
 * @property {string} redirectUri
 *   The page that calls `complete` when it loads, such as that of the application itself (RFC 6749 §3.1.2). May be relative
 *   to this page. `popupRedirect` may have the same one, so that both share a registration: the page then calls `complete`
 *   where `handOverCallback` of `mcp-oauth-wasm/browser-callback` gives false.
 */

/**
 * A redirect that leaves the page.
 *
 * @typedef {object} PageReturn
 * @property {(authorizer: Authorizer, options?: CompleteOptions) => Promise<CompletedSignIn | null>} complete
 *   Completes the sign-in that this page was loaded for, and takes its response out of the address bar and the history; null:
 *   it was loaded for none. Call it whenever the page loads, with an authorizer of the same store; whoever else calls it on
 *   the same page gets the same outcome. It does not resolve where
 *   the person has to be sent to the authorization server once more. Rejects like `complete` of the authorizer:
 *   `state_mismatch` where the response was used already, as by Back.
 */

/**
 * Sends the person to the authorization server in this very page, and completes the sign-in when that is loaded anew
 * (RFC 6749 §4.1.2). What waits is in the host's store meanwhile, which has to outlive the page. The call that signs in never
 * ends, unless the person comes back without an answer.
 *
 * @param {PageRedirectOptions} options where the person comes back to
 * @returns {Redirect & PageReturn} its `prepare` rejects with a `MisuseError` (`redirect_uri_invalid`), and its receivers'
 *   `authorize` with a `MisuseError` (`url_not_openable`)
 */
export function pageRedirect({ redirectUri }) {
  return {
    async prepare({ signal }) {
      if (signal?.aborted) throw callbackAborted(signal.reason);
      return receiver(wholeRedirectUri(redirectUri));
    },

    async complete(authorizer, options) {
      const whole = wholeRedirectUri(redirectUri);
      const key = `${whole} ${options?.account ?? ''}`;
      const [callbackUrl = ''] = location.href.split('#');
      const response = new URL(callbackUrl).searchParams;
      const state = response.get('state');
      if (state === null || !(response.has('code') || response.has('error')) || problemOf(callbackUrl, whole, state))
        return completions.get(key) ?? null;
      // Before anything else: whoever loads the page again, or comes back to it, is not to send the code again.
      history.replaceState(history.state, '', whole);
      const completion = completed(authorizer, callbackUrl, options);
      completions.set(key, completion);
      return completion;
    },
  };
}

/** What this page was loaded for, by its redirect URI and account: parts of it that know nothing of each other all ask. @type {Map<string, Promise<CompletedSignIn>>} */
const completions = new Map();

/**
 * @param {Authorizer} authorizer
 * @param {string} callbackUrl
 * @param {CompleteOptions} [options]
 * @returns {Promise<CompletedSignIn>}
 */
async function completed(authorizer, callbackUrl, options) {
  const outcome = await authorizer.complete(callbackUrl, options);
  if ('session' in outcome) return outcome;
  leaveFor(requireWebUrl(outcome.authorizationUrl), outcome.state);
  return new Promise(() => {});
}

/**
 * @param {string} redirectUri
 * @returns {RedirectReceiver}
 */
function receiver(redirectUri) {
  return createReceiver({
    redirectUri,
    acceptsQuery: true,
    receive: ({ authorizationUrl, state, signal }) =>
      new Promise((_, reject) => {
        // The browser had kept this page, and the person came back to it.
        window.addEventListener('pageshow', ({ persisted }) => persisted && reject(callbackAborted()), { signal });
        leaveFor(authorizationUrl, state);
      }),
  });
}
