/** The way in: an authorizer for a host, and signed-in connections from it. */

/** @import { Begun, ClientDescription, ScopePlan, Session } from './records.js' */
/** @import { ConnectionSettings, Host } from './host.js' */

import { Connection } from './connection.js';
import { MisuseError } from './errors.js';
import { completeLater } from './sign_in.js';

/**
 * @typedef {object} AuthorizerOptions
 * @property {Host} host what the environment provides
 * @property {ClientDescription} [client] the application, as it presents itself
 * @property {(endpoint: string) => ConnectionSettings | undefined} [settings] what the host knows about single servers
 *
 * @typedef {object} ConnectionOptions
 * @property {string} [account] tells several accounts at one server apart; default: `default`
 * @property {boolean} [interaction] whether a browser may be opened when a person is needed; default: false, and then
 *   an `InteractionRequiredError` says what is needed and how to resume
 * @property {AbortSignal} [signal] cancels whatever is under way
 *
 * @typedef {object} SignedInConnection
 * @property {string} endpoint the MCP server's URL
 * @property {(input: string | URL | Request, init?: RequestInit) => Promise<Response>} fetch
 *   a `fetch` that is signed in: give it to any MCP transport. It answers 401 and 403, refreshes, and never lets two
 *   requests sign in twice
 * @property {(request: { method: string, url: string | URL }) => Promise<Record<string, string>>} headersFor
 *   the headers that sign a request, for transports in another process
 * @property {(response: { status: number, headers: Headers, attempt?: number, authorization?: string | null }) => Promise<boolean>} onResponse
 *   deals with a 401 or 403; true: send the request again. `attempt`: how often it was sent before; `authorization`:
 *   what it was sent with (null: nothing), so that a late answer to an older token does no harm
 * @property {() => Promise<void>} signIn signs in, even if there is a session
 * @property {() => Promise<void>} refresh renews the tokens now
 * @property {() => Promise<boolean>} signOut forgets the session, and has its tokens revoked (RFC 7009): whether the
 *   authorization server did
 * @property {() => Promise<void>} forgetClient forgets the session and the registered client: the next sign-in registers
 *   anew. For a server that has forgotten the client, and can tell only the person
 * @property {() => Promise<ScopePlan | null>} plan the scopes, with what was registered, requested and granted
 * @property {() => Promise<Session | null>} session the stored session, tokens included
 *
 * @typedef {object} Authorizer
 * @property {(endpoint: string | URL, options?: ConnectionOptions) => SignedInConnection} connection
 * @property {(endpoint: string | URL, options?: ConnectionOptions) => SignedInConnection['fetch']} fetch
 *   the `fetch` of a connection
 * @property {(callbackUrl: string, signal?: AbortSignal) => Promise<{ endpoint: string, account: string, session: Session } | Begun>} complete
 *   completes a sign-in whose process ended while the person was in the browser
 */

/**
 * Makes an authorizer. It keeps no secrets of its own: everything is in the host's store.
 *
 * @param {AuthorizerOptions} options
 * @returns {Authorizer}
 * @throws {MisuseError} `invalid_argument`
 */
export function createAuthorizer(options) {
  if (!options?.host?.store) throw new MisuseError({ code: 'invalid_argument', message: 'The argument `host` must have a `store`.' });
  const { host, client = {}, settings = () => undefined } = options;
  /** @type {Map<string, Connection>} */
  const connections = new Map();
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  const settingsFor = (/** @type {string} */ endpoint) => settings(endpoint) ?? {};

  /** @type {<T>(work: () => Promise<T>) => Promise<T>} */
  const queue = (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };

  /** @type {Authorizer['connection']} */
  const connection = (server, { account = 'default', interaction = false, signal } = {}) => {
    const endpoint = String(server);
    const key = `${endpoint} ${account}`;
    let shared = connections.get(key);
    if (!shared) {
      shared = new Connection({ host, client, settings: settingsFor(endpoint), endpoint, account }, queue);
      connections.set(key, shared);
    }
    const core = shared;
    const options = { interaction, signal };
    return {
      endpoint,
      fetch: (input, init) => core.fetch(input, init, options),
      headersFor: (request) => core.headersFor(request, options),
      onResponse: ({ attempt = 0, ...response }) => core.onResponse({ ...response, attempt }, options),
      signIn: () => core.signIn({ ...options, interaction: true }),
      refresh: () => core.refresh(options),
      signOut: () => core.signOut(),
      forgetClient: () => core.forgetClient(),
      plan: () => core.plan(),
      session: () => core.session(),
    };
  };

  return {
    connection,
    fetch: (server, options) => connection(server, options).fetch,
    complete: (callbackUrl, signal) => completeLater({ host, client, settingsFor, callbackUrl, signal }),
  };
}
