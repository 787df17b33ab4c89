import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('file_store_process.js', import.meta.url));

/**
 * Starts another process that uses a store in a file.
 *
 * @param {string[]} args
 */
export const startProcess = (...args) =>
  spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });

/** @param {ReturnType<typeof startProcess>} child */
export async function killWithoutWarning(child) {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/**
 * Lets a process take a lock, and kills it.
 *
 * @param {string} path
 * @param {string} key
 */
export async function killedHolder(path, key) {
  const holder = startProcess('hold a lock', path, key);
  await once(holder.stdout, 'data');
  await killWithoutWarning(holder);
}
