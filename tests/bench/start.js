// What an application waits for when it starts: from `import` to the first answer of the wasm, over the import of the official
// client, each in a process of its own, in turn.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { median } from './numbers.js';

const rounds = 15;
const limit = 0.25;

const programs = {
  'mcp-oauth-wasm': `
    const { wellKnownLocations } = await import('mcp-oauth-wasm');
    await wellKnownLocations({ resource: 'https://mcp.example/mcp' });`,
  '@modelcontextprotocol/client': "await import('@modelcontextprotocol/client');",
};

/** @param {string} program */
async function millisecondsOf(program) {
  const timed = `const since = performance.now(); ${program} console.log(performance.now() - since);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', timed], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  return Number(stdout);
}

export async function start() {
  /** @type {number[]} */
  const ratios = [];
  const times = Object.values(programs).map(() => /** @type {number[]} */ ([]));
  for (let round = -1; round < rounds; round += 1) {
    const [ours = NaN, official = NaN] = [
      await millisecondsOf(programs['mcp-oauth-wasm']),
      await millisecondsOf(programs['@modelcontextprotocol/client']),
    ];
    // The first of them found nothing in the memory of the system's files.
    if (round < 0) continue;
    ratios.push(ours / official);
    times[0]?.push(ours);
    times[1]?.push(official);
  }
  for (const [at, name] of Object.keys(programs).entries())
    console.log(
      `${name.padEnd(30)} ${median(times[at] ?? [])
        .toFixed(1)
        .padStart(8)} ms`,
    );
  const ratio = median(ratios);
  console.log(
    `The ratio is ${ratio.toFixed(3)}, and is to be ${limit} at most: ${ratio <= limit ? 'it is' : 'it is not'}.`,
  );
}
