import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { probeRules, rules } from 'mcp-oauth-wasm/doctor';
import { findingsDocument } from '../../scripts/findings.js';

const file = new URL('../../docs/findings.md', import.meta.url);
const settings = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');

test('docs/findings.md is what the rules say', () => {
  const text = findingsDocument(rules, probeRules);
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
