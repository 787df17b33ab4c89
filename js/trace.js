/** The trace: every request, answer and decision of a connection, in order, without secrets. */

/** @import { Event } from './records.js' */
/** @import { Fetch } from './host.js' */
/** @import { CallHost } from './wasm.js' */

/**
 * One event of a sign-in, as a host's `trace` receives it.
 *
 * @typedef {Event & { version: 1, sequence: number, correlation: string, at: number }} TraceEvent
 *   `sequence` counts from 1 in each correlation; `correlation` is the same for all events of one operation;
 *   `at` is in milliseconds since 1970.
 */

/**
 * What the calls of one operation need of the host: its events get numbers, a time and one correlation.
 *
 * @param {{ fetch?: Fetch, trace?: (event: TraceEvent) => void, timeoutMilliseconds?: number }} host
 * @param {AbortSignal | null} [signal]
 * @returns {CallHost}
 */
export function callHost({ fetch, trace, timeoutMilliseconds }, signal) {
  const correlation = crypto.randomUUID();
  let sequence = 0;
  return {
    fetch,
    timeoutMilliseconds,
    signal: signal ?? undefined,
    trace: trace && ((event) => trace({ version: 1, sequence: (sequence += 1), correlation, at: Date.now(), ...event })),
  };
}
