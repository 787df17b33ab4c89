/** @import { Redirect, RedirectReceiver } from '../core/host.js' */
/** @import { ContractCase } from './contract.js' */

import { isRedirectUri } from '../hosts/redirect.js';
import { casesOf, check, checkSame, defaultPatienceMilliseconds, pause, rejectionOf, unique } from './contract.js';

/**
 * How the kit gets a redirect, and plays the person's browser.
 *
 * @typedef {object} RedirectContractOptions
 * @property {(open: (url: string) => void) => Promise<Redirect> | Redirect} create Makes a redirect that hands authorization URLs to
 *   `open`, in place of a browser.
 * @property {(url: string) => Promise<unknown>} [visit] Goes to a URL as the browser does that was sent back. It may resolve with
 *   the HTML of the page that is there, as text; it may wait for `finish`. Default: by `globalThis.fetch`.
 * @property {number} [patienceMilliseconds] How long each rule may take before it counts as broken, in milliseconds.
 *   Default: 20000.
 */

/**
 * What a rule is tried on.
 *
 * @typedef {object} RedirectTrial
 * @property {(request?: { preferred?: string, signal?: AbortSignal }) => Promise<RedirectReceiver>} prepare
 * @property {string[]} opened The URLs that were handed to the browser.
 * @property {(receiver: RedirectReceiver, state: string, signal?: AbortSignal) => Promise<{ response: Promise<string> }>} authorize
 *   Opens the authorization URL; the response is still to come.
 * @property {(url: string) => Promise<unknown>} visit
 */

/**
 * What every redirect of a host has to do, as cases for any test runner, in Node and in browsers.
 *
 * @param {RedirectContractOptions} options how a redirect is had
 * @throws nothing: a broken rule rejects in its case
 * @returns {ContractCase[]}
 */
export function redirectContract({ create, visit = visitByFetch, patienceMilliseconds = defaultPatienceMilliseconds }) {
  return casesOf(rules, patienceMilliseconds, async (keep) => {
    /** @type {RedirectReceiver[]} */
    const receivers = [];
    /** @type {string[]} */
    const opened = [];
    let onOpened = () => {};
    const redirect = await create((url) => {
      opened.push(url);
      onOpened();
    });
    try {
      await keep({
        opened,
        async prepare(request) {
          const receiver = await redirect.prepare({ issuer, ...request });
          receivers.push(receiver);
          return receiver;
        },
        async authorize(receiver, state, signal) {
          /** @type {Promise<void>} */
          const isOpened = new Promise((resolve) => {
            onOpened = resolve;
          });
          const response = receiver.authorize({ authorizationUrl: authorizationUrl(state), state, signal });
          response.catch(() => {});
          await Promise.race([isOpened, response]);
          return { response };
        },
        // Who closes the page early, or finds nothing there, is no matter.
        visit: (url) => visit(url).catch(() => undefined),
      });
    } finally {
      for (const receiver of receivers) await receiver.close();
    }
  });
}

const issuer = 'https://auth.example/tenant';

/** @param {string} state */
const authorizationUrl = (state) => `https://auth.example/authorize?client_id=a%20b&state=${state}&scope=openid+email`;

/** @param {string} url */
async function visitByFetch(url) {
  return (await globalThis.fetch(url)).text();
}

/**
 * @param {Promise<unknown>} promise
 * @param {string} what
 */
async function checkAborted(promise, what) {
  const { code } = await rejectionOf(promise, what);
  checkSame(code, 'callback_aborted', `The code of the error of ${what}`);
}

/**
 * Whether a visit ends a wait. A browser whose response is taken may be held, so that the visit does not end.
 *
 * @param {Promise<unknown>} visit
 * @param {Promise<unknown>} response
 */
async function isEndedBy(visit, response) {
  let isOver = false;
  const over = response.then(
    () => {
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  await Promise.race([visit, over]);
  for (let turn = 0; turn < 20; turn += 1) await pause();
  return isOver;
}

/** @type {Record<string, (trial: RedirectTrial) => Promise<void>>} */
const rules = {
  async 'the redirect URI is one that a browser may be sent back to'({ prepare }) {
    const { redirectUri } = await prepare();
    check(
      isRedirectUri(redirectUri),
      'It should be https, http on loopback, or a private-use scheme, and have no fragment.',
    );
  },

  async 'the authorization URL is opened as it is, once'({ prepare, authorize, opened }) {
    const state = unique();
    await authorize(await prepare(), state);
    checkSame(opened, [authorizationUrl(state)], 'What was opened');
  },

  async 'a URL of another scheme than http and https is never opened'({ prepare, opened }) {
    for (const url of ['javascript:alert(1)', 'file:///etc/passwd', 'calc.exe', '-a', 'ms-settings:']) {
      const receiver = await prepare();
      await rejectionOf(
        receiver.authorize({ authorizationUrl: url, state: unique() }),
        `The wait for an answer of ${url}`,
      );
      await receiver.close();
    }
    checkSame(opened, [], 'What was opened');
  },

  async 'the whole callback URL comes back, its query exactly as it was received'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const state = unique();
    const { response } = await authorize(receiver, state);
    const url = `${receiver.redirectUri}?code=a%20b+c%2F&state=${state}&iss=https%3A%2F%2Fauth.example%2Ftenant&empty=`;
    visit(url);
    checkSame(await response, url, 'The callback URL');
  },

  async 'an error of the authorization server is a response as well'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const state = unique();
    const { response } = await authorize(receiver, state);
    const url = `${receiver.redirectUri}?error=access_denied&state=${state}`;
    visit(url);
    checkSame(await response, url, 'The callback URL');
  },

  async 'a long code comes back whole'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const state = unique();
    const { response } = await authorize(receiver, state);
    const url = `${receiver.redirectUri}?state=${state}&code=${'c'.repeat(8192)}`;
    visit(url);
    checkSame(await response, url, 'The callback URL');
  },

  async 'a response with another state, or none, does not end the wait'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const state = unique();
    const { response } = await authorize(receiver, state);
    const { redirectUri } = receiver;
    for (const query of ['', '?code=c', `?code=c&state=${unique()}`, `?code=c&other=${state}`]) {
      const stray = redirectUri + query;
      check(!(await isEndedBy(visit(stray), response)), `The wait was ended by ${stray}.`);
    }
    const url = `${redirectUri}?code=right&state=${state}`;
    visit(url);
    checkSame(await response, url, 'The callback URL');
  },

  async 'a state that is only like the right one does not end the wait'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const state = `${unique()}a`;
    const { response } = await authorize(receiver, state);
    for (const like of [state.slice(0, -1), `${state}b`, state.toUpperCase(), `%20${state}`]) {
      check(
        !(await isEndedBy(visit(`${receiver.redirectUri}?code=c&state=${like}`), response)),
        `The wait for the state ${state} was ended by ${like}.`,
      );
    }
    const url = `${receiver.redirectUri}?code=right&state=${state}`;
    visit(url);
    checkSame(await response, url, 'The callback URL');
  },

  async 'a receiver can wait again, for another state'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    for (const state of [unique(), unique()]) {
      const { response } = await authorize(receiver, state);
      const url = `${receiver.redirectUri}?error=invalid_scope&state=${state}`;
      visit(url);
      checkSame(await response, url, 'The callback URL');
    }
  },

  async 'the page at the end shows its words as plain text'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const state = unique();
    const { response } = await authorize(receiver, state);
    const page = visit(`${receiver.redirectUri}?code=c&state=${state}`);
    await response;
    await receiver.finish?.({
      signedIn: false,
      title: 'Not <i>signed</i> in',
      message: 'Try <script>again()</script>.',
    });
    await receiver.close();
    const html = await page;
    check(
      typeof html !== 'string' || !/<i>signed|<script>again/.test(html),
      'Words of the outcome became elements of the page.',
    );
  },

  async 'the redirect URI of a stored registration is used again'({ prepare }) {
    const first = await prepare();
    await first.close();
    checkSame((await prepare({ preferred: first.redirectUri })).redirectUri, first.redirectUri, 'The redirect URI');
  },

  async 'a stored redirect URI of another kind does no harm'({ prepare }) {
    for (const preferred of [
      'https://other.example/callback',
      'com.example.other:/callback',
      'not a URL',
      'http://localhost:1/callback',
    ]) {
      const receiver = await prepare({ preferred });
      check(receiver.redirectUri !== preferred, `${preferred} was taken for one of its own.`);
      await receiver.close();
    }
  },

  async 'an abort ends the preparation'({ prepare }) {
    await checkAborted(prepare({ signal: AbortSignal.abort(new Error('not wanted')) }), 'an aborted preparation');
  },

  async 'an abort ends the wait, and so does one before'({ prepare, authorize, opened }) {
    const receiver = await prepare();
    const signal = AbortSignal.abort(new Error('not wanted'));
    await checkAborted(
      receiver.authorize({ authorizationUrl: authorizationUrl('a'), state: 'a', signal }),
      'a wait that was aborted before',
    );
    checkSame(opened, [], 'What was opened');
    const controller = new AbortController();
    const { response } = await authorize(receiver, unique(), controller.signal);
    controller.abort(new Error('no longer wanted'));
    await checkAborted(response, 'a wait that was aborted');
  },

  async 'close ends the wait, may be called again, and nothing is opened afterwards'({ prepare, authorize, opened }) {
    const receiver = await prepare();
    const { response } = await authorize(receiver, unique());
    await Promise.all([receiver.close(), receiver.close()]);
    await checkAborted(response, 'a wait whose receiver was closed');
    await receiver.close();
    await checkAborted(
      receiver.authorize({ authorizationUrl: authorizationUrl('a'), state: 'a' }),
      'a wait after the receiver was closed',
    );
    checkSame(opened.length, 1, 'How often a browser was opened');
  },

  async 'a receiver whose wait was aborted can wait again'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const controller = new AbortController();
    const { response: first } = await authorize(receiver, unique(), controller.signal);
    controller.abort(new Error('no longer wanted'));
    await checkAborted(first, 'a wait that was aborted');
    const state = unique();
    const { response: second } = await authorize(receiver, state);
    const url = `${receiver.redirectUri}?code=c&state=${state}`;
    visit(url);
    checkSame(await second, url, 'The callback URL');
  },

  async 'two windows of one person wait side by side, and each brings its own answer, the last one first'({
    prepare,
    authorize,
    visit,
  }) {
    const windows = [];
    let preferred;
    for (const state of [unique(), unique()]) {
      const receiver = await prepare({ preferred });
      preferred = receiver.redirectUri;
      const { response } = await authorize(receiver, state);
      windows.push({ response, url: `${receiver.redirectUri}?code=c&state=${state}` });
    }
    for (const { response, url } of windows.reverse()) {
      visit(url);
      checkSame(await response, url, 'The callback URL');
    }
  },

  async 'a person who is slower than the wait ends no later one'({ prepare, authorize, visit }) {
    const receiver = await prepare();
    const [late, state] = [unique(), unique()];
    const controller = new AbortController();
    const { response: first } = await authorize(receiver, late, controller.signal);
    controller.abort(new Error('no longer wanted'));
    await checkAborted(first, 'a wait that was aborted');
    const callback = (/** @type {string} */ given) => `${receiver.redirectUri}?code=c&state=${given}`;
    visit(callback(late));
    const { response } = await authorize(receiver, state);
    check(!(await isEndedBy(visit(callback(late)), response)), 'The wait was ended by the answer to an earlier one.');
    visit(callback(state));
    checkSame(await response, callback(state), 'The callback URL');
  },

  async 'who never came back leaves nothing open: the same redirect URI can be had again, and takes its own answer alone'({
    prepare,
    authorize,
    visit,
  }) {
    const first = await prepare();
    const [gone, state] = [unique(), unique()];
    const { response: never } = await authorize(first, gone);
    await first.close();
    await checkAborted(never, 'a wait whose receiver was closed');
    const again = await prepare({ preferred: first.redirectUri });
    checkSame(again.redirectUri, first.redirectUri, 'The redirect URI');
    const callback = (/** @type {string} */ given) => `${again.redirectUri}?code=c&state=${given}`;
    const { response } = await authorize(again, state);
    check(!(await isEndedBy(visit(callback(gone)), response)), 'The wait was ended by the answer to one that is over.');
    visit(callback(state));
    checkSame(await response, callback(state), 'The callback URL');
  },
};
