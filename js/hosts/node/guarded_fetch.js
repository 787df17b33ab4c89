/** @import { Fetch } from '../../core/host.js' */

import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

import { MisbehavedError } from '../../core/errors.js';

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

/** @param {string} address */
function distanceOf(address) {
  const within = (/** @type {string} */ one) => networks.findIndex((list) => list.check(one, family(one)));
  return Math.min(
    ...[address, ...embeddedIn(address)].map(within).map((network) => (network < 0 ? networks.length : network)),
  );
}

/**
 * The IPv4 address that an IPv6 address stands for: by translation (RFC 6052, RFC 8215), 6to4 (RFC 3056), or compatible.
 *
 * @param {string} address
 */
function embeddedIn(address) {
  if (isIP(address) !== 6) return [];
  const [head = '', tail = ''] = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1).split('::');
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
 * The same `fetch`, which also looks at what names resolve to: a server further away cannot have requests sent to this
 * machine or into a private network by a name of its own (RFC 9728 §7.7). Addresses that stand in URLs are judged before.
 *
 * A name that resolves to something else a moment later gets by; against that, only the network's own name server helps.
 *
 * @param {Fetch} fetch
 * @param {(hostname: string) => Promise<string[]>} [resolve]
 * @returns {Fetch}
 */
export function guardedFetch(fetch, resolve = addresses) {
  const distances = async (/** @type {URL} */ { hostname }) => {
    const bare = hostname.replace(/^\[|\]$/g, '');
    // What cannot be resolved cannot be called either, unless a proxy resolves it: then it is as far away as can be.
    const resolved = isIP(bare) ? [bare] : await resolve(bare).catch(() => []);
    return resolved.length > 0 ? resolved.map(distanceOf) : [networks.length];
  };
  return async (input, init, context) => {
    if (context?.endpoint !== undefined) {
      const [called, endpoint] = [new URL(String(input)), new URL(context.endpoint)];
      if (
        called.host !== endpoint.host &&
        Math.min(...(await distances(called))) < Math.max(...(await distances(endpoint)))
      )
        throw tooNear(called, endpoint);
    }
    return fetch(input, init, context);
  };
}

/**
 * @param {URL} called
 * @param {URL} endpoint
 */
function tooNear({ host }, endpoint) {
  return new MisbehavedError({
    code: 'private_address',
    message: `A server further away named ${host}, which is this machine or in a private network. It was not called. If that is intended, set \`allowPrivateAddresses\` for ${endpoint}.`,
    details: { host },
  });
}

/**
 * What the operating system resolves a name to.
 *
 * @param {string} hostname
 */
export async function addresses(hostname) {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}
