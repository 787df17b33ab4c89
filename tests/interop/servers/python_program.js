import { fileURLToPath } from 'node:url';
import { ensurePython } from './python.js';
import { startServerProgram } from './server_program.js';

/**
 * Starts a server that is written in Python.
 *
 * @param {string} script the file's name
 */
export async function startPythonProgram(script) {
  return startServerProgram(await ensurePython(), ['-B', fileURLToPath(new URL(script, import.meta.url))]);
}
