// A host for an application that opens URLs in the browser, and is opened by those of its own scheme: com.example.app:/callback
import { MisuseError, TransportError } from 'mcp-oauth-wasm';
/** @import { Redirect, Store } from 'mcp-oauth-wasm' */
/** @typedef {{ open: (url: string) => void, onOpened: (listener: (url: string) => void) => () => void, redirectUri: string }} Application */

export const createHost = (/** @type {Application} */ application) => ({
  store: createStore(),
  redirect: createRedirect(application),
  fetch,
});
const createStore = (records = new Map(), locks = new Map()) =>
  /** @type {Store} */ ({
    read: async (key) => structuredClone(records.get(key) ?? null),
    async compareAndSwap(key, expected, value) {
      if ((records.get(key)?.version ?? null) !== expected) return false;
      for (const [old, { value }] of records) if (value.expiresAt * 1000 <= Date.now()) records.delete(old);
      if (value) records.set(key, { version: crypto.randomUUID(), value: structuredClone(value) });
      else records.delete(key);
      return true;
    },
    async lock(key, work, { signal } = {}) {
      const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
      for (signal?.throwIfAborted(); locks.has(key); signal?.throwIfAborted())
        await Promise.race([locks.get(key), aborted]);
      const working = Promise.resolve().then(work);
      const over = () => locks.delete(key);
      locks.set(key, working.then(over, over));
      return working;
    },
  });
const gaveUp = (/** @type {AbortSignal} */ { reason }) =>
  new TransportError({ code: 'callback_aborted', message: 'Given up.', cause: reason });
// In constant time.
const isSame = (/** @type {string} */ one, /** @type {string} */ other) =>
  one.length === other.length &&
  [...one].reduce((sum, _, at) => sum | (one.charCodeAt(at) ^ other.charCodeAt(at)), 0) === 0;
const createRedirect = (/** @type {Application} */ { open, onOpened, redirectUri }) =>
  /** @type {Redirect} */ ({
    async prepare({ signal: preparing }) {
      if (preparing?.aborted) throw gaveUp(preparing);
      const closed = new AbortController();
      return {
        redirectUri,
        acceptsQuery: true,
        close: async () => closed.abort(),
        authorize: ({ authorizationUrl, state, signal }) =>
          new Promise((resolve, reject) => {
            if (!/^https?:/.test(authorizationUrl))
              throw new MisuseError({ code: 'url_not_openable', message: 'This is no web page.' });
            const ended = AbortSignal.any([closed.signal, signal ?? closed.signal]);
            if (ended.aborted) throw gaveUp(ended);
            const stop = onOpened(
              (url) =>
                url.startsWith(`${redirectUri}?`) &&
                isSame(new URL(url).searchParams.get('state') ?? '', state) &&
                resolve(url),
            );
            ended.addEventListener('abort', () => (stop(), reject(gaveUp(ended))));
            open(authorizationUrl);
          }),
      };
    },
  });
