// The official suite's authorization scenarios for clients, each in both protocols where it has both.

import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { env, execPath } from 'node:process';
import { test } from 'node:test';
import { filesBelow, mustRun, root, run, targetFolder } from '../../scripts/support.js';
import { ensureNewerNode } from '../node/nodes.js';

/** @typedef {{ name: string, status: string, description: string, errorMessage?: string }} Check */

const folder = join(root, 'tests', 'conformance');
const suite = join(folder, 'node_modules', '@modelcontextprotocol', 'conformance', 'dist', 'index.js');
const results = join(targetFolder, 'conformance');
const node = await ensureNewerNode('The conformance suite');

/** The two protocols that the suite's MCP servers speak: with sessions, and without. */
const protocols = ['2025-11-25', '2026-07-28'];

/**
 * Extensions belong to no revision and are run in both protocols; what is older than both is run in the older one.
 *
 * @param {string[]} revisions
 */
function protocolsOf(revisions) {
  if (revisions.includes('extension')) return protocols;
  const spoken = protocols.filter((protocol) => revisions.includes(protocol));
  return spoken.length > 0 ? spoken : protocols.slice(0, 1);
}

/**
 * Runs one scenario, and judges it by the suite's exit status, which covers the client's, and by what it wrote.
 *
 * @param {string} scenario
 * @param {string} protocol
 * @returns {Promise<string[]>} what is wrong
 */
async function play(scenario, protocol) {
  const output = join(results, protocol, scenario);
  // The suite splits the command at spaces, hence no path in it; the client runs with this Node, not with the suite's.
  const path = [dirname(execPath), env.PATH].join(delimiter);
  const options = ['--scenario', scenario, '--spec-version', protocol, '--force', '--output-dir', output];
  const { status } = await run(node, [suite, 'client', '--command', 'node client.js', ...options], {
    cwd: folder,
    env: { PATH: path },
    output: 'capture',
    limitMilliseconds: 300_000,
  });
  const written = filesBelow([output]);
  const read = (/** @type {string} */ name) =>
    written.filter((file) => basename(file) === name).map((file) => readFileSync(file, 'utf8'));
  /** @type {Check[]} */
  const checks = read('checks.json').flatMap((text) => JSON.parse(text));
  const wrong = checks
    .filter((check) => check.status === 'FAILURE' || check.status === 'WARNING')
    .map((check) => `${check.status} ${check.name}: ${check.errorMessage ?? check.description}`);
  if (!checks.some((check) => check.status === 'SUCCESS')) wrong.push('no check succeeded');
  if (status !== 0) wrong.push(`the suite ended with status ${status}`);
  if (wrong.length > 0) wrong.push(...read('stderr.txt').flatMap((text) => text.match(/^\w*Error\b.*/m) ?? []));
  return wrong;
}

rmSync(results, { recursive: true, force: true });
const list = await mustRun(node, [suite, 'list', '--client'], { cwd: folder, output: 'capture' });
for (const [, name = '', revisions = ''] of list.matchAll(/^ *- (auth\/\S+) \[(.+)\]$/gm)) {
  for (const protocol of protocolsOf(revisions.split(','))) {
    test(`${name}, ${protocol}`, async () => assert.deepEqual(await play(name, protocol), []));
  }
}
