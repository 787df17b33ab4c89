/** What the engines have in common: each is a program of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { listenOnLoopback } from '../servers/loopback.js';

/**
 * Starts a program, and waits until it answers at a URL.
 *
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 * @param {object} how
 * @param {string} how.readyAt
 * @param {Record<string, string>} how.env
 * @returns {Promise<{ close: () => Promise<void> }>}
 */
export async function startProgram(name, command, args, { readyAt, env }) {
  const program = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: command.endsWith('.bat'),
  });
  const exited = once(program, 'exit');
  const end = () => void program.kill();
  process.once('exit', end);
  let told = '';
  for (const stream of [program.stdout, program.stderr])
    stream.setEncoding('utf8').on('data', (text) => (told = (told + text).slice(-4000)));
  for (;;) {
    const response = await fetch(readyAt).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) break;
    if (program.exitCode !== null || program.signalCode !== null) throw new Error(`${name} did not start:\n${told}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    async close() {
      process.off('exit', end);
      program.kill();
      await exited;
    },
  };
}

/** @returns {Promise<number>} a port that nobody listened at a moment ago: not every program can say which one the system gave it */
export async function freePort() {
  const { origin, close } = await listenOnLoopback(createServer());
  await close();
  return Number(new URL(origin).port);
}
