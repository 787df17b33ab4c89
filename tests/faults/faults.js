/** What can go wrong with a request. All of it really happens, on the wire. */

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Answer } from './front.js' */

/**
 * @typedef {object} Fault
 * @property {'refused' | 'untrusted'} [connection] the request cannot even be sent
 * @property {(exchange: Exchange) => unknown} [answer] or what comes back of it
 *
 * @typedef {object} Exchange
 * @property {IncomingMessage} request
 * @property {ServerResponse} response
 * @property {() => Answer | Promise<Answer>} handOn lets the real server act on the request, and tells its answer
 * @property {() => void} reset ends the connection at once (RST)
 * @property {() => void} letTimePass the client has waited for long enough
 */

/** How many bytes have dripped when the client has waited for long enough, and how long one takes. */
const DRIPS = 3;
const DRIP_MILLISECONDS = 5;

/** @type {Record<string, Fault>} */
export const faults = {
  refused: { connection: 'refused' },
  untrusted: { connection: 'untrusted' },

  silent: {
    async answer({ handOn, letTimePass }) {
      await handOn();
      letTimePass();
    },
  },

  reset: {
    async answer({ response, handOn, reset }) {
      const { status, headers, body } = withBody(await handOn());
      response.writeHead(status, { ...headers, 'content-length': body.length + 100 });
      response.write(body, reset);
    },
  },

  500: says(500, {}),
  503: says(503, { 'retry-after': '7' }),
  429: says(429, {}),

  page: {
    answer: ({ response }) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome</title>'),
  },

  truncated: spoilt(({ body }) => ({ body: body.subarray(0, body.length / 2) })),
  array: spoilt(({ body }) => ({ body: Buffer.concat([Buffer.from('['), body, Buffer.from(']')]) })),
  mistyped: spoilt(() => ({ headers: { 'content-type': 'text/html' } })),

  circle: {
    answer: ({ request, response }) => response.writeHead(307, { location: request.url }).end(),
  },

  drip: {
    async answer({ response, handOn, letTimePass }) {
      const { status, headers, body } = withBody(await handOn());
      response.writeHead(status, { ...headers, 'content-length': 1_000_000 });
      let drips = 0;
      const drip = setInterval(() => {
        response.write(body.subarray(drips % body.length, (drips % body.length) + 1));
        drips += 1;
        if (drips >= DRIPS) letTimePass();
      }, DRIP_MILLISECONDS);
      response.on('close', () => clearInterval(drip));
    },
  },
};

/**
 * @param {number} status
 * @param {Record<string, string>} headers
 * @returns {Fault}
 */
function says(status, headers) {
  return {
    answer: ({ response }) => response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end('Not now'),
  };
}

/**
 * The real answer, with something about it that is wrong.
 *
 * @param {(answer: Answer) => Partial<Answer>} spoil
 * @returns {Fault}
 */
function spoilt(spoil) {
  return {
    async answer({ response, handOn }) {
      const answer = withBody(await handOn());
      const { body = answer.body, headers } = spoil(answer);
      response.writeHead(answer.status, { ...answer.headers, ...headers, 'content-length': body.length }).end(body);
    },
  };
}

/**
 * An answer whose body can be spoilt.
 *
 * @param {Answer} answer
 * @returns {Answer}
 */
function withBody(answer) {
  return answer.body.length > 0
    ? answer
    : { ...answer, status: answer.status === 204 ? 200 : answer.status, body: Buffer.from('{}') };
}
