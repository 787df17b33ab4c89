import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { commands } from '../../command_line/arguments.js';

const text = readFileSync(new URL('../../docs/command_line.md', import.meta.url), 'utf8');

test('docs/command_line.md has every command and every option, and no other', () => {
  const options = new Set(Object.values(commands).flatMap((command) => Object.keys(command.options)));
  const documented = new Set([...text.matchAll(/`(?:[a-z]+ [A-Z]+ )?--([a-z0-9-]+)/g)].map(([, name = '']) => name));
  assert.deepEqual([...documented].sort(), [...options, 'json', 'version'].sort());
  assert.deepEqual(
    Object.keys(commands).filter((command) => !text.includes(`| \`${command}`)),
    [],
  );
});
