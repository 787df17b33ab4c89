/** The way in: an authorizer for a host, and signed-in connections from it. */

/** @import { ClientDescription, Departure, ScopePlan, Session, SignInOutcome } from '../core/records.js' */
/** @import { ConnectionSettings, Fetch, Host, PendingSignIn } from '../core/host.js' */
/** @import { Completions } from './effects.js' */
/** @import { SignInChange, Turn } from './sign_in_under_way.js' */

import { untilAborted } from '../core/until_aborted.js';
import { call } from '../core/wasm.js';
import { Connection } from './connection.js';
import { needsPerson, performing, redirectsOf, signInHost } from './effects.js';
import { createFailures } from './failures.js';
import { misused, requireFunctions, requireKnown } from './required.js';
import { newSignInId } from './sign_in_under_way.js';
import { endpointOf, placeOf, storedPending } from './stored.js';

/**
 * What an authorizer is made of.
 *
 * @typedef {object} AuthorizerOptions
 * @property {Host} host What the environment provides.
 * @property {ClientDescription} [client] The application, as it presents itself (RFC 7591 §2).
 * @property {(endpoint: string) => ConnectionSettings | undefined} [settings] What the host knows about
 *   single servers, by the URL as `new URL(…).href` spells it.
 */

/**
 * For whom a connection is, and how far it may go.
 *
 * @typedef {object} ConnectionOptions
 * @property {string} [account] Tells several accounts at one server apart. Default: `default`.
 * @property {boolean} [interaction] Whether a browser may be opened when a person is needed. Default: false, and then an
 *   `InteractionRequiredError` says what is needed and how to resume.
 * @property {AbortSignal} [signal] Ends the wait of a call; it rejects with the signal's reason. A sign-in that a person was
 *   sent for goes on, and the next call finds what came of it; `cancel` ends it.
 * @property {boolean} [wholeOrigin] Whether requests may go to other paths of the MCP server's origin, as those of the
 *   HTTP+SSE transport do (MCP 2024-11-05): the server names the path for its messages. They carry the token of the MCP
 *   server's URL. Leave it out where others have paths of their own on that origin. Default: false, only to that URL.
 */

/**
 * A request to the MCP server, as far as a signature needs it.
 *
 * @typedef {object} RequestToSign
 * @property {string} method Its method, such as `POST`.
 * @property {string | URL} url Its URL: the endpoint's, with any query.
 */

/**
 * A response of the MCP server, as far as it may refuse.
 *
 * @typedef {object} ResponseToJudge
 * @property {number} status Its HTTP status.
 * @property {Headers} headers Its headers, all `WWW-Authenticate` ones among them.
 * @property {number} [attempt] How often the request was sent before. Default: 0.
 * @property {string | null} [authorization] What the request was sent with (null: nothing), so that a late answer to an
 *   older token does no harm.
 * @property {string} [method] The request's method: nobody is sent to a browser for a `DELETE`, nor for the `GET` of a
 *   stream where the token is good. Default: `POST`.
 * @property {boolean} [inSession] Whether the request had an `mcp-session-id`: where that is lost, some servers answer 401,
 *   which no sign-in would change.
 */

/**
 * Who completes a sign-in.
 *
 * @typedef {object} CompleteOptions
 * @property {string} [account] The account of whoever brings the response (RFC 6749 §10.12). A server of many people has to
 *   say it: else somebody could have another person finish a sign-in, and get that person's tokens. Default: whoever began it.
 * @property {AbortSignal} [signal] Ends the call.
 */

/**
 * A sign-in that was completed by another process than the one that began it.
 *
 * @typedef {object} CompletedSignIn
 * @property {string} endpoint The MCP server's URL.
 * @property {string} account The account at it.
 * @property {Session} session The session, which is stored already.
 */

/**
 * A connection to one MCP server for one account.
 *
 * Whatever signs in rejects with the errors of `discover`, `register`, `begin` and `complete`, and with an
 * `InteractionRequiredError` (`interaction_required`), a `RefusedError` (`not_approved`), a `MisuseError` (`no_redirect`)
 * or a `StorageError` (`record_invalid`, `record_newer`, and those of the store). After a `TransportError` nothing is
 * decided: try again.
 *
 * @typedef {object} SignedInConnection
 * @property {string} endpoint The MCP server's URL.
 * @property {Fetch} fetch
 *   A `fetch` that is signed in (RFC 6750 §2.1): give it to any MCP transport. It answers 401 and 403, refreshes, and never
 *   lets two requests sign in twice. Rejects like any `fetch`, like a sign-in, and with a `MisuseError` (`foreign_url`: a
 *   URL of another server), a `RefusedError` (`scope_withheld`, `attempts_exhausted`: the server demands what is not
 *   granted) or a `MisbehavedError` (`fresh_token_refused`, `redirect_refused`).
 * @property {(request: RequestToSign) => Promise<Record<string, string>>} headersFor
 *   The headers that sign a request, for transports in another process; none before the first sign-in. Renews a token that
 *   is about to expire. Rejects like `refresh`, and with a `MisuseError` (`foreign_url`).
 * @property {(response: ResponseToJudge) => Promise<boolean>} onResponse
 *   Deals with a 401 or 403 (RFC 6750 §3.1); true: send the request again. Rejects like `fetch`.
 * @property {() => Promise<void>} signIn
 *   Signs in, even if there is a session. It may open a browser, whatever `interaction` says: for a button that a person
 *   presses. While a sign-in waits, it opens one more window for the same one; whichever is finished first counts.
 * @property {() => PendingSignIn | null} pending
 *   What waits for the person in the browser, to be shown with "open again" (`signIn`) and "cancel".
 * @property {(listener: (change: SignInChange) => void) => () => unknown} watch
 *   Tells what becomes of its sign-ins, whoever begins them; call what it returns to hear no more. `withState` of
 *   `mcp-oauth-wasm/inspector` makes a state of it.
 * @property {() => Promise<void>} cancel
 *   Ends the sign-in that waits for the person, if there is one: whoever waits for it gets a `TransportError`
 *   (`sign_in_cancelled`). An aborted call ends only its own wait.
 * @property {() => Promise<void>} refresh
 *   Renews the tokens now (RFC 6749 §6). Rejects with a `MisuseError` (`no_refresh_token`) or a `RefusedError`
 *   (`refresh_token_refused`): sign in again; and like the step of that name.
 * @property {() => Promise<boolean>} signOut
 *   Forgets the session, and has its tokens revoked (RFC 7009): whether the authorization server did. The registered client
 *   stays for the next sign-in. Those that a step-up or another sign-in has replaced are revoked too. Rejects with a
 *   `StorageError`.
 * @property {() => Promise<void>} forgetClient
 *   Forgets the session and the registered client: the next sign-in registers anew (RFC 7591), and asks for what the
 *   connection needed. For a server that has forgotten the client, and can tell only the person. Rejects with a `StorageError`.
 * @property {() => Promise<ScopePlan | null>} plan
 *   The scopes, with what was registered, requested and granted; null without a session. Rejects with a `StorageError`.
 * @property {() => Promise<Session | null>} session
 *   The stored session, tokens included: keep it out of logs. Rejects with a `StorageError`.
 */

/**
 * Makes signed-in connections.
 *
 * @typedef {object} Authorizer
 * @property {(endpoint: string | URL, options?: ConnectionOptions) => SignedInConnection} connection
 *   A connection to the MCP server at this URL. Those for the same server and account share tokens and sign-ins, however the
 *   URL is spelled.
 * @property {(endpoint: string | URL, options?: ConnectionOptions) => Fetch} fetch
 *   The `fetch` of a connection.
 * @property {(callbackUrl: string, options?: CompleteOptions) => Promise<CompletedSignIn | Departure>} complete
 *   Completes a sign-in whose process ended while the person was in the browser, by the whole URL that the browser was sent
 *   back to (RFC 6749 §4.1.2). The answer may be one more URL to open, after a repair. Rejects like the step of that name;
 *   `state_mismatch`: it belongs to no sign-in of this account that is waiting, and its code goes nowhere.
 * @property {() => Promise<void>} close
 *   Ends all sign-ins that wait for a person, and leaves nothing open. Sessions stay.
 */

/**
 * Makes an authorizer. It keeps no secrets of its own: everything is in the host's store.
 *
 * @param {AuthorizerOptions} options what it is made of
 * @returns {Authorizer}
 * @throws {MisuseError} `invalid_argument`: an option is misspelt or no function, or the host lacks one of a store or redirect
 */
export function createAuthorizer(options) {
  requireKnown(options, ['host', 'client', 'settings']);
  requireFunctions('host.store', options?.host?.store, ['read', 'compareAndSwap', 'lock']);
  for (const redirect of redirectsOf(options.host)) requireFunctions('host.redirect', redirect, ['prepare']);
  const { client = {}, settings = () => undefined } = options;
  if (typeof settings !== 'function')
    throw misused('The argument `settings` must be a function that gives the settings of an MCP server by its URL.');
  const ownStore = options.host.store.forClient?.(client);
  const host = ownStore ? { ...options.host, store: ownStore } : options.host;
  /** Those that somebody holds, or that have something under way. @type {Map<string, WeakRef<Connection>>} */
  const connections = new Map();
  const forgotten = new FinalizationRegistry((/** @type {string} */ key) => {
    if (!connections.get(key)?.deref()) connections.delete(key);
  });
  const failures = createFailures();
  /** @type {Completions} */
  const completions = new Map();
  const settingsFor = (/** @type {string} */ endpoint) => {
    const given = settings(endpoint) ?? {};
    if (typeof Object(given).then === 'function')
      throw misused('The function `settings` must give settings, not a promise.');
    // A machine gets its next token as it got the first: refresh tokens are for people (RFC 6749 §4.4.3, RFC 7521 §4.1).
    return needsPerson(given) ? given : { ...given, refresh: false };
  };

  const turn = turns(host.concurrentSignIns);

  const sharedConnection = (/** @type {string} */ endpoint, /** @type {string} */ account) => {
    const key = placeOf(endpoint, account);
    const there = connections.get(key)?.deref();
    if (there) return there;
    const watchers = new Set();
    const tell = (/** @type {SignInChange} */ change) => watchers.forEach((watcher) => watcher(change));
    const context = { host, client, settings: settingsFor(endpoint), endpoint, account, tell, watchers, completions };
    const shared = new Connection(context, turn, failures);
    connections.set(key, new WeakRef(shared));
    forgotten.register(shared, key);
    return shared;
  };

  /** @type {Authorizer['connection']} */
  const connection = (server, given = {}) => {
    requireKnown(given, ['account', 'interaction', 'signal', 'wholeOrigin']);
    const { account = 'default', interaction = false, signal, wholeOrigin = false } = given ?? {};
    const endpoint = endpointOf(server);
    const core = sharedConnection(endpoint, account);
    const options = { interaction, signal, wholeOrigin };
    const { tell, watchers = new Set() } = core.context;
    const signOut = (/** @type {boolean} */ forgetClient) => core.signOut({ forgetClient }).finally(() => tell?.({}));
    return {
      endpoint,
      fetch: (input, init) => core.fetch(input, init, options),
      headersFor: (request) => core.headersFor(request, options),
      onResponse: ({ attempt = 0, ...response }) => core.onResponse({ ...response, attempt }, options),
      signIn: () => core.signIn({ ...options, interaction: true }),
      refresh: () => core.refresh(options),
      signOut: () => signOut(false),
      forgetClient: async () => void (await signOut(true)),
      plan: () => core.plan(),
      watch: (listener) => (watchers.add(listener), () => watchers.delete(listener)),
      session: () => core.session(),
      pending: () => core.pending(),
      cancel: () => core.cancel(),
    };
  };

  /**
   * @param {string} callbackUrl
   * @param {NonNullable<Parameters<Authorizer['complete']>[1]>} options
   * @returns {Promise<{ outcome: SignInOutcome, endpoint: string, account: string }>}
   */
  const cameBack = async (callbackUrl, { account: expected, signal }) => {
    const state = URL.canParse(callbackUrl) ? new URL(callbackUrl).searchParams.get('state') : null;
    const waiting = state ? await storedPending(host.store, state).read() : null;
    const { endpoint = '', account = '' } = waiting?.value ?? {};
    const context = { host, client, settings: waiting ? settingsFor(endpoint) : {}, endpoint, account };
    const { calls, release } = performing(context, signal);
    try {
      const id = (waiting && sharedConnection(endpoint, account).context.signInId) ?? newSignInId(host);
      const input = { callbackUrl, account: expected, id, host: signInHost(context) };
      return { outcome: await call('cameBack', input, calls), endpoint, account };
    } finally {
      await release();
    }
  };

  /**
   * @param {Awaited<ReturnType<typeof cameBack>>} came
   * @returns {ReturnType<Authorizer['complete']>}
   */
  const completed = async ({ outcome, endpoint, account }) => {
    const core = sharedConnection(endpoint, account);
    if (outcome.kind === 'authorize') {
      // A sign-in that waits here sends the person itself.
      const session = await core.underWay()?.done;
      return session ? { endpoint, account, session } : outcome;
    }
    if (outcome.kind === 'interaction-required') throw core.interactionRequired({ demanded: [] }, outcome);
    const { session } = /** @type {{ session: Session }} */ (outcome);
    core.adopt(session);
    core.context.tell?.({});
    return { endpoint, account, session };
  };

  return {
    connection,
    fetch: (server, options) => connection(server, options).fetch,
    complete(callbackUrl, options = {}) {
      const { account, signal } = options;
      const there = completions.get(callbackUrl);
      if (there && (account === undefined || account === there.account)) return untilAborted(there.done, signal);
      const came = cameBack(callbackUrl, options);
      const done = came.then(completed).finally(() => completions.delete(callbackUrl));
      completions.set(callbackUrl, { account, done, came });
      return done;
    },
    async close() {
      const message = 'The application ended the sign-in. Sign in again.';
      await Promise.all([...connections.values()].map((core) => core.deref()?.cancel(message)));
      await Promise.all(redirectsOf(host).map((redirect) => redirect.close?.()));
    },
  };
}

/**
 * Lets only so many sign-ins send the person at the same time.
 *
 * @param {number} [limit]
 * @returns {Turn}
 */
function turns(limit = Number.POSITIVE_INFINITY) {
  let taken = 0;
  /** @type {((turn: unknown) => void)[]} */
  const waiting = [];
  // Whoever waits takes over the place, so that nobody else gets it in between.
  const release = () => {
    const next = waiting.shift();
    if (next) next(undefined);
    else taken -= 1;
  };
  return async (ended) => {
    if (taken < limit) taken += 1;
    else {
      /** @type {(turn: unknown) => void} */
      let next = () => {};
      const turn = new Promise((resolve) => waiting.push((next = resolve)));
      await untilAborted(turn, ended).catch((reason) => {
        const place = waiting.indexOf(next);
        if (place >= 0) waiting.splice(place, 1);
        else release();
        throw reason;
      });
    }
    return release;
  };
}
