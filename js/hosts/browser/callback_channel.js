/** How the page at the redirect URI and the page that waits for it find each other, whatever became of `window.opener`. */

/** Pages of one origin hear each other by this name, and nobody else does. */
const CHANNEL = 'mcp-oauth-wasm callback';

/**
 * What they say. The page at the redirect URI brings the response; the one that waits for that `state` has received it,
 * and then either knows how it ended, or has one more authorization URL to go to.
 *
 * @typedef {{ about: 'response', callbackUrl: string }} Response
 * @typedef {{ about: 'received', state: string }
 *   | { about: 'outcome', state: string, title: string, message: string }
 *   | { about: 'next', state: string, authorizationUrl: string }} Reply
 *
 * @typedef {(message: Reply) => void} Answer
 */

/**
 * Listens for the other page: on the channel of this origin, and for messages of exactly one origin.
 *
 * In an iframe the channel is one of the outer page's site, and does not reach a window of its own: there the window that
 * opened the other one, or that has it in a frame, is written to.
 *
 * @param {string} origin of the other page
 * @param {(message: any, answer: Answer) => void} hear
 * @returns {{ send: (message: Response) => void, stop: () => void }}
 */
export function callbackChannel(origin, hear) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => hear(data, (reply) => channel.postMessage(reply));
  const onMessage = (/** @type {MessageEvent} */ { origin: sender, source, data }) => {
    if (sender === origin) hear(data, (reply) => source?.postMessage(reply, { targetOrigin: origin }));
  };
  window.addEventListener('message', onMessage);
  return {
    send(message) {
      channel.postMessage(message);
      const relatives = [window.opener, window.parent].filter((other) => other && other !== window);
      for (const other of relatives) other.postMessage(message, origin);
    },
    stop() {
      channel.close();
      window.removeEventListener('message', onMessage);
    },
  };
}
