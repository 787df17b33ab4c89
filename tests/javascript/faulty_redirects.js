/** Redirects that have one fault each, and the case of the test kit that has to notice. */

/** @import { Redirect } from 'mcp-oauth-wasm' */
/** @import { RedirectContractOptions } from 'mcp-oauth-wasm/host-test' */

/**
 * What a redirect does at its joints. Each fault replaces one.
 *
 * @typedef {object} Joints
 * @property {string} redirectUri
 * @property {(preferred: string | undefined, own: string) => string} choose the redirect URI
 * @property {(url: string) => boolean} mayOpen
 * @property {boolean} opens
 * @property {(url: string) => string} openedAs
 * @property {(callbackUrl: string) => string} returned
 * @property {(callback: URL, state: string) => boolean} fits
 * @property {(title: string) => string} page
 * @property {(signal: AbortSignal | undefined) => void} beforePreparing
 * @property {boolean} aborts whether the wait ends on abort
 * @property {boolean} closes whether the wait ends on close
 * @property {boolean} endsAfterFirst whether it takes one response alone
 * @property {boolean} endsAfterAbort whether it takes none after an abort
 * @property {boolean} isSingle whether a receiver takes the place of the one before
 * @property {'receiver' | 'redirect' | undefined} remembers whether states that were waited for before end a wait as well
 */

/** @param {string} text */
const escaped = (text) => text.replaceAll('<', '&lt;');

/** @param {unknown} [cause] */
const aborted = (cause) => Object.assign(new Error('aborted'), { code: 'callback_aborted', cause });

let receivers = 0;

/**
 * A redirect in memory: whoever visits a URL hands it over.
 *
 * @param {Partial<Joints>} fault
 * @returns {RedirectContractOptions}
 */
export function redirectWith(fault) {
  /** @type {Joints} */
  const joints = {
    redirectUri: 'https://app.example/callback',
    choose: (preferred, own) => (preferred?.startsWith('https://app.example/callback') ? preferred : own),
    mayOpen: (url) => /^https?:/.test(url),
    opens: true,
    openedAs: (url) => url,
    returned: (callbackUrl) => callbackUrl,
    fits: (callback, state) => callback.searchParams.get('state') === state,
    page: escaped,
    beforePreparing: (signal) => {
      if (signal?.aborted) throw aborted(signal.reason);
    },
    aborts: true,
    closes: true,
    endsAfterFirst: false,
    endsAfterAbort: false,
    isSingle: false,
    remembers: undefined,
    ...fault,
  };
  /** @type {string[]} */
  const ofRedirect = [];
  /** @type {Set<(url: string) => void>} */
  const waiting = new Set();
  /** @type {(html: string) => void} */
  let showPage = () => {};
  const page = new Promise((resolve) => {
    showPage = resolve;
  });

  /** @param {(url: string) => void} open @returns {Redirect} */
  const create = (open) => ({
    async prepare({ preferred, signal }) {
      joints.beforePreparing(signal);
      receivers += 1;
      const redirectUri = joints.choose(preferred, `${joints.redirectUri}/${receivers}`);
      if (joints.isSingle) waiting.clear();
      let isOver = false;
      /** @type {string[]} */
      const ofReceiver = [];
      const closing = new AbortController();
      return {
        redirectUri,
        authorize({ authorizationUrl, state, signal }) {
          return new Promise((resolve, reject) => {
            if (joints.closes && closing.signal.aborted) return reject(aborted());
            if (joints.aborts && signal?.aborted) return reject(aborted(signal.reason));
            if (!joints.mayOpen(authorizationUrl)) return reject(new Error('not a web page'));
            ofReceiver.push(state);
            ofRedirect.push(state);
            const known = { receiver: ofReceiver, redirect: ofRedirect, none: [state] }[joints.remembers ?? 'none'];
            const take = (/** @type {string} */ url) => {
              if (isOver || !known.some((one) => joints.fits(new URL(url), one))) return;
              waiting.delete(take);
              isOver = joints.endsAfterFirst;
              resolve(joints.returned(url));
            };
            waiting.add(take);
            if (joints.closes) closing.signal.addEventListener('abort', () => reject(aborted()));
            if (joints.aborts) {
              signal?.addEventListener('abort', () => {
                isOver = joints.endsAfterAbort;
                waiting.delete(take);
                reject(aborted(signal.reason));
              });
            }
            if (joints.opens) open(joints.openedAs(authorizationUrl));
          });
        },
        finish: ({ title }) => showPage(`<h1>${joints.page(title)}</h1>`),
        close: async () => closing.abort(),
      };
    },
  });
  return {
    create,
    async visit(url) {
      const before = waiting.size;
      for (const take of waiting) take(url);
      if (waiting.size < before) return page;
    },
  };
}

/**
 * @param {Partial<Joints>} fault
 * @param {string} caughtBy
 * @param {RegExp} [saying]
 */
const faulty = (fault, caughtBy, saying) => ({ ...redirectWith(fault), caughtBy, saying });

/** @type {Record<string, RedirectContractOptions & { caughtBy: string, saying?: RegExp }>} */
export const faultyRedirects = {
  'comes back in plain text': faulty(
    { redirectUri: 'http://app.example/callback' },
    'the redirect URI is one that a browser may be sent back to',
    /http on loopback/,
  ),
  'writes the authorization URL anew': faulty(
    { openedAs: (url) => url.replaceAll('%20', '+') },
    'the authorization URL is opened as it is, once',
    /What was opened/,
  ),
  'opens nothing': faulty({ opens: false }, 'the authorization URL is opened as it is, once'),
  'opens any URL': faulty({ mayOpen: () => true }, 'a URL of another scheme than http and https is never opened'),
  'decodes the query': faulty(
    { returned: decodeURI },
    'the whole callback URL comes back, its query exactly as it was received',
    /The callback URL/,
  ),
  'knows codes alone': faulty(
    { fits: (callback, state) => callback.searchParams.has('code') && callback.searchParams.get('state') === state },
    'an error of the authorization server is a response as well',
  ),
  'cuts URLs off': faulty(
    { returned: (url) => url.slice(0, 2048) },
    'a long code comes back whole',
    /The callback URL/,
  ),
  'does not look at the state': faulty(
    { fits: () => true },
    'a response with another state, or none, does not end the wait',
    /was ended by/,
  ),
  'compares the beginning of the state': faulty(
    { fits: (callback, state) => state.startsWith(callback.searchParams.get('state') ?? '?') },
    'a state that is only like the right one does not end the wait',
    /was ended by/,
  ),
  'takes one response and no more': faulty({ endsAfterFirst: true }, 'a receiver can wait again, for another state'),
  'shows words as HTML': faulty(
    { page: (title) => title },
    'the page at the end shows its words as plain text',
    /became elements/,
  ),
  'has a new redirect URI each time': faulty(
    { choose: (_preferred, own) => own },
    'the redirect URI of a stored registration is used again',
    /The redirect URI/,
  ),
  'believes any stored redirect URI': faulty(
    { choose: (preferred, own) => preferred ?? own },
    'a stored redirect URI of another kind does no harm',
    /taken for one of its own/,
  ),
  'prepares although it was aborted': faulty(
    { beforePreparing: () => {} },
    'an abort ends the preparation',
    /should be rejected, and is not/,
  ),
  'does not look at signals': faulty({ aborts: false }, 'an abort ends the wait, and so does one before'),
  'goes on after close': faulty(
    { closes: false },
    'close ends the wait, may be called again, and nothing is opened afterwards',
  ),
  'is of no use after an abort': faulty({ endsAfterAbort: true }, 'a receiver whose wait was aborted can wait again'),
  'has one window alone': faulty(
    { isSingle: true },
    'two windows of one person wait side by side, and each brings its own answer, the last one first',
  ),
  'takes answers to what it waited for before': faulty(
    { remembers: 'receiver' },
    'a person who is slower than the wait ends no later one',
    /an earlier one/,
  ),
  'takes answers to what others waited for before': faulty(
    { remembers: 'redirect' },
    'who never came back leaves nothing open: the same redirect URI can be had again, and takes its own answer alone',
    /one that is over/,
  ),
};
