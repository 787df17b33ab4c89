import { callbackChannel } from './callback_channel.js';
import { wasLeftFor } from './left_for.js';

/** How long the page that waits may take to say so, in milliseconds, before the person is told. */
const PATIENCE_MILLISECONDS = 5_000;

/**
 * What the person is to see: plain text of this package's own.
 *
 * @typedef {object} CallbackText
 * @property {string} title a few words
 * @property {string} message what it means and what to do next
 */

/**
 * Who waits, and what the person sees.
 *
 * @typedef {object} HandOverOptions
 * @property {string} [origin] of the page that waits (RFC 6454 §6.2). Default: that of this page
 * @property {(text: CallbackText) => void} [show] shows the person how it ended. Default: title and message as the text of
 *   this page
 */

/**
 * Hands the authorization response in this page's URL (RFC 6749 §4.1.2) over to `popupRedirect`, which waits for it in
 * another window; shows how the sign-in ended, and closes this window. The response is then no longer in the address bar.
 *
 * @param {HandOverOptions} [options] who waits, and what the person sees
 * @throws nothing: where nobody waits, the person is told
 * @returns {boolean} false: nothing was done, since this page was loaded with no response, or with one of its own window,
 *   which left by `pageRedirect` with the same redirect URI: call its `complete`
 */
export function handOverCallback({ origin = location.origin, show = showText } = {}) {
  const [callbackUrl = ''] = location.href.split('#');
  const state = new URL(callbackUrl).searchParams.get('state');
  if (state === null || wasLeftFor(state)) return false;
  const channel = callbackChannel(origin, (reply) => {
    if (reply?.state !== state) return;
    clearTimeout(impatience);
    if (reply.about === 'received') {
      history.replaceState(null, '', location.pathname);
      show({
        title: 'Return to the application',
        message: 'It has received the answer of the sign-in. You can close this page.',
      });
    } else if (reply.about === 'next' && /^https?:/.test(reply.authorizationUrl)) {
      location.replace(reply.authorizationUrl);
    } else if (reply.about === 'outcome') {
      show({ title: String(reply.title), message: String(reply.message) });
      window.close();
    }
  });
  const impatience = setTimeout(() => show(nobodyWaits), PATIENCE_MILLISECONDS);
  channel.send({ about: 'response', callbackUrl });
  return true;
}

const nobodyWaits = {
  title: 'Nobody has taken this answer',
  message:
    'The application is not waiting for it, or cannot be reached from here. If it asks for an address, copy the one of this page; else start again from there.',
};

/** @param {CallbackText} text */
function showText({ title, message }) {
  document.title = title;
  const [heading, paragraph] = [document.createElement('h1'), document.createElement('p')];
  heading.textContent = title;
  paragraph.textContent = message;
  (document.querySelector('main') ?? document.body).replaceChildren(heading, paragraph);
}
