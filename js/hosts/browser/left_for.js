/** For which sign-in this window was left, by its `state`: what it comes back with is its own, and no other window's. */

const KEY = 'mcp-oauth-wasm left for';

/**
 * @param {string} authorizationUrl
 * @param {string} state
 */
export function leaveFor(authorizationUrl, state) {
  // A window has its own (Web Storage §12.2.2); one that it opens gets a copy.
  sessionStorage.setItem(KEY, state);
  location.assign(authorizationUrl);
}

/** @param {string} state */
export function wasLeftFor(state) {
  try {
    return sessionStorage.getItem(KEY) === state;
  } catch {
    return false; // A frame may have none.
  }
}
