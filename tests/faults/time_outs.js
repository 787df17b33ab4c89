/**
 * Time-outs that pass when they are told to, and never by themselves: a healthy request is not given up, however busy the
 * machine is. Those of all other lengths are left alone.
 */

const { setTimeout: start, clearTimeout: stop } = globalThis;

/** By their length in milliseconds: those that are waited for. @type {Map<number | undefined, Map<unknown, () => void>>} */
const waiting = new Map();
let last = 40_000;

globalThis.setTimeout = Object.assign(
  (
    /** @type {(...values: any[]) => void} */ work,
    /** @type {number | undefined} */ milliseconds,
    /** @type {any[]} */ ...values
  ) => {
    const timer = start(work, milliseconds, ...values);
    waiting.get(milliseconds)?.set(timer, () => work(...values));
    return timer;
  },
  start,
);

globalThis.clearTimeout = (timer) => {
  for (const timers of waiting.values()) timers.delete(timer);
  stop(timer);
};

/** A length that nobody else uses, shorter than what one call may cost in all; and what lets so much time pass. */
export function createTimeOut() {
  const milliseconds = (last += 1 / 1024);
  /** @type {Map<unknown, () => void>} */
  const timers = new Map();
  waiting.set(milliseconds, timers);
  return {
    milliseconds,
    /** Whether somebody waited. */
    pass() {
      const ended = [...timers];
      for (const [timer, end] of ended) {
        clearTimeout(/** @type {NodeJS.Timeout} */ (timer));
        end();
      }
      return ended.length > 0;
    },
  };
}
