/** @import { Outcome } from '../../core/host.js' */

import { createHash } from 'node:crypto';

const style = `
:root { color-scheme: light dark; --text: #1d2330; --muted: #5a6474; --paper: #f4f5f7; --card: #ffffff; --line: #dfe3e8; --mark: #5a6474 }
.success { --mark: #1a7f47 }
.failure { --mark: #b3372c }
@media (prefers-color-scheme: dark) {
  :root { --text: #e8ebf0; --muted: #a3acba; --paper: #14171c; --card: #1d2127; --line: #333a44; --mark: #a3acba }
  .success { --mark: #4cc38a }
  .failure { --mark: #f2867b }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--paper); color: var(--text); font: 1rem/1.5 system-ui, sans-serif }
main { width: min(28rem, 100%); padding: 2rem; background: var(--card); border: 1px solid var(--line); border-top: .3rem solid var(--mark); border-radius: .6rem }
h1 { margin: 0 0 .5rem; font-size: 1.35rem; line-height: 1.3; overflow-wrap: anywhere }
p { margin: 0; color: var(--muted); overflow-wrap: anywhere; white-space: pre-line }
`;

/** Takes the authorization code out of the address bar and the history. */
const script = "history.replaceState(null, '', location.pathname)";

/** @param {string} text */
const sourceHash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Nothing is loaded, framed, stored or sent on. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src ${sourceHash(style)}`,
    `script-src ${sourceHash(script)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** @type {Record<string, string>} */
const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** @param {string} text */
const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => entities[character] ?? '');

/**
 * @param {Pick<Outcome, 'title' | 'message'> & { signedIn?: boolean }} outcome
 *   `signedIn` is left out while it is not known how it ended.
 * @returns {string} HTML
 */
export function callbackPage({ signedIn, title, message }) {
  const appearance = signedIn === undefined ? 'neutral' : signedIn ? 'success' : 'failure';
  return `<!doctype html>
<html lang="en" class="${appearance}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
<script>${script}</script>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(message)}</p>
</main>
</body>
</html>
`;
}
