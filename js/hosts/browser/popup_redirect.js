/** @import { Redirect, RedirectReceiver } from '../../core/host.js' */
/** @import { PastedRedirectOptions } from '../pasted_redirect.js' */
/** @import { Answer } from './callback_channel.js' */
/** @import { WatchedWindow } from './watched_window.js' */

import { MisuseError, TransportError } from '../../core/errors.js';
import { pastedRedirect } from '../pasted_redirect.js';
import { callbackAborted, createReceiver, problemOf } from '../redirect.js';
import { callbackChannel } from './callback_channel.js';
import { wholeRedirectUri } from './redirect_uri.js';
import { openWindow } from './watched_window.js';

/**
 * A browser let no window be opened.
 *
 * @typedef {object} BlockedPopup
 * @property {() => boolean} open tries again, within a click: whether there is a window now
 * @property {AbortSignal} [signal] aborts when nobody waits for it any more
 */

/**
 * Where to receive the authorization response, and how to open the window.
 *
 * @typedef {object} PopupRedirectOptions
 * @property {string} redirectUri
 *   The page that calls `handOverCallback` of `mcp-oauth-wasm/browser-callback` (RFC 6749 §3.1.2). May be relative to this
 *   page.
 * @property {string} [features]
 *   Size and place of the window, as `window.open` takes them. Default: `popup,width=520,height=700`.
 * @property {(blocked: BlockedPopup) => Promise<void>} [onBlocked]
 *   Shows a button that calls `open`, and resolves once that was clicked; what it rejects with ends the sign-in. Default:
 *   the sign-in ends with `popup_blocked`.
 * @property {PastedRedirectOptions['ask']} [ask]
 *   Asks the person for the address at which the window ended, while the response is waited for: for embedded pages, which
 *   such a window may be unable to reach. Default: nobody is asked.
 */

/**
 * Sends the person to the authorization server in a window of its own, and receives the response by a channel that no
 * opener policy cuts (RFC 6749 §4.1.2). A window that the person closes ends its sign-in (`callback_aborted`) where this page
 * can see it, which it cannot at a server with an opener policy (COOP): offer the person "open again" and "cancel" all the
 * same, by `signIn` and `cancel` of the connection.
 *
 * Browsers open windows for a few seconds after a click. `signIn` of the connection and `resume` of an
 * `InteractionRequiredError` open it at once, so call them within one; a call that turns out to need a person opens it when
 * that is known, before the registration. It shows nothing until it is sent on.
 *
 * The authorization server's page cannot navigate this one: it is not told its opener. (Only where this page is in a frame,
 * or the redirect URI is of another origin, it is, since the response comes back that way.)
 *
 * @param {PopupRedirectOptions} options where to receive it, and how to open the window
 * @returns {Redirect} its `prepare` rejects with a `TransportError` (`popup_blocked`) or a `MisuseError`
 *   (`redirect_uri_invalid`, `no_redirect`: workers have no windows), and its receivers' `authorize` with a `MisuseError`
 *   (`url_not_openable`, `callback_awaited`)
 */
export function popupRedirect({ redirectUri, features = 'popup,width=520,height=700', onBlocked, ask }) {
  return {
    reserve: () => (typeof document === 'undefined' ? null : openWindow(features)),

    async prepare({ issuer, signal, reserved }) {
      if (typeof document === 'undefined') throw noWindow();
      if (signal?.aborted) throw callbackAborted(signal.reason);
      const whole = wholeRedirectUri(redirectUri);
      let opened = /** @type {WatchedWindow | null | undefined} */ (reserved) ?? openWindow(features);
      if (!opened && onBlocked) await onBlocked({ open: () => (opened ??= openWindow(features)) !== null, signal });
      if (!opened) throw popupBlocked();
      const { popup } = opened;
      if (signal?.aborted || popup.closed) {
        opened.close();
        throw callbackAborted(signal?.reason);
      }
      // Whoever it is sent to could navigate this page by it.
      if (window.parent === window && new URL(whole).origin === location.origin) popup.opener = null;
      const pasted = ask && (await pastedRedirect({ redirectUri: whole, ask }).prepare({ issuer, signal }));
      return receiver(opened, whole, pasted);
    },
  };
}

/**
 * @param {WatchedWindow} opened
 * @param {string} redirectUri
 * @param {RedirectReceiver | undefined} pasted
 */
function receiver(opened, redirectUri, pasted) {
  /** @type {{ state: string, resolve: (callbackUrl: string) => void } | undefined} */
  let awaited;
  /** The page that brought the latest response. @type {{ state: string, answer: Answer } | undefined} */
  let there;

  const channel = callbackChannel(new URL(redirectUri).origin, (message, answer) => {
    // Other windows of this origin may be answers to other tabs, which hear them as well.
    if (message?.about !== 'response' || !awaited || problemOf(String(message.callbackUrl), redirectUri, awaited.state))
      return;
    const { state, resolve } = awaited;
    there = { state, answer };
    answer({ about: 'received', state });
    resolve(String(message.callbackUrl));
  });

  return createReceiver({
    redirectUri,
    acceptsQuery: true,

    receive: ({ authorizationUrl, state, signal }) =>
      new Promise((resolve, reject) => {
        awaited = { state, resolve };
        signal.addEventListener('abort', () => (awaited = undefined));
        if (there) there.answer({ about: 'next', state: there.state, authorizationUrl });
        // Nobody has gone anywhere with it yet, so this is still true.
        else if (opened.popup.closed) reject(callbackAborted());
        else opened.send(authorizationUrl);
        opened.closed.then(() => reject(callbackAborted()));
        pasted?.authorize({ authorizationUrl, state, signal }).then(resolve, reject);
      }),

    finish({ title, message }) {
      there?.answer({ about: 'outcome', state: there.state, title, message });
    },

    async close() {
      channel.stop();
      await pasted?.close();
      opened.close();
    },
  });
}

function popupBlocked() {
  return new TransportError({
    code: 'popup_blocked',
    step: 'authorize',
    message:
      'The browser let no window be opened for the sign-in. Sign in within a click, or soon after it; set `onBlocked` to ask ' +
      'for one more click; or use `pageRedirect`, which needs no window.',
  });
}

function noWindow() {
  return new MisuseError({
    code: 'no_redirect',
    step: 'authorize',
    message:
      'There are no windows in a worker. Let its calls reject with `interaction_required`, and sign in on the page, with the same store.',
  });
}
