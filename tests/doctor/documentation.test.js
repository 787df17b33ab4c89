import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { probeRules, rules } from 'mcp-oauth-wasm/doctor';

const file = new URL('../../docs/findings.md', import.meta.url);
const settings = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');

/** @typedef {Omit<import('mcp-oauth-wasm/doctor').Finding, 'found' | 'scopes'>} Documented */

/** @param {Documented} rule */
const section = ({ id, severity, step, party, title, standard, effect, change, setting }) => [
  `### ${id}`,
  `**${severity}**: ${title}. Step \`${step}\`, ${party.replaceAll('-', ' ')}; ${standard}.`,
  `- Effect: ${effect}\n- Change: ${change}${setting ? `\n- This package gets along with the setting [\`${setting}\`](settings.md).` : ''}`,
];

const findings = [
  '# Findings',
  'What `mcp-oauth-wasm doctor` and `examine` of `mcp-oauth-wasm/doctor` say about a server. Made from the rules by `UPDATE=1 node --test tests/doctor/documentation.test.js`.',
  '- **error**: a client that does everything right cannot sign in.\n- **warning**: many clients fail, or a MUST or SHOULD of a standard is not kept.\n- **advice**: it would go better, or further.',
  '## Without signing in, and without registering anything',
  ...rules.flatMap(section),
  '## With throwaway clients: `doctor --probe`',
  ...probeRules.flatMap(section),
];

test('docs/findings.md is what the rules say', () => {
  const text = `${findings.join('\n\n')}\n`;
  if (process.env.UPDATE) writeFileSync(file, text);
  assert.equal(readFileSync(file, 'utf8').replaceAll('\r\n', '\n'), text);
});

test('every rule has an id of its own, in words, and names only settings that there are', () => {
  const all = [...rules, ...probeRules];
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.deepEqual(
    all.filter(({ id }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id)),
    [],
  );
  assert.deepEqual(
    all.flatMap(({ setting }) => setting ?? []).filter((setting) => !settings.includes(`\`${setting}\``)),
    [],
  );
});
