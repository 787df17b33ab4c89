// `npm run engines`: this package and other clients at Ory Hydra, Keycloak, Spring Authorization Server and Solid Community
// Server, unmodified and from their registries. `-- hydra`, `-- keycloak`, `-- spring` or `-- solid` chooses one, further
// words choose rows by a part of their names. `--ours` leaves the other clients out; `--record` writes what the engines
// answered to tests/engines/recorded.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { progress, root, UserError } from '../../scripts/support.js';
import { allPeers, quietly } from '../compare/peers.js';
import { startOurs } from '../zoo/clients/ours.js';
import { startHydra } from './hydra.js';
import { startKeycloak } from './keycloak.js';
import { startNaive } from './naive.js';
import { ensureHydra, ensureKeycloak, ensureSolid, ensureSpring } from './programs.js';
import { nothingRecorded, record } from './record.js';
import * as rows from './rows.js';
import { startSolid } from './solid.js';
import { startSpring } from './spring.js';
import { complaints, play } from './world.js';

/** @typedef {Pick<import('../compare/peers.js').Peer, 'name' | 'version'> & { start: import('./world.js').StartClient }} Peer */
/** @typedef {import('./world.js').Engine} Engine */
/** @typedef {import('./world.js').Observed} Observed */
/** @typedef {import('./world.js').Row} Row */
/** @typedef {{ client: Peer, phases: Observed[] }} Outcome */
/** @typedef {{ engine: string, row: Row, outcomes: Outcome[], complaints: string[] }} Played */
/** @typedef {{ title: string, rows: Row[], open: (row: Row) => Promise<() => Promise<Engine>>, close?: () => Promise<void> }} Started */

/** @type {Record<string, () => Promise<Started>>} */
const engines = {
  async hydra() {
    const { program, version } = await ensureHydra();
    return {
      title: `Ory Hydra ${version}`,
      rows: rows.hydra,
      open: async (row) => () => startHydra(program, row.hydra),
    };
  },
  async keycloak() {
    const { folder, version } = await ensureKeycloak();
    /** @type {{ features: string[], started: Awaited<ReturnType<typeof startKeycloak>> } | undefined} */
    let running;
    /** @param {Row} row */
    const open = async ({ keycloak = {} }) => {
      const { features = [] } = keycloak;
      if (running?.features.join() !== features.join()) {
        await running?.started.close();
        const which = features.length > 0 ? ` with ${features.join(', ')}` : '';
        progress(`Keycloak starts${which} (half a minute, longer for the first time)`);
        running = { features, started: await startKeycloak(folder, features) };
      }
      return running.started.realm(keycloak);
    };
    return { title: `Keycloak ${version}`, rows: rows.keycloak, open, close: async () => running?.started.close() };
  },
  async spring() {
    const { program, version } = await ensureSpring();
    const { enter, close } = await startSpring(program);
    return { title: `Spring Authorization Server ${version}`, rows: rows.spring, open: async () => enter, close };
  },
  async solid() {
    const { version } = await ensureSolid();
    return { title: `Solid Community Server ${version}`, rows: rows.solid, open: async () => startSolid };
  },
};

/** @param {string[]} args */
export async function main(args) {
  const words = args.filter((word) => !word.startsWith('--'));
  const named = Object.keys(engines).filter((name) => words.includes(name));
  const inName = words.filter((word) => !named.includes(word)).join(' ');
  const clients = args.includes('--ours')
    ? [{ name: 'mcp-oauth-wasm', version: '', start: startOurs }]
    : [...(await allPeers()), { name: 'a naive client', version: '', start: startNaive }];

  /** @type {Played[]} */
  const played = [];
  /** @type {string[]} */
  const missing = [];
  for (const name of named.length > 0 ? named : Object.keys(engines)) {
    try {
      const engine = await engines[name]?.();
      if (engine) played.push(...(await playRows(engine, clients, inName, args.includes('--record') && name)));
    } catch (error) {
      // The rows of the others are worth having.
      if (!(error instanceof UserError)) throw error;
      missing.push(error.message);
    }
  }
  printTable(played, clients);
  const differing = played.filter(({ complaints }) => complaints.length > 0);
  console.log(`\n${played.length} rows, ${differing.length} of them not as expected`);
  for (const message of missing) console.error(styleText('red', `\n${message}`));
  if (played.length === 0 && missing.length === 0) throw new UserError(`No row has "${inName}" in its name.`);
  return differing.length + missing.length === 0 ? 0 : 1;
}

/**
 * @param {Started} engine
 * @param {Peer[]} clients
 * @param {string} inName
 * @param {string | false} recordAs
 * @returns {Promise<Played[]>}
 */
async function playRows({ title, rows, open, close }, clients, inName, recordAs) {
  const recorded = nothingRecorded();
  /** @type {Played[]} */
  const played = [];
  try {
    for (const row of rows.filter(({ shape }) => shape.includes(inName))) {
      const enter = await open(row);
      const taking = clients
        .filter((_, at) => at === 0 || !(row.alone || row.start))
        .map((client, at) => ({ ...client, start: (at === 0 && row.start) || client.start }));
      const playOne = async (/** @type {Peer} */ client) => {
        const own = await enter();
        try {
          return { client, own, phases: await play(row, own, client.start) };
        } finally {
          await own.close();
        }
      };
      const outcomes = await quietly(() => Promise.all(taking.map(playOne)));
      for (const { own } of outcomes) record(recorded, own);
      const found = complaints(row, outcomes[0]?.phases ?? []);
      played.push({ engine: title, row, outcomes, complaints: found });
      progress(`${title}: ${row.shape}`);
      for (const { client, phases } of outcomes) printOutcome(client, phases);
      for (const complaint of found) console.log(styleText('red', `${' '.repeat(11)}not as expected: ${complaint}`));
    }
  } finally {
    await close?.();
  }
  if (recordAs) {
    const folder = join(root, 'tests', 'engines', 'recorded');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${recordAs}.json`), `${JSON.stringify({ engine: title, ...recorded }, null, 2)}\n`);
  }
  return played;
}

/** @param {Observed[]} phases */
const isIn = (phases) => phases.every(({ failure, served }) => !failure && served);

/**
 * @param {Observed[]} phases
 * @param {"trips" | "registrations" | "looks"} what
 */
const counted = (phases, what) => phases.map((observed) => observed[what]).join(' + ');

/**
 * What came of a client at a row: one line, and another with what the person reads where it failed.
 *
 * @param {Peer} client
 * @param {Observed[]} phases
 */
function printOutcome({ name, version }, phases) {
  const looks = phases.some((observed) => observed.looks > 0) ? `, looks ${counted(phases, 'looks')}` : '';
  const outcome = isIn(phases) ? styleText('green', 'in    ') : styleText('yellow', 'not in');
  const costs = `trips ${counted(phases, 'trips')}, registrations ${counted(phases, 'registrations')}${looks}`;
  console.log(`${' '.repeat(11)}${`${name} ${version}`.padEnd(36)}${outcome}  ${costs}`);
  const failed = phases.find(({ failure, served }) => failure || !served);
  if (!failed) return;
  const { failure } = failed;
  const reason = failure ? `${failure.code}: ${failure.message}` : 'the MCP server did not serve it';
  console.log(`${' '.repeat(47)}${reason.replace(/\s+/g, ' ').slice(0, 400)}`);
}

/**
 * @param {Played[]} played
 * @param {Peer[]} clients
 */
function printTable(played, clients) {
  const titles = clients.map(({ name, version }) => `${name} ${version}`.trim());
  const cells = played.map(({ outcomes }) =>
    titles.map((_, at) => {
      const phases = outcomes[at]?.phases;
      return phases === undefined ? '' : isIn(phases) ? `in, ${counted(phases, 'trips')}` : 'not in';
    }),
  );
  const widths = titles.map((title, at) => 2 + Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (/** @type {string[]} */ row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('');
  console.log(`\nWho gets in, at how many trips through the browser:\n\n${line(titles)}`);
  for (const [at, { engine, row, complaints }] of played.entries()) {
    const note = complaints.length > 0 ? styleText('red', '  not as expected') : '';
    console.log(`${line(cells[at] ?? [])}${engine}: ${row.shape}${note}`);
  }
}
