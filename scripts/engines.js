// `npm run engines`: this package and other clients at Ory Hydra, Keycloak, Spring Authorization Server and Solid Community
// Server, unmodified and from their registries. `-- hydra`, `-- keycloak`, `-- spring` or `-- solid` chooses one, further words choose rows by a part of their names. `--ours` leaves the other
// clients out; `--record` writes what the engines answered to tests/engines/recorded.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, stdout } from 'node:process';
import { pathToFileURL } from 'node:url';
import { build } from './build.js';
import { comparedClients, quietly } from './compared_clients.js';
import { ensureHydra, ensureKeycloak, ensureSolid, ensureSpring } from './engine_programs.js';
import { Explained, ensureNestedPackage, progress, root, runProgram } from './support.js';

/** @typedef {import("../tests/compare/peers.js").Peer} Peer */
/** @typedef {import("../tests/engines/world.js").Engine} Engine */
/** @typedef {import("../tests/engines/world.js").Observed} Observed */
/** @typedef {import("../tests/engines/world.js").Row} Row */
/** @typedef {Pick<Peer, "name" | "version">} Client */
/** @typedef {{ client: Client, phases: Observed[] }} Outcome */
/** @typedef {{ engine: string, row: Row, outcomes: Outcome[], complaints: string[] }} Played */
/** @typedef {{ name: string, title: string, rows: Row[], open: (row: Row) => Promise<() => Promise<Engine>>, close: () => Promise<void> }} Started */

/** The modules of the tests import pkg/ and node_modules/, which a fresh clone does not have. */
const load = (/** @type {string[]} */ ...path) => import(pathToFileURL(join(root, 'tests', ...path)).href);

/** @type {Record<string, () => Promise<Started>>} */
const engines = {
  async hydra() {
    const { program, version } = await ensureHydra();
    /** @type {typeof import("../tests/engines/hydra.js")} */
    const { startHydra } = await load('engines', 'hydra.js');
    /** @type {typeof import("../tests/engines/rows.js")} */
    const { hydra: rows } = await load('engines', 'rows.js');
    return {
      name: 'hydra',
      title: `Ory Hydra ${version}`,
      rows,
      open: async (row) => () => startHydra(program, row.hydra),
      close: async () => {},
    };
  },
  async keycloak() {
    const { folder, version } = await ensureKeycloak();
    /** @type {typeof import("../tests/engines/keycloak.js")} */
    const { startKeycloak } = await load('engines', 'keycloak.js');
    /** @type {typeof import("../tests/engines/rows.js")} */
    const { keycloak: rows } = await load('engines', 'rows.js');
    /** @type {{ features: string[], started: Awaited<ReturnType<typeof startKeycloak>> } | undefined} */
    let running;
    /** @param {Row} row */
    const open = async ({ keycloak = {} }) => {
      const { features = [] } = keycloak;
      if (running?.features.join() !== features.join()) {
        await running?.started.close();
        progress(
          `Keycloak starts${features.length > 0 ? ` with ${features.join(', ')}` : ''} (half a minute, longer for the first time)`,
        );
        running = { features, started: await startKeycloak(folder, features) };
      }
      return running.started.realm(keycloak);
    };
    return { name: 'keycloak', title: `Keycloak ${version}`, rows, open, close: async () => running?.started.close() };
  },
  async spring() {
    const { program, version } = await ensureSpring();
    /** @type {typeof import("../tests/engines/spring.js")} */
    const { startSpring } = await load('engines', 'spring.js');
    /** @type {typeof import("../tests/engines/rows.js")} */
    const { spring: rows } = await load('engines', 'rows.js');
    const { enter, close } = await startSpring(program);
    return { name: 'spring', title: `Spring Authorization Server ${version}`, rows, open: async () => enter, close };
  },
  async solid() {
    const { version } = await ensureSolid();
    /** @type {typeof import("../tests/engines/solid.js")} */
    const { startSolid } = await load('engines', 'solid.js');
    /** @type {typeof import("../tests/engines/rows.js")} */
    const { solid: rows } = await load('engines', 'rows.js');
    return {
      name: 'solid',
      title: `Solid Community Server ${version}`,
      rows,
      open: async () => startSolid,
      close: async () => {},
    };
  },
};

await runProgram(async () => {
  const words = argv.slice(2).filter((word) => !word.startsWith('--'));
  const named = Object.keys(engines).filter((name) => words.includes(name));
  const inName = words.filter((word) => !named.includes(word)).join(' ');
  await build();
  await ensureNestedPackage(join(root, 'tests', 'browsers'));
  const clients = await clientsOfRows();

  /** @type {Played[]} */
  const played = [];
  /** @type {string[]} */
  const missing = [];
  for (const name of named.length > 0 ? named : Object.keys(engines)) {
    try {
      const engine = await engines[name]?.();
      if (engine) played.push(...(await playRows(engine, clients, inName)));
    } catch (error) {
      // The rows of the others are worth having.
      if (!(error instanceof Explained)) throw error;
      missing.push(error.message);
    }
  }
  printTable(played, clients);
  const differing = played.filter(({ complaints }) => complaints.length > 0);
  console.log(`\n${played.length} rows, ${differing.length} of them not as expected`);
  for (const message of missing) console.error(paint(31, `\n${message}`));
  if (played.length === 0 && missing.length === 0) throw new Explained(`No row has "${inName}" in its name.`);
  return differing.length + missing.length === 0 ? 0 : 1;
});

/** @returns {Promise<Peer[]>} this package first */
async function clientsOfRows() {
  if (argv.includes('--ours')) {
    /** @type {typeof import("../tests/zoo/clients/ours.js")} */
    const { startOurs } = await load('zoo', 'clients', 'ours.js');
    return [{ name: 'mcp-oauth-wasm', version: '', start: startOurs }];
  }
  /** @type {typeof import("../tests/engines/naive.js")} */
  const { startNaive } = await load('engines', 'naive.js');
  return [...(await comparedClients()), { name: 'a naive client', version: '', start: startNaive }];
}

/**
 * @param {Started} engine
 * @param {Peer[]} clients
 * @param {string} inName
 * @returns {Promise<Played[]>}
 */
async function playRows(engine, clients, inName) {
  /** @type {typeof import("../tests/engines/world.js")} */
  const { complaints, play } = await load('engines', 'world.js');
  /** @type {typeof import("../tests/engines/record.js")} */
  const { nothingRecorded, record } = await load('engines', 'record.js');
  const recorded = nothingRecorded();
  /** @type {Played[]} */
  const played = [];
  try {
    for (const row of engine.rows.filter(({ shape }) => shape.includes(inName))) {
      const enter = await engine.open(row);
      const taking = clients
        .filter((_, at) => at === 0 || !(row.alone || row.start))
        .map((client, at) => ({ ...client, start: (at === 0 && row.start) || client.start }));
      const outcomes = await quietly(() =>
        Promise.all(
          taking.map(async (client) => {
            const own = await enter();
            try {
              return { client, own, phases: await play(row, own, client.start) };
            } finally {
              await own.close();
            }
          }),
        ),
      );
      for (const { own } of outcomes) record(recorded, own);
      const found = complaints(row, outcomes[0]?.phases ?? []);
      played.push({ engine: engine.title, row, outcomes, complaints: found });
      progress(`${engine.title}: ${row.shape}`);
      for (const { client, phases } of outcomes) for (const line of inWords(client, phases)) console.log(line);
      for (const complaint of found) console.log(paint(31, `${' '.repeat(11)}not as expected: ${complaint}`));
    }
  } finally {
    await engine.close();
  }
  if (argv.includes('--record')) {
    const folder = join(root, 'tests', 'engines', 'recorded');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, `${engine.name}.json`),
      `${JSON.stringify({ engine: engine.title, ...recorded }, null, 2)}\n`,
    );
  }
  return played;
}

/** @param {Observed[]} phases */
function isIn(phases) {
  return phases.every(({ failure, served }) => !failure && served);
}

/**
 * @param {Observed[]} phases
 * @param {"trips" | "registrations" | "looks"} what
 */
function counted(phases, what) {
  return phases.map((observed) => observed[what]).join(' + ');
}

/**
 * What came of a client at a row: one line, and another with what the person reads where it failed.
 *
 * @param {Client} client
 * @param {Observed[]} phases
 */
function inWords({ name, version }, phases) {
  const looks = phases.some((observed) => observed.looks > 0) ? `, looks ${counted(phases, 'looks')}` : '';
  const lines = [
    `${' '.repeat(11)}${`${name} ${version}`.padEnd(36)}${isIn(phases) ? paint(32, 'in    ') : paint(33, 'not in')}  ` +
      `trips ${counted(phases, 'trips')}, registrations ${counted(phases, 'registrations')}${looks}`,
  ];
  const failed = phases.find(({ failure, served }) => failure || !served);
  if (failed) {
    const { failure } = failed;
    const said = failure ? `${failure.code}: ${failure.message}` : 'the MCP server did not serve it';
    lines.push(`${' '.repeat(47)}${said.replace(/\s+/g, ' ').slice(0, 400)}`);
  }
  return lines;
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
    console.log(
      `${line(cells[at] ?? [])}${engine}: ${row.shape}${complaints.length > 0 ? paint(31, '  not as expected') : ''}`,
    );
  }
}

/**
 * @param {number} colour
 * @param {string} text
 */
function paint(colour, text) {
  return stdout.isTTY ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
