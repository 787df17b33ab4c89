/** The page's way to servers: through the inspector's own, which answers with data. */

import { AuthorizationError, MisbehavedError, TransportError } from '../../js/core/errors.js';

/**
 * One request and its answer, as they were: with their secrets, which stay in the memory of this page.
 *
 * @typedef {object} Exchange
 * @property {{ method: string, url: string, headers: [string, string][], body: string | undefined }} request
 * @property {{ status: number, headers: [string, string][], body: string }} [answer]
 */

/** The page may not use the inspector's server. */
export class ShutOut extends Error {}

const STORED_TOKEN = 'token';

/** Statuses whose answers have no body. */
const bodiless = [204, 205, 304];

/**
 * Trades the key in the page's address for a token, or takes the one of before a reload. The address is clean afterwards.
 *
 * @returns {Promise<{ token: string, server: string | null }>} `server`: what is to be inspected, if the address says
 */
export async function enter() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get('key');
  history.replaceState(null, '', location.pathname);
  if (key !== null) {
    sessionStorage.removeItem(STORED_TOKEN);
    const { status, value } = await post('/session', undefined, { key });
    if (status !== 200)
      throw new ShutOut(
        'This address was used before. If that was not you, somebody else knows it: end the inspector.',
      );
    sessionStorage.setItem(STORED_TOKEN, value.token);
  }
  const token = sessionStorage.getItem(STORED_TOKEN);
  if (token === null) throw new ShutOut('The address of this page lacks its key.');
  return { token, server: fragment.get('server') };
}

/**
 * @param {string} token
 * @param {object} options
 * @param {(origin: string) => Promise<boolean>} options.confirm asks the person about a server that nothing has named so far
 * @param {(exchange: Exchange) => void} options.record
 */
export function createNetwork(token, { confirm, record }) {
  const call = async (
    /** @type {string} */ path,
    /** @type {unknown} */ body,
    /** @type {AbortSignal | null} */ signal = null,
  ) => {
    const answer = await post(path, token, body, signal);
    if (answer.status === 401) throw new ShutOut('The inspector does not know this page any more.');
    return answer;
  };

  /**
   * @param {string} url
   * @param {RequestInit} init
   * @param {boolean} asks whether the person may be asked about a server
   * @returns {Promise<Exchange['answer'] & {}>}
   */
  async function send(url, init, asks) {
    const { method = 'GET', headers, body, signal = null } = init;
    const { status, value } = await call('/send', { url, method, headers: [...new Headers(headers)], body }, signal);
    if (status === 200) return { ...value, body: decoded(value.body) };
    if (value.code !== 'target_unconfirmed' || !asks) throw errorOf(value);
    const { origin } = new URL(url);
    if (!(await confirm(origin)))
      throw new TransportError({
        code: 'aborted',
        message: `${origin} was not called, because you did not agree to it.`,
      });
    await call('/confirm', { origin });
    return send(url, init, asks);
  }

  return {
    /**
     * Says which MCP server is under inspection.
     *
     * @param {string} endpoint
     * @param {boolean} allowPrivateAddresses
     */
    async inspect(endpoint, allowPrivateAddresses) {
      const { status, value } = await call('/inspect', { endpoint, allowPrivateAddresses });
      if (status !== 200) throw errorOf(value);
    },

    /**
     * The `fetch` of the sign-in. It follows nothing, and answers with the redirect itself.
     *
     * @param {string | URL | Request} input
     * @param {RequestInit} [init]
     */
    async fetch(input, init = {}) {
      /** @type {Exchange} */
      const exchange = {
        request: {
          method: init.method ?? 'GET',
          url: String(input),
          headers: [...new Headers(init.headers)],
          body: init.body?.toString(),
        },
      };
      record(exchange);
      exchange.answer = await send(String(input), init, true);
      return responseOf(exchange.answer);
    },

    /**
     * The `fetch` of an examination, which is no part of the sign-in.
     *
     * @param {string | URL | Request} input
     * @param {RequestInit} [init]
     */
    look: async (input, init = {}) => responseOf(await send(String(input), init, false)),
  };
}

/** @typedef {ReturnType<typeof createNetwork>} Network */

/**
 * @param {string} path
 * @param {string | undefined} token
 * @param {unknown} body
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<{ status: number, value: any }>}
 */
async function post(path, token, body, signal = null) {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch((cause) => {
    if (signal?.aborted) throw cause;
    throw new ShutOut('The inspector does not answer. Was it ended?');
  });
  return { status: response.status, value: await response.json() };
}

/** @param {NonNullable<Exchange['answer']>} answer */
function responseOf({ status, headers, body }) {
  return new Response(bodiless.includes(status) ? null : body, { status, headers });
}

/** @param {{ code: string, message?: string }} refusal */
function errorOf({ code, message = 'The request could not be sent.' }) {
  if (['private_address', 'response_too_large'].includes(code)) return new MisbehavedError({ code, message });
  return new TransportError({ code, message });
}

/** @param {string} base64 */
function decoded(base64) {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

/**
 * @param {unknown} error
 * @returns {error is AuthorizationError}
 */
export const isOurs = (error) => error instanceof AuthorizationError;
