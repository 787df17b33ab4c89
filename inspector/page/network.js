/** The page's way to servers: through the inspector's own, which answers with data. */

import { AuthorizationError, TransportError } from '../../js/core/errors.js';
import { decoded, errorOf, post, responseOf } from '../../js/hosts/browser/proxy_calls.js';

/**
 * One request and its answer, as they were: with their secrets, which stay in the memory of this page.
 *
 * @typedef {object} Exchange
 * @property {{ method: string, url: string, headers: [string, string][], body: string | undefined }} request
 * @property {{ status: number, headers: [string, string][], body: string }} [answer]
 */

/**
 * @param {string} token
 * @param {object} options
 * @param {(origin: string) => Promise<boolean>} options.confirm asks the person about a server that nothing has named so far
 * @param {(exchange: Exchange) => void} options.record
 */
export function createNetwork(token, { confirm, record }) {
  const call = (
    /** @type {string} */ path,
    /** @type {unknown} */ body,
    /** @type {AbortSignal | null} */ signal = null,
  ) => post(path, token, body, { signal });

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
 * @param {unknown} error
 * @returns {error is AuthorizationError}
 */
export const isOurs = (error) => error instanceof AuthorizationError;
