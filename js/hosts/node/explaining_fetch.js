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
 * An error, what caused it, and so on.
 *
 * @param {any} error
 */
function* causes(error) {
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
