/**
 * A connection to one MCP server for one account: the session in use, and what to do when it no longer serves.
 * The warm path (a token that is not about to expire) makes no wasm call.
 */

/** @import { Challenge, ScopePlan, Session } from './records.js' */
/** @import { Fetch } from './host.js' */
/** @import { Purpose, Setting } from './sign_in.js' */

import { MisbehavedError, MisuseError, RefusedError, TransportError } from './errors.js';
import { readChallenge } from './functions.js';
import { isExpired, isExpiring, lackingScopes, missedScopes, possibleScopes, withheldScopes } from './session.js';
import { callsFor, forgetRegistration, needsPerson, signIn } from './sign_in.js';
import { storedClients, storedSession, storedStepUps } from './stored.js';
import { untilAborted } from './until_aborted.js';
import { call } from './wasm.js';

/** Refreshes and sign-ins within one request: a server that is never content must not keep us busy. */
const ATTEMPT_LIMIT = 3;

/** How often the same scopes may be asked for in vain before they are no longer asked for by themselves. */
const STEP_UP_LIMIT = 2;

/**
 * How one call may act.
 *
 * @typedef {{ interaction: boolean, signal?: AbortSignal }} CallOptions
 */

/**
 * What a sign-in is for, and when it is not needed any more.
 *
 * @typedef {Purpose & { demanded: string[], replaces?: string | null }} SignInPurpose
 *   `replaces`: the access token that was refused, null if none was sent. Another one that has come in the meantime, and
 *   has all that is `demanded`, will do
 *
 * What many wait for, and what ends it when nobody does any more.
 *
 * @typedef {{ done: Promise<void>, waiting: number, abandoned: AbortController }} SharedWork
 */

/** The state of a connection, shared by everybody in this process who calls the same server for the same account. */
export class Connection {
  /** @type {{ version: string, value: Session } | null} */
  #current = null;
  /** @type {Map<string, SharedWork>} */
  #underWay = new Map();
  /** The access token that was not accepted yet, and where it is from. @type {{ token: string, from: 'sign-in' | 'refresh' } | undefined} */
  #unproven;
  /** What a refresh gave, until it is stored in the place of that version. @type {{ version: string, value: Session } | undefined} */
  #renewed;

  /**
   * @param {Setting} of
   * @param {<T>(work: () => Promise<T>) => Promise<T>} queue where sign-ins wait for each other
   */
  constructor(of, queue) {
    this.of = of;
    this.queue = queue;
    this.stored = storedSession(of.host.store, of.endpoint, of.account);
    this.stepUps = storedStepUps(of.host.store, of.endpoint, of.account);
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
  async fetch(input, init, options) {
    const request = input instanceof Request ? new Request(input, init) : undefined;
    const url = request?.url ?? String(input);
    const method = request?.method ?? init?.method ?? 'GET';
    const signal = eitherSignal(request?.signal ?? init?.signal, options.signal);
    /** @type {Fetch} */
    const send = this.of.host.fetch ?? globalThis.fetch;
    const context = /** @type {const} */ ({ step: 'call', url });
    for (let attempt = 0; ; attempt += 1) {
      const signed = await this.headersFor({ method, url }, { ...options, signal });
      const headers = new Headers(request?.headers ?? init?.headers);
      for (const [name, value] of Object.entries(signed)) headers.set(name, value);
      const guarded = { headers, signal, redirect: /** @type {const} */ ('manual') };
      const response = await (request
        ? send(new Request(request.clone(), guarded), undefined, context)
        : send(input, { ...init, ...guarded }, context));
      refuseRedirect(response, url);
      const { status } = response;
      const authorization = signed.authorization ?? null;
      const refusal = { status, headers: response.headers, attempt, authorization };
      const again = await this.onResponse(refusal, { ...options, signal }).catch(async (error) => {
        await discardBody(response);
        throw error;
      });
      if (!again || (!request && canBeReadOnce(init?.body))) return response;
      await discardBody(response);
    }
  }

  /**
   * The headers that sign a request.
   *
   * @param {{ method: string, url: string | URL }} request
   * @param {CallOptions} options
   * @returns {Promise<Record<string, string>>} empty before the first sign-in
   */
  async headersFor({ method, url }, options) {
    this.#refuseForeign(url);
    this.#current ??= await this.stored.read();
    if (this.#current && isExpiring(this.#current.value)) await this.#renew(options);
    if (!this.#current) return {};
    const { accessToken, tokenType } = this.#current.value.tokens;
    if (tokenType) return proofHeaders(this.of.host, { method, url: String(url), accessToken });
    return { authorization: `Bearer ${accessToken}` };
  }

  /**
   * Deals with a refusal. The request may then be sent again, if the answer is true.
   *
   * @param {{ status: number, headers: Headers, attempt: number, authorization?: string | null }} response
   *   `attempt`: how often it was sent before; `authorization`: what it was sent with, null for nothing
   * @param {CallOptions} options
   * @returns {Promise<boolean>}
   */
  async onResponse({ status, headers, attempt, authorization }, options) {
    const { host, endpoint } = this.of;
    const hasNonce = host.dpop && (await import('./dpop_fetch.js')).rememberNonce(host.dpop, endpoint, headers);
    if (status !== 401 && status !== 403) {
      this.#unproven = undefined;
      return false;
    }
    const challenge = await readChallenge(headers);
    // The request is wanted again, with the nonce that came with the refusal (RFC 9449 §9).
    if (hasNonce && /\buse_dpop_nonce\b/.test(String(headers.get('www-authenticate'))) && attempt < ATTEMPT_LIMIT)
      return true;
    if (status === 403 && challenge?.error !== 'insufficient_scope') return false;
    this.#traceChallenge(status, challenge, authorization);
    if (attempt >= ATTEMPT_LIMIT) throw neverContent(endpoint, status);
    const current = this.#current && authorizationOf(this.#current.value);
    // A late answer to a request that was sent before the last sign-in or refresh says nothing about that.
    const isLate = current !== null && authorization !== undefined && authorization !== current;
    if (!isLate) await this.#answer(challenge, status, options);
    return true;
  }

  /**
   * @param {Challenge | null} challenge
   * @param {number} status
   * @param {CallOptions} options
   */
  async #answer(challenge, status, options) {
    const used = this.#current?.value;
    if (!used) return this.#signIn({ challenge, replaces: null, demanded: challenge?.scopes ?? [] }, options);
    const listed = status === 403 ? (used.discovery.protectedResource.scopesSupported ?? []) : [];
    const lacking = lackingScopes(used, challenge?.scopes ?? possibleScopes(used, listed));
    const from = this.#unproven?.token === used.tokens.accessToken ? this.#unproven.from : undefined;
    const replaces = used.tokens.accessToken;
    const withheld = withheldScopes(used).filter((scope) => lacking.includes(scope));
    const missed = missedScopes(used).filter((scope) => lacking.includes(scope));
    // The MCP server took the token without these scopes before: it does not miss them, the token has expired.
    const { refreshToken, expiresAt } = used.tokens;
    const mayExpire = refreshToken !== undefined || expiresAt === undefined || isExpired(used);
    const hasExpired =
      !from &&
      status === 401 &&
      challenge?.error !== 'insufficient_scope' &&
      missed.length === lacking.length &&
      mayExpire;
    if (lacking.length > 0 && !hasExpired) {
      if (from === 'sign-in' && withheld.length > 0) throw scopesWithheld(withheld, used, this.of.endpoint);
      return this.#stepUp({ challenge, stepUp: true, replaces, demanded: lacking }, options);
    }
    if (status === 403 || from === 'sign-in') throw neverContent(this.of.endpoint, status);
    // Refreshed tokens that are refused as well may be those of an authorization server that no longer counts here.
    if (from === 'refresh' || !(await this.#replaced(used, options)))
      await this.#signIn({ challenge, replaces, demanded: [] }, options);
  }

  /**
   * Whether there are other tokens now: somebody else's, or from a refresh.
   *
   * @param {Session} used
   * @param {CallOptions} options
   */
  async #replaced(used, options) {
    const isOther = () => this.#current?.value.tokens.accessToken !== used.tokens.accessToken;
    this.#current = await this.stored.read();
    if (this.#current && !isOther() && used.tokens.refreshToken)
      await this.#refreshOnce(used, options).catch(passOverRefusal);
    return this.#current && isOther();
  }

  /**
   * Signs in for more scopes. What was asked for in vain is not asked for by itself for ever, restarts included.
   *
   * @param {SignInPurpose} purpose
   * @param {CallOptions} options
   */
  async #stepUp(purpose, options) {
    const { endpoint, settings } = this.of;
    if (needsPerson(settings) && !options.interaction) return this.#signIn(purpose, options);
    // A server names the scopes: none of them is a member that every object has.
    const operation = `needs ${purpose.demanded.toSorted().join(' ')}`;
    const count = (/** @type {number} */ inVain) =>
      this.stepUps.change((there) => ({ version: 1, inVain: { ...there?.inVain, [operation]: inVain } }));
    const work = async (/** @type {AbortSignal} */ abandoned) => {
      const inVain = (await this.stepUps.read())?.value.inVain[operation] ?? 0;
      if (inVain >= STEP_UP_LIMIT) {
        this.#current = await this.stored.read();
        if (this.#current && lackingScopes(this.#current.value, purpose.demanded).length === 0) return;
        throw attemptsExhausted(purpose.demanded, endpoint);
      }
      await count(inVain + 1);
      await this.#signIn(purpose, { ...options, signal: abandoned }).catch(async (error) => {
        // Nobody was asked yet, neither the person nor the server: that counts for nothing.
        const isKnownHere = error.code === 'scope_not_registered' && settings.client;
        const isEarly =
          error instanceof TransportError && ['discover', 'register', 'authorize'].includes(String(error.step));
        if (isKnownHere || isEarly) await count(inVain);
        throw error;
      });
      if (this.#current && lackingScopes(this.#current.value, purpose.demanded).length === 0) await count(0);
    };
    await this.#once(`step up ${operation}`, work, options.signal);
  }

  /**
   * Signs in, even if there is a session. What was asked for in vain may then be asked for again.
   *
   * @param {CallOptions} options
   */
  async signIn(options) {
    await this.#signIn({ challenge: null, demanded: [], pressed: true }, options);
    await this.stepUps.write(null);
  }

  /**
   * Signs in. Concurrent callers share one sign-in, and sign-ins with a person wait for each other.
   *
   * @param {SignInPurpose} purpose
   * @param {CallOptions} options
   */
  async #signIn(purpose, { interaction, signal }) {
    const { replaces, demanded } = purpose;
    const resume = (/** @type {AbortSignal | undefined} */ signal) =>
      this.#signIn(purpose, { interaction: true, signal });
    const work = async (/** @type {AbortSignal} */ abandoned) => {
      abandoned.throwIfAborted();
      this.#current = await this.stored.read();
      const other = this.#current?.value;
      const isOther = replaces !== undefined && other && other.tokens.accessToken !== replaces;
      if (isOther && lackingScopes(other, demanded).length === 0) return;
      const session = await signIn({ ...this.of, ...purpose, interaction, resume, signal: abandoned });
      this.#unproven = { token: session.tokens.accessToken, from: 'sign-in' };
      this.#current = await this.stored.read();
    };
    const isInteractive = interaction && needsPerson(this.of.settings);
    const inTurn = (/** @type {AbortSignal} */ abandoned) =>
      isInteractive ? this.queue(() => work(abandoned)) : work(abandoned);
    await this.#once(`sign in ${interaction} ${demanded}`, inTurn, signal);
  }

  /**
   * Renews the tokens now.
   *
   * @param {CallOptions} options
   */
  async refresh(options) {
    this.#current ??= await this.stored.read();
    const used = this.#current?.value;
    if (!used?.tokens.refreshToken) {
      throw new MisuseError({
        code: 'no_refresh_token',
        message: 'There is no refresh token: sign in first, or again.',
        step: 'refresh',
      });
    }
    await this.#refreshOnce(used, options);
    if (this.#current?.value.tokens.accessToken === used.tokens.accessToken) {
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
    return (await this.stored.read())?.value.plan ?? null;
  }

  /**
   * The stored session, tokens included: keep it out of logs.
   *
   * @returns {Promise<Session | null>}
   */
  async session() {
    return (await this.stored.read())?.value ?? null;
  }

  /**
   * Forgets the session, and has its tokens revoked where the server offers that. The client's registration stays, for the
   * next sign-in.
   *
   * @returns {Promise<boolean>} whether the authorization server revoked them
   */
  async signOut() {
    const session = await this.session();
    await this.stored.write(null);
    await this.stepUps.write(null);
    this.#current = null;
    if (!session?.discovery.authorizationServer.endpoints?.revocation_endpoint) return false;
    const { revoked } = await import('./revocation.js');
    return revoked(session, this.#calls());
  }

  /**
   * Forgets the client that the authorization server knows us by, and the session: the next sign-in registers anew. For
   * a server that has forgotten the client, and can tell only the person.
   */
  async forgetClient() {
    await this.signOut();
    await storedClients(this.of.host.store, this.of.endpoint).write(null);
  }

  /** @param {CallOptions} options */
  async #renew(options) {
    this.#current = await this.stored.read();
    const used = this.#current?.value;
    if (!used || !isExpiring(used)) return;
    const again = { challenge: null, replaces: used.tokens.accessToken, demanded: [] };
    try {
      if (used.tokens.refreshToken) await this.#refreshOnce(used, options).catch(passOverRefusal);
      else if (!needsPerson(this.of.settings)) await this.#signIn(again, options);
    } catch (error) {
      // Nothing was decided, and the token may still serve for its last seconds.
      if (!(error instanceof TransportError) || isExpired(used)) throw error;
    }
  }

  /**
   * One refresh for everybody in this process. Nobody's abort ends it once it was sent: the refresh token may be used
   * up, and the answer is all that there is in its place.
   *
   * @param {Session} used
   * @param {CallOptions} options
   */
  async #refreshOnce(used, { signal }) {
    await this.#once('refresh', () => this.#refreshLocked(used), signal);
  }

  /**
   * One refresh for everybody who shares the store: whoever comes second adopts what the first one got. An OAuth error
   * takes away the refresh token, or the client where that was refused, and nothing else: the plan serves the next
   * sign-in.
   *
   * @param {Session} used
   */
  async #refreshLocked(used) {
    await this.stored.lock(async () => {
      await this.#writeRenewed();
      const there = await this.stored.read();
      this.#current = there;
      const session = there?.value;
      if (
        !there ||
        session?.tokens.refreshToken !== used.tokens.refreshToken ||
        session?.tokens.accessToken !== used.tokens.accessToken
      )
        return;
      const renewed = await call('refresh', { session }, this.#calls()).catch(async (error) => {
        if (
          !(error instanceof RefusedError) ||
          !error.details.error ||
          !['refresh_token_refused', 'client_refused'].includes(error.code)
        )
          throw error;
        if (error.code === 'client_refused') await forgetRegistration(this.of, session.registration);
        return { ...session, tokens: { ...session.tokens, refreshToken: undefined } };
      });
      this.#renewed = { version: there.version, value: renewed };
      await this.#writeRenewed();
      if (renewed.tokens.refreshToken) this.#unproven = { token: renewed.tokens.accessToken, from: 'refresh' };
      this.#current = await this.stored.read();
    });
  }

  /** Writes what the last refresh gave, if it is not written yet: the refresh token that is stored is used up. */
  async #writeRenewed() {
    if (this.#renewed) await this.stored.replace(this.#renewed.version, this.#renewed.value);
    this.#renewed = undefined;
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
   * A token goes only to the server that it was issued for.
   *
   * @param {string | URL} url
   */
  #refuseForeign(url) {
    // Most are the endpoint as it was written, and need no look.
    if (url === this.of.endpoint) return;
    const [called, own] = [new URL(url), new URL(this.of.endpoint)];
    if (called.origin === own.origin && called.pathname === own.pathname) return;
    throw new MisuseError({
      code: 'foreign_url',
      message: `This fetch is signed in to ${this.of.endpoint} and sends its token nowhere else. Use another connection for ${called.origin}${called.pathname}.`,
      step: 'call',
    });
  }

  #calls() {
    return callsFor(this.of);
  }

  /**
   * @param {number} status
   * @param {Challenge | null} challenge
   * @param {string | null} [authorization] which some servers repeat in their words
   */
  #traceChallenge(status, challenge, authorization) {
    const demands = challenge?.scopes ? `, demands ${challenge.scopes.join(' ')}` : '';
    const event = {
      step: 'call',
      kind: 'answer',
      from: 'protected-resource',
      to: 'client',
      summary: `answered ${status}${demands}`,
      details: { status, challenge },
    };
    const secrets = [authorization?.split(' ').at(-1), this.#current?.value.tokens.accessToken];
    this.#calls().trace?.(
      event,
      secrets.filter((secret) => secret !== undefined),
    );
  }
}

/**
 * A refresh was refused, but not for the refresh token, or nobody said so: it is kept. The access token may still serve,
 * and a person can sign in.
 *
 * @param {unknown} error
 */
function passOverRefusal(error) {
  if (!(error instanceof RefusedError) || !['token_refused', 'refresh_token_refused'].includes(error.code)) throw error;
}

/**
 * How a request carries the token.
 *
 * @param {Session} session
 */
function authorizationOf({ tokens: { tokenType, accessToken } }) {
  return `${tokenType ?? 'Bearer'} ${accessToken}`;
}

/**
 * The headers that present a token which is bound to a key (RFC 9449 §7.1).
 *
 * @param {Setting['host']} host
 * @param {{ method: string, url: string, accessToken: string }} request
 */
async function proofHeaders({ dpop }, request) {
  if (!dpop) {
    throw new MisuseError({
      code: 'dpop_missing',
      message:
        'The session is bound to a key, and the host has no `dpop` any more. Give it back, or sign out and in again.',
      step: 'call',
    });
  }
  const proofs = await import('./dpop_fetch.js');
  return proofs.proofHeaders(dpop, request);
}

/** The sources of a combined signal, kept for as long as it is: by itself it would not keep them. */
const sources = new WeakMap();

/**
 * Aborts when either does.
 *
 * @param {AbortSignal | null} [one]
 * @param {AbortSignal} [other]
 * @returns {AbortSignal | undefined}
 */
function eitherSignal(one, other) {
  if (!one || !other) return one ?? other;
  const either = AbortSignal.any([one, other]);
  sources.set(either, [one, other]);
  return either;
}

/** @param {BodyInit | null | undefined} body */
function canBeReadOnce(body) {
  return body instanceof ReadableStream || (typeof body === 'object' && body !== null && Symbol.asyncIterator in body);
}

/**
 * Nobody reads it, so it does not matter either that its connection broke in the meantime.
 *
 * @param {Response} response
 */
async function discardBody({ body }) {
  await body?.cancel().catch(() => {});
}

/**
 * @param {Response} response
 * @param {string} url
 */
function refuseRedirect({ status, type, redirected }, url) {
  if (type !== 'opaqueredirect' && !redirected && ![301, 302, 303, 307, 308].includes(status)) return;
  throw new MisbehavedError({
    code: 'redirect_refused',
    message: `The MCP server redirects ${new URL(url).origin} elsewhere; a token follows no redirect. Configure the URL at which it really is.`,
    step: 'call',
  });
}

/**
 * @param {string[]} withheld
 * @param {Session} session
 * @param {string} endpoint
 */
function scopesWithheld(withheld, { registration: { issuer } }, endpoint) {
  const scope = withheld.join(' ');
  return new RefusedError({
    code: 'scope_withheld',
    message: `${endpoint} demands the scopes \`${scope}\`, which ${issuer} did not grant when they were requested. Its operator has to permit them for this user or client; then call \`signIn()\`.`,
    step: 'step-up',
    details: { scope, issuer },
  });
}

/**
 * @param {string[]} lacking
 * @param {string} endpoint
 */
function attemptsExhausted(lacking, endpoint) {
  const scope = lacking.join(' ');
  return new RefusedError({
    code: 'attempts_exhausted',
    message: `${endpoint} demands the scopes \`${scope}\`, which were asked for ${STEP_UP_LIMIT} times in vain, so they are not asked for again by themselves. Call \`signIn()\` once they are permitted.`,
    step: 'step-up',
    details: { scope },
  });
}

/**
 * @param {string} endpoint
 * @param {number} status
 */
function neverContent(endpoint, status) {
  return new MisbehavedError({
    code: 'fresh_token_refused',
    message: `${endpoint} answered ${status} although everything that it demands was granted. Its operator has to look into it; signing in again would not help.`,
    step: 'call',
    details: { status },
  });
}
