/**
 * A connection to one MCP server for one account: the session in use, and what to do when it no longer serves. What that
 * is, Rust decides; this sends requests, opens and waits.
 * The warm path (a token that is not about to expire) makes no wasm call.
 */

/** @import { Challenge, Consent, Decision, Renewal, ScopePlan, Session, SignInOutcome, TokenOrigin } from '../core/records.js' */
/** @import { Budget } from '../core/wasm.js' */
/** @import { Context } from './effects.js' */
/** @import { Failures } from './failures.js' */
/** @import { Turn } from './sign_in_under_way.js' */

import { InteractionRequiredError, MisuseError, RefusedError, TransportError } from '../core/errors.js';
import { isExpired } from '../core/expired.js';
import { untilAborted } from '../core/until_aborted.js';
import { call } from '../core/wasm.js';
import { rememberNonce } from '../extensions/dpop_fetch.js';
import { AskedAhead } from './asked_ahead.js';
import { needsPerson, performing, serverSettings, signInHost } from './effects.js';
import {
  canBeReadOnce,
  discardBody,
  eitherSignal,
  hasHeader,
  proofOf,
  redirectWithinOrigin,
  refuseForeign,
  refuseRedirect,
  sendCall,
  withSigned,
} from './requests.js';
import { SignInUnderWay } from './sign_in_under_way.js';
import { storedSession } from './stored.js';
import { authorizationOf, ignoreAnswered, isExpiring } from './tokens.js';

/** How often a request is sent again with a nonce that came with its refusal. */
const NONCE_LIMIT = 3;

/** How often a request without a token follows a redirect. */
const REDIRECT_LIMIT = 3;

/** How old what is known of the stored session may be: others sign out, and in. Milliseconds. */
const KNOWN_MILLISECONDS = 5_000;

/**
 * How one call may act.
 *
 * @typedef {{ interaction: boolean, signal?: AbortSignal, wholeOrigin?: boolean, resumed?: boolean, budget?: Budget }} CallOptions
 *   `budget`: what is left for the servers of all that the call leads to, up to the person
 *
 * Why a sign-in is wanted, as src/connection/sign_in.rs takes it.
 *
 * @typedef {{ challenge?: Challenge | null, demanded: string[], stepUp?: boolean, pressed?: boolean, replaces?: string, calledAt?: string, agreed?: Consent }} Cause
 *
 * What many wait for, and what ends it when nobody does any more.
 *
 * @typedef {{ done: Promise<void>, waiting: number, abandoned: AbortController }} SharedWork
 */

/** Those that have tokens which are not stored yet, and nowhere else. @type {Set<Connection>} */
const unsaved = new Set();

/** The state of a connection, shared by everybody in this process who calls the same server for the same account. */
export class Connection {
  /** @type {Session | null} */
  #session = null;
  /** @type {Map<string, SharedWork>} */
  #underWay = new Map();
  /** The access token that was not accepted yet, and where it is from. @type {{ token: string, from: TokenOrigin } | undefined} */
  #untestedToken;
  /** The access token that was accepted last. @type {string | undefined} */
  #acceptedToken;
  /** What a refresh gave, until it is stored in the place of the session with that token. @type {{ session: Session, replaces: string } | undefined} */
  #unstored;
  /** Whether it was asked for what the first refusal will make necessary. */
  #hasAskedAhead = false;
  /** When the stored session was read last. */
  #readAt = 0;
  /** The sign-in that waits for a person. @type {SignInUnderWay | undefined} */
  #waitedFor;

  /**
   * @param {Context} context
   * @param {Turn} turn when a sign-in may send the person
   * @param {Failures} failures what was found out in vain, by whatever connection
   */
  constructor(context, turn, failures) {
    this.context = { ...context, askedAhead: new AskedAhead() };
    this.turn = turn;
    this.failures = failures;
    this.stored = storedSession(context.host.store, context.endpoint, context.account);
  }

  /**
   * Sends a request with the session's token, and again after a sign-in, refresh or step-up that it needed. A body that
   * can be read only once is not sent again: the refusal is the answer, and the next request will do.
   *
   * @param {string | URL | Request} input
   * @param {RequestInit | undefined} init
   * @param {CallOptions} options
   * @returns {Promise<Response>}
   */
  async fetch(input, init, { interaction, wholeOrigin, signal: ends }) {
    // What every call does costs it time: nothing is made or read here that is not needed.
    const request = input instanceof Request ? new Request(input, init) : undefined;
    const url = request?.url ?? String(input);
    const method = request?.method ?? init?.method ?? 'GET';
    const signal = eitherSignal(request?.signal ?? init?.signal, ends);
    const options = { interaction, wholeOrigin, signal, budget: {} };
    const isReadOnce = !request && canBeReadOnce(init?.body);
    for (let attempt = 0; ; attempt += 1) {
      const signed = this.#headersAtOnce(url) ?? (await this.headersFor({ method, url }, options));
      const headers = withSigned(request?.headers ?? init?.headers, signed);
      const sendTo = (/** @type {string} */ place) =>
        sendCall(this.context, request ?? init, { headers, signal, place });
      let place = this.#placeOf(url);
      let response = await sendTo(place);
      const follows = !signed.authorization && !isReadOnce && !hasHeader(headers, 'authorization');
      for (let redirects = 0; follows && redirects < REDIRECT_LIMIT; redirects += 1) {
        const target = redirectWithinOrigin(response, place);
        if (!target) break;
        await discardBody(response);
        place = target;
        response = await sendTo(place);
      }
      const { status } = response;
      refuseRedirect(response, status, place);
      if (this.#isAccepted(status, signed.authorization)) return response;
      const authorization = signed.authorization ?? null;
      const inSession = hasHeader(headers, 'mcp-session-id');
      const refusal = { status, headers: response.headers, attempt, authorization, method, inSession, calledAt: place };
      const again = await this.onResponse(refusal, options).catch(async (error) => {
        await discardBody(response);
        throw error;
      });
      if (!again || isReadOnce) return response;
      await discardBody(response);
    }
  }

  /**
   * The headers that sign a request to the endpoint as it was written, where nothing has to be waited for.
   *
   * @param {string} url
   * @returns {Record<string, string> | undefined}
   */
  #headersAtOnce(url) {
    const session = this.#session;
    if (!session || url !== this.context.endpoint || session.tokens.tokenType) return undefined;
    const now = Date.now();
    if (isExpiring(session, now) || this.#age(now) >= KNOWN_MILLISECONDS / 2) return undefined;
    return { authorization: authorizationOf(session) };
  }

  /**
   * Whether an answer says no more than that the token in use is good.
   *
   * @param {number} status
   * @param {string | undefined} authorization
   */
  #isAccepted(status, authorization) {
    const session = this.#session;
    if (!session || status >= 400 || session.refusedWith || this.context.host.dpop) return false;
    if (authorization !== authorizationOf(session)) return false;
    this.#untestedToken = undefined;
    this.#acceptedToken = session.tokens.accessToken;
    return true;
  }

  /**
   * The headers that sign a request.
   *
   * @param {{ method: string, url: string | URL }} request
   * @param {CallOptions} options
   * @returns {Promise<Record<string, string>>} empty before the first sign-in
   */
  async headersFor({ method, url }, options) {
    const { endpoint } = this.context;
    // Most are the endpoint as it was written, and need no look.
    if (url !== endpoint) refuseForeign(url, [endpoint, this.#placeOf(endpoint)], options);
    if (this.#session) await this.#lookAgain(this.#session);
    this.#session ??= await this.#read();
    if (this.#session && isExpiring(this.#session)) await this.#renew(options);
    if (!this.#session && !options.signal?.aborted) this.#askAhead();
    if (!this.#session) return {};
    const { accessToken, tokenType } = this.#session.tokens;
    if (tokenType) return proofOf(this.context.host, { method, url: this.#placeOf(String(url)), accessToken });
    return { authorization: `Bearer ${accessToken}` };
  }

  /** Asks beside the first request, which has no token, for what its refusal will make necessary. */
  #askAhead() {
    if (this.#hasAskedAhead) return;
    this.#hasAskedAhead = true;
    const { endpoint, account } = this.context;
    // Where that fails, it is asked for later.
    call('askAhead', { endpoint, account }, performing(this.context).calls).catch(() => {});
  }

  /**
   * Deals with a refusal. The request may then be sent again, if the answer is true.
   *
   * @param {{ status: number, headers: Headers, attempt: number, authorization?: string | null, method?: string, inSession?: boolean, calledAt?: string }} response
   *   `attempt`: how often it was sent before; `authorization`: what it was sent with, null for nothing; `inSession`:
   *   whether with an `mcp-session-id`; `calledAt`: where it was sent in the end
   * @param {CallOptions} options
   * @returns {Promise<boolean>}
   */
  async onResponse({ status, headers, attempt, authorization, method = 'POST', inSession, calledAt }, options) {
    const { host, endpoint, account } = this.context;
    const hasNonce = host.dpop && rememberNonce(host.dpop, endpoint, headers);
    const session = this.#session;
    const token = session?.tokens.accessToken;
    const late = session !== null && authorization !== undefined && authorization !== authorizationOf(session);
    const isRefused = status === 401 || status === 403;
    if (!isRefused) this.#untestedToken = undefined;
    if (!isRefused) this.context.askedAhead.drop();
    if (status < 400 && !late) this.#acceptedToken = token;
    // An accepted token ends what was remembered of a refused one.
    if (!isRefused && (late || status >= 400 || !session?.refusedWith)) return false;
    // The request is wanted again, with the nonce that came with the refusal (RFC 9449 §9).
    if (hasNonce && /\buse_dpop_nonce\b/.test(String(headers.get('www-authenticate'))) && attempt < NONCE_LIMIT)
      return true;
    const refusal = {
      endpoint,
      account,
      method: ['GET', 'DELETE'].find((known) => known === method.toUpperCase()),
      inSession,
      status,
      headers: [headers.get('www-authenticate') ?? []].flat(),
      session,
      late,
      untested: this.#untestedToken?.token === token ? this.#untestedToken?.from : undefined,
      accepted: this.#acceptedToken !== undefined && this.#acceptedToken === token,
      attempt,
    };
    options = { budget: {}, ...options };
    const { calls } = performing(this.context);
    /** @type {Decision} */
    const decision = await call('decide', refusal, calls).finally(async () => {
      // What is remembered of a refusal is in the store.
      if (session?.refusedWith || refusal.untested === 'sign-in') this.#session = await this.#read();
    });
    return this.#follow({ ...decision, calledAt }, session, options);
  }

  /**
   * @param {Decision & { calledAt?: string }} decision
   * @param {Session | null} session that was used
   * @param {CallOptions} options
   * @returns {Promise<boolean>} whether the request may be sent again
   */
  async #follow({ action, challenge, demanded, calledAt }, session, options) {
    const replaces = session?.tokens.accessToken ?? '';
    if (action === 'send-again') this.#session = await this.#read();
    if (action === 'hand-back' || action === 'send-again') return action === 'send-again';
    if (action === 'refresh') {
      await this.#refresh(replaces, options, challenge).catch(ignoreAnswered);
      if (this.#session && this.#session.tokens.accessToken !== replaces) return true;
    }
    await this.#signIn({ challenge, demanded, stepUp: action === 'step-up', replaces, calledAt }, options);
    return true;
  }

  /**
   * Signs in, even if there is a session. What was asked for in vain may then be asked for again.
   *
   * @param {CallOptions} options
   */
  signIn(options) {
    return this.#signIn({ demanded: [], pressed: true }, options);
  }

  /**
   * Signs in. Concurrent callers share one sign-in.
   *
   * @param {Cause} cause
   * @param {CallOptions} options
   */
  async #signIn(cause, { interaction, signal, resumed, budget = {} }) {
    signal?.throwIfAborted();
    const { endpoint, account } = this.context;
    if (cause.pressed || resumed) this.failures.forget(endpoint);
    const failure = this.failures.known(endpoint, account, cause);
    if (failure instanceof Error) throw failure;
    if (failure && !interaction) throw this.interactionRequired(cause, failure);
    if (!interaction || !needsPerson(this.context.settings)) {
      const work = async (/** @type {AbortSignal} */ abandoned) =>
        this.adopt(await this.#signedIn(cause, abandoned, budget));
      return this.#once(`sign in ${cause.demanded}`, work, signal);
    }
    if (cause.pressed) this.#waitedFor?.press(cause);
    this.#waitedFor = this.underWay() ?? this.#begin(cause, budget, cause.pressed || resumed);
    this.adopt(await this.#waitedFor.wait(signal));
    budget.left = undefined;
  }

  /** @param {Cause} cause @param {Budget} budget @param {boolean} [clicked] whether a person presses at this moment */
  #begin(cause, budget, clicked = false) {
    const ended = this.#waitedFor?.done; // What came to nothing closes before the next one begins.
    const signIn = new SignInUnderWay(this.context, cause, {
      turn: (signal) => Promise.allSettled([ended]).then(() => this.turn(signal)),
      newQuestion: (needed) => this.interactionRequired(cause, needed),
      clicked,
      budget,
    });
    const forget = () => {
      if (this.#waitedFor === signIn) this.#waitedFor = undefined;
    };
    signIn.done
      .then(
        (session) => this.adopt(session),
        (error) => this.failures.failed(this.context.endpoint, error),
      )
      .finally(forget);
    return signIn;
  }

  /** The sign-in that is under way here, if there is one that may come to something. */
  underWay() {
    return this.#waitedFor?.isInVain ? undefined : this.#waitedFor;
  }

  /** The sign-in that waits for a person, if there is one. */
  pending() {
    return this.#waitedFor?.pending ?? null;
  }

  /**
   * Ends the sign-in that waits for a person, if there is one.
   *
   * @param {string} [message]
   */
  async cancel(message) {
    const signIn = this.#waitedFor;
    signIn?.cancel(message);
    await signIn?.done.catch(() => {});
  }

  /**
   * Uses the session of a sign-in, whoever completed it.
   *
   * @param {Session} session
   */
  adopt(session) {
    this.failures.forget(this.context.endpoint);
    this.#waitedFor?.complete(session);
    if (session.tokens.accessToken !== this.#session?.tokens.accessToken) {
      this.#untestedToken = { token: session.tokens.accessToken, from: 'sign-in' };
    }
    [this.#session, this.#readAt] = [session, Date.now()];
  }

  /**
   * Signs in without a person.
   *
   * @param {Cause} cause
   * @param {AbortSignal} signal
   * @param {Budget} budget
   * @returns {Promise<Session>}
   */
  async #signedIn(cause, signal, budget) {
    const { endpoint, account } = this.context;
    const { calls, release } = performing(this.context, signal, undefined, budget);
    try {
      /** @type {SignInOutcome} */
      const outcome = await call(
        'signIn',
        { endpoint, account, id: '', ...cause, host: signInHost(this.context) },
        calls,
      );
      if (outcome.kind === 'signed-in') return outcome.session;
      this.failures.personNeeded(endpoint, account, cause, outcome);
      throw this.interactionRequired(cause, /** @type {any} */ (outcome));
    } catch (error) {
      this.failures.failed(endpoint, error);
      throw error;
    } finally {
      await release();
    }
  }

  /**
   * The question whether a person will sign in there, for these scopes and no others.
   *
   * @param {Cause} cause
   * @param {{ issuer: string, plan: ScopePlan }} needed
   */
  interactionRequired(cause, { issuer, plan }) {
    const { endpoint, account } = this.context;
    const scopes = plan.scopes.filter(({ requested }) => requested).map(({ scope }) => scope);
    return new InteractionRequiredError({
      code: 'interaction_required',
      message: `Signing in to ${endpoint} needs a person at ${issuer}. Call \`resume()\` of this error, or pass \`{ interaction: true }\` to the call or to \`connection()\`.`,
      details: { endpoint, account, issuer, plan },
      resume: (signal) =>
        this.#signIn({ ...cause, agreed: { issuer, scopes } }, { interaction: true, signal, resumed: true }),
    });
  }

  /**
   * Renews the tokens now.
   *
   * @param {CallOptions} options
   */
  async refresh(options) {
    this.#session ??= await this.#read();
    const used = this.#session?.tokens;
    if (!used?.refreshToken) {
      throw new MisuseError({
        code: 'no_refresh_token',
        message: 'There is no refresh token: sign in first, or again.',
        step: 'refresh',
      });
    }
    await this.#refresh(used.accessToken, options);
    if (this.#session?.tokens.accessToken === used.accessToken) {
      throw new RefusedError({
        code: 'refresh_token_refused',
        message: 'The refresh token is not accepted any more. Sign in again.',
        step: 'refresh',
      });
    }
  }

  /**
   * The scope plan of the stored session.
   *
   * @returns {Promise<ScopePlan | null>}
   */
  async plan() {
    return (await this.#read())?.plan ?? null;
  }

  /**
   * The stored session, tokens included: keep it out of logs.
   *
   * @returns {Promise<Session | null>}
   */
  session() {
    return this.#read();
  }

  /**
   * Forgets the session, and has its tokens revoked where the server offers that. The client's registration stays, for the
   * next sign-in, unless that is to be forgotten too.
   *
   * @param {{ forgetClient?: boolean }} [what]
   * @returns {Promise<boolean>} whether the authorization server revoked them
   */
  async signOut({ forgetClient = false } = {}) {
    const { endpoint, account } = this.context;
    this.#session = null;
    this.#hasAskedAhead = false;
    const { calls, release } = performing(this.context);
    try {
      await this.#storeUnstored();
      return await call('signOut', { endpoint, account, forgetClient }, calls);
    } finally {
      // A refresh that was under way may have brought another one.
      this.#session = null;
      await release();
    }
  }

  /** @param {CallOptions} options */
  async #renew(options) {
    this.#session = await this.#read();
    const used = this.#session;
    if (!used || !isExpiring(used)) return;
    const { refreshToken, accessToken } = used.tokens;
    try {
      if (refreshToken) await this.#refresh(accessToken, options).catch(ignoreAnswered);
      else if (!needsPerson(this.context.settings))
        await this.#signIn({ replaces: accessToken, demanded: [] }, options);
    } catch (error) {
      // Nothing was decided, and the token may still serve for its last seconds.
      if (!(error instanceof TransportError) || isExpired(used.tokens)) throw error;
    }
  }

  /**
   * One refresh for everybody in this process. A refresh is never aborted once sent: the server may have rotated the token.
   *
   * @param {string} replaces the access token in use
   * @param {CallOptions} options
   * @param {Challenge} [challenge] that came with its refusal
   */
  async #refresh(replaces, { signal, budget }, challenge) {
    const work = async () => {
      const { endpoint, account, settings } = this.context;
      const { calls, release } = performing(this.context, undefined, undefined, budget);
      try {
        await this.#storeUnstored();
        /** @type {Renewal} */
        const { session, renewed, stored } = await call(
          'renew',
          { endpoint, account, replaces, challenge, settings: serverSettings(settings) },
          calls,
        ).catch((error) => this.#settled(error, replaces));
        if (session && !stored) this.#unstored = { session, replaces };
        if (this.#unstored) unsaved.add(this);
        await this.#storeUnstored();
        this.#session = session ?? null;
        if (renewed && session) this.#untestedToken = { token: session.tokens.accessToken, from: 'refresh' };
      } finally {
        await release();
      }
    };
    await this.#once('refresh', work, signal);
  }

  /**
   * What became of a call that was cut short: what the store says.
   *
   * @param {any} error
   * @param {string} replaces
   * @returns {Promise<Renewal>}
   */
  async #settled(error, replaces) {
    const session = error.code === 'engine_failed' ? await this.#read() : null;
    if (!session || session.tokens.accessToken === replaces) throw error;
    return { session, renewed: true, stored: true };
  }

  /** The refresh token that is stored is used up, so this comes before all else. */
  async #storeUnstored() {
    if (!this.#unstored) return;
    const { session, replaces } = this.#unstored;
    await this.stored.change((there) => (there?.tokens.accessToken === replaces ? session : there));
    this.#unstored = undefined;
    unsaved.delete(this);
  }

  async #read() {
    this.#readAt = Date.now();
    return (await this.stored.read())?.value ?? null;
  }

  #age(now = Date.now()) {
    return Math.abs(now - this.#readAt);
  }

  /**
   * Sees what others have made of the session: beside a call while there are many, and before one that comes after a while.
   *
   * @param {Session} used
   */
  async #lookAgain(used) {
    const age = this.#age();
    if (this.#unstored || age < KNOWN_MILLISECONDS / 2) return;
    const looking = this.#read().then(
      (session) => {
        if (this.#session === used && !this.#unstored) this.#session = session;
      },
      () => {}, // What is known still serves where the store does not.
    );
    if (age >= KNOWN_MILLISECONDS) await looking;
  }

  /**
   * Runs one piece of work for all who want it at the same time. Who gives up leaves it to the others; when nobody is
   * left, it is abandoned.
   *
   * @param {string} what
   * @param {(abandoned: AbortSignal) => Promise<void>} work
   * @param {AbortSignal} [signal]
   */
  async #once(what, work, signal) {
    signal?.throwIfAborted();
    let shared = this.#underWay.get(what);
    if (!shared) {
      const abandoned = new AbortController();
      shared = { done: work(abandoned.signal), waiting: 0, abandoned };
      this.#underWay.set(what, shared);
    }
    shared.waiting += 1;
    try {
      await untilAborted(shared.done, signal);
    } finally {
      shared.waiting -= 1;
      if (shared.waiting === 0) {
        if (this.#underWay.get(what) === shared) this.#underWay.delete(what);
        if (signal?.aborted) shared.abandoned.abort(signal.reason);
      }
    }
  }

  /**
   * Where the endpoint was found to be when the session began, with the query of this URL.
   *
   * @param {string} url
   */
  #placeOf(url) {
    const { endpoint } = this.context;
    const found = this.#session?.discovery.endpoint ?? endpoint;
    if (found === endpoint || new URL(found).origin !== new URL(endpoint).origin) return url;
    const place = new URL(found);
    place.search = new URL(url).search || place.search;
    return place.href;
  }
}
