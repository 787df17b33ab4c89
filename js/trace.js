/** The trace: every request, answer and decision of a connection, in order, without secrets. */

/** @import { Fetch, TraceEvent } from './host.js' */
/** @import { CallHost } from './wasm.js' */

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
    trace:
      trace &&
      ((event) => {
        try {
          trace({ version: 1, sequence: (sequence += 1), correlation, at: Date.now(), ...event });
        } catch {
          // A logger that throws must not end a sign-in.
        }
      }),
  };
}
