// What tsc leaves to be done on the declarations that it makes from JSDoc.

/**
 * A file's declarations, with what its typedefs say of themselves, and with types passed on as what they are.
 *
 * @param {string} declarations as tsc emits them
 * @param {string} source the JavaScript that they were made from
 */
export function finished(declarations, source) {
  const bare = declarations
    .replace(comments, (comment) => (/^\s*\*? ?@(?:typedef|import)\b/m.test(comment.slice(3)) ? '' : comment))
    .replace(/\n{2,}/g, '\n');
  // JavaScript cannot re-export types. What stands there instead would give each a second name, without documentation.
  const passedOn = bare.replace(
    /^export type (\w+) = import\('(.+)'\)\.(\w+);$/gm,
    (_, name, from, original) =>
      `export type { ${original === name ? name : `${original} as ${name}`} } from '${from}';`,
  );
  // https://github.com/microsoft/TypeScript/issues/63841: the texts of typedefs are lost.
  return typedefsOf(source).reduce((text, { name, description }) => {
    const comment = `/**\n${description
      .split('\n')
      .map((line) => ` * ${line}`.trimEnd())
      .join('\n')}\n */\n`;
    return description === ''
      ? text
      : text.replace(new RegExp(`^export type ${name}\\b(?= = |<)`, 'm'), (declared) => comment + declared);
  }, passedOn);
}

const comments = /\/\*\*(?:[^*]|\*(?!\/))*\*\/\n?/g;

/**
 * The typedefs of a source: a text in front of a comment's first tag describes the first, one behind a name that one.
 *
 * @param {string} source
 * @returns {{ name: string, description: string }[]}
 */
function typedefsOf(source) {
  return [...source.matchAll(comments)].flatMap(([comment]) => {
    const text = comment
      .trim()
      .slice(3, -2)
      .replace(/^[ \t]*\*? ?/gm, '');
    const [before = '', ...typedefs] = text.split(/^@typedef /m);
    return typedefs.map((typedef, index) => {
      const [, name = '', behind = ''] = /^\s*(\w+)([^@]*)/.exec(typedef.slice(endOfType(typedef))) ?? [];
      const parts = [index === 0 ? before : '', behind].map((part) => part.replace(/^ {2}/gm, '').trim());
      return { name, description: parts.filter((part) => part !== '').join('\n\n') };
    });
  });
}

/**
 * Where the type in braces ends that a text begins with.
 *
 * @param {string} text
 */
function endOfType(text) {
  let depth = 0;
  for (const { 0: brace, index } of text.matchAll(/[{}]/g)) {
    depth += brace === '{' ? 1 : -1;
    if (depth === 0) return index + 1;
  }
  return 0;
}
