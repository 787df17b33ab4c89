/** One request or answer in full: without its secrets, until the person wants to see them. */

/** @import { Arrow } from '../../js/inspector.js' */
/** @import { Exchange } from './network.js' */

import { byId, element, replace } from './dom.js';

/** Headers that carry no secret. */
const shownHeaders = [
  'accept',
  'cache-control',
  'content-length',
  'content-type',
  'date',
  'mcp-protocol-version',
  'retry-after',
  'server',
  'www-authenticate',
];

/**
 * @param {Arrow | undefined} arrow
 * @param {Exchange | undefined} exchange
 * @param {{ revealed: boolean, reveal: () => void }} secrets
 */
export function showMessage(arrow, exchange, { revealed, reveal }) {
  byId('empty-message').hidden = arrow !== undefined;
  if (!arrow) return replace(byId('message'));
  const { event, kind } = arrow;
  const part = kind === 'request' ? exchange?.request : kind === 'answer' ? exchange?.answer : undefined;
  replace(
    byId('message'),
    element('p', { class: 'summary' }, event.summary),
    part &&
      element(
        'p',
        {},
        element(
          'button',
          { id: 'reveal', type: 'button', class: 'quiet', 'aria-pressed': String(revealed), onclick: reveal },
          revealed ? 'Hide secrets' : 'Reveal secrets',
        ),
        revealed && element('span', { class: 'warning' }, ' Secrets are shown. They stay on this page.'),
      ),
    ...(revealed && part ? whole(kind, part) : redacted(event.details, part)).flat(),
  );
}

/**
 * As it went over the network.
 *
 * @param {Arrow['kind']} kind
 * @param {Exchange['request'] | NonNullable<Exchange['answer']>} part
 */
function whole(kind, part) {
  const first = 'method' in part ? `${part.method} ${part.url}` : `${part.status}`;
  return [
    block(kind === 'request' ? 'Request' : 'Answer', first),
    headerBlock(part.headers, () => true),
    part.body && block('Body', pretty(part.body)),
  ];
}

/**
 * As the trace has it.
 *
 * @param {unknown} details
 * @param {Exchange['request'] | NonNullable<Exchange['answer']> | undefined} part
 */
function redacted(details, part) {
  const { method, url, status, body, ...others } = Object(details);
  const first = method ? `${method} ${url}` : status !== undefined ? `${status} from ${url}` : undefined;
  return [
    first !== undefined && block(method ? 'Request' : 'Answer', first),
    part && headerBlock(part.headers, (name) => shownHeaders.includes(name)),
    Boolean(body) && block('Body', JSON.stringify(body, null, 2)),
    Object.keys(others).length > 0 &&
      block('Details', JSON.stringify(first === undefined ? Object(details) : others, null, 2)),
  ];
}

/**
 * @param {[string, string][]} headers
 * @param {(name: string) => boolean} isShown
 */
function headerBlock(headers, isShown) {
  return (
    headers.length > 0 &&
    block(
      'Headers',
      headers.map(([name, value]) => `${name}: ${isShown(name.toLowerCase()) ? value : '[redacted]'}`).join('\n'),
    )
  );
}

/**
 * @param {string} title
 * @param {string} text
 */
function block(title, text) {
  return [element('h3', {}, title), element('pre', { tabindex: 0, role: 'region', 'aria-label': title }, text)];
}

/** @param {string} body */
function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body.includes('=') && !/\s/.test(body) ? body.replaceAll('&', '\n&') : body;
  }
}
