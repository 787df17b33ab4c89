// `npm run engines`: this package and other clients at Ory Hydra and at Keycloak, both unmodified and from their registries.
// `-- hydra` or `-- keycloak` chooses one, further words choose rows by a part of their names. `--ours` leaves the other
// clients out; `--record` writes what the engines answered to tests/engines/recorded.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, stdout } from "node:process";
import { pathToFileURL } from "node:url";
import { build } from "./build.js";
import { comparedClients } from "./compared_clients.js";
import { ensureHydra, ensureKeycloak } from "./engine_programs.js";
import { Explained, progress, root, runProgram } from "./support.js";

/** @typedef {import("../tests/compare/peers.js").Peer} Peer */
/** @typedef {import("../tests/engines/world.js").Engine} Engine */
/** @typedef {import("../tests/engines/world.js").Observed} Observed */
/** @typedef {import("../tests/engines/world.js").Row} Row */
/** @typedef {{ name: string, title: string, rows: Row[], open: (row: Row) => Promise<() => Promise<Engine>>, close: () => Promise<void> }} Started */

/** The modules of the tests import pkg/ and node_modules/, which a fresh clone does not have. */
const load = (/** @type {string[]} */ ...path) => import(pathToFileURL(join(root, "tests", ...path)).href);

/** @type {Record<string, () => Promise<Started>>} */
const engines = {
  async hydra() {
    const { program, version } = await ensureHydra();
    /** @type {typeof import("../tests/engines/hydra.js")} */
    const { startHydra } = await load("engines", "hydra.js");
    /** @type {typeof import("../tests/engines/rows.js")} */
    const { hydra: rows } = await load("engines", "rows.js");
    return { name: "hydra", title: `Ory Hydra ${version}`, rows, open: async (row) => () => startHydra(program, row.hydra), close: async () => {} };
  },
  async keycloak() {
    const { folder, version } = await ensureKeycloak();
    /** @type {typeof import("../tests/engines/keycloak.js")} */
    const { startKeycloak } = await load("engines", "keycloak.js");
    /** @type {typeof import("../tests/engines/rows.js")} */
    const { keycloak: rows } = await load("engines", "rows.js");
    progress("Keycloak starts (half a minute, longer for the first time)");
    const { realm, close } = await startKeycloak(folder);
    return { name: "keycloak", title: `Keycloak ${version}`, rows, open: (row) => realm(row.keycloak), close };
  },
};

await runProgram(async () => {
  const words = argv.slice(2).filter((word) => !word.startsWith("--"));
  const named = Object.keys(engines).filter((name) => words.includes(name));
  const inName = words.filter((word) => !named.includes(word)).join(" ");
  await build();
  const clients = await clientsOfRows();

  /** @type {{ row: Row, complaints: string[] }[]} */
  const played = [];
  /** @type {string[]} */
  const missing = [];
  for (const name of named.length > 0 ? named : Object.keys(engines)) {
    try {
      const engine = await engines[name]?.();
      if (engine) played.push(...(await playRows(engine, clients, inName)));
    } catch (error) {
      // The rows of the other engine are worth having.
      if (!(error instanceof Explained)) throw error;
      missing.push(error.message);
    }
  }
  const differing = played.filter(({ complaints }) => complaints.length > 0);
  console.log(`\n${played.length} rows, ${differing.length} of them not as expected`);
  for (const message of missing) console.error(paint(31, `\n${message}`));
  if (played.length === 0 && missing.length === 0) throw new Explained(`No row has "${inName}" in its name.`);
  return differing.length + missing.length === 0 ? 0 : 1;
});

/** @returns {Promise<Peer[]>} this package first */
async function clientsOfRows() {
  if (argv.includes("--ours")) {
    /** @type {typeof import("../tests/zoo/clients/ours.js")} */
    const { startOurs } = await load("zoo", "clients", "ours.js");
    return [{ name: "mcp-oauth-wasm", version: "", start: startOurs }];
  }
  /** @type {typeof import("../tests/engines/naive.js")} */
  const { startNaive } = await load("engines", "naive.js");
  return [...(await comparedClients()), { name: "a naive client", version: "", start: startNaive }];
}

/**
 * @param {Started} engine
 * @param {Peer[]} clients
 * @param {string} inName
 */
async function playRows(engine, clients, inName) {
  /** @type {typeof import("../tests/engines/world.js")} */
  const { complaints, play } = await load("engines", "world.js");
  /** @type {typeof import("../tests/engines/record.js")} */
  const { nothingRecorded, record } = await load("engines", "record.js");
  const recorded = nothingRecorded();
  const [ours, ...others] = clients;
  const played = [];
  try {
    for (const row of engine.rows.filter(({ shape }) => shape.includes(inName))) {
      const we = ours && row.start ? { ...ours, start: row.start } : ours;
      const taking = row.start || row.alone ? [we] : [we, ...others];
      const enter = await engine.open(row);
      const outcomes = await quietly(() =>
        Promise.all(
          taking.map(async (client) => {
            const own = await enter();
            try {
              return client ? await play(row, own, client.start) : [];
            } finally {
              if (client === we) record(recorded, own);
              await own.close();
            }
          }),
        ),
      );
      const found = complaints(row, outcomes[0] ?? []);
      played.push({ row, complaints: found });
      progress(`${engine.title}: ${row.shape}`);
      for (const [at, phases] of outcomes.entries()) {
        const { name = "", version = "" } = taking[at] ?? {};
        for (const line of inShort(`${name} ${version}`, phases)) console.log(line);
      }
      for (const complaint of found) console.log(paint(31, `${" ".repeat(11)}not as expected: ${complaint}`));
    }
  } finally {
    await engine.close();
  }
  if (argv.includes("--record")) {
    const folder = join(root, "tests", "engines", "recorded");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${engine.name}.json`), `${JSON.stringify({ engine: engine.title, ...recorded }, null, 2)}\n`);
  }
  return played;
}

/**
 * What came of a client at a row: one line, and another where it failed.
 *
 * @param {string} client
 * @param {Observed[]} phases
 */
function inShort(client, phases) {
  const counts = (/** @type {"trips" | "registrations" | "looks"} */ what) => phases.map((observed) => observed[what]).join(" + ");
  const failed = phases.find(({ failure, served }) => failure || !served);
  const looks = phases.some((observed) => observed.looks > 0) ? `, looks ${counts("looks")}` : "";
  const outcome = failed ? paint(33, "not in") : paint(32, "in    ");
  const lines = [`${" ".repeat(11)}${client.padEnd(36)}${outcome}  trips ${counts("trips")}, registrations ${counts("registrations")}${looks}`];
  if (failed) {
    const { failure } = failed;
    const said = failure ? `${failure.code}: ${failure.message}` : "the MCP server did not serve it";
    lines.push(`${" ".repeat(47)}${said.replace(/\s+/g, " ").slice(0, 700)}`);
  }
  return lines;
}

/**
 * The official clients warn on the console about stored credentials; that is for their users.
 *
 * @template T
 * @param {() => Promise<T>} work
 */
async function quietly(work) {
  const { warn } = console;
  console.warn = () => {};
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}

/**
 * @param {number} colour
 * @param {string} text
 */
function paint(colour, text) {
  return stdout.isTTY ? `\u001b[${colour}m${text}\u001b[0m` : text;
}
