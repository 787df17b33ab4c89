import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ensurePython } from '../../../scripts/python.js';

/** @import { AuthorizationRequest } from './interop_server.js' */

/**
 * Starts a server that is written in Python. It prints one JSON object to say that it listens and where, then one
 * for every authorization request, and it ends when its standard input does.
 *
 * @param {string} script the file's name
 * @returns {Promise<{ listening: Record<string, string>, authorizationRequests: () => AuthorizationRequest[], close: () => Promise<void> }>}
 */
export async function startPythonProgram(script) {
  const python = await ensurePython();
  const child = spawn(python, ['-B', fileURLToPath(new URL(script, import.meta.url))], { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));

  /** @type {AuthorizationRequest[]} */
  const requests = [];
  const lines = createInterface({ input: child.stdout });
  const listening = new Promise((resolve, reject) => {
    lines.once('line', (line) => {
      resolve(JSON.parse(line));
      lines.on('line', (record) => requests.push(JSON.parse(record)));
    });
    exited.then(([status]) => reject(new Error(`${script} ended with status ${status} before it listened:\n${complaints}`)), reject);
  });
  return {
    listening: await listening,
    authorizationRequests: () => requests,
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
