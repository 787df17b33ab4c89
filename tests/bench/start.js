// What an application waits for when it starts: from `import` to the first answer of the wasm, over the import of the official
// client, each in a process of its own, in turn; of the package as it is published.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../scripts/support.js';
import { installPacked } from '../package/packed.js';
import { median } from './numbers.js';

const rounds = 15;
const limit = 0.25;

const programs = {
  'mcp-oauth-wasm': `
    const { wellKnownLocations } = await import('mcp-oauth-wasm');
    await wellKnownLocations({ resource: 'https://mcp.example/mcp' });`,
  '@modelcontextprotocol/client': "await import('@modelcontextprotocol/client');",
};

/** @param {string} program @param {string} cwd */
async function millisecondsOf(program, cwd) {
  const timed = `const since = performance.now(); ${program} console.log(performance.now() - since);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', timed], {
    cwd,
  });
  return Number(stdout);
}

export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'application '));
  try {
    await installPacked(folder);
    const official = ['node_modules', '@modelcontextprotocol'];
    symlinkSync(join(root, ...official), join(folder, ...official), 'junction');
    await compare(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {string} folder in which both are installed */
async function compare(folder) {
  /** @type {number[]} */
  const ratios = [];
  const times = Object.values(programs).map(() => /** @type {number[]} */ ([]));
  for (let round = -1; round < rounds; round += 1) {
    const [ours = NaN, official = NaN] = [
      await millisecondsOf(programs['mcp-oauth-wasm'], folder),
      await millisecondsOf(programs['@modelcontextprotocol/client'], folder),
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
