/** A clock that stands still until nobody has anything to do, and then goes on to whatever is next. */

/** @typedef {{ at: number, number: number, run: () => void, every?: number }} Timer */

/** The clock of the machine, and its timers, for whoever has to wait for real. */
export const real = { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, now: Date.now };

/** Begins on a Monday. */
const BEGINNING = Date.UTC(2026, 0, 5);

export class VirtualClock {
  #now = BEGINNING;
  #numbers = 0;
  /** A heap: the next one is the first. @type {Timer[]} */
  #heap = [];
  /** @type {Map<number, Timer>} */
  #timers = new Map();

  /** Everything in this process that asks for the time, or waits for it, has this clock. */
  install() {
    const global = /** @type {any} */ (globalThis);
    Date.now = () => this.#now;
    global.setTimeout = (/** @type {any} */ run, /** @type {number} */ after = 0, /** @type {any[]} */ ...args) =>
      this.#add(() => run(...args), after);
    global.setInterval = (/** @type {any} */ run, /** @type {number} */ every = 0, /** @type {any[]} */ ...args) =>
      this.#add(() => run(...args), every, Math.max(every, 1));
    global.clearTimeout = global.clearInterval = (/** @type {any} */ handle) => {
      this.#timers.delete(Number(handle));
    };
  }

  uninstall() {
    const { now, setImmediate: _, ...timers } = real;
    Date.now = now;
    Object.assign(globalThis, timers);
  }

  get now() {
    return this.#now;
  }

  /** @param {number} milliseconds */
  pause(milliseconds) {
    return new Promise((/** @type {(value?: undefined) => void} */ resolve) => this.#add(resolve, milliseconds));
  }

  /**
   * Lets time go by until work is done. Everything else goes on meanwhile.
   *
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  async until(work) {
    let isDone = false;
    const done = () => {
      isDone = true;
    };
    work.then(done, done);
    for (;;) {
      // All microtasks run before it; nothing else is waited for in this world.
      await new Promise((resolve) => real.setImmediate(resolve));
      if (isDone) return work;
      const timer = this.#next();
      if (!timer) throw new Error('Nothing will ever happen again, and somebody waits.');
      this.#now = Math.max(this.#now, timer.at);
      if (timer.every !== undefined) this.#push({ ...timer, at: this.#now + timer.every });
      timer.run();
    }
  }

  /**
   * @param {() => void} run
   * @param {number} after
   * @param {number} [every]
   */
  #add(run, after, every) {
    this.#numbers += 1;
    const number = this.#numbers;
    this.#push({ at: this.#now + Math.max(Number(after) || 0, 0), number, run, every });
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => true, [Symbol.toPrimitive]: () => number };
    return handle;
  }

  /** @param {Timer} timer */
  #push(timer) {
    this.#timers.set(timer.number, timer);
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    for (let parent = (at - 1) >> 1; at > 0 && isBefore(timer, heap[parent]); at = parent, parent = (at - 1) >> 1)
      heap[at] = /** @type {Timer} */ (heap[parent]);
    heap[at] = timer;
  }

  /** @returns {Timer | undefined} */
  #next() {
    for (;;) {
      const timer = this.#pop();
      if (!timer) return undefined;
      if (this.#timers.get(timer.number) !== timer) continue;
      this.#timers.delete(timer.number);
      return timer;
    }
  }

  /** @returns {Timer | undefined} */
  #pop() {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(/** @type {Timer} */ (heap[child + 1]), heap[child])) child += 1;
      if (!isBefore(/** @type {Timer} */ (heap[child]), last)) break;
      heap[at] = /** @type {Timer} */ (heap[child]);
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/**
 * @param {Timer} one
 * @param {Timer | undefined} other
 */
function isBefore(one, other) {
  return !other || one.at < other.at || (one.at === other.at && one.number < other.number);
}
