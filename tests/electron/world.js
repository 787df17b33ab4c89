/** An application on Electron's main process, with everything around it: servers, the person, pages. */

import { after } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { createAuthorizer } from 'mcp-oauth-wasm';
import { electronHost } from 'mcp-oauth-wasm/electron';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { createUserAgent } from '../servers/user_agent.js';
import { createElectron, mainPort } from './electron.js';

/** @import { Host } from 'mcp-oauth-wasm' */
/** @import { StandIn } from './electron.js' */

/**
 * An application that was installed just now.
 *
 * @param {Partial<Host> & { scheme?: boolean }} [overrides] of its host
 */
export async function installApplication(overrides = {}) {
  const userAgent = createUserAgent();
  const electron = createElectron({ userData: await temporaryFolder(), browse: (url) => userAgent.browse(url) });
  const host = electronHost({ electron, ...overrides });
  return {
    electron,
    host,
    userAgent,
    /** The authorizer that its main process makes when it starts. */
    start: () => createAuthorizer({ host, client: { clientName: 'the tests' } }),
  };
}

/**
 * Sends a message as the preload script does, and collects what comes back.
 *
 * @param {StandIn} electron
 * @param {unknown} request
 * @param {{ url: string, parent?: unknown } | null} [frame]
 */
export function ask(electron, request, frame = { url: 'app://main/index.html' }) {
  const { port1, port2 } = new MessageChannel();
  // An open port keeps the process alive.
  after(() => port1.close());
  /** @type {any[]} */
  const answers = [];
  /** @type {(() => void) | undefined} */
  let wake;
  port1.on('message', (answer) => {
    answers.push(answer);
    wake?.();
  });
  electron.receive(frame, request, [mainPort(port2)]);
  return {
    say: (/** @type {'pull' | 'abort'} */ command) => port1.postMessage(command),
    /** @returns {Promise<any>} */
    async next() {
      while (answers.length === 0) await new Promise((resolve) => (wake = () => resolve(undefined)));
      return answers.shift();
    },
    close: () => port1.close(),
  };
}

/**
 * The whole answer to a request of a page.
 *
 * @param {StandIn} electron
 * @param {object} request
 * @param {{ url: string, parent?: unknown } | null} [frame]
 */
export async function fetchFromPage(electron, request, frame) {
  const asked = ask(electron, { operation: 'fetch', ...request }, frame);
  const { response, error } = await asked.next();
  let text = '';
  while (response) {
    asked.say('pull');
    const { chunk, end, error: broken } = await asked.next();
    if (broken) throw new Error(broken.message);
    if (end) break;
    text += Buffer.from(chunk).toString();
  }
  asked.close();
  return { response, text, error };
}

/** The body of a call of the tool that tells who is signed in. */
export const whoami = bytes(
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
);

/**
 * @param {string} text
 * @returns {ArrayBuffer}
 */
export function bytes(text) {
  return new Uint8Array(new TextEncoder().encode(text)).buffer;
}
