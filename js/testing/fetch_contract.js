/** @import { Fetch } from '../core/host.js' */
/** @import { ContractCase } from './contract.js' */
/** @import { ReceivedRequest } from './server.js' */

import { casesOf, check, checkSame, defaultPatienceMilliseconds, pause, rejectionOf, unique } from './contract.js';

/**
 * What the kit tries, and where.
 *
 * @typedef {object} FetchContractOptions
 * @property {Fetch} fetch The `fetch` of a host.
 * @property {string} origin Where a test server listens: `startFetchTestServer()` of `mcp-oauth-wasm/host-test/server` starts one.
 * @property {string} otherOrigin Where the same server listens too.
 * @property {number} [patienceMilliseconds] How long each rule may take before it counts as broken, in milliseconds.
 *   Default: 20000.
 */

/**
 * What a rule is tried on.
 *
 * @typedef {object} FetchTrial
 * @property {Fetch} fetch
 * @property {string} origin
 * @property {(path: string, query?: Record<string, string>) => string} at The URL at the test server for this trial.
 * @property {(path: string, query?: Record<string, string>) => string} elsewhere The same at the other origin.
 * @property {() => Promise<ReceivedRequest[]>} received What the server was asked in this trial.
 */

/**
 * What every `fetch` of a host has to do, as cases for any test runner, in Node and in browsers.
 *
 * @param {FetchContractOptions} options what is tried, and where
 * @throws nothing: a broken rule rejects in its case
 * @returns {ContractCase[]}
 */
export function fetchContract({ fetch, origin, otherOrigin, patienceMilliseconds = defaultPatienceMilliseconds }) {
  return casesOf(rules, patienceMilliseconds, (keep) => {
    const trial = unique();
    /** @type {(base: string) => FetchTrial['at']} */
    const urlAt =
      (base) =>
      (path, query = {}) =>
        `${base}/${trial}/${path}${Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ''}`;
    const at = urlAt(origin);
    const received = async () => JSON.parse(await textOf(await fetch(at('received'), quietly)));
    return keep({ fetch, origin, at, elsewhere: urlAt(otherOrigin), received });
  });
}

/** How this package asks for documents (Fetch Standard: no cookies, no cache). @type {RequestInit} */
const quietly = { credentials: 'omit', cache: 'no-store' };

/**
 * A form, as this package sends it.
 *
 * @param {string} body
 * @returns {RequestInit}
 */
const form = (body) => ({
  ...quietly,
  method: 'POST',
  redirect: 'manual',
  headers: new Headers({
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
    authorization: 'Basic YTpi',
  }),
  body,
});

/**
 * Reads as this package does: an answer need not be a `Response`.
 *
 * @param {Response} response
 */
async function textOf({ body }) {
  if (!body) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (let text = ''; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    check(value instanceof Uint8Array, 'A body should be a stream of bytes.');
    text += decoder.decode(value, { stream: true });
  }
}

/** @param {Response} response */
async function discard({ body }) {
  await body?.cancel();
}

/**
 * Where an answer is from: `url`, unless it is empty.
 *
 * @param {Response} response
 * @param {string} asked
 */
const originOf = ({ url }, asked) => new URL(url || asked).origin;

/**
 * @param {Response} response
 * @param {string} to
 */
function checkNotFollowed({ status, type, headers }, to) {
  // Browsers hide redirects that they do not follow (Fetch Standard, opaque-redirect filtered response).
  if (type === 'opaqueredirect' || status === 0) return;
  check(
    [302, 307].includes(status),
    `The answer to a request that follows no redirect should be the redirect, and has the status ${status}.`,
  );
  checkSame(headers.get('location'), to, 'Its Location header');
}

/**
 * @param {FetchTrial} trial
 * @param {string} path
 */
async function untilClosed({ received }, path) {
  while (!(await received()).some((request) => request.path === path && request.closed)) await pause();
}

/** @type {Record<string, (trial: FetchTrial) => Promise<void>>} */
const rules = {
  async 'status, headers and body arrive, whatever the status is'({ fetch, at }) {
    for (const status of [200, 400, 401, 404, 429, 503]) {
      const response = await fetch(at('status', { status: String(status) }), quietly);
      checkSame(response.status, status, 'The status');
      checkSame(response.headers.get('content-type'), 'application/json', 'The Content-Type header');
      checkSame(JSON.parse(await textOf(response)), { status, text: 'ä🗝' }, 'The body');
    }
  },

  async 'method, headers and body of a request are sent'({ fetch, at, received }) {
    await discard(await fetch(at('status'), form('a=1&b=%C3%A4')));
    const [request] = await received();
    checkSame([request?.method, request?.body], ['POST', 'a=1&b=%C3%A4'], 'What was sent');
    const { 'content-type': type, authorization, accept } = request?.headers ?? {};
    checkSame(
      [type, authorization, accept],
      ['application/x-www-form-urlencoded', 'Basic YTpi', 'application/json'],
      'The headers that were sent',
    );
  },

  async 'a Request is sent as it is'({ fetch, at, received }) {
    await discard(await fetch(new Request(at('status', { a: '%20' }), form('a=1'))));
    const [request] = await received();
    checkSame(
      [request?.method, request?.headers.authorization, request?.body],
      ['POST', 'Basic YTpi', 'a=1'],
      'What was sent',
    );
  },

  async 'url is the one that was asked, or empty'({ fetch, at }) {
    const url = at('status', { a: 'b c' });
    const response = await fetch(url, quietly);
    await discard(response);
    check(
      response.url === '' || response.url === url,
      'The `url` of an answer that nothing redirected is another one.',
    );
  },

  async 'a GET that must not follow a redirect does not'({ fetch, at, elsewhere, received }) {
    for (const to of [at('target'), elsewhere('target')]) {
      const response = await fetch(at('redirect', { to }), { ...quietly, redirect: 'manual' });
      checkNotFollowed(response, to);
      await discard(response);
    }
    check(!(await received()).some(({ path }) => path === 'target'), 'The redirect was followed.');
  },

  async 'a POST that must not follow a redirect does not: its secrets stay here'({ fetch, at, elsewhere, received }) {
    for (const to of [at('target'), elsewhere('target')]) {
      const response = await fetch(at('redirect', { to, status: '307' }), form('refresh_token=secret'));
      checkNotFollowed(response, to);
      await discard(response);
    }
    check(!(await received()).some(({ path }) => path === 'target'), 'The redirect was followed.');
  },

  async 'url tells of a redirect that was followed, or there is no answer'({ fetch, at, elsewhere }) {
    for (const to of [at('status'), elsewhere('status')]) {
      const asked = at('redirect', { to });
      const response = await fetch(asked, { ...quietly, redirect: 'follow' }).catch(() => undefined);
      if (response?.status !== 200) continue;
      await discard(response);
      checkSame(originOf(response, asked), new URL(to).origin, 'The origin of the answer, by its `url`');
    }
  },

  async 'several WWW-Authenticate headers all arrive'({ fetch, at }) {
    const response = await fetch(at('challenges'), quietly);
    await discard(response);
    checkSame(
      response.headers.get('www-authenticate'),
      'Negotiate, Bearer realm="a, b", scope="openid email"',
      'The WWW-Authenticate headers, joined',
    );
  },

  async 'no cookies are sent, and those of answers are not kept'({ fetch, at, received }) {
    await discard(await fetch(at('cookie'), quietly));
    await discard(await fetch(at('status'), quietly));
    check(!(await received()).some(({ headers }) => headers.cookie !== undefined), 'A request carried a cookie.');
  },

  async 'a request whose signal was aborted before is not sent'({ fetch, at, received }) {
    const sending = fetch(at('status'), { ...quietly, signal: AbortSignal.abort(new Error('not wanted')) });
    await rejectionOf(sending, 'A request whose signal was aborted');
    check(!(await received()).some(({ path }) => path === 'status'), 'The request was sent.');
  },

  async 'an abort ends the wait for an answer, and the connection'(trial) {
    const { fetch, at, received } = trial;
    const controller = new AbortController();
    const sending = rejectionOf(fetch(at('silent'), { ...quietly, signal: controller.signal }), 'An aborted request');
    while (!(await received()).some(({ path }) => path === 'silent')) await pause();
    controller.abort(new Error('no longer wanted'));
    await sending;
    await untilClosed(trial, 'silent');
  },

  async 'an abort ends the reading of a body, and the connection'(trial) {
    const { fetch, at } = trial;
    const controller = new AbortController();
    const response = await fetch(at('stream'), { ...quietly, signal: controller.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    const reading = rejectionOf(Promise.resolve(reader?.read()), 'The reading of a body after an abort');
    controller.abort(new Error('no longer wanted'));
    await reading;
    await untilClosed(trial, 'stream');
  },

  async 'the beginning of a body is here before its end'({ fetch, at }) {
    const response = await fetch(at('stream'), quietly);
    const reader = response.body?.getReader();
    const first = await reader?.read();
    checkSame(new TextDecoder().decode(first?.value), 'first', 'The beginning');
    await discard(await fetch(at('release'), quietly));
    const rest = await reader?.read();
    checkSame(new TextDecoder().decode(rest?.value), 'last', 'The rest');
    checkSame((await reader?.read())?.done, true, 'The end');
  },

  async 'a body without end can be given up, and the connection ends'(trial) {
    const { fetch, at } = trial;
    const response = await fetch(at('endless'), quietly);
    const reader = response.body?.getReader();
    for (let length = 0; length < 2 ** 21; ) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
      check(!done, 'A body without end has ended.');
      length += value?.length ?? 0;
    }
    await reader?.cancel();
    await untilClosed(trial, 'endless');
  },

  async 'a body that breaks off is an error, and no end'({ fetch, at }) {
    const reading = fetch(at('broken'), quietly).then(textOf);
    await rejectionOf(reading, 'The reading of a body that breaks off');
  },

  async 'no answer at all is an error'({ fetch, at }) {
    await rejectionOf(fetch(at('reset'), quietly), 'A request whose connection was reset');
  },
};
