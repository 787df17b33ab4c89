/** @import { Fetch } from '../../core/host.js' */

import { TransportError } from '../../core/errors.js';
import { decoded, enter, errorOf, post, responseOf, ShutOut } from './proxy_calls.js';

/** The key is good once, and this may be called more often. @type {Map<string, ReturnType<typeof enter>>} */
const entries = new Map();

/**
 * Which proxy, and how the person is asked.
 *
 * @typedef {object} ProxiedFetchOptions
 * @property {string} proxy Where it is on the origin of this page, such as `/proxy`: `path` of `createInspectorProxy`.
 * @property {(origin: string) => Promise<boolean> | boolean} [confirm] Asks the person about a server that neither they nor
 *   documents have named, as far as the proxy saw. Default: `window.confirm`.
 */

/**
 * A `fetch` for inspectors in a page, as the `fetch` of `browserHost`: it sends every request by the page's own server, so
 * that servers without CORS headers can be inspected (Fetch Standard, CORS protocol). The server's half is
 * `createInspectorProxy` of `mcp-oauth-wasm/inspector-proxy`, which is for an inspector on the person's machine, and not for
 * pages on the web.
 *
 * The page was opened with the proxy's key in its fragment, which is traded when this is called; a reload keeps what came
 * of it. What goes this way has an end: an answer is at most 256 KiB, within 30 seconds, and the stream of an MCP server's own
 * messages is answered with 405, as by servers that have none. Redirects are answered, and not followed.
 *
 * @param {ProxiedFetchOptions} options
 * @returns {Fetch} rejects with a `TransportError` (`proxy_refused`: the page has no key, or another page used it; `aborted`:
 *   the person did not agree; `network_failed`, `timed_out`) or a `MisbehavedError` (`private_address`: a public server led
 *   into a private network; `response_too_large`)
 * @throws nothing: the proxy is called when the function is
 */
export function proxiedFetch({ proxy, confirm = (origin) => window.confirm(`Send a request to ${origin}?`) }) {
  const entered = entries.get(proxy) ?? enter(proxy, 'proxy');
  entered.catch(() => {});
  entries.set(proxy, entered);
  /** The MCP server on whose word each origin is called. @type {Map<string, string>} */
  const wordOf = new Map();

  /** @type {Fetch} */
  const proxied = async (input, init, context) => {
    const request = new Request(input, init);
    const { url, method, signal, headers } = request;
    if (method === 'GET' && context?.step === 'call' && /\btext\/event-stream\b/.test(headers.get('accept') ?? ''))
      return new Response(null, { status: 405 });
    const namedBy = String(context?.endpoint ?? url);
    const server = wordOf.get(new URL(namedBy).origin) ?? namedBy;
    const { origin } = new URL(url);
    if (!wordOf.has(origin)) wordOf.set(origin, server);
    const body = method === 'GET' ? undefined : await request.text();
    const { token } = await entered;
    for (;;) {
      const { status, value } = await post(
        `${proxy}/send`,
        token,
        { server, url, method, headers: [...headers], body },
        { name: 'proxy', signal },
      );
      if (status === 200) return responseOf({ ...value, body: decoded(value.body) });
      if (value.code === 'server_not_inspected') await post(`${proxy}/inspect`, token, { endpoint: server });
      else if (value.code !== 'target_unconfirmed') throw errorOf(value);
      else if (!(await confirm(origin)))
        throw new TransportError({
          code: 'aborted',
          message: `${origin} was not called: the person did not agree to it.`,
        });
      else await post(`${proxy}/confirm`, token, { server, origin });
    }
  };

  return async (input, init, context) => {
    try {
      return await proxied(input, init, context);
    } catch (error) {
      if (!(error instanceof ShutOut)) throw error;
      throw new TransportError({
        code: 'proxy_refused',
        message: `${error.message} Open the page by the address that the proxy's server gives.`,
        step: context?.step,
      });
    }
  };
}
