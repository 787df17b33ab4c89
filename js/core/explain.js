/** A scope plan in words. */

/** @import { PlannedScope, ScopePlan } from './records.js' */

/**
 * What takes two columns where all other characters are equally wide; there are forms of half the width, too. It takes longer
 * to read than the rest of the package, and only what is shown needs it.
 *
 * @type {RegExp | undefined}
 */
let doublyWide;

/**
 * A scope plan as text for people: what is requested and granted (RFC 6749 §3.3), and a table of all scopes with where each
 * comes from, whether the sign-in is useless without it, what became of it, and why. Plain text in lines, for a terminal, a
 * log or a `<pre>`; what a server put into it is made fit to be shown.
 *
 * The plan may be a connection's, an `InteractionRequiredError`'s (`details.plan`), or the one that `approve` is asked about.
 *
 * @param {ScopePlan} plan what to explain
 * @returns {string} lines of text
 * @throws nothing
 */
export function explain({ scopes }) {
  return scopes.length === 0 ? summary(scopes) : `${summary(scopes)}\n\n${table(scopes)}`;
}

/** @param {PlannedScope[]} scopes */
function summary(scopes) {
  const requested = scopes.filter((scope) => scope.requested);
  const missing = scopes.filter((scope) => scope.required && !scope.requested && scope.refused);
  const notNamed = scopes.filter((scope) => scope.required && !scope.requested && !scope.refused);
  const withheld = requested.filter((scope) => scope.granted === false);
  const unasked = scopes.filter((scope) => scope.granted && !scope.requested);
  const isAnswered = scopes.some((scope) => scope.granted !== undefined);
  const granted =
    withheld.length === 0
      ? 'all of it'
      : withheld.length === requested.length
        ? 'nothing of it'
        : `all but ${names(withheld)}`;
  return [
    requested.length > 0 ? `Requested: ${names(requested)}.` : 'Requested: no scope; the parameter is left out.',
    missing.length > 0 && `Required, and refused: ${names(missing)}.`,
    notNamed.length > 0 && `Required, and asked for only if the MCP server insists: ${names(notNamed)}.`,
    isAnswered && requested.length > 0 && `Granted: ${granted}.`,
    unasked.length > 0 && `Granted without being requested: ${names(unasked)}.`,
    !isAnswered && 'The server has not answered yet.',
  ]
    .filter(Boolean)
    .join(' ');
}

/** @param {PlannedScope[]} scopes */
function names(scopes) {
  return scopes.map(({ scope }) => printable(scope)).join(' ');
}

/**
 * Two lines for each scope, the second with the reason, so that most of it fits into eighty columns.
 *
 * @param {PlannedScope[]} scopes
 */
function table(scopes) {
  const rows = [['scope', 'from', 'needed', 'registered', 'requested', 'granted'], ...scopes.map(cells)];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ''))));
  const [heading, ...lines] = rows.map((row) =>
    row
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell)))
      .join('  ')
      .trimEnd(),
  );
  const indent = ' '.repeat((widths[0] ?? 0) + 2);
  return [heading, ...lines.flatMap((line, index) => [line, indent + printable(scopes[index]?.reason ?? '')])].join(
    '\n',
  );
}

/** @param {PlannedScope} planned */
function cells(planned) {
  const { scope, sources, required, requested, granted } = planned;
  return [
    printable(scope),
    sources.map((source) => (source === 'protected-resource' ? 'resource' : printable(source))).join(', '),
    required ? 'required' : 'optional',
    registrationOf(planned),
    yesOrNo(requested),
    !requested && !granted ? '-' : granted === undefined ? 'not yet' : yesOrNo(granted),
  ];
}

/**
 * What is known of the client's registration for a scope. That the registration's answer does not name it says nothing.
 *
 * @param {PlannedScope} planned
 */
function registrationOf({ registered, outright, refused }) {
  if (registered) return 'yes';
  if (refused) return 'refused';
  return outright === 'permitted' ? 'permitted' : 'unknown';
}

/** @param {boolean} value */
function yesOrNo(value) {
  return value ? 'yes' : 'no';
}

/**
 * Without what moves the cursor, turns the direction of a text, or cannot be seen. A mark stands in its place: a space
 * would seem to separate two scopes.
 *
 * @param {string} text
 */
function printable(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu, '\u{fffd}');
}

/** @param {string} text */
function width(text) {
  doublyWide ??= new RegExp(
    '(?![\\u{ff61}-\\u{ffdc}])[\\p{Emoji_Presentation}\\p{sc=Han}\\p{sc=Hangul}\\p{sc=Hiragana}\\p{sc=Katakana}' +
      '\\u{3000}-\\u{303e}\\u{ff01}-\\u{ff60}\\u{ffe0}-\\u{ffe6}]',
    'u',
  );
  const characters = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
  return characters.length + characters.filter((character) => doublyWide?.test(character)).length;
}
