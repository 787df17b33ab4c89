/** Fetches that have one fault each, and the case of the test kit that has to notice. */

/** @import { Fetch } from 'mcp-oauth-wasm' */

/**
 * A fetch that asks for something else than it should.
 *
 * @param {(init: RequestInit, input: string | URL | Request) => RequestInit} change
 * @returns {Fetch}
 */
const asking =
  (change) =>
  (input, init = {}) =>
    fetch(input, change(init, input));

/**
 * A fetch that makes something else of an answer.
 *
 * @param {(response: Response) => Response | Promise<Response>} change
 * @returns {Fetch}
 */
const answering = (change) => async (input, init) => change(await fetch(input, init));

/**
 * The same answer with another body.
 *
 * @param {Response} response
 * @param {BodyInit | null} body
 */
const withBody = ({ status, headers }, body) => new Response(body, { status, headers });

/** Follows redirects of one method, whatever it is told. @param {string} followed */
const following = (followed) =>
  asking((init) => ((init.method ?? 'GET') === followed ? { ...init, redirect: 'follow' } : init));

/** The body by a stream that is read on and on. @param {Response} response @param {(thrown: unknown, end: () => void) => void} onError */
function pumped(response, onError) {
  const reader = response.body?.getReader();
  return withBody(
    response,
    new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (thrown) {
          onError(thrown, () => controller.close());
        }
      },
    }),
  );
}

/** @type {Map<string, string>} */
const cookies = new Map();

/** @type {Record<string, { fetch: Fetch, caughtBy: string, saying?: RegExp }>} */
export const faultyFetches = {
  'rejects for a status that is no success': {
    fetch: answering((response) => {
      if (!response.ok) throw new Error('not a success');
      return response;
    }),
    caughtBy: 'status, headers and body arrive, whatever the status is',
    saying: /not a success/,
  },
  'loses the headers of a request': {
    fetch: asking(({ headers, ...init }) => init),
    caughtBy: 'method, headers and body of a request are sent',
    saying: /The headers that were sent/,
  },
  'takes a Request for a URL': {
    fetch: (input, init) => fetch(input instanceof Request ? input.url : input, init),
    caughtBy: 'a Request is sent as it is',
    saying: /What was sent should be \["POST"/,
  },
  'names itself as the url of answers': {
    fetch: answering((response) => Object.defineProperty(response, 'url', { value: 'https://proxy.example/' })),
    caughtBy: 'url is the one that was asked, or empty',
    saying: /another one/,
  },
  'follows redirects that a GET must not follow': {
    fetch: following('GET'),
    caughtBy: 'a GET that must not follow a redirect does not',
    saying: /should be the redirect, and has the status 200/,
  },
  'follows redirects that a POST must not follow': {
    fetch: following('POST'),
    caughtBy: 'a POST that must not follow a redirect does not: its secrets stay here',
    saying: /should be the redirect, and has the status 200/,
  },
  'hides where the answer is from': {
    fetch: answering((response) => withBody(response, response.body)),
    caughtBy: 'url tells of a redirect that was followed, or there is no answer',
    saying: /The origin of the answer/,
  },
  'keeps the last of several headers': {
    fetch: answering((response) => {
      const headers = new Headers(response.headers);
      headers.set('www-authenticate', headers.get('www-authenticate')?.split(', ').at(-1) ?? '');
      return new Response(response.body, { status: response.status, headers });
    }),
    caughtBy: 'several WWW-Authenticate headers all arrive',
    saying: /The WWW-Authenticate headers/,
  },
  'keeps cookies': {
    async fetch(input, init) {
      const { origin } = new URL(String(input));
      const headers = new Headers(init?.headers);
      const kept = cookies.get(origin);
      if (kept) headers.set('cookie', kept);
      const response = await fetch(input, { ...init, headers });
      for (const line of response.headers.getSetCookie()) cookies.set(origin, line.split(';')[0] ?? '');
      return response;
    },
    caughtBy: 'no cookies are sent, and those of answers are not kept',
    saying: /carried a cookie/,
  },
  'does not look whether a signal was aborted': {
    fetch: asking(({ signal, ...init }) => init),
    caughtBy: 'a request whose signal was aborted before is not sent',
    saying: /should be rejected, and is not/,
  },
  'ends the wait on an abort, and leaves the connection open': {
    fetch: (input, { signal, ...init } = {}) =>
      Promise.race([
        fetch(input, init),
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
      ]),
    caughtBy: 'an abort ends the wait for an answer, and the connection',
  },
  'does not look at signals while a body is read': {
    fetch: async (input, { signal, ...init } = {}) => fetch(input, init),
    caughtBy: 'an abort ends the reading of a body, and the connection',
  },
  'waits for the whole body': {
    fetch: answering(async (response) => withBody(response, await response.arrayBuffer())),
    caughtBy: 'the beginning of a body is here before its end',
  },
  'reads on when nobody wants the body any more': {
    fetch: answering((response) =>
      pumped(response, (thrown) => {
        throw thrown;
      }),
    ),
    caughtBy: 'a body without end can be given up, and the connection ends',
  },
  'takes a broken body for a whole one': {
    fetch: answering((response) => pumped(response, (_thrown, end) => end())),
    caughtBy: 'a body that breaks off is an error, and no end',
    saying: /should be rejected, and is not/,
  },
  'answers 502 when there is no answer': {
    fetch: (input, init) => fetch(input, init).catch(() => new Response(null, { status: 502 })),
    caughtBy: 'no answer at all is an error',
    saying: /should be rejected, and is not/,
  },
};
