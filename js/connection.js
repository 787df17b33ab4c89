/**
 * A connection to one MCP server for one account: the session in use, and what to do when it no longer serves.
 * The warm path (a token that is not about to expire) makes no wasm call.
 */

/** @import { Challenge, ScopePlan, Session } from './records.js' */
/** @import { SignIn } from './sign_in.js' */

import { MisbehavedError, MisuseError, RefusedError, TransportError } from './errors.js';
import { readChallenge } from './functions.js';
import { signIn } from './sign_in.js';
import { storedClients, storedRegistration, storedSession, storedStepUps } from './stored.js';
import { callHost } from './trace.js';
import { call } from './wasm.js';

/** A token is renewed this long before it expires, or after nine tenths of a short life. Seconds. */
const RENEWAL_MARGIN = 30;

/** Refreshes and sign-ins within one request: a server that is never content must not keep us busy. */
const ATTEMPT_LIMIT = 3;

/** How often the same scopes may be asked for in vain before they are no longer asked for by themselves. */
const STEP_UP_LIMIT = 2;

/**
 * How one call may act.
 *
 * @typedef {{ interaction: boolean, signal?: AbortSignal }} CallOptions
 */

/** The state of a connection, shared by everybody in this process who calls the same server for the same account. */
export class Connection {
  /** @type {{ version: string, value: Session } | null} */
  #current = null;
  /** @type {Map<string, Promise<void>>} */
  #underWay = new Map();
  /** The access token of a sign-in that no server has accepted yet. @type {string | undefined} */
  #unproven;

  /**
   * @param {Pick<SignIn, 'host' | 'client' | 'settings' | 'endpoint' | 'account'>} of
   * @param {<T>(work: () => Promise<T>) => Promise<T>} queue where sign-ins wait for each other
   */
  constructor(of, queue) {
    this.of = of;
    this.queue = queue;
    this.stored = storedSession(of.host.store, of.endpoint, of.account);
  }

  /**
   * Sends a request with the session's token, and once more after a sign-in, refresh or step-up that it needed.
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
    const repeatable = request ? true : !(init?.body instanceof ReadableStream);
    options = { ...options, signal: request?.signal ?? init?.signal ?? options.signal };
    const send = this.of.host.fetch ?? globalThis.fetch;
    for (let attempt = 0; ; attempt += 1) {
      const headers = new Headers(request?.headers ?? init?.headers);
      for (const [name, value] of Object.entries(await this.headersFor({ method, url }, options))) headers.set(name, value);
      const guarded = { ...init, headers, redirect: /** @type {const} */ ('manual') };
      const response = await send(request ? new Request(request.clone(), guarded) : input, request ? undefined : guarded);
      refuseRedirect(response, url);
      const again = await this.onResponse({ status: response.status, headers: response.headers, attempt }, options);
      if (!again || !repeatable) return response;
      await response.body?.cancel();
    }
  }

  /**
   * The headers that sign a request.
   *
   * @param {{ method: string, url: string | URL }} request
   * @param {CallOptions} options
   * @returns {Promise<Record<string, string>>} empty before the first sign-in
   */
  async headersFor({ url }, options) {
    this.#refuseForeign(url);
    this.#current ??= await this.stored.read();
    if (this.#current && isExpiring(this.#current.value)) await this.#renew(options);
    const token = this.#current?.value.tokens.accessToken;
    return token ? { authorization: `Bearer ${token}` } : {};
  }

  /**
   * Deals with a refusal. The request may then be sent again, if the answer is true.
   *
   * @param {{ status: number, headers: Headers, attempt: number }} response `attempt`: how often it was sent before
   * @param {CallOptions} options
   * @returns {Promise<boolean>}
   */
  async onResponse({ status, headers, attempt }, options) {
    if (status !== 401 && status !== 403) {
      this.#unproven = undefined;
      return false;
    }
    const challenge = await readChallenge(headers);
    if (status === 403 && challenge?.error !== 'insufficient_scope') return false;
    this.#traceChallenge(status, challenge);
    if (attempt >= ATTEMPT_LIMIT) throw neverContent(this.of.endpoint, status);
    await this.#answer(challenge, status, options);
    return true;
  }

  /**
   * @param {Challenge | null} challenge
   * @param {number} status
   * @param {CallOptions} options
   */
  async #answer(challenge, status, options) {
    const used = this.#current?.value;
    if (!used) return this.signIn({ challenge, ...options });
    const planned = new Map(used.plan.scopes.map((scope) => [scope.scope, scope]));
    const listed = status === 403 ? used.discovery.protectedResource.scopesSupported : undefined;
    const lacking = (challenge?.scopes ?? listed ?? []).filter((scope) => !planned.get(scope)?.granted);
    const isFresh = used.tokens.accessToken === this.#unproven;
    if (lacking.length > 0) {
      const withheld = lacking.filter((scope) => planned.get(scope)?.requested);
      if (isFresh && withheld.length > 0) throw scopesWithheld(withheld, used, this.of.endpoint);
      return this.#stepUp(challenge, lacking, options);
    }
    if (status === 403 || isFresh) throw neverContent(this.of.endpoint, status);
    if (!(await this.#replaced(used, options))) await this.signIn({ challenge, ...options });
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
    if (this.#current && !isOther() && used.tokens.refreshToken) await this.#once('renew', () => this.#refreshLocked(used, options));
    return this.#current && isOther();
  }

  /**
   * Signs in for more scopes. What was asked for in vain is not asked for by itself for ever, restarts included.
   *
   * @param {Challenge | null} challenge
   * @param {string[]} lacking
   * @param {CallOptions} options
   */
  async #stepUp(challenge, lacking, options) {
    const { host, endpoint, account } = this.of;
    const operation = lacking.join(' ');
    const attempts = storedStepUps(host.store, endpoint, account);
    const inVain = (await attempts.read())?.value[operation] ?? 0;
    if (options.interaction) {
      if (inVain >= STEP_UP_LIMIT) throw attemptsExhausted(lacking, endpoint);
      await attempts.change((all) => ({ ...all, [operation]: inVain + 1 }));
    }
    await this.signIn({ challenge, stepUp: true, ...options });
    const granted = this.#current?.value.plan.scopes.filter((scope) => scope.granted).map(({ scope }) => scope);
    if (lacking.every((scope) => granted?.includes(scope))) await attempts.change(({ [operation]: _, ...others }) => others);
  }

  /**
   * Signs in, even if there is a session. Concurrent callers share one sign-in.
   *
   * @param {CallOptions & { challenge?: Challenge | null, stepUp?: boolean }} options
   */
  async signIn({ challenge = null, stepUp = false, ...options }) {
    const request = { ...this.of, challenge, stepUp, ...options };
    await this.#once(`sign in ${options.interaction} ${challenge?.scopes ?? ''}`, () =>
      this.queue(async () => {
        this.#unproven = (await signIn(request)).tokens.accessToken;
        this.#current = await this.stored.read();
      }),
    );
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
      throw new MisuseError({ code: 'no_refresh_token', message: 'There is no refresh token: sign in first, or again.', step: 'refresh' });
    }
    await this.#once('renew', () => this.#refreshLocked(used, options));
    if (this.#current?.value.tokens.accessToken === used.tokens.accessToken) {
      throw new RefusedError({ code: 'refresh_token_refused', message: 'The refresh token is not accepted any more. Sign in again.', step: 'refresh' });
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

  /** Forgets the session. The client's registration stays, for the next sign-in. */
  async signOut() {
    await this.stored.take();
    this.#current = null;
  }

  /**
   * Forgets the client that the authorization server knows us by, and the session: the next sign-in registers anew. For
   * a server that has forgotten the client, and can tell only the person.
   */
  async forgetClient() {
    await storedClients(this.of.host.store, this.of.endpoint).take();
    await this.signOut();
  }

  /** @param {CallOptions} options */
  async #renew(options) {
    this.#current = await this.stored.read();
    const used = this.#current?.value;
    if (!used?.tokens.refreshToken || !isExpiring(used)) return;
    try {
      await this.#once('renew', () => this.#refreshLocked(used, options));
    } catch (error) {
      // Nothing was decided, and the token may still serve for its last seconds.
      if (!(error instanceof TransportError) || isExpired(used)) throw error;
    }
  }

  /**
   * One refresh for everybody who shares the store: whoever comes second adopts what the first one got. A definite
   * refusal takes away the refresh token and nothing else; the client and its scopes serve the next sign-in.
   *
   * @param {Session} used
   * @param {CallOptions} options
   */
  async #refreshLocked(used, { signal }) {
    await this.stored.lock(async () => {
      const there = await this.stored.read();
      this.#current = there;
      const session = there?.value;
      if (!there || session?.tokens.refreshToken !== used.tokens.refreshToken || session?.tokens.accessToken !== used.tokens.accessToken) return;
      const renewed = await call('refresh', { session }, callHost(this.of.host, signal)).catch(async (error) => {
        if (!(error instanceof RefusedError) || !['refresh_token_refused', 'client_refused'].includes(error.code)) throw error;
        if (error.code === 'client_refused') await this.#forget(session.registration);
        return { ...session, tokens: { ...session.tokens, refreshToken: undefined } };
      });
      await this.stored.replace(there.version, renewed);
      this.#current = await this.stored.read();
    }, signal);
  }

  /** @param {Session['registration']} registration which the server no longer knows */
  async #forget({ kind, issuer, clientId }) {
    const kept = storedRegistration(this.of.host.store, { issuer }, this.of.endpoint);
    if (kind === 'dynamic' && (await kept.read())?.registration.clientId === clientId) await kept.take();
  }

  /**
   * Runs one piece of work for all who want it at the same time.
   *
   * @param {string} what
   * @param {() => Promise<void>} work
   */
  async #once(what, work) {
    let running = this.#underWay.get(what);
    if (!running) {
      running = work().finally(() => this.#underWay.delete(what));
      this.#underWay.set(what, running);
    }
    await running;
  }

  /**
   * A token goes only to the server that it was issued for.
   *
   * @param {string | URL} url
   */
  #refuseForeign(url) {
    const [called, own] = [new URL(url), new URL(this.of.endpoint)];
    if (called.origin === own.origin && called.pathname === own.pathname) return;
    throw new MisuseError({
      code: 'foreign_url',
      message: `This fetch is signed in to ${this.of.endpoint} and sends its token nowhere else. Use another connection for ${called.origin}${called.pathname}.`,
      step: 'call',
    });
  }

  /**
   * @param {number} status
   * @param {Challenge | null} challenge
   */
  #traceChallenge(status, challenge) {
    const demands = challenge?.scopes ? `, demands ${challenge.scopes.join(' ')}` : '';
    callHost(this.of.host).trace?.({
      step: 'call',
      kind: 'answer',
      from: 'protected-resource',
      to: 'client',
      summary: `answered ${status}${demands}`,
      details: { status, challenge },
    });
  }
}

/** @param {Session} session */
function isExpiring({ tokens: { expiresAt, receivedAt } }) {
  return expiresAt !== undefined && Date.now() / 1000 >= expiresAt - Math.min(RENEWAL_MARGIN, (expiresAt - receivedAt) / 10);
}

/** @param {Session} session */
function isExpired({ tokens: { expiresAt } }) {
  return expiresAt !== undefined && Date.now() / 1000 >= expiresAt;
}

/**
 * @param {Response} response
 * @param {string} url
 */
function refuseRedirect({ status, type }, url) {
  if (type !== 'opaqueredirect' && ![301, 302, 303, 307, 308].includes(status)) return;
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
