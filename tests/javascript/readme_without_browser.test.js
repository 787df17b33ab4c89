import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deviceFlow } from '../servers/authorization_server.js';
import { createUserAgent } from '../servers/user_agent.js';
import { startWorld } from './world.js';

const root = new URL('../../', import.meta.url);
const readme = await readFile(new URL('README.md', root), 'utf8');
const section = /^### On Node, without a browser\n(.*?)^### /ms.exec(readme)?.[1] ?? '';
const examples = [...section.matchAll(/^```js\n(.*?)^```$/gms)].map(([, example = '']) => example);

test('the examples of the README for sign-in without a browser have at most twelve lines', () => {
  assert.equal(examples.length, 2);
  for (const example of examples) assert.ok(example.split('\n').length - 1 <= 12);
});

test('the one with another device signs in where the person enters the code', async () => {
  const person = createUserAgent();
  const printed = await run(examples[0] ?? '', ['nodeHost()', 'nodeHost(globalThis.person)'], async (told) => {
    const [, url, code] = /Open (\S+) and enter (\S+)\n/.exec(told) ?? [];
    if (!url) return false;
    await person.approve(`${url}?user_code=${code}`);
    return true;
  });
  assert.match(printed, /alice@example\.com/);
});

test('the one with a pasted address signs in where the person pastes it', async () => {
  const person = createUserAgent();
  const printed = await run(
    examples[1] ?? '',
    ['nodeHost({ redirect })', 'nodeHost({ ...globalThis.person, redirect })'],
    async (told, input) => {
      const url = /Open (\S+)\n.*: $/.exec(told)?.[1];
      if (!url) return false;
      input.end(`${await person.signIn(url)}\n`);
      return true;
    },
  );
  assert.match(printed, /alice@example\.com/);
});

/**
 * Runs an example with a person and a disk of the tests, and calls a tool by its `fetch`.
 *
 * @param {string} example
 * @param {[string, string]} replacement of its host
 * @param {(told: string, input: import('node:stream').Writable) => Promise<boolean>} answer to what it has printed so far; whether that
 *   was all that the person does
 * @returns {Promise<string>} all that it prints
 */
async function run(example, [host, replacement], answer) {
  const world = await startWorld({ authorizationServer: { features: { deviceFlow } } });
  const server = 'https://mcp.example.com/mcp';
  try {
    assert.deepEqual(
      [host, server].map((part) => example.split(part).length),
      [2, 2],
    );
    const program = example
      .replace(host, replacement)
      .replace(server, world.server)
      .concat(`
      import { callTool } from './tests/javascript/world.js';
      console.log(await (await callTool(fetch, ${JSON.stringify(world.server)})).text());`);
    const child = spawn(
      process.execPath,
      ['--import', './tests/javascript/readme_person.js', '--input-type=module', '--eval', program],
      { cwd: fileURLToPath(root), timeout: 60_000 },
    );
    const complaints = text(child.stderr);
    let printed = '';
    let isAnswered = false;
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      printed += chunk;
      if (!isAnswered) isAnswered = await answer(printed, child.stdin);
    }
    assert.equal(await complaints, '');
    return printed;
  } finally {
    await world.close();
  }
}
