/** Asks the person at the terminal. */

import { createInterface } from 'node:readline/promises';

/**
 * @param {string} question
 * @param {AbortSignal} signal closes the prompt
 * @returns {Promise<string>} what was typed; rejects where input ends first
 */
export async function ask(question, signal) {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const message = 'The input ended before the answer came. Run this in a terminal, or sign in with --device.';
  const ended = /** @type {Promise<never>} */ (
    new Promise((_, reject) =>
      prompt.once('close', () => reject(Object.assign(new Error(message), { code: 'input_ended' }))),
    )
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
