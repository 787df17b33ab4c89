/**
 * Waits for a promise, but not beyond the moment at which the signal aborts.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>} rejects with the signal's reason on abort
 */
export function untilAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    // A signal for each wait, where there can be one: many may wait on one signal, and Node warns of the eleventh listener.
    const own = AbortSignal.any?.([signal]) ?? signal;
    own.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    promise.then(resolve, reject).finally(() => own.removeEventListener('abort', onAbort));
  });
}
