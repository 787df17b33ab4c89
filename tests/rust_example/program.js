// What runs the programs of examples/rust, with a person at the browser who opens what they print.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { targetFolder } from '../../scripts/support.js';
import { createUserAgent } from '../servers/user_agent.js';

const extension = process.platform === 'win32' ? '.exe' : '';

/**
 * Runs a program to its end.
 *
 * @param {string} name below the folder in which cargo builds
 * @param {string[]} args
 * @param {object} [options]
 * @param {(authorizationUrl: string) => Promise<void>} [options.first] what happens before the person opens the URL
 * @param {Record<string, string>} [options.environment] further variables
 * @returns {Promise<{ lines: string[], trips: URL[] }>} what it printed, and where it sent the person
 */
export async function runProgram(name, args, { first, environment } = {}) {
  const child = spawn(join(targetFolder, 'rust-example', 'debug', `${name}${extension}`), args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const ended = once(child, 'exit');
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += chunk;
  });
  /** @type {string[]} */
  const lines = [];
  /** @type {URL[]} */
  const trips = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const [, authorizationUrl] = /^Open this URL to sign in: (\S+)$/.exec(line) ?? [];
      if (authorizationUrl) {
        trips.push(new URL(authorizationUrl));
        await first?.(authorizationUrl);
        const { status } = await createUserAgent().browse(authorizationUrl);
        assert.equal(status, 200);
      } else lines.push(line);
    }
  } finally {
    child.kill();
  }
  const [status] = await ended;
  assert.equal(status, 0, `it ended with status ${status}:\n${told}`);
  return { lines, trips };
}
