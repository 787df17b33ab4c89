import { MisuseError } from '../../core/errors.js';
import { isRedirectUri } from '../redirect.js';

/**
 * The whole redirect URI.
 *
 * @param {string} redirectUri may be relative to this page
 * @returns {string}
 */
export function wholeRedirectUri(redirectUri) {
  const whole = URL.canParse(redirectUri, location.href) ? new URL(redirectUri, location.href).href : redirectUri;
  if (isRedirectUri(whole)) return whole;
  throw new MisuseError({
    code: 'redirect_uri_invalid',
    message:
      'The option `redirectUri` has to be the URL of a page that is served by https (by http on this machine alone), without fragment, such as "/callback.html".',
    details: { redirectUri: whole },
  });
}
