/** What is told to people and logs: without the secrets at hand, and without characters that hide or turn others. */

/** More than any document of the protocol needs; a log is not to be flooded. */
const LENGTH_LIMIT = 10_000;
const WHOLE_LIMIT = 1_000_000;

/** What is shorter is no secret, and is found in ordinary words. */
const SHORTEST_SECRET = 8;

/** So much of a secret is taken for all of it: servers cut what they repeat. */
const RECOGNISED = 16;

/** Controls, halves of characters, and what has no appearance of its own, direction marks among it. */
const unfit = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Members and parameters that nobody else may see. */
const isSecret = /(token|secret|verifier|assertion|state|code)$/i;

/**
 * A `replacer` for `JSON.stringify`, which takes note of every secret on its way.
 *
 * @param {string[]} secrets
 * @returns {(name: string, value: unknown) => unknown}
 */
export function collecting(secrets) {
  return (name, value) => {
    if (isSecret.test(name)) secrets.push(String(value));
    if (name === 'callbackUrl') secrets.push(String(new URLSearchParams(String(value).split('?')[1]).get('code')));
    return value;
  };
}

/**
 * Takes note of the secrets of a request as they are sent: form-encoded, and in the credentials of Basic (RFC 6749 §2.3.1).
 *
 * @param {RequestInit} request
 * @param {string[]} secrets
 */
export function collectSent({ headers, body }, secrets) {
  const [scheme = '', credentials] = new Headers(headers).get('authorization')?.split(' ') ?? [];
  if (credentials) secrets.push(credentials);
  if (credentials && /^basic$/i.test(scheme)) secrets.push(atob(credentials).split(':')[1] ?? '');
  if (typeof body !== 'string') return;
  if (body.startsWith('{')) JSON.stringify(JSON.parse(body), collecting(secrets));
  else
    for (const [name = '', value = ''] of body.split('&').map((pair) => pair.split('=')))
      if (isSecret.test(name)) secrets.push(value);
}

/**
 * @template T
 * @param {T} told plain data
 * @param {string[]} secrets
 * @returns {T}
 */
export function fitToShow(told, secrets) {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST_SECRET);
  let left = WHOLE_LIMIT;
  /** @type {(value: any) => any} */
  const shown = (value) => {
    if (typeof value === 'string') {
      const text = value.slice(0, Math.min(LENGTH_LIMIT, left));
      left -= text.length;
      return known.reduce(without, text).replace(unfit, ' ');
    }
    if (Array.isArray(value)) return value.map(shown);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map((member) => member.map(shown)));
  };
  return shown(told);
}

/**
 * @param {string} text
 * @param {string} secret
 */
function without(text, secret) {
  const start = secret.slice(0, RECOGNISED);
  let shown = '';
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start)) {
    let end = at + start.length;
    while (end < text.length && text[end] === secret[end - at]) end += 1;
    shown += `${text.slice(0, at)}[redacted]`;
    text = text.slice(end);
  }
  return shown + text;
}
