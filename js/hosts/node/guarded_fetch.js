/** @import { Fetch } from '../../core/host.js' */

import dns from 'node:dns';
import { BlockList, isIP } from 'node:net';

import { MisbehavedError, MisuseError } from '../../core/errors.js';

/** From the nearest on: this machine and its link; the networks of companies and homes. */
const networks = [
  blockList(
    ['0.0.0.0', 8],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 3],
    ['::', 127],
    ['fe80::', 10],
    ['ff00::', 8],
  ),
  blockList(
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['100.64.0.0', 10],
    ['fc00::', 7],
    ['fec0::', 10],
    // Translation of a network's own, whose prefix length only that network knows (RFC 8215).
    ['64:ff9b:1::', 48],
  ),
];

/** @param {[string, number][]} subnets */
function blockList(...subnets) {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, family(address));
  return list;
}

/** @param {string} address */
function family(address) {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/**
 * The IPv4 address that an IPv6 address stands for: by translation (RFC 6052, RFC 8215), 6to4 (RFC 3056), or compatible.
 *
 * @param {string} address
 */
function embeddedIn(address) {
  if (isIP(address) !== 6) return [];
  const [head = '', tail = ''] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const [before, after] = [head, tail].map((part) =>
    part
      .split(':')
      .filter(Boolean)
      .map((group) => parseInt(group, 16)),
  );
  const groups = [
    .../** @type {number[]} */ (before),
    ...Array(8 - Number(before?.length) - Number(after?.length)).fill(0),
    .../** @type {number[]} */ (after),
  ];
  const inGroups = (/** @type {number} */ from) => [
    groups
      .slice(from, from + 2)
      .flatMap((group) => [group >> 8, group & 255])
      .join('.'),
  ];
  if (groups[0] === 0x2002) return inGroups(1);
  const isTranslated = groups[0] === 0x64 && groups[1] === 0xff9b;
  return isTranslated || groups.slice(0, 4).every((group) => group === 0) ? inGroups(6) : [];
}

/**
 * How a platform's requests are kept from leading nearer to this machine than the server that named them.
 *
 * @typedef {object} Gate
 * @property {Fetch} fetch
 * @property {(url: string, namedBy: string) => Promise<void>} admit for a URL that somebody else will open
 *
 * How names are judged: where they lead, and what of that is allowed.
 *
 * @typedef {object} GateOptions
 * @property {string[]} [privateNetworks] networks into which servers elsewhere may lead, such as `10.1.0.0/16`
 * @property {Resolve} [resolve] what a name resolves to. Default: what the operating system says
 *
 * @typedef {(hostname: string) => Promise<string[]>} Resolve
 */

/** MCP servers of which it is remembered where they are. */
const REMEMBERED = 1000;

/** Which addresses are too near to be named, by whom. */
export class Nearness {
  #allowed;
  #resolve;
  /** Where each MCP server was at its furthest: its owner may say something else later. @type {Map<string, number>} */
  #furthest = new Map();

  /** @param {GateOptions} options */
  constructor({ privateNetworks = [], resolve = addresses }) {
    this.#allowed = blockList(...privateNetworks.map(subnet));
    this.#resolve = resolve;
  }

  /** @param {string} found perhaps with the link that it is on */
  #distanceOf(found) {
    const [address = ''] = found.split('%');
    if (this.#allowed.check(address, family(address))) return networks.length;
    const within = (/** @type {string} */ one) => networks.findIndex((list) => list.check(one, family(one)));
    return Math.min(
      ...[address, ...embeddedIn(address)].map(within).map((network) => (network < 0 ? networks.length : network)),
    );
  }

  /**
   * Takes note of where an MCP server is.
   *
   * @param {string} hostname
   * @param {string[]} found
   */
  note(hostname, found) {
    const furthest = Math.max(this.#furthest.get(hostname) ?? 0, ...found.map((address) => this.#distanceOf(address)));
    keep(this.#furthest, hostname, furthest, REMEMBERED);
  }

  /** @param {string} hostname */
  async resolve(hostname) {
    // What cannot be resolved cannot be called either, unless a proxy resolves it.
    return isIP(hostname) ? [hostname] : this.#resolve(hostname).catch(() => []);
  }

  /**
   * Refuses addresses that are nearer than the server on whose word they are called.
   *
   * @param {string} host
   * @param {string[]} found
   * @param {URL | undefined} namedBy undefined: nobody says who it was
   */
  async judge(host, found, namedBy) {
    const nearest = Math.min(networks.length, ...found.map((address) => this.#distanceOf(address)));
    if (nearest < networks.length && nearest < (await this.#limitOf(namedBy))) throw tooNear(host, namedBy);
  }

  /** @param {URL | undefined} namedBy */
  async #limitOf(namedBy) {
    if (!namedBy) return networks.length;
    const found = await this.resolve(bare(namedBy));
    if (found.length > 0) this.note(bare(namedBy), found);
    return this.#furthest.get(bare(namedBy)) ?? networks.length;
  }
}

/**
 * Keeps a value, and as many others as there may be, the latest.
 *
 * @template T
 * @param {Map<string, T>} all
 * @param {string} key
 * @param {T} value
 * @param {number} limit
 */
export function keep(all, key, value, limit) {
  all.delete(key);
  all.set(key, value);
  for (const oldest of all.keys()) if (all.size > limit) all.delete(oldest);
}

/** @param {string} network such as `10.1.0.0/16` @returns {[string, number]} */
function subnet(network) {
  const [, address = '', prefix = ''] = /^([^/]+)\/(\d+)$/.exec(network) ?? [];
  if (isIP(address) && Number(prefix) <= (isIP(address) === 6 ? 128 : 32)) return [address, Number(prefix)];
  throw new MisuseError({
    code: 'invalid_argument',
    message: `The option \`privateNetworks\` has "${network}", which is no network. Write it as in 10.1.0.0/16.`,
    details: { path: 'privateNetworks' },
  });
}

/** @param {URL} url */
export function bare({ hostname }) {
  return hostname.replace(/^\[|\]$/g, '');
}

/**
 * The same `fetch`, which also looks at what names resolve to: a server further away cannot have requests sent to this
 * machine or into a private network by a name of its own (RFC 9728 §7.7). For platforms that make connections out of sight:
 * a name that resolves to something else a moment later gets by.
 *
 * @param {Fetch} fetch
 * @param {Resolve} [resolve]
 * @returns {Fetch}
 */
export function guardedFetch(fetch, resolve) {
  return gateByNames(fetch, new Nearness({ resolve })).fetch;
}

/**
 * @param {Fetch} fetch
 * @param {Nearness} nearness
 * @returns {Gate}
 */
export function gateByNames(fetch, nearness) {
  const admit = async (/** @type {Parties} */ { called, namedBy }) => {
    const found = await nearness.resolve(bare(called));
    // It may be where it is.
    if (called.host === namedBy?.host) nearness.note(bare(called), found);
    else await nearness.judge(called.host, found, namedBy);
  };
  return {
    async fetch(input, init, context) {
      const parties = partiesOf(input, context);
      if (parties) await admit(parties);
      return fetch(input, init, context);
    },
    admit: (url, namedBy) => admit({ called: new URL(url), namedBy: new URL(namedBy) }),
  };
}

/**
 * Who is called, and on whose word.
 *
 * @typedef {{ called: URL, namedBy?: URL }} Parties
 */

/**
 * @param {Parameters<Fetch>[0]} input
 * @param {Parameters<Fetch>[2]} context
 * @returns {Parties | undefined} undefined: it is no part of a flow, but the program's own
 */
export function partiesOf(input, context) {
  const { endpoint, step } = context ?? {};
  if (endpoint === undefined && step === undefined) return undefined;
  const called = new URL(/** @type {{ url?: string }} */ (Object(input)).url ?? String(input));
  return { called, ...(endpoint !== undefined && { namedBy: new URL(endpoint) }) };
}

/**
 * @param {string} host
 * @param {URL | undefined} namedBy
 */
function tooNear(host, namedBy) {
  const remedy = namedBy
    ? `If that is intended, set \`allowPrivateAddresses\` for ${namedBy}, or name the network in \`privateNetworks\` of the host.`
    : 'Nobody said on whose word: a `fetch` around that of the host has to hand on its third argument.';
  return new MisbehavedError({
    code: 'private_address',
    message: `A server further away named ${host}, which is this machine or in a private network. It was not called. ${remedy}`,
    details: { host },
  });
}

/**
 * What the operating system resolves a name to.
 *
 * @param {string} hostname
 */
export async function addresses(hostname) {
  return (await dns.promises.lookup(hostname, { all: true })).map(({ address }) => address);
}
