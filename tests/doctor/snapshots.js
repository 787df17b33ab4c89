/** Snapshots of what doctor says, as data, with what differs from run to run taken out. `UPDATE=1` writes them anew. */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { examine, probe } from 'mcp-oauth-wasm/doctor';

/** @import { ServerSettings } from '../../js/core/records.js' */
/** @import { Examination, Finding, ProbeResult, Trial } from 'mcp-oauth-wasm/doctor' */

/**
 * Examines a server, and probes it where it registers clients.
 *
 * @param {string} endpoint
 * @param {{ settings?: ServerSettings, fetch?: typeof globalThis.fetch }} [options]
 * @returns {Promise<{ examination: Examination, probed?: ProbeResult }>}
 */
export async function seen(endpoint, { settings, fetch } = {}) {
  const examination = await examine({ endpoint, settings, client: { clientName: 'the tests' } }, { fetch });
  const { discovery, plan } = examination;
  if (!discovery?.authorizationServer.registrationEndpoint || !plan) return { examination };
  return { examination, probed: await probe({ discovery, plan, settings }, { fetch }) };
}

/**
 * In few lines.
 *
 * @param {{ examination: Examination, probed?: ProbeResult }} what
 */
export function inShort({ examination, probed }) {
  const ids = (/** @type {Finding[]} */ findings) =>
    findings.map(({ severity, id, scopes }) => [severity, id, ...(scopes ?? [])].join(' '));
  return {
    examined: ids(examination.findings),
    ...(probed
      ? { probed: ids(probed.findings), careless: trialInShort(probed.careless), ours: trialInShort(probed.ours) }
      : {}),
  };
}

/** @param {Trial} trial */
function trialInShort({ answer, refusedAt, error, registeredScope, requestedScope }) {
  const scopes =
    registeredScope === undefined
      ? ''
      : `registered ${registeredScope ?? 'unsaid'}; requested ${requestedScope ?? 'nothing'}; `;
  return `${scopes}${answer ?? 'not asked'}${refusedAt ? ` at ${refusedAt}` : ''}${error ? `: ${error}` : ''}`;
}

/**
 * @param {string} name
 * @param {unknown} value
 */
export function assertSnapshot(name, value) {
  if (process.env.UPDATE) write(name, value);
  const [now, then] = [JSON.parse(JSON.stringify(value)), read(name)];
  const hint = 'if that is intended, run the test with UPDATE=1';
  const others = [now, then].flatMap((one, at, both) =>
    Object.keys(one).filter((member) => !Object.hasOwn(both[1 - at], member)),
  );
  assert.deepEqual(others, [], `${name}.json has other members; ${hint}`);
  // One by one: the difference of whole files takes minutes to work out, and nobody reads it.
  for (const member of Object.keys(now))
    assert.deepEqual(now[member], then[member], `${name}.json: ${member} differs; ${hint}`);
}

/**
 * The same for one member of a snapshot to which several test files, one after the other, add theirs.
 *
 * @param {string} name
 * @param {string} member
 * @param {unknown} value
 */
export function assertSnapshotMember(name, member, value) {
  assertSnapshot(name, { ...read(name), [member]: value });
}

/** @param {string} name */
const fileOf = (name) => fileURLToPath(new URL(`snapshots/${name}.json`, import.meta.url));

/** @param {string} name */
function read(name) {
  return JSON.parse(readFileSync(fileOf(name), 'utf8'));
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function write(name, value) {
  mkdirSync(dirname(fileOf(name)), { recursive: true });
  writeFileSync(fileOf(name), `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Without the ports of this run, and without identifiers that are drawn.
 *
 * @template T
 * @param {T} value
 * @param {Record<string, string>} origins by the words for them
 * @param {string[]} [drawn]
 * @returns {T}
 */
export function settled(value, origins, drawn = []) {
  let text = JSON.stringify(value);
  for (const [words, origin] of Object.entries(origins)) text = text.replaceAll(origin, words);
  for (const one of drawn) text = text.replaceAll(one, '(drawn)');
  return JSON.parse(text);
}
