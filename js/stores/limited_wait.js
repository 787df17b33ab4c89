/**
 * A signal that follows the caller's and fires by itself after a time, until `end` is called.
 * (`AbortSignal.any` is not used: on Node 20 a time-out combined through it can be lost.)
 *
 * @param {AbortSignal | undefined} signal
 * @param {number} milliseconds
 * @param {() => Error} timeoutError
 */
export function limitedWait(signal, milliseconds, timeoutError) {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal?.reason);
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(() => controller.abort(timeoutError()), milliseconds);
  const end = () => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  return { signal: controller.signal, end };
}
