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
  const known = [...new Set(secrets)].filter(({ length }) => length >= SHORTEST_SECRET).map(spellings);
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
 * A secret, as servers repeat it: in URLs, in forms (.NET writes `%2f`), in pages and in JSON.
 *
 * @param {string} secret
 */
function spellings(secret) {
  if (/^[\w.~-]*$/.test(secret)) return [secret];
  const inUrl = encodeURIComponent(secret);
  const inForm = String(new URLSearchParams({ '': secret })).slice(1);
  const inLowerCase = [inUrl, inForm, secret].map((text) => text.replace(/%../g, (escape) => escape.toLowerCase()));
  const inJson = JSON.stringify(secret).slice(1, -1);
  const names = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": '#39' };
  const inPage = secret.replace(/[&<>"']/g, (sign) => `&${names[/** @type {keyof typeof names} */ (sign)]};`);
  return [secret, inUrl, inForm, ...inLowerCase, inJson, inJson.replaceAll('/', '\\/'), inPage];
}

/**
 * @param {string} text
 * @param {string[]} spellings of one secret
 */
function without(text, spellings) {
  let shown = '';
  for (;;) {
    const places = spellings.map((spelling) => text.indexOf(spelling.slice(0, RECOGNISED))).filter((at) => at >= 0);
    if (places.length === 0) return shown + text;
    const at = Math.min(...places);
    const lengths = spellings.map((spelling) => commonLength(text, at, spelling));
    shown += `${text.slice(0, at)}[redacted]`;
    text = text.slice(at + Math.max(...lengths));
  }
}

/**
 * @param {string} text
 * @param {number} at
 * @param {string} spelling
 */
function commonLength(text, at, spelling) {
  let length = 0;
  while (length < spelling.length && text[at + length] === spelling[length]) length += 1;
  return length;
}
