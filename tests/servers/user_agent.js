/**
 * A browser without a person in front of it: follows redirects, keeps cookies, and fills in sign-in and
 * consent pages.
 */

const MAXIMUM_STEPS = 20;

/** The `User-Agent` header by which a server tells a person's requests from a program's. */
export const PERSON = 'a person in front of a browser';

/**
 * @typedef {object} UserAgentOptions
 * @property {string} [login] who signs in
 * @property {'allow' | 'deny'} [decision] on the consent page
 * @property {(page: Page) => Request | undefined} [answer] what the person does on a page; undefined: nothing fits.
 *   Default: signs in and decides on the pages of `oidc-provider`
 *
 * @typedef {{ url: string, text: string }} Page
 */

/**
 * @param {UserAgentOptions} [options]
 */
export function createUserAgent({
  login = 'alice',
  decision = 'allow',
  answer = (page) => answerOidcProvider(page, login, decision),
} = {}) {
  const cookies = new CookieJar();

  /**
   * Goes where it is sent and answers pages, until it is sent away from the authorization server or nothing can be answered.
   *
   * @param {string | URL} url
   * @returns {Promise<{ location: string } | { page: Page, status: number }>}
   */
  async function follow(url) {
    const authorizationServer = new URL(url).origin;
    let request = new Request(url);
    for (let step = 0; step < MAXIMUM_STEPS; step += 1) {
      request.headers.set('user-agent', PERSON);
      const response = await fetch(cookies.addTo(request), { redirect: 'manual' });
      cookies.keepFrom(request.url, response);
      const location = response.headers.get('location');
      if (location !== null) {
        await response.body?.cancel();
        if (new URL(location, request.url).origin !== authorizationServer) return { location };
        request = new Request(new URL(location, request.url));
      } else {
        const page = { url: request.url, text: await response.text() };
        const answered = response.ok ? answer(page) : undefined;
        if (!answered) return { page, status: response.status };
        request = answered;
      }
    }
    throw new Error(
      `The authorization server did not come to an end within ${MAXIMUM_STEPS} steps, last ${request.url}`,
    );
  }

  /**
   * Signs in and consents. Resolves with the callback URL to which the authorization server finally
   * redirects, with a code or with an error, and does not fetch it.
   *
   * @param {string | URL} authorizationUrl
   * @returns {Promise<string>}
   */
  async function signIn(authorizationUrl) {
    const end = await follow(authorizationUrl);
    if ('location' in end) return end.location;
    const { page, status } = end;
    throw new Error(
      `The authorization server showed a page instead of redirecting back: ${status} at ${withoutQuery(page.url)}: ${textOf(page.text)}`,
    );
  }

  /**
   * Signs in where another device waits for it (RFC 8628 §3.3).
   *
   * @param {string | URL} verificationUrl with the code in it
   * @returns {Promise<string>} the text of the last page
   */
  async function approve(verificationUrl) {
    const end = await follow(verificationUrl);
    if ('location' in end) throw new Error(`The authorization server redirects away, to ${withoutQuery(end.location)}`);
    return textOf(end.page.text);
  }

  /**
   * Signs in, then goes where the authorization server redirects, as a browser does.
   *
   * @param {string | URL} authorizationUrl
   * @returns {Promise<{ url: string, status: number, page: string }>} the page that the person ends up on
   */
  async function browse(authorizationUrl) {
    const callbackUrl = await signIn(authorizationUrl);
    const response = await fetch(callbackUrl);
    return { url: response.url, status: response.status, page: await response.text() };
  }

  return { signIn, approve, browse };
}

/** @typedef {ReturnType<typeof createUserAgent>} UserAgent */

/**
 * @param {Page} page
 * @param {string} login
 * @param {'allow' | 'deny'} decision
 */
function answerOidcProvider({ url, text }, login, decision) {
  const action = /<form[^>]* action="([^"]+)"/.exec(text)?.[1];
  if (!action) return;
  const hidden = [...text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(
    ([, name = '', value = '']) => [name, unescape(value)],
  );
  if (hidden.some(([name]) => name === 'user_code')) {
    const members = decision === 'deny' && text.includes('name="abort"') ? [...hidden, ['abort', 'yes']] : hidden;
    return new Request(new URL(unescape(action), url), { method: 'POST', body: new URLSearchParams(members) });
  }
  const prompt = /name="prompt" value="(\w+)"/.exec(text)?.[1];
  if (!prompt) return;
  if (prompt === 'consent' && decision === 'deny') {
    const abort = /<a href="([^"]+)">\[ Cancel \]/.exec(text)?.[1];
    return abort ? new Request(new URL(unescape(abort), url)) : undefined;
  }
  /** @type {Record<string, string>} */
  const members = prompt === 'login' ? { prompt, login, password: 'any' } : { prompt };
  return new Request(new URL(unescape(action), url), { method: 'POST', body: new URLSearchParams(members) });
}

/** Cookies by name and path of one origin. `oidc-provider` tells parallel sign-ins apart by path. */
class CookieJar {
  /** @type {Map<string, { pair: string, origin: string, path: string }>} */
  #cookies = new Map();

  /** @param {Request} request */
  addTo(request) {
    const { origin, pathname } = new URL(request.url);
    const pairs = [...this.#cookies.values()]
      .filter((cookie) => cookie.origin === origin && isUnder(pathname, cookie.path))
      .map((cookie) => cookie.pair);
    if (pairs.length > 0) request.headers.set('cookie', pairs.join('; '));
    return request;
  }

  /**
   * @param {string} url
   * @param {Response} response
   */
  keepFrom(url, response) {
    const { origin } = new URL(url);
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(/; */);
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice('path='.length) ?? '/';
      const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice('expires='.length);
      const key = `${origin} ${path} ${pair.split('=')[0]}`;
      if (expires !== undefined && Date.parse(expires) <= Date.now()) this.#cookies.delete(key);
      else this.#cookies.set(key, { pair, origin, path });
    }
  }
}

/**
 * RFC 6265 §5.1.4.
 *
 * @param {string} pathname
 * @param {string} cookiePath
 */
function isUnder(pathname, cookiePath) {
  return pathname === cookiePath || pathname.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** @param {string} attribute */
export function unescape(attribute) {
  return attribute.replaceAll('&amp;', '&');
}

/** @param {string} url */
function withoutQuery(url) {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** @param {string} page */
function textOf(page) {
  return page
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 300);
}
