/** Runs the built command line, as a user does. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../bin/mcp-oauth-wasm.js', import.meta.url));

/**
 * @typedef {object} Ended
 * @property {number | null} status
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * @typedef {object} RunOptions
 * @property {Record<string, string | undefined>} [env]
 * @property {(stderr: string, child: import('node:child_process').ChildProcessWithoutNullStreams) => void} [onProgress] sees
 *   all that was written to standard error so far, whenever there is more
 * @property {boolean} [keepsInput] whether its standard input stays open
 * @property {string} [program] default: the one in bin/
 * @property {string} [cwd]
 * @property {boolean} [asGroup] whether a signal can reach all that it starts, as Ctrl-C in a terminal does
 */

/**
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Ended>}
 */
export async function run(
  args,
  { env = {}, onProgress, keepsInput = false, program = bin, cwd, asGroup = false } = {},
) {
  const variables = {
    ...process.env,
    NO_COLOR: undefined,
    FORCE_COLOR: undefined,
    MCP_OAUTH_CLIENT_SECRET: undefined,
    ...env,
  };
  const child = spawn(process.execPath, [program, ...args], { env: variables, cwd, stdio: 'pipe', detached: asGroup });
  if (!keepsInput) child.stdin.end();
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    stderr += chunk;
    onProgress?.(stderr, child);
  });
  const [status] = await once(child, 'close');
  return { status, stdout, stderr };
}

/**
 * The same with `--json`, and the document that it printed.
 *
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Ended & { document: any }>}
 */
export async function runForJson(args, options) {
  const ended = await run([...args, '--json'], options);
  return { ...ended, document: JSON.parse(ended.stdout) };
}
