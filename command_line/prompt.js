/** Asks the person at the terminal. */

import { createInterface } from 'node:readline/promises';

/**
 * @param {string} question
 * @param {AbortSignal} signal closes the prompt
 * @returns {Promise<string>} what was typed; rejects where input ends first
 */
export async function ask(question, signal) {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const ended = /** @type {Promise<never>} */ (
    new Promise((_, reject) => prompt.once('close', () => reject(new Error('The input ended before the answer came.'))))
  );
  // Ctrl-C reaches readline where there is a terminal, and not the process.
  prompt.on('SIGINT', () => process.emit('SIGINT'));
  try {
    return await Promise.race([prompt.question(question, { signal }), ended]);
  } finally {
    ended.catch(() => {});
    prompt.close();
  }
}
