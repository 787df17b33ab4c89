/** @import { TestContext } from 'node:test' */

/**
 * What nobody catches while a test runs.
 *
 * @param {TestContext} context
 */
export function uncaughtErrors(context) {
  /** @type {unknown[]} */
  const uncaught = [];
  const take = (/** @type {unknown} */ error) => void uncaught.push(error);
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, take);
    context.after(() => process.off(event, take));
  }
  return uncaught;
}
