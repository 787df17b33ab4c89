/** A person at the pages of an authorization server: signs in, consents, and does what else a form wants. */

/** @import { Page } from '../servers/user_agent.js' */

import { unescape } from '../servers/user_agent.js';

/**
 * @typedef {object} Conduct
 * @property {'accept' | 'cancel'} [decision] at the consent page
 * @property {string[]} [withholds] boxes that are unticked there
 */

/** @typedef {{ username: string, password: string }} Person */

export const password = 'correct horse battery staple';

/**
 * What the person does on a page.
 *
 * @param {Page} page
 * @param {Person} person
 * @param {Conduct} conduct
 * @returns {Request | undefined} undefined: there is nothing to fill in
 */
export function fillIn({ url, text }, person, { decision = 'accept', withholds = [] }) {
  const form = /<form\b([^>]*)>([\s\S]*?)<\/form>/.exec(text);
  if (!form) return undefined;
  const members = new URLSearchParams();
  let fits = false;
  for (const { name, type, value, checked } of controlsOf(form[2] ?? '')) {
    if (name === 'username' || name === 'password') members.set(name, person[name]);
    else if (/^password-(new|confirm)$/.test(name)) members.set(name, person.password);
    else if (name === 'accept' || name === 'cancel') {
      if (name !== decision) continue;
      members.set(name, value);
    } else {
      // Some pages tick the boxes of the scopes beforehand, others leave it to the person.
      const wanted = checked || name === 'scope';
      if (type === 'hidden' || (type === 'checkbox' && wanted && !withholds.includes(value)))
        members.append(name, value);
      if (name !== 'scope' && name !== 'state') continue;
    }
    fits = true;
  }
  if (!fits) return undefined;
  const action = attribute(form[1] ?? '', 'action') ?? url;
  return new Request(new URL(action, url), { method: 'POST', body: members });
}

/** @param {string} text of a form */
function controlsOf(text) {
  return [...text.matchAll(/<(?:input|button)\b([^>]*)>/g)].flatMap(([, attributes = '']) => {
    const name = attribute(attributes, 'name');
    if (name === undefined) return [];
    return [
      {
        name,
        type: attribute(attributes, 'type'),
        value: attribute(attributes, 'value') ?? '',
        checked: /\bchecked\b/.test(attributes),
      },
    ];
  });
}

/**
 * @param {string} text
 * @param {string} name
 */
function attribute(text, name) {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(text)?.[1];
  return value === undefined ? undefined : unescape(value);
}
