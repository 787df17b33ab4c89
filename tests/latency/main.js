// `npm run latency`: round trips that a client waits for, one after the other, and requests in all, by the log of the servers.
// `--markdown` prints the README's table, `--ours` asks this package alone.

/** @import { StartClient } from '../zoo/world.js' */

import { progress, UserError } from '../../scripts/support.js';
import { allPeers, peers as javascriptPeers, quietly } from '../compare/peers.js';
import { startPolicyServer } from '../zoo/policy_server.js';
import { startProtectedResource } from '../zoo/protected_resource.js';
import { Waves } from './waves.js';

/** Where issuers publish their metadata. */
const shapes = [
  { name: 'issuer without path, RFC 8414', path: '', metadataPath: '/.well-known/oauth-authorization-server' },
  { name: 'issuer without path, OpenID', path: '', metadataPath: '/.well-known/openid-configuration' },
  { name: 'issuer with path, RFC 8414', path: '/a', metadataPath: '/.well-known/oauth-authorization-server/a' },
  { name: 'issuer with path, OpenID', path: '/a', metadataPath: '/a/.well-known/openid-configuration' },
];

/** What is counted: up to where the person is sent, or up to the first call that is let in. */
const situations = {
  cold: 'up to the sign-in page, nothing known',
  warm: 'up to the sign-in page, signed in there before',
  refresh: 'up to the call, with an expired token',
  ten: 'up to the last of ten sign-in pages, of ten MCP servers at once with one issuer, nothing known',
};

/** What clients want to see in a document that is an OpenID provider's (OpenID Connect Discovery §3). */
const ofOpenidProvider = (/** @type {string} */ metadataPath) =>
  metadataPath.endsWith('openid-configuration')
    ? {
        jwks_uri: 'https://as.example/keys',
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['RS256'],
      }
    : {};

/** How many round trips this package takes at most. @type {Record<string, number>} */
const limits = { cold: 3, warm: 1, refresh: 1, ten: 3 };

const HOUR = 3_600_000;

/**
 * @typedef {{ trips: number, requests: number, inAll: number }} Counted `requests`: up to there; `inAll`: until the person
 *   is signed in and the call answered
 */

/**
 * @param {(typeof shapes)[number]} shape
 * @param {StartClient} start
 * @param {keyof typeof situations} situation
 * @returns {Promise<Counted>}
 */
export async function count({ path, metadataPath }, start, situation) {
  let waves = new Waves();
  /** Where it was when it mattered last. @type {{ trips: number, requests: number } | undefined} */
  let reached;
  const reach = () => {
    reached = { trips: waves.released, requests: waves.requests.length };
  };
  const { authorizationServer, close } = await startPolicyServer(
    { metadataPath, furtherMetadata: ofOpenidProvider(metadataPath), token: { refreshTokens: 'always' } },
    { path, hold: (request) => waves.hold(request) },
  );
  const resources = await Promise.all(
    Array.from({ length: situation === 'ten' ? 10 : 1 }, () =>
      startProtectedResource({}, authorizationServer, (request, token) => {
        if (situation === 'refresh' && !reached && token && authorizationServer.grantedTo(token)) reach();
        return waves.hold(request);
      }),
    ),
  );
  const visit = async (/** @type {string | URL} */ url) => {
    if (situation !== 'refresh') reach();
    const response = await fetch(url, { redirect: 'manual', headers: { 'x-person': 'yes' } });
    return String(response.headers.get('location'));
  };
  const { now } = Date;
  try {
    const machines = resources.map(({ resource: { endpoint } }) => ({
      endpoint,
      fetch: globalThis.fetch,
      visit,
      redirectUri: 'http://127.0.0.1:1/callback',
      takenRedirectUris: [],
      memory: new Map(),
      settings: {},
      interaction: true,
      approves: true,
    }));
    const connectAll = (/** @type {boolean} */ signsOut) =>
      Promise.all(
        machines.map(async (machine) => {
          const client = await start(machine);
          await client.connect();
          if (signsOut) await client.signOut();
          await client.close?.();
        }),
      );
    if (situation === 'warm' || situation === 'refresh') {
      await connectAll(situation === 'warm');
      // Another process, later.
      [waves, reached] = [new Waves(), undefined];
      if (situation === 'refresh') Date.now = () => now() + 2 * HOUR;
    }
    await connectAll(false);
    if (!reached) throw new Error(`never came so far; asked for ${waves.requests.join(', ')}`);
    return { ...reached, inAll: waves.requests.length };
  } finally {
    Date.now = now;
    await Promise.all([close(), ...resources.map((resource) => resource.close())]);
  }
}

/** @param {string[]} args */
export async function main(args) {
  const peers = args.includes('--ours') ? javascriptPeers.slice(0, 1) : await allPeers();
  /** @type {{ shape: string, situation: string, cells: string[], trips: number }[]} */
  const rows = [];
  for (const [situation, about] of Object.entries(situations)) {
    progress(about);
    for (const shape of shapes) {
      /** @type {string[]} */
      const cells = [];
      /** @type {Counted[]} */
      const all = [];
      for (const { start } of peers) {
        const counted = await quietly(() => count(shape, start, /** @type {keyof typeof situations} */ (situation)));
        all.push(counted);
        cells.push(`${counted.trips} · ${counted.requests} · ${counted.inAll}`);
      }
      rows.push({ shape: shape.name, situation, cells, trips: Number(all[0]?.trips) });
    }
  }
  const titles = peers.map(({ name, version }) => `${name} ${version}`);
  if (args.includes('--markdown')) printMarkdown(rows, titles);
  else printTable(rows, titles);
  const slow = rows.filter(({ situation, trips }) => trips > Number(limits[situation]));
  if (slow.length > 0)
    throw new UserError(
      `More round trips than there may be: ${slow.map(({ situation, shape, trips }) => `${situation}, ${shape}: ${trips}`).join('; ')}.`,
    );
}

/**
 * @param {{ shape: string, situation: string, cells: string[] }[]} rows
 * @param {string[]} titles
 */
function printTable(rows, titles) {
  console.log('round trips · requests up to there · requests until the call is answered');
  for (const [situation, about] of Object.entries(situations)) {
    console.log(`\n${situation}: ${about}\n${''.padEnd(32)}${titles.map((title) => title.padEnd(36)).join('')}`);
    for (const row of rows.filter((row) => row.situation === situation))
      console.log(`${row.shape.padEnd(32)}${row.cells.map((cell) => cell.padEnd(36)).join('')}`);
  }
}

/**
 * @param {{ shape: string, situation: string, cells: string[] }[]} rows
 * @param {string[]} titles
 */
function printMarkdown(rows, titles) {
  const line = (/** @type {string[]} */ ...cells) => console.log(`| ${cells.join(' | ')} |`);
  line('', 'issuer', ...titles.map((title) => `\`${title}\``));
  line('---', '---', ...titles.map(() => '---:'));
  for (const { situation, shape, cells } of rows) line(situation, shape, ...cells);
}
