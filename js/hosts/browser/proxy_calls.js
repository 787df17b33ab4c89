/** How an inspector's page calls its proxy, which answers with data. */

import { MisbehavedError, TransportError } from '../../core/errors.js';

/** The page may not use the proxy. */
export class ShutOut extends Error {}

/** Statuses whose answers have no body. */
const bodiless = [204, 205, 304];

/**
 * An answer of a server, as the page has it.
 *
 * @typedef {{ status: number, headers: [string, string][], body: string }} Answer
 */

/**
 * Trades the key in the page's address for a token, or takes the one of before a reload. The address is clean afterwards.
 *
 * @param {string} proxy where it is
 * @param {string} [name] of what it is part of
 * @returns {Promise<{ token: string, fragment: URLSearchParams }>} `fragment`: what else the address says
 */
export async function enter(proxy, name = 'inspector') {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const key = fragment.get('key');
  const stored = proxy === '' ? 'token' : `token of ${proxy}`;
  if (key !== null) {
    history.replaceState(history.state, '', location.pathname + location.search);
    sessionStorage.removeItem(stored);
    const { status, value } = await post(`${proxy}/session`, undefined, { key }, { name });
    if (status !== 200)
      throw new ShutOut(`This address was used before. If that was not you, somebody else knows it: end the ${name}.`);
    sessionStorage.setItem(stored, value.token);
  }
  const token = sessionStorage.getItem(stored);
  if (token === null) throw new ShutOut('The address of this page lacks its key.');
  return { token, fragment };
}

/**
 * @param {string} url
 * @param {string | undefined} token
 * @param {unknown} body
 * @param {{ name?: string, signal?: AbortSignal | null }} [options]
 * @returns {Promise<{ status: number, value: any }>}
 */
export async function post(url, token, body, { name = 'inspector', signal = null } = {}) {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch((cause) => {
    if (signal?.aborted) throw cause;
    throw new ShutOut(`The ${name} does not answer. Was it ended?`);
  });
  const value = await response.json().catch(() => ({}));
  if (token && response.status === 401) throw new ShutOut(`The ${name} does not know this page any more.`);
  return { status: response.status, value };
}

/** @param {Answer} answer */
export function responseOf({ status, headers, body }) {
  return new Response(bodiless.includes(status) ? null : body, { status, headers });
}

/** @param {{ code: string, message?: string }} refusal */
export function errorOf({ code, message = 'The request could not be sent.' }) {
  if (['private_address', 'response_too_large'].includes(code)) return new MisbehavedError({ code, message });
  return new TransportError({ code, message });
}

/** @param {string} base64 */
export function decoded(base64) {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}
