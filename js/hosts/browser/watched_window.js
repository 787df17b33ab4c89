/** How often it is looked whether a window is still there. */
const LOOK_MILLISECONDS = 100;

/** For so long a window can be seen at a page whose opener policy (COOP) is about to take it out of sight. */
const MOMENT_MILLISECONDS = 200;

/** How long the focus may take to come back after a window was closed. */
const FOCUS_MILLISECONDS = 500;

/**
 * Opens an empty window, and watches it as far as this page can see it. A window that goes to a page with an opener policy
 * looks closed from here, and is not: what went out of sight as it arrived somewhere, or without the focus coming back to
 * this page, does not count as closed.
 *
 * @param {string} features
 * @returns {WatchedWindow | null} null: the browser lets none be opened
 */
export function openWindow(features) {
  const popup = opened(features);
  if (!popup) return null;
  let isSent = false;
  /** When it was seen elsewhere first, and when it was seen last. @type {number | undefined} */
  let arrived;
  let seen = 0;
  /** @type {(closed?: undefined) => void} */
  let tell = () => {};
  const closed = /** @type {Promise<void>} */ (new Promise((resolve) => (tell = resolve)));
  const look = () => {
    const now = Date.now();
    if (!popup.closed) {
      seen = now;
      if (isElsewhere(popup)) arrived ??= now;
      return;
    }
    const wasThere = arrived !== undefined && seen - arrived >= MOMENT_MILLISECONDS;
    if (!isSent || (wasThere && document.hasFocus())) tell();
    else if (wasThere && now - seen < FOCUS_MILLISECONDS) return;
    clearInterval(timer);
  };
  const timer = setInterval(look, LOOK_MILLISECONDS);
  return {
    popup,
    closed,
    send(url) {
      isSent = true;
      popup.location.replace(url);
    },
    close() {
      clearInterval(timer);
      // Without effect where an opener policy took it away. The page at the redirect URI closes itself.
      popup.close();
    },
  };
}

/**
 * @typedef {object} WatchedWindow
 * @property {Window} popup
 * @property {Promise<void>} closed resolves when the person has closed it
 * @property {(url: string) => void} send
 * @property {() => void} close
 */

/** @param {string} features */
function opened(features) {
  try {
    return window.open('about:blank', '_blank', features);
  } catch {
    // Firefox says so in this way where the page's sandbox forbids it.
    return null;
  }
}

/** @param {Window} popup */
function isElsewhere(popup) {
  try {
    return popup.location.href !== 'about:blank';
  } catch {
    return true;
  }
}
