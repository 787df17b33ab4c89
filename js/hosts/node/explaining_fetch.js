/** @import { Fetch } from '../../core/host.js' */

import { TransportError } from '../../core/errors.js';

/** What Node says of a certificate that it can trace back to nobody whom it trusts. */
const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

/** What is said where a network lets nobody out but its proxy. */
const UNREACHABLE = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

/** How proxy agents say that a proxy refused to connect them. */
const PROXY_REFUSED = /\bproxy\b.*\b407\b/i;

/**
 * The same `fetch`, which says what to do where a company's network is in the way: its own certificate authority, or a
 * proxy that wants credentials.
 *
 * @param {Fetch} fetch
 * @returns {Fetch}
 */
export function explainingFetch(fetch) {
  return async (input, init, context) => {
    const { origin, host, pathname } = new URL(/** @type {{ url?: string }} */ (Object(input)).url ?? String(input));
    const details = { url: origin + pathname };
    try {
      const response = await fetch(input, init, context);
      // Some agents hand on what the proxy answered. No server behind it has that status to give.
      if (response.status === 407) throw proxyWantsCredentials(host, details);
      return response;
    } catch (error) {
      for (const { code, message } of causes(error)) {
        if (UNTRUSTED.includes(code)) throw certificateUntrusted(host, { ...details, reason: code }, error);
        if (PROXY_REFUSED.test(message)) throw proxyWantsCredentials(host, details, error);
      }
      throw error;
    }
  };
}

/**
 * The `fetch` of Node, which says what to do where the environment names a proxy, and Node does not use it.
 *
 * @type {Fetch}
 */
export async function platformFetch(input, init) {
  try {
    return await globalThis.fetch(input, init);
  } catch (error) {
    const url = new URL(/** @type {{ url?: string }} */ (Object(input)).url ?? String(input));
    const isUnreachable = [...causes(error)].some(({ code }) => UNREACHABLE.includes(code));
    if (isUnreachable && isProxied(url, process.env) && !usesProxies()) throw proxyNotUsed(url, error);
    throw error;
  }
}

/**
 * Whether the environment wants requests to this URL to go through a proxy.
 *
 * @param {URL} url
 * @param {NodeJS.ProcessEnv} variables
 */
function isProxied({ protocol, hostname, host }, variables) {
  const variable = (/** @type {string} */ name) => variables[name.toLowerCase()] ?? variables[name] ?? '';
  const exceptions = variable('NO_PROXY')
    .split(/[\s,]+/)
    .filter(Boolean);
  const isException = (/** @type {string} */ exception) => {
    const name = exception.toLowerCase().replace(/^\*?\.?/, '');
    return name === '' || [hostname, host].some((own) => own === name || own.endsWith(`.${name}`));
  };
  return variable(protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') !== '' && !exceptions.some(isException);
}

/** Whether somebody, or Node by NODE_USE_ENV_PROXY, has given the `fetch` of Node another way out than its own. */
function usesProxies() {
  const dispatcher = globalDispatcher();
  return dispatcher !== undefined && dispatcher.constructor.name !== 'Agent';
}

/**
 * What Node's own `fetch` makes connections with.
 *
 * @typedef {{ constructor: new (options: object) => Dispatcher }} Dispatcher
 */

/** @returns {Dispatcher | undefined} */
export function globalDispatcher() {
  // The older one stands for the newer one where there are both.
  const there = () =>
    [2, 1].map((version) => Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${version}`))).find(Boolean);
  // Node makes it when anything of `fetch` is used first.
  return there() ?? (new Request('http://localhost'), there());
}

/**
 * An error, what caused it, and so on.
 *
 * @param {any} error
 */
export function* causes(error) {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    yield/** @type {{ code: string, message: string }} */ (/** @type {unknown} */ (cause));
  }
}

/**
 * @param {string} host
 * @param {Record<string, string>} details
 * @param {unknown} cause
 */
function certificateUntrusted(host, details, cause) {
  return new TransportError({
    code: 'certificate_untrusted',
    message:
      `The certificate of ${host} is signed by nobody whom this program trusts (${details.reason}). If the network or the ` +
      'server has a certificate authority of its own, as companies do, save the certificate of that authority as a PEM file ' +
      'and start the program with the path of that file in NODE_EXTRA_CA_CERTS. (From Node 22.15 on, `--use-system-ca` ' +
      'does as well, where the operating system has it.) If not, somebody may be listening in.',
    step: 'call',
    details,
    cause,
  });
}

/**
 * @param {URL} url
 * @param {unknown} cause
 */
function proxyNotUsed({ origin, host, pathname }, cause) {
  return new TransportError({
    code: 'proxy_not_used',
    message:
      `${host} cannot be reached directly, and Node does not use the proxy that HTTPS_PROXY names. Start the program with ` +
      'NODE_USE_ENV_PROXY=1 (from Node 22.21 and 24.0 on; NO_PROXY counts too), or give the host a `fetch` that goes through the proxy, ' +
      'such as that of `undici` with its `EnvHttpProxyAgent`. If this server needs no proxy, name it in NO_PROXY.',
    step: 'call',
    details: { url: origin + pathname },
    cause,
  });
}

/**
 * @param {string} host
 * @param {Record<string, string>} details
 * @param {unknown} [cause]
 */
function proxyWantsCredentials(host, details, cause) {
  return new TransportError({
    code: 'proxy_credentials_required',
    message:
      `The network's proxy wants credentials (status 407) before it connects to ${host}. Give them to the proxy agent that ` +
      'the `fetch` of this host uses, or where proxies are configured by environment variables: ' +
      'HTTPS_PROXY=http://user:password@proxy.example:8080.',
    step: 'call',
    details,
    cause,
  });
}
