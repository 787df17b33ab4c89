/**
 * A sign-in that sends a person. It belongs to the connection, and not to the call that began it: who gives up leaves it to
 * the others, and to whoever comes next. It ends with a session, with a refusal, by `cancel`, or after a time.
 */

/** @import { Departure, ScopePlan, Session, SignInOutcome } from '../core/records.js' */
/** @import { PendingSignIn, Reserved } from '../core/host.js' */
/** @import { Budget } from '../core/wasm.js' */
/** @import { Cause } from './connection.js' */
/** @import { Context } from './effects.js' */

import { TransportError } from '../core/errors.js';
import { untilAborted } from '../core/until_aborted.js';
import { call } from '../core/wasm.js';
import { performing, redirectsOf, signInHost } from './effects.js';
import { storedPending, storedSession, storedSignIn } from './stored.js';
import { hasGranted } from './tokens.js';

const FIVE_MINUTES = 300_000;

/** How often other processes are told that this one still waits. */
const RENEWAL_MILLISECONDS = 5_000;

/** How often it is looked whether another process has finished. */
const POLL_MILLISECONDS = 1_000;

/** A sign-in of another process that is not renewed for this long has ended. Seconds. */
const SILENCE_SECONDS = 15;

/** How often it has to be seen without a renewal all the same: clocks jump, as when a machine has slept. */
const SILENT_POLLS = 6;

/** How long a person is away before what they were sent by is read anew: nobody agrees to anything sooner. */
const ASK_MILLISECONDS = 1_000;

const success = {
  signedIn: true,
  title: 'Signed in',
  message: 'You can close this page and return to the application.',
};
const failure = {
  signedIn: false,
  title: 'Not signed in',
  message: 'The sign-in did not succeed. The application says why. You can close this page.',
};

/**
 * What has become of a connection. Where nothing is said, another session is stored, or none.
 *
 * @typedef {object} SignInChange
 * @property {Promise<Session>} [done] A sign-in has begun, and ends so.
 * @property {PendingSignIn} [pending] It waits for the person.
 */

/**
 * `wasSent`: whether the person was sent by it; `isAway`: whether they have not come back.
 *
 * @typedef {ReturnType<typeof performing> & { wasSent: boolean, isAway: boolean }} Trip
 */

/** @typedef {(ended: AbortSignal) => Promise<() => void>} Turn resolves when it is this sign-in's turn, with what ends it */

export class SignInUnderWay {
  #context;
  #newQuestion;
  #budget;
  #demanded;
  #ended = new AbortController();
  /** @type {Trip[]} */
  #trips = [];
  #sent = 0;
  /** Whether a person wants it, who is not to wait for another process. */
  #isPressed = false;
  #waiting = 0;
  /** How much is being worked on, rather than waited for the person. The first thing is its beginning. */
  #busy = 1;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #limit;
  /** @type {(session: Session) => void} */
  #resolve = () => {};
  /** @type {(reason: unknown) => void} */
  #reject = () => {};
  /** What was opened within the click. @type {Reserved | null | undefined} */
  #reserved;
  /** Whether a trip has taken it, or opened what it needs itself. */
  #isPrepared = false;
  #isOver = false;
  /** Whether the person said no, by leaving. */
  #isDeclined = false;
  /** Whether it came to nothing: then the next one begins as soon as all of it is closed. */
  isInVain = false;
  /** What is waited for, once the person was sent. @type {PendingSignIn | null} */
  pending = null;

  /**
   * @param {Context} context
   * @param {Cause} cause
   * @param {object} how
   * @param {Turn} how.turn
   * @param {(needed: { issuer: string, plan: ScopePlan }) => Error} how.newQuestion what it ends with where more comes out
   *   than was agreed to
   * @param {boolean} how.clicked whether a person presses at this moment
   * @param {Budget} how.budget what the call that begins it has left for servers
   */
  constructor(context, cause, { turn, newQuestion, clicked, budget }) {
    this.#context = context;
    this.#budget = budget;
    this.#demanded = cause.demanded;
    this.#newQuestion = newQuestion;
    if (clicked) this.#reserve();
    this.id = newSignInId(context.host);
    context.signInId = this.id;
    /** @type {Promise<Session>} */
    const session = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    /** The session, whoever waits for it. */
    this.done = this.#run(cause, turn, session);
    for (const promise of [session, this.done]) promise.catch(() => {});
    context.tell?.({ done: this.done });
  }

  /** @param {AbortSignal} [signal] ends the wait, and not the sign-in */
  async wait(signal) {
    this.#waiting += 1;
    this.#holdProcess();
    try {
      return await untilAborted(this.done, signal);
    } finally {
      this.#waiting -= 1;
      this.#holdProcess();
      // Nobody has seen anything of it yet.
      if (this.#waiting === 0 && signal?.aborted && this.#sent === 0) this.end(signal.reason);
    }
  }

  /**
   * A person wants a window, whatever became of the earlier ones: all of them stay good.
   *
   * @param {Cause} cause
   */
  press(cause) {
    this.#isPressed = true;
    if (this.#isOver) return;
    if (this.#busy === 0 || !this.#isPrepared) this.#reserve();
    if (this.#busy === 0) this.#start(cause);
  }

  /** Opens the window now, since it could not be opened after the click. */
  #reserve() {
    this.#reserved ??= redirectsOf(this.#context.host)[0]?.reserve?.();
    this.#reserved?.closed.then(() => {
      const message = 'The window was closed before the person came back. Start signing in again.';
      if (this.#sent === 0) this.end(this.#failure('callback_aborted', message));
    });
  }

  #takeReserved() {
    const reserved = this.#reserved;
    this.#reserved = undefined;
    this.#isPrepared = true;
    return reserved;
  }

  /**
   * Somebody else completed it.
   *
   * @param {Session} session
   */
  complete(session) {
    this.#isOver = true;
    this.#reserved?.close();
    this.#resolve(session);
  }

  /** @param {unknown} reason */
  end(reason) {
    if (this.#isOver) return;
    this.#fail(reason);
    this.#ended.abort(reason);
  }

  /** @param {unknown} reason */
  #fail(reason) {
    this.#isDeclined ||= /** @type {{ code?: string }} */ (reason)?.code === 'callback_aborted';
    this.#isOver = true;
    this.#reserved?.close();
    this.isInVain = true;
    this.#reject(reason);
  }

  /** @param {string} [message] why, where that is not the person's choice */
  cancel(message) {
    this.#isDeclined ||= message === undefined && !this.#isOver;
    this.end(this.#failure('sign_in_cancelled', message ?? 'The sign-in was cancelled. Sign in again.'));
  }

  /**
   * @param {Cause} cause
   * @param {Turn} turn
   * @param {Promise<Session>} session
   */
  async #run(cause, turn, session) {
    const release = await turn(this.#ended.signal);
    const renewal = setInterval(() => this.#renew().catch(() => {}), RENEWAL_MILLISECONDS);
    unref(renewal);
    this.#startLimit();
    let outcome = failure;
    try {
      if (!this.#isOver) this.#start(cause);
      this.#busy -= 1;
      const done = await session;
      outcome = success;
      return done;
    } finally {
      clearInterval(renewal);
      clearTimeout(this.#limit);
      this.#tell(null);
      await this.#close(outcome).finally(release);
    }
  }

  /** @param {Cause} cause */
  #start(cause) {
    const effects = performing(this.#context, this.#ended.signal, () => this.#takeReserved(), this.#budget);
    const trip = { ...effects, wasSent: false, isAway: false };
    this.#budget = {}; // Further trips are a person's, who presses.
    this.#trips.push(trip);
    this.#holdProcess();
    this.#signedIn(trip, cause).then(
      (session) => this.complete(session),
      (error) => {
        // A window that was closed, or that could not be opened, is no answer while another one is open.
        const wasAnswered = trip.wasSent && error?.code !== 'callback_aborted';
        if (this.#isOver || (!wasAnswered && this.#trips.some(({ isAway }) => isAway))) return;
        this.#fail(error);
      },
    );
  }

  /**
   * @param {Trip} trip
   * @param {Cause} cause
   * @returns {Promise<Session>}
   */
  async #signedIn(trip, cause) {
    const host = signInHost(this.#context);
    const { endpoint, account, completions } = this.#context;
    let outcome = await this.#work(() => this.#begun(trip, cause));
    while (outcome.kind === 'authorize') {
      // They have pressed since, and have that window: an answer to an earlier one opens no further.
      const later = this.#trips.slice(this.#trips.indexOf(trip) + 1);
      if (trip.wasSent && later.some(({ isAway }) => isAway)) {
        await storedPending(this.#context.host.store, outcome.state).take();
        throw this.#failure('callback_aborted', 'Another window is open for this sign-in: finish there.');
      }
      const callbackUrl = await this.#sendPerson(trip, outcome);
      const there = completions?.get(callbackUrl);
      const calls = { ...trip.calls, budget: {} };
      const cameBack = () => call('cameBack', { callbackUrl, account, id: this.id, host }, calls);
      const isThere = there?.came && (there.account ?? account) === account;
      const came = this.#work(isThere ? async () => (await there.came)?.outcome : cameBack);
      // Whoever brings it too waits for what comes of it here.
      const done = this.done.then((session) => ({ endpoint, account, session }));
      completions?.set(callbackUrl, { account, done });
      done.catch(() => {}).finally(() => completions?.delete(callbackUrl));
      outcome = await came;
    }
    if (outcome.kind === 'interaction-required') throw this.#newQuestion(outcome);
    return /** @type {{ session: Session }} */ (outcome).session;
  }

  /**
   * @param {Trip} trip
   * @param {Cause} cause
   * @returns {Promise<SignInOutcome>}
   */
  async #begun({ calls, askedAhead }, cause) {
    const { endpoint, account, host } = this.#context;
    const own = { endpoint, account, interaction: true, id: this.id, unanswered: this.#sent };
    /** @type {string | undefined} */
    let ended;
    let seen = { id: '', renewedAt: 0, times: 0 };
    for (;;) {
      const pressed = cause.pressed || this.#isPressed;
      const input = { ...own, ended, ...cause, pressed, host: signInHost(this.#context) };
      /** @type {SignInOutcome} */
      const outcome = await call('signIn', input, calls).finally(() => askedAhead.drop());
      if (outcome.kind !== 'under-way') return outcome;
      const { id, renewedAt } = outcome;
      seen = { id, renewedAt, times: seen.id === id && seen.renewedAt === renewedAt ? seen.times + 1 : 0 };
      const isSilent = seen.times >= SILENT_POLLS && Date.now() / 1000 >= renewedAt + SILENCE_SECONDS;
      if (isSilent || (await host.owner?.isGone(id.split(' ')[0] ?? ''))) ended = id;
      if (ended !== id) await this.#pause(POLL_MILLISECONDS);
    }
  }

  /**
   * @param {Trip} trip
   * @param {Departure} departure
   */
  async #sendPerson(trip, departure) {
    const { authorizationUrl, state, issuer } = departure;
    const { endpoint, account } = this.#context;
    trip.isAway = true;
    this.#sent += 1;
    this.#startLimit();
    this.#tell({ endpoint, account, issuer, authorizationUrl, since: this.pending?.since ?? Date.now() });
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let asking;
    try {
      const sent = trip.sendPerson(departure);
      trip.wasSent = true;
      const urls = departure.askAhead;
      if (urls) unref((asking = setTimeout(() => trip.calls.perform?.('askAhead', { urls }), ASK_MILLISECONDS)));
      this.#holdProcess();
      const callbackUrl = await sent;
      // Who has come back in time is not sent away for how long the rest takes.
      if (!this.#isOver) this.#startLimit();
      return callbackUrl;
    } finally {
      clearTimeout(asking);
      trip.isAway = false;
      if (this.#isOver) await storedPending(this.#context.host.store, state).take();
    }
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   */
  async #work(work) {
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
    }
  }

  /** @param {PendingSignIn | null} pending */
  #tell(pending) {
    if (pending === this.pending) return;
    this.pending = pending;
    const { endpoint, account, host, tell } = this.#context;
    if (pending) tell?.({ pending });
    try {
      Promise.resolve(host.onPending?.(pending, { endpoint, account })).catch(() => {});
    } catch {
      // What shows it must not end a sign-in.
    }
  }

  #startLimit() {
    clearTimeout(this.#limit);
    const milliseconds = this.#context.host.signInTimeoutMilliseconds ?? FIVE_MINUTES;
    const { endpoint, settings } = this.#context;
    const byHand = settings.client
      ? ' If the page said that the redirect URI is wrong, set `client.redirectUri` for this server to the one that the client was registered with.'
      : '';
    const message = `Nobody finished signing in to ${endpoint} within ${milliseconds / 1000} seconds. Sign in again; \`signInTimeoutMilliseconds\` of the host is the limit.${byHand}`;
    this.#limit = setTimeout(() => this.end(this.#failure('sign_in_timed_out', message)), milliseconds);
    unref(this.#limit);
  }

  /**
   * @param {string} code
   * @param {string} message
   */
  #failure(code, message) {
    const { endpoint, account } = this.#context;
    const { issuer } = this.pending ?? {};
    return new TransportError({ code, message, step: 'callback', details: { endpoint, account, issuer } });
  }

  /** Tells other processes that somebody waits here; or finds that one of them has finished. */
  async #renew() {
    const { host, endpoint, account } = this.#context;
    const record = storedSignIn(host.store, endpoint, account);
    const there = await record.read();
    if (there && there.value.id !== this.id) {
      const session = (await storedSession(host.store, endpoint, account).read())?.value;
      if (session?.signIn !== there.value.id) return;
      if (hasGranted(session, this.#demanded)) return this.complete(session);
      // That one was for less: its person is still waited for here.
    }
    const renewedAt = Math.floor(Date.now() / 1000);
    await record.replace(there?.version ?? null, { ...there?.value, version: 1, id: this.id, renewedAt });
  }

  /** @param {typeof success} outcome */
  async #close(outcome) {
    // Who shows it must not keep it from ending.
    for (const trip of this.#trips) await trip.showOutcome(outcome).catch(() => {});
    this.#ended.abort();
    const { host, endpoint, account } = this.#context;
    if (this.#context.signInId === this.id) this.#context.signInId = undefined;
    if (!outcome.signedIn) {
      const record = storedSignIn(host.store, endpoint, account);
      // Nobody needs to wait for it any more. It stays, for nobody has answered.
      const there = await record.read().catch(() => null);
      if (there?.value.id === this.id) {
        const declined = this.#isDeclined ? { declined: true } : {};
        await record.replace(there.version, { ...there.value, renewedAt: 0, ...declined });
      } else if (there?.value.before === this.id)
        await record.replace(there.version, { ...there.value, before: undefined });
    }
    for (const trip of this.#trips) await trip.release();
  }

  /** A program that waits for nothing else may end. */
  #holdProcess() {
    for (const trip of this.#trips) trip.holdProcess(this.#waiting > 0);
  }

  /** @param {number} milliseconds */
  #pause(milliseconds) {
    return untilAborted(
      new Promise((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        if (this.#waiting === 0) unref(timer);
      }),
      this.#ended.signal,
    );
  }
}

/**
 * Tells a sign-in apart from all others, and whose it is.
 *
 * @param {Context['host']} host
 */
export function newSignInId({ owner }) {
  return `${owner ? `${owner.name} ` : ''}${Math.random().toString(36).slice(2)}${Date.now().toString(36)}`;
}

/** @param {unknown} timer that of Node, which would keep the process running */
function unref(timer) {
  /** @type {{ unref?: () => void }} */ (timer).unref?.();
}
