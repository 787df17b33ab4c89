/** Which servers the inspector's server sends requests to: those of the flow under inspection. */

/** More than any sign-in has. */
const ORIGIN_LIMIT = 20;

/**
 * The origins that take part in a flow: the MCP server's, those that its documents name, as this side saw them, and those
 * that the person agreed to.
 */
export class Targets {
  /** The MCP server's URL, on whose word the others are called. @type {string | undefined} */
  endpoint;
  /** Whether its word leads into private networks, too. */
  isTrusted = false;
  /** @type {Set<string>} */
  #origins = new Set();

  /** @param {string} own the origin of the inspector itself, which is never a target */
  constructor(own) {
    this.own = own;
  }

  /**
   * A new flow begins: what others named counts no longer.
   *
   * @param {string} endpoint
   * @param {boolean} isTrusted
   */
  inspect(endpoint, isTrusted) {
    this.endpoint = endpoint;
    this.isTrusted = isTrusted;
    this.#origins = new Set([new URL(endpoint).origin]);
  }

  /**
   * The person agreed.
   *
   * @param {string} origin
   */
  confirm(origin) {
    this.#origins.add(new URL(origin).origin);
  }

  /** @param {URL} url */
  isOwn({ hostname, port }) {
    const isHere =
      hostname === 'localhost' ||
      hostname.endsWith('.localhost') ||
      hostname === '[::1]' ||
      /^127\./.test(hostname) ||
      hostname === '0.0.0.0' ||
      hostname === '[::]';
    return isHere && port === new URL(this.own).port;
  }

  /** @param {URL} url */
  includes({ origin }) {
    return this.#origins.has(origin);
  }

  /**
   * Learns whom an answer of a target names.
   *
   * @param {Headers} headers
   * @param {string} text the body
   */
  learn(headers, text) {
    const named = [/resource_metadata="?([^",\s]+)/i.exec(headers.get('www-authenticate') ?? '')?.[1], ...urlsIn(text)];
    for (const url of named) {
      if (this.#origins.size >= ORIGIN_LIMIT) return;
      if (url !== undefined && isWebUrl(url)) this.#origins.add(new URL(url).origin);
    }
  }
}

/**
 * The URLs by which metadata and registrations name servers (RFC 9728 §2, RFC 8414 §2, RFC 7592 §3).
 *
 * @param {string} text
 * @returns {string[]}
 */
function urlsIn(text) {
  const document = parsed(text);
  const members = Object.entries(document).filter(
    ([name]) => name === 'jwks_uri' || name === 'registration_client_uri' || name.endsWith('_endpoint'),
  );
  return [...members.map(([, value]) => value), ...[document.authorization_servers ?? []].flat()].filter(
    (url) => typeof url === 'string',
  );
}

/**
 * @param {string} text
 * @returns {Record<string, unknown>}
 */
function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

/**
 * @param {unknown} url
 * @returns {url is string}
 */
export function isWebUrl(url) {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
