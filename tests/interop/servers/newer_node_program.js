import { fileURLToPath } from 'node:url';
import { ensureNewerNode } from '../../node/nodes.js';
import { startServerProgram } from './server_program.js';

/**
 * Starts a server that needs a newer Node than this project.
 *
 * @param {string} script the file's name
 */
export async function startNewerNodeProgram(script) {
  const node = await ensureNewerNode(script);
  return startServerProgram(node, [fileURLToPath(new URL(`../newer_servers/${script}`, import.meta.url))]);
}
