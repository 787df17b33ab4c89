/** Which servers the proxy of an inspector sends requests to: those of the flow under inspection. */

import { keep } from '../node/guarded_fetch.js';

/** More than any sign-in has. */
const ORIGIN_LIMIT = 20;

/** More servers than a page inspects at a time. */
const SERVER_LIMIT = 20;

/** What is under inspection, by the MCP server that it began with. */
export class Inspections {
  #own;
  /** The one that was named last is the last. @type {Map<string, Targets>} */
  #all = new Map();

  /** @param {string} own the origin of the inspector itself, which is never a target */
  constructor(own) {
    this.#own = new URL(own);
  }

  /**
   * A new flow begins: what others named counts no longer.
   *
   * @param {string} endpoint
   * @param {boolean} isTrusted
   */
  begin(endpoint, isTrusted) {
    keep(this.#all, endpoint, new Targets(endpoint, isTrusted), SERVER_LIMIT);
  }

  /**
   * @param {string | undefined} endpoint default: the one that was named last
   * @returns {Targets | undefined}
   */
  of(endpoint) {
    return endpoint === undefined ? [...this.#all.values()].at(-1) : this.#all.get(endpoint);
  }

  /** @param {URL} url */
  isOwn({ origin, hostname, port }) {
    return origin === this.#own.origin || (port === this.#own.port && isLoopback(hostname));
  }
}

/** @param {string} hostname as a URL has it */
export function isLoopback(hostname) {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127\./.test(hostname) ||
    hostname === '0.0.0.0' ||
    hostname === '[::]'
  );
}

/**
 * The origins that take part in a flow: the MCP server's, those that its documents name, as this side saw them, and those
 * that the person agreed to.
 */
class Targets {
  /** @type {Set<string>} */
  #origins = new Set();

  /**
   * @param {string} endpoint the MCP server's URL, on whose word the others are called
   * @param {boolean} isTrusted whether its word leads into private networks, too
   */
  constructor(endpoint, isTrusted) {
    this.endpoint = endpoint;
    this.isTrusted = isTrusted;
    this.confirm(endpoint);
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
