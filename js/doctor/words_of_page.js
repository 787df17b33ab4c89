/** More of a page says no more. */
const READ_LIMIT = 65_536;

/**
 * What people read of a page. Each part of it is looked at once.
 *
 * @param {string} body
 */
export function wordsOf(body) {
  const page = body.slice(0, READ_LIMIT);
  const inLowerCase = page.toLowerCase();
  /** Where the next of each was found; at the end, where there is none any more. @type {Map<string, number>} */
  const found = new Map();
  const next = (/** @type {string} */ what, /** @type {number} */ from) => {
    let place = found.get(what) ?? -1;
    if (place < from) place = inLowerCase.indexOf(what, from);
    if (place < 0) place = page.length;
    found.set(what, place);
    return place;
  };
  let words = '';
  let at = 0;
  while (at < page.length) {
    const tag = next('<', at);
    words += `${page.slice(at, tag)} `;
    const name = ['script', 'style'].find((name) => inLowerCase.startsWith(name, tag + 1));
    const end = name ? next(`</${name}`, tag) : tag;
    at = next('>', end < page.length ? end : tag) + 1;
  }
  return words.replace(/\s+/g, ' ').trim();
}
