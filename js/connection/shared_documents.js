/** @import { Fetch, Host } from '../core/host.js' */

/**
 * A document that is on its way.
 *
 * @typedef {{ answer: Promise<Response>, takers: number, waiting: number, end: AbortController }} OnItsWay
 */

/** By the `fetch` that asks for them, and by their URLs. @type {WeakMap<Fetch, Map<string, OnItsWay>>} */
const allOnTheirWay = new WeakMap();

/**
 * The same `fetch`, with which all who want the same document at the same time wait for one request: ten MCP servers that
 * sign people in at one authorization server ask it once. One that is told on whose word it asks has to judge that each time,
 * or `admit` does.
 *
 * @param {Fetch} fetch
 * @param {Host['admit']} [admit]
 * @returns {Fetch}
 */
export function sharingDocuments(fetch, admit) {
  if (fetch.length > 2 && !admit) return fetch;
  /** @type {Map<string, OnItsWay>} */
  const onTheirWay = allOnTheirWay.get(fetch) ?? new Map();
  allOnTheirWay.set(fetch, onTheirWay);
  return async (input, init, context) => {
    const { step, endpoint } = context ?? {};
    if (step !== 'discover' || init?.method !== 'GET' || init.redirect !== 'manual' || (admit && !endpoint)) {
      return fetch(input, init, context);
    }
    const url = String(input);
    if (admit && onTheirWay.has(url)) await admit(url, String(endpoint));
    const arrived = () => onTheirWay.delete(url);
    let shared = onTheirWay.get(url);
    if (!shared) {
      const end = new AbortController();
      const answer = (async () => fetch(url, { ...init, signal: end.signal }, context))();
      answer.then(arrived, arrived);
      end.signal.addEventListener('abort', arrived);
      onTheirWay.set(url, (shared = { answer, takers: 0, waiting: 0, end }));
    }
    return take(shared, init.signal);
  };
}

/**
 * @param {OnItsWay} shared
 * @param {AbortSignal | null} [signal]
 */
async function take(shared, signal) {
  shared.takers += 1;
  shared.waiting += 1;
  // Who gives up leaves it to the others.
  const leave = () => {
    shared.takers -= 1;
    if (shared.takers === 0) shared.end.abort(signal?.reason);
  };
  if (signal?.aborted) leave();
  else signal?.addEventListener('abort', leave);
  const answer = await shared.answer;
  shared.waiting -= 1;
  // An answer that a host has made says itself where it is from, and its copy would not.
  return shared.waiting > 0 ? Object.defineProperty(answer.clone(), 'url', { value: answer.url }) : answer;
}
