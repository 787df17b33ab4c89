/** Elements, made without HTML: what servers say becomes text, and nothing else. */

/** @typedef {Node | string | number | false | null | undefined} Child */

/**
 * Makes an element. Members that begin with `on` listen; `true` sets an attribute, `false` and undefined leave it out.
 *
 * @param {string} name
 * @param {Record<string, string | number | boolean | ((event: any) => void) | undefined>} [attributes]
 * @param {...(Child | (Child | Child[])[])} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(attribute.slice('on'.length), value);
    else if (value !== undefined && value !== false) made.setAttribute(attribute, value === true ? '' : String(value));
  }
  made.append(...shown(children.flat(2)));
  return made;
}

/**
 * Puts children in the place of those that are there. Whoever had the focus has it afterwards, and what was open is open.
 *
 * @param {Element} parent
 * @param {...(Child | (Child | Child[])[])} children
 */
export function replace(parent, ...children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement?.id : undefined;
  const open = [...parent.querySelectorAll('details[open][id]')].map(({ id }) => id);
  parent.replaceChildren(...shown(children.flat(2)));
  for (const id of open) byId(id)?.setAttribute('open', '');
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/**
 * @param {string} id
 * @returns {any} the element, which the page has
 */
export function byId(id) {
  return document.getElementById(id);
}

/** @param {Child[]} children */
function shown(children) {
  return children
    .filter((child) => child !== false && child !== null && child !== undefined)
    .map((child) => (child instanceof Node ? child : String(child)));
}

/**
 * A sentence of this package, in which code stands between backticks.
 *
 * @param {string} sentence
 * @returns {Child[]}
 */
export function withCode(sentence) {
  return sentence.split('`').map((part, index) => (index % 2 === 0 ? part : element('code', {}, part)));
}
