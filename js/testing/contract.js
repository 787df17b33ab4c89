/** What the contracts of the test kit have in common. */

/**
 * One rule of a contract, and how to find out whether it is kept.
 *
 * @typedef {object} ContractCase
 * @property {string} name The rule in words. No two of a contract have the same.
 * @property {() => Promise<void>} run Rejects with an `Error` that says what was seen, where the rule is broken.
 */

/**
 * How long a rule may take, in milliseconds. Nothing is measured by it: it only ends what would hang for ever.
 */
export const defaultPatienceMilliseconds = 20_000;

/**
 * The rules as cases that any test runner can run.
 *
 * @template Parts
 * @param {Record<string, (parts: Parts) => Promise<void>>} rules by their names
 * @param {number} patienceMilliseconds how long each may take, in milliseconds
 * @param {(keep: (parts: Parts) => Promise<void>) => Promise<void>} provide gives a rule what it is tried on, and cleans up
 * @returns {ContractCase[]}
 */
export function casesOf(rules, patienceMilliseconds, provide) {
  return Object.entries(rules).map(([name, keep]) => ({
    name,
    run: () => provide((parts) => within(patienceMilliseconds, keep(parts))),
  }));
}

/**
 * @template T
 * @param {number} milliseconds
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
async function within(milliseconds, work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const end = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It did not come to an end within ${milliseconds} ms.`)), milliseconds);
  });
  try {
    return await /** @type {Promise<T>} */ (Promise.race([work, end]));
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {unknown} condition
 * @param {string} otherwise what is wrong if it does not hold
 * @returns {asserts condition}
 */
export function check(condition, otherwise) {
  if (!condition) throw new Error(otherwise);
}

/**
 * @param {unknown} actual
 * @param {unknown} expected a JSON value
 * @param {string} what is compared
 */
export function checkSame(actual, expected, what) {
  const [seen, wanted] = [canonical(actual), canonical(expected)];
  check(seen === wanted, `${what} should be ${shortened(wanted)}, and is ${shortened(seen)}.`);
}

/**
 * The same text for equal JSON values: stores may order members anew.
 *
 * @param {unknown} value
 * @returns {string}
 */
function canonical(value) {
  return String(JSON.stringify(value, (_name, part) => (isObject(part) ? sorted(part) : part)));
}

/** @param {Record<string, unknown>} members */
const sorted = (members) =>
  Object.fromEntries(Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1)));

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @param {string} text */
const shortened = (text) => (text.length > 200 ? `${text.slice(0, 200)}…` : text);

/**
 * What a promise is rejected with.
 *
 * @param {Promise<unknown>} promise
 * @param {string} what should be rejected
 * @returns {Promise<any>}
 */
export async function rejectionOf(promise, what) {
  return promise.then(
    () => {
      throw new Error(`${what} should be rejected, and is not.`);
    },
    (reason) => reason,
  );
}

/** Lets everything else that is ready run first. */
export const pause = () => new Promise((resolve) => setTimeout(resolve));

/** A text that no other call gives. */
export const unique = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
