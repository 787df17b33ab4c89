/** A redirect by a private-use scheme: the operating system hands the authorization response to the application as a link. */

/** @import { Redirect } from '../../core/host.js' */
/** @import { ElectronModules } from './electron_parts.js' */

import { resolve } from 'node:path';

import { MisuseError } from '../../core/errors.js';
import { pathOfIssuer } from '../node/path_of_issuer.js';
import { callbackAborted, createReceiver, isSame } from '../redirect.js';
import { openExternal } from './open_external.js';

/** A domain name of the application's, in reverse, in lower case (RFC 8252 §7.1). */
const REVERSE_DOMAIN = /^[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$/;

/**
 * Which links are the application's, and what becomes of them.
 *
 * @typedef {object} SchemeRedirectOptions
 * @property {ElectronModules} electron Electron's module: `import * as electron from 'electron'`.
 * @property {string} scheme A domain name that is yours, in reverse, such as `com.example.app` (RFC 8252 §7.1, §8.4). Other
 *   applications can claim the same scheme; against that PKCE protects the code, and nothing protects the sign-in from failing.
 * @property {string} [path] The path of the redirect URI. Default: `/callback`.
 * @property {boolean} [pathPerIssuer] Appends a path segment made from the issuer, so that a response of one authorization
 *   server cannot pass for another's (RFC 9700 §4.4.2). Default: true. False where exactly `path` is registered beforehand.
 * @property {(callbackUrl: string) => unknown} [resume] Receives links that no sign-in of this process waits for: the
 *   application was started by one, because it ended while the person was in the browser. Hand them to the authorizer's
 *   `complete`, which refuses those that belong to no sign-in. What it rejects with is
 *   ignored, for any web page can have such a link. Default: they are ignored.
 */

/**
 * Receives the authorization response as a link of the application's own scheme (RFC 8252 §7.1). Call it while the
 * application starts, before Electron is ready: from then on links reach this process, those of a cold start among them,
 * and a second instance hands its link to the first and ends.
 *
 * @param {SchemeRedirectOptions} options which links, and what becomes of those that nobody waits for
 * @returns {Redirect} its receivers' `authorize` rejects with a `TransportError` (`callback_aborted`, `browser_not_opened`) or
 *   a `MisuseError` (`url_not_openable`, `callback_awaited`)
 * @throws {MisuseError} `redirect_scheme_invalid`: no domain name in reverse; `redirect_path_invalid`
 */
export function schemeRedirect({ electron, scheme, path = '/callback', pathPerIssuer = true, resume = () => {} }) {
  requireScheme(scheme);
  requirePath(path, scheme);
  /** Those who wait; each says whether a link is theirs. @type {Set<(link: URL) => boolean>} */
  const waiting = new Set();
  listen(electron, scheme, (link) => {
    const parsed = URL.canParse(link) ? new URL(link) : undefined;
    if (parsed?.protocol !== `${scheme}:`) return;
    if ([...waiting].some((take) => take(parsed))) return;
    // By then there is an authorizer to complete a sign-in with.
    electron.app
      .whenReady()
      .then(() => resume(link))
      .catch(() => {});
  });

  return {
    async prepare({ issuer, signal }) {
      if (signal?.aborted) throw callbackAborted(signal.reason);
      const pathname = pathPerIssuer ? pathOfIssuer(path, issuer) : path;
      return receiver(electron, `${scheme}:${pathname}`, waiting);
    },
  };
}

/**
 * @param {ElectronModules} electron
 * @param {string} redirectUri
 * @param {Set<(link: URL) => boolean>} waiting
 */
function receiver({ shell }, redirectUri, waiting) {
  const { pathname } = new URL(redirectUri);
  return createReceiver({
    redirectUri,
    receive({ authorizationUrl, state, signal }) {
      const callbackUrl = new Promise((resolve) => {
        const take = (/** @type {URL} */ link) => {
          const isOurs =
            link.pathname === pathname &&
            link.searchParams.getAll('state').some((candidate) => isSame(candidate, state));
          // As it is registered, whatever the operating system has made of its slashes.
          if (isOurs) resolve(redirectUri + link.search);
          return isOurs;
        };
        waiting.add(take);
        signal.addEventListener('abort', () => waiting.delete(take));
      });
      return Promise.race([callbackUrl, openExternal(shell, authorizationUrl).then(() => callbackUrl)]);
    },
  });
}

/**
 * Has the operating system hand over the links of a scheme: as an event on macOS, on the command line elsewhere, of this
 * process or of a second one that ends at once.
 *
 * @param {ElectronModules} electron
 * @param {string} scheme
 * @param {(link: string) => void} receive
 */
function listen({ app }, scheme, receive) {
  const ofCommandLine = (/** @type {string[]} */ words) =>
    words.filter((word) => word.toLowerCase().startsWith(`${scheme}:`)).forEach(receive);
  app.on('open-url', (event, /** @type {string} */ link) => {
    event.preventDefault();
    receive(link);
  });
  app.on('second-instance', (_event, /** @type {string[]} */ words) => ofCommandLine(words));
  if (!app.requestSingleInstanceLock()) return app.quit();
  // While it is developed, the program is Electron's own, and the application an argument of it.
  const [, script] = process.argv;
  const isDeveloped = /** @type {{ defaultApp?: boolean }} */ (process).defaultApp === true && script !== undefined;
  const isTaken = isDeveloped
    ? app.setAsDefaultProtocolClient(scheme, process.execPath, [resolve(script)])
    : app.setAsDefaultProtocolClient(scheme);
  if (!isTaken) process.emitWarning(notTaken(scheme), { code: 'MCP_OAUTH_WASM_SCHEME' });
  ofCommandLine(process.argv);
}

/** @param {string} scheme */
function notTaken(scheme) {
  return (
    `The operating system did not make this application the one that opens ${scheme}: links, so no sign-in may come back. ` +
    'Declare the scheme in the package (Info.plist, the .desktop file with %u, the MSIX manifest), or use `loopbackRedirect`.'
  );
}

/** @param {string} scheme */
function requireScheme(scheme) {
  if (typeof scheme === 'string' && REVERSE_DOMAIN.test(scheme)) return;
  throw new MisuseError({
    code: 'redirect_scheme_invalid',
    message:
      `The option \`scheme\` of schemeRedirect is "${scheme}". Use a domain name that is yours, in reverse and in lower case, ` +
      'such as "com.example.app" (RFC 8252 §7.1): shorter ones are claimed by several applications.',
    details: { scheme },
  });
}

/**
 * @param {string} path
 * @param {string} scheme
 */
function requirePath(path, scheme) {
  const uri = `${scheme}:${path}`;
  if (/^\/(?!\/)/.test(path) && URL.canParse(uri) && new URL(uri).href === uri && !/[?#]/.test(path)) return;
  throw new MisuseError({
    code: 'redirect_path_invalid',
    message: `The option \`path\` of schemeRedirect is "${path}". Use a path that starts with one "/" and has no query and no fragment.`,
    details: { path },
  });
}
