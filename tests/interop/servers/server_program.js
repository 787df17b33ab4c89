import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** @import { AuthorizationRequest } from './interop_server.js' */

/**
 * Starts a server that is a program of its own. It prints one JSON object to say that it listens and where, then one
 * for every authorization request, and it ends when its standard input does. It may be told more there.
 *
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<ServerProgram>}
 *
 * @typedef {object} ServerProgram
 * @property {Record<string, string>} listening
 * @property {() => AuthorizationRequest[]} authorizationRequests
 * @property {(what: object) => Promise<void>} tell resolves when it says that it is ready
 * @property {() => Promise<void>} close
 */
export async function startServerProgram(command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (complaints += text));

  /** @type {AuthorizationRequest[]} */
  const requests = [];
  /** @type {((record: any) => void)[]} */
  const expected = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    const record = JSON.parse(line);
    if ('requested' in record) requests.push(record);
    else expected.shift()?.(record);
  });
  const nextRecord = () =>
    new Promise((resolve, reject) => {
      expected.push(resolve);
      exited.then(
        ([status]) => reject(new Error(`${args.at(-1)} ended with status ${status}:\n${complaints}`)),
        reject,
      );
    });
  return {
    listening: await nextRecord(),
    authorizationRequests: () => requests,
    async tell(what) {
      child.stdin.write(`${JSON.stringify(what)}\n`);
      await nextRecord();
    },
    async close() {
      child.stdin.end();
      await exited;
    },
  };
}
