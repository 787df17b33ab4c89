/** How a step failed: at once, in full, and with what to do. */

/** @import { FailureReport } from '../../js/inspector.js' */

import { byId, element, replace, withCode } from './dom.js';

/** @type {Record<FailureReport['change']['by'], string>} */
const actors = {
  'authorization-server': "The authorization server's operator",
  'protected-resource': "The MCP server's operator",
  settings: 'You, in the settings',
  application: 'The application',
  network: 'The network, or time',
  person: 'You',
};

/** What is shown, so that it is announced once. */
let shown = '';

/**
 * @param {FailureReport | undefined} failure
 * @param {{ label: string, act: () => void }} [action] what can be done here
 * @returns {boolean} whether that is new
 */
export function showFailure(failure, action) {
  const said = JSON.stringify([failure, action?.label]);
  if (said === shown) return false;
  shown = said;
  replace(byId('alert'), failure && alertOf(failure, action));
  return true;
}

/**
 * @param {FailureReport} failure
 * @param {{ label: string, act: () => void }} [action]
 */
function alertOf(failure, action) {
  const { code, title, message, stepName, partyName, scopes, scopeWords, change } = failure;
  const fact = (/** @type {string} */ name, /** @type {import('./dom.js').Child[]} */ ...value) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, ...value));
  return element(
    'div',
    { role: 'alert', class: 'failure' },
    element(
      'p',
      { class: 'failure-title' },
      element('strong', {}, title),
      element('code', {}, code),
      action &&
        element('button', { id: 'way-on', type: 'button', class: 'primary', onclick: action.act }, action.label),
    ),
    element(
      'dl',
      {},
      fact('Step', stepName),
      fact('Party', partyName),
      fact(
        'Scope',
        ...(scopes.length > 0 ? scopes.map((scope) => element('code', { class: 'scope' }, scope)) : [scopeWords]),
      ),
      fact('To change', element('code', {}, change.setting), element('span', { class: 'actor' }, actors[change.by])),
    ),
    element('p', { class: 'remedy' }, withCode(change.words)),
    element('p', { class: 'said' }, withCode(message)),
  );
}

/** @param {string} message why the page can do nothing */
export function showShutOut(message) {
  replace(
    byId('alert'),
    element(
      'div',
      { role: 'alert', class: 'failure' },
      element('p', { class: 'failure-title' }, element('strong', {}, 'This page is shut out')),
      element('p', {}, message),
      element('p', { class: 'remedy' }, 'Start the inspector again, and open the address that it prints.'),
    ),
  );
}
