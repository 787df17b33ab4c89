/**
 * Judges a life by what its servers logged and by the windows that were opened; never by what a client says of itself.
 *
 * 1. No browser without a cause: a person pressed, or a call was refused and no session could help. At most two windows for
 *    one cause, and no second one while one is open, unless the person presses. One that is opened because the person came
 *    back from another one takes its place.
 * 2. No session is lost but by a refusal of its authorization server.
 * 3. No refresh token that is replaced by its use is used twice.
 * 4. Nobody is stuck: what is said at the end of each round is in `stuck`.
 */

/** How long a sign-in waits for a person: the default of the package. */
export const SIGN_IN_LIMIT = 300_000;

/** How much is told of what was before. */
const HISTORY = 40;

/**
 * @typedef {object} Cause
 * @property {'press' | 'call' | 'callback'} kind
 * @property {string} process in which it is
 * @property {string} [call]
 * @property {number} windows that were opened for it
 * @property {boolean} [isExplained] whether the servers say why a person is needed
 * @property {number} [satisfied] when what it wanted came
 *
 * @typedef {object} Window
 * @property {string} process
 * @property {number} at
 * @property {boolean} isOver whether its process no longer waits for it
 * @property {boolean} isPressed whether it may be for a press
 *
 * @typedef {object} Session
 * @property {string} process that got it last
 * @property {number} at
 * @property {boolean} isRefreshable
 * @property {string} [over] why it is of no use any more
 *
 * @typedef {object} Press
 * @property {string} process
 * @property {number} at
 * @property {boolean} [isUsed] whether a window was opened since
 *
 * @typedef {object} Place one account at one MCP server
 * @property {Cause[]} causes that a window may still be opened for
 * @property {Window[]} windows that may be open
 * @property {Press[]} presses for which another window may still be opened
 * @property {{ process: string, at: number }[]} returns of the person, after each of which another window may be opened
 * @property {number} accepted requests with a token of this account
 * @property {Session} [session]
 * @property {string[]} history what happened last
 *
 * @typedef {object} Use of a refresh token
 * @property {string} process
 * @property {number} at
 * @property {'under way' | 'lost' | 'renewed' | 'refused'} state
 */

export class Judge {
  /** @type {string[]} */
  violations = [];
  counts = {
    signIns: 0,
    refreshes: 0,
    windows: 0,
    presses: 0,
    refusals: 0,
    calls: 0,
    accepted: 0,
    kills: 0,
    pressed: 0,
    stuck: 0,
  };
  #now;
  #signInLimit;
  #storing;
  #lag;
  #tell;
  /** @type {Map<string, Place>} */
  #places = new Map();
  /** @type {Map<string, Use>} */
  #uses = new Map();

  /**
   * @param {object} [options]
   * @param {() => number} [options.now]
   * @param {number} [options.signInLimit] how long a sign-in waits for a person, in milliseconds
   * @param {number} [options.storing] for how long after an answer the end of a process may be before it has stored that, in
   *   milliseconds
   * @param {number} [options.lag] how late it may hear of a window, in milliseconds
   * @param {(violation: string) => void} [options.tell] of each violation, at once
   */
  constructor({ now = Date.now, signInLimit = SIGN_IN_LIMIT, storing = 10_000, lag = 0, tell = () => {} } = {}) {
    this.#now = now;
    this.#signInLimit = signInLimit;
    this.#storing = storing;
    this.#lag = lag;
    this.#tell = tell;
  }

  /** @param {string} name */
  place(name) {
    const place = this.#places.get(name) ?? {
      causes: [],
      windows: [],
      presses: [],
      returns: [],
      accepted: 0,
      history: [],
    };
    this.#places.set(name, place);
    return place;
  }

  /**
   * @param {string} where
   * @param {string} what
   */
  #complain(where, what) {
    const before = this.place(where)
      .history.map((line) => `\n    ${line}`)
      .join('');
    const violation = `${where}, ${this.#time()}: ${what}${before}`;
    this.violations.push(violation);
    this.#tell(violation);
  }

  #time() {
    return new Date(this.#now()).toISOString().slice(5, -1);
  }

  /**
   * For whoever reads what was wrong.
   *
   * @param {string} where
   * @param {string} what
   */
  note(where, what) {
    const { history } = this.place(where);
    history.push(`${this.#time()} ${what}`);
    if (history.length > HISTORY) history.shift();
  }

  /**
   * @param {string} where
   * @param {string} what
   */
  stuck(where, what) {
    this.counts.stuck += 1;
    this.#complain(where, `stuck: ${what}`);
  }

  // What people do

  /**
   * @param {string} name
   * @param {string} process
   */
  pressed(name, process) {
    const place = this.place(name);
    this.counts.presses += 1;
    this.note(name, `pressed in ${process}`);
    place.presses.push({ process, at: this.#now() });
    place.causes.push({ kind: 'press', process, windows: 0, isExplained: true });
  }

  /**
   * A browser brought an answer to an application that was started for it.
   *
   * @param {string} name
   * @param {string} process
   */
  calledBack(name, process) {
    this.note(name, `came back to ${process}, which was started for it`);
    this.place(name).returns.push({ process, at: this.#now() });
    this.place(name).causes.push({ kind: 'callback', process, windows: 0, isExplained: true });
  }

  /**
   * A browser brought an answer to the application that waits for it.
   *
   * @param {string} name
   * @param {Window} window
   */
  cameBack(name, window) {
    window.isOver = true;
    this.place(name).returns.push({ process: window.process, at: this.#now() });
  }

  /** @param {string} name */
  signedOut(name) {
    const { session, windows, causes } = this.place(name);
    this.note(name, 'signed out');
    if (session) session.over = 'signed out';
    // Whoever still wants something begins anew.
    for (const window of windows) window.isOver = true;
    for (const cause of causes) Object.assign(cause, { satisfied: undefined, isExplained: true });
  }

  /**
   * The person said no, or the application ended the sign-in: whoever asked for it is told, and nobody asks again by itself.
   *
   * @param {string} name
   * @param {string} process
   */
  ended(name, process) {
    const place = this.place(name);
    this.note(name, `ended in ${process}`);
    const windows = this.#open(place).filter((window) => window.process === process);
    // What nobody was sent for yet goes on.
    if (windows.length === 0) return;
    for (const window of windows) window.isOver = true;
    place.causes = place.causes.filter((cause) => cause.process !== process);
    place.returns = place.returns.filter((one) => one.process !== process);
  }

  /** @param {string} process */
  killed(process) {
    this.counts.kills += 1;
    const isRecent = (/** @type {{ process: string, at: number }} */ { process: own, at }) =>
      own === process && this.#now() - at < this.#storing;
    for (const [name, { windows, session, causes, history }] of this.#places) {
      if (history.some((line) => line.includes(process))) this.note(name, `${process} is killed`);
      for (const window of windows) if (window.process === process) window.isOver = true;
      if (!session || !isRecent(session)) continue;
      session.over ??= 'its process ended before it was stored';
      for (const cause of causes) if (cause.satisfied === session.at) cause.satisfied = undefined;
    }
    for (const use of this.#uses.values())
      if (use.process === process && (use.state === 'under way' || isRecent(use))) use.state = 'lost';
  }

  // Windows

  /**
   * @param {string} name
   * @param {string} process
   * @returns {Window}
   */
  opened(name, process) {
    const place = this.place(name);
    const at = this.#now();
    this.counts.windows += 1;
    this.note(name, `window of ${process}`);
    place.windows = this.#open(place);
    // A window of which we hear after a press may have been opened before it.
    place.presses = place.presses.filter((press) => !press.isUsed || at - press.at < this.#lag);
    const own = place.presses.filter((press) => press.process === process);
    const press = own.find(({ isUsed }) => !isUsed) ?? own[0];
    // Who opened one at the same moment did not know of the press for another.
    const isAtOnce = place.windows.some((window) => window.isPressed && at - window.at < this.#lag);
    place.returns = place.returns.filter((one) => at - one.at < this.#signInLimit);
    const cameBack = place.returns.find((one) => one.process === process);
    if (cameBack) place.returns.splice(place.returns.indexOf(cameBack), 1);
    if (place.windows.length > 0 && !press && !isAtOnce && !cameBack)
      this.#complain(name, 'a second window while one was open, and nobody had pressed');
    if (press?.isUsed) place.presses.splice(place.presses.indexOf(press), 1);
    else if (press) press.isUsed = true;
    // Nor did who opened one know of what came at the same moment. An answer that has to be mended belongs to what it answers.
    const isSatisfied = (/** @type {Cause} */ { satisfied }) => satisfied !== undefined && at - satisfied >= this.#lag;
    const causes = place.causes.filter(
      (cause) => cause.process === process && cause.windows < 2 && (cameBack || !isSatisfied(cause)),
    );
    const cause = causes.findLast(({ isExplained }) => isExplained) ?? causes.at(-1);
    if (!cause) this.#complain(name, 'a browser without a cause');
    else {
      cause.windows += 1;
      if (!cause.isExplained && !this.#isExplained(place))
        this.#complain(name, 'a person was sent though the session was good: it is lost, and nothing had refused it');
    }
    const window = { process, at, isOver: false, isPressed: press !== undefined };
    place.windows.push(window);
    return window;
  }

  /** @param {Place} place */
  #open({ windows }) {
    return windows.filter((window) => !window.isOver && this.#now() - window.at < this.#signInLimit);
  }

  /** @param {Place} place */
  #isExplained({ session }) {
    return !session || session.over !== undefined;
  }

  // What servers logged

  /**
   * A call that may send a person was refused.
   *
   * @param {string} name
   * @param {string} process
   * @param {{ call: string, status: number, hadToken: boolean, wasAccepted: boolean }} refusal `wasAccepted`: whether that
   *   token had been accepted before
   */
  refused(name, process, { call, status, hadToken, wasAccepted }) {
    const place = this.place(name);
    const { session, causes } = place;
    this.counts.refusals += 1;
    this.note(
      name,
      `call ${call} of ${process}: ${status}${hadToken ? ` with a token${wasAccepted ? '' : ' that is new'}` : ''}`,
    );
    if (session && hadToken && !session.isRefreshable) session.over ??= 'expired';
    if (session && hadToken && !wasAccepted) session.over ??= 'the MCP server does not take its token';
    const isExplained = status === 403 || this.#isExplained(place);
    // That more is demanded of a token is another cause than that there was none.
    const demanded = `${call} ${status}`;
    const there = causes.find((cause) => cause.call === demanded && cause.process === process);
    // It was with others for what they wanted, and still wants this.
    if (there) Object.assign(there, { isExplained: there.isExplained || isExplained, satisfied: undefined });
    else causes.push({ kind: 'call', process, call: demanded, windows: 0, isExplained });
  }

  /** @param {string} name */
  accepted(name) {
    this.place(name).accepted += 1;
    this.counts.accepted += 1;
  }

  /**
   * A code was exchanged, and the tokens have arrived.
   *
   * @param {string} name
   * @param {string} process
   * @param {boolean} isRefreshable
   */
  granted(name, process, isRefreshable) {
    const place = this.place(name);
    this.counts.signIns += 1;
    this.note(name, `granted to ${process}${isRefreshable ? '' : ', not refreshable'}`);
    const at = this.#now();
    place.session = { process, at, isRefreshable };
    place.causes = place.causes.filter(({ satisfied = at }) => at - satisfied < this.#storing);
    // What was wanted is there. A press means a new session, whatever there is; and more scopes may still be wanted.
    for (const cause of place.causes) {
      const isWanted = cause.kind === 'press' ? cause.windows === 0 : cause.call?.endsWith(' 403');
      if (!isWanted) cause.satisfied ??= at;
    }
    for (const window of place.windows) window.isOver = true;
    place.returns = [];
  }

  /**
   * The sessions of this account are of no use any more: the MCP server has others sign people in.
   *
   * @param {(name: string) => boolean} isConcerned
   * @param {string} why
   */
  over(isConcerned, why) {
    for (const [name, { session }] of this.#places) {
      if (!isConcerned(name)) continue;
      this.note(name, why);
      if (session) session.over ??= why;
    }
  }

  /**
   * @param {string} name
   * @param {string} token
   * @param {string} process
   * @returns {Use}
   */
  refreshSent(name, token, process) {
    this.note(name, `refresh of ${process} with ${token.slice(-4)}`);
    const before = this.#uses.get(token);
    if (before?.state === 'under way') this.#complain(name, 'a refresh token was used twice at the same time');
    if (before?.state === 'renewed') this.#complain(name, 'a refresh token was used again, after it was replaced');
    if (before?.state === 'refused') this.#complain(name, 'a refresh token was used again, after it was refused');
    /** @type {Use} */
    const use = { process, at: this.#now(), state: 'under way' };
    this.#uses.set(token, use);
    return use;
  }

  /**
   * @param {Use} use
   * @param {'lost' | 'renewed' | 'refused'} state
   */
  refreshAnswered(use, state) {
    if (use.state === 'under way') Object.assign(use, { at: this.#now(), state });
  }

  /**
   * New tokens have arrived.
   *
   * @param {string} name
   * @param {string} process
   */
  renewed(name, process) {
    const { session } = this.place(name);
    this.counts.refreshes += 1;
    this.note(name, `renewed for ${process}`);
    if (session) Object.assign(session, { process, at: this.#now(), over: undefined });
  }

  /**
   * The server said of a refresh something other than tokens, and other than that it cannot answer now.
   *
   * @param {string} name
   */
  refreshRefused(name) {
    this.note(name, 'refresh refused');
    const { session } = this.place(name);
    if (session) session.over ??= 'its refresh was refused';
  }
}
