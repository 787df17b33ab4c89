/** @import { Owner } from '../../core/host.js' */

const prefix = 'mcp-oauth-wasm-page-';

/**
 * For sign-ins: those of a page or worker that has ended are taken over at once. It holds a lock of the browser for as long
 * as it lives, and others look whether that is held; those of other browsers could not see it.
 *
 * @returns {Owner | undefined} nothing where there are no such locks
 */
export function pageOwner() {
  const locks = globalThis.navigator?.locks;
  if (!locks) return undefined;
  let own = '';
  return {
    // Only pages that sign in: who holds a lock is not kept for the way back.
    get name() {
      if (!own) {
        own = prefix + crypto.randomUUID();
        locks.request(own, () => new Promise(() => {})).catch(() => {});
      }
      return own;
    },
    async isGone(name) {
      if (!name.startsWith(prefix)) return false;
      const { held = [], pending = [] } = await locks.query();
      return ![...held, ...pending].some((lock) => lock.name === name);
    },
  };
}
