/** @import { Session } from '../../core/records.js' */
/** @import { Grant, GrantContext } from '../../core/grant.js' */

import { MisbehavedError, RefusedError, TransportError } from '../../core/errors.js';
import { untilAborted } from '../../core/until_aborted.js';
import { requestedScopes } from './jwt_bearer.js';

/** Seconds between two questions where the server names none, and how many more after `slow_down` (RFC 8628 §3.5). */
const USUAL_INTERVAL = 5;

/** The longest time that `setTimeout` can wait, in milliseconds; with a longer one it does not wait at all. */
const LONGEST_WAIT = 2 ** 31 - 1;

/**
 * What the person has to be told (RFC 8628 §3.3).
 *
 * @typedef {object} Prompt
 * @property {string} userCode to be typed in, or compared; printable
 * @property {string} verificationUri where to go with any browser: https, or http on loopback
 * @property {string} [verificationUriComplete] the same with the code in it, for a QR code
 * @property {number} expiresAt until when, in seconds since 1970
 */

/**
 * Time, where it is not the real one: for tests.
 *
 * @typedef {object} Clock
 * @property {() => number} now in milliseconds since 1970
 * @property {(milliseconds: number, over: AbortSignal) => Promise<void>} wait `over` aborts when nobody waits any more
 */

/**
 * The person signs in with a browser on another device (RFC 8628): for hosts that have none. `show` tells them where to
 * go and which code to enter; then the authorization server is asked, as often as it permits, whether they did.
 *
 * @param {object} options how the person is told
 * @param {(prompt: Prompt) => void | Promise<void>} options.show shows the code. Asking begins when it has resolved
 * @param {Clock} [options.clock] default: the real one
 * @returns {Grant} its `obtain` rejects with a `RefusedError` (`device_authorization_denied`: by the person or by the server;
 *   `device_code_expired`: nobody entered the code in time; `token_refused`, `client_refused`), with a `MisbehavedError`
 *   (`invalid_document`, `insecure_endpoint`), with a `TransportError` (`aborted`), and with whatever `show` rejects with.
 *   Where the server offers no such sign-in, it is not called: `no_device_authorization_endpoint`
 */
export function deviceAuthorization({ show, clock = realClock }) {
  return {
    grantType: 'urn:ietf:params:oauth:grant-type:device_code',
    interactive: true,
    async obtain(context) {
      const { deviceCode, interval, prompt } = await authorizeDevice(context, clock);
      await unlessAborted(Promise.resolve(show(prompt)), context.signal);
      return poll(context, clock, { deviceCode, interval, expiresAt: prompt.expiresAt });
    },
  };
}

/**
 * @param {GrantContext} context
 * @param {Clock} clock
 */
async function authorizeDevice(context, { now }) {
  const { discovery, resource, post } = context;
  // A server without it was refused before the client was registered.
  const endpoint = String(discovery.authorizationServer.endpoints?.device_authorization_endpoint);
  const scope = requestedScopes(context).join(' ');
  const answer = await post(endpoint, { ...(scope !== '' && { scope }), ...(resource !== undefined && { resource }) });
  const { device_code: deviceCode, user_code: userCode, verification_uri: verificationUri } = answer;
  const { verification_uri_complete: complete, expires_in: lifetime, interval } = answer;
  if (typeof deviceCode !== 'string' || deviceCode === '') throw invalidAnswer('device_code');
  // It is shown to a person: letters, digits and signs, nothing invisible.
  if (typeof userCode !== 'string' || !/^[\p{L}\p{N}\p{P}\p{S} ]{1,64}$/u.test(userCode))
    throw invalidAnswer('user_code');
  const prompt = {
    userCode,
    verificationUri: requireSecure(verificationUri, 'verification_uri'),
    ...(complete != null && { verificationUriComplete: requireSecure(complete, 'verification_uri_complete') }),
    expiresAt: Math.floor(now() / 1000 + secondsOf(lifetime, 'expires_in')),
  };
  for (const uri of [prompt.verificationUri, prompt.verificationUriComplete ?? []].flat()) await context.admit?.(uri);
  return { deviceCode, interval: Math.max(1, secondsOf(interval ?? USUAL_INTERVAL, 'interval')), prompt };
}

/**
 * @param {unknown} value
 * @param {string} member that it came from
 */
function secondsOf(value, member) {
  const seconds = typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;
  if (!(seconds >= 0 && seconds < Infinity)) throw invalidAnswer(member);
  return seconds;
}

/**
 * Asks until the person has decided (RFC 8628 §3.4, §3.5).
 *
 * @param {GrantContext} context
 * @param {Clock} clock
 * @param {{ deviceCode: string, interval: number, expiresAt: number }} device
 * @returns {Promise<Session>}
 */
async function poll({ redeem, signal }, { now, wait }, { deviceCode, interval, expiresAt }) {
  let pause = interval;
  for (;;) {
    const remaining = expiresAt * 1000 - now();
    if (remaining <= 0) throw expired();
    const over = new AbortController();
    const waiting = wait(Math.min(pause * 1000, remaining, LONGEST_WAIT), over.signal);
    await unlessAborted(waiting, signal).finally(() => over.abort());
    try {
      return await redeem({ device_code: deviceCode });
    } catch (error) {
      // The network may be back before the code expires.
      const isUndecided = error instanceof TransportError && error.code !== 'aborted';
      if (!isUndecided) interval = nextInterval(error, interval);
      pause = isUndecided ? pause * 2 : interval;
    }
  }
}

/**
 * @param {unknown} error of the latest question
 * @param {number} interval before it
 * @returns {number} seconds until the next question; throws where there must be none
 */
function nextInterval(error, interval) {
  if (!(error instanceof RefusedError) || error.code !== 'token_refused') throw error;
  switch (error.details.error) {
    case 'authorization_pending':
      return interval;
    case 'slow_down':
      return interval + USUAL_INTERVAL;
    case 'expired_token':
      throw expired(error);
    case 'access_denied':
      throw new RefusedError({
        code: 'device_authorization_denied',
        message:
          'The sign-in on the other device was denied, by the person or by the server. Sign in again to ask anew.',
        step: 'authorize',
        details: error.details,
        cause: error,
      });
    default:
      throw error;
  }
}

/** @param {unknown} [cause] */
function expired(cause) {
  return new RefusedError({
    code: 'device_code_expired',
    message: 'Nobody entered the code on another device in time. Sign in again to get a new one.',
    step: 'authorize',
    cause,
  });
}

/** @param {string} member */
function invalidAnswer(member) {
  return new MisbehavedError({
    code: 'invalid_document',
    message: `In the answer of the device authorization endpoint (RFC 8628 §3.2), \`${member}\` is missing or unusable. The server's operator has to correct it.`,
    step: 'authorize',
    details: { member },
  });
}

/**
 * A person is going to open it.
 *
 * @param {unknown} uri
 * @param {string} member that it came from
 * @returns {string}
 */
function requireSecure(uri, member) {
  if (typeof uri !== 'string' || !URL.canParse(uri)) throw invalidAnswer(member);
  const { protocol, hostname, href, username, password } = new URL(uri);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  const isSecure = protocol === 'https:' || (protocol === 'http:' && isLoopback);
  // A user name could look like the server that the person expects.
  if (isSecure && username + password === '') return href;
  throw new MisbehavedError({
    code: 'insecure_endpoint',
    message: `The authorization server sends people to a \`${member}\` that is not https (http on loopback), or has a user name. It is not shown; the server's operator has to correct it.`,
    step: 'authorize',
    details: { member },
  });
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {AbortSignal} [signal]
 */
async function unlessAborted(promise, signal) {
  try {
    return await untilAborted(promise, signal);
  } catch (cause) {
    if (!signal?.aborted) throw cause;
    throw new TransportError({
      code: 'aborted',
      message: 'The call was cancelled by its host.',
      step: 'authorize',
      cause,
    });
  }
}

/** @type {Clock} */
const realClock = {
  now: Date.now,
  wait: (milliseconds, over) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      over.addEventListener('abort', () => clearTimeout(timer));
    }),
};
