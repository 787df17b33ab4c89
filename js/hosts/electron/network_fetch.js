/** A `fetch` over Electron's network stack, with the system's proxy and certificates, and without anybody's cookies. */

/** @import { Fetch } from '../../core/host.js' */
/** @import { Gate } from '../node/guarded_fetch.js' */
/** @import { ElectronAuthInfo, ElectronCredentials, ElectronModules, ElectronRequest, ElectronSession } from './electron_parts.js' */

import { TransportError } from '../../core/errors.js';
import { addresses, gateByNames, Nearness } from '../node/guarded_fetch.js';
import { readyElectron } from './modules.js';

/** The Fetch Standard's limit (§4.4). */
const REDIRECT_LIMIT = 20;

/** The answers that have no body (Fetch Standard, §2.2.3). */
const BODILESS = [204, 205, 304];

/**
 * How requests go over Electron's network stack.
 *
 * @typedef {object} ElectronFetchOptions
 * @property {ElectronModules} [electron] Electron's module. Default: what `import('electron')` gives in the main process.
 * @property {string} [partition] The session partition whose proxy and certificates count, and which nothing else should
 *   use. Default: `mcp-oauth-wasm`, in memory alone.
 * @property {() => ElectronSession} [session] Gives the session whose proxy and certificates count, such as the
 *   application's own: `() => session.defaultSession`. Its cookies are not sent. Default: that of `partition`.
 * @property {(proxy: ElectronAuthInfo) => Promise<ElectronCredentials | undefined>} [login] The name and password for a
 *   proxy that wants some; undefined: there are none. Default: `proxy_credentials_required`.
 * @property {string[]} [privateNetworks] Networks into which servers elsewhere may lead, such as `10.1.0.0/16`. Default: none.
 */

/**
 * A `fetch` (Fetch Standard) over Electron's network stack, for the main process: with the proxy and the certificate
 * authorities of the operating system, in a partition of its own, without cookies, cache or referrer. It tells every
 * redirect where `redirect` is `manual`, follows those of GET and HEAD alone where it is `follow`, and refuses names that lead
 * a public server's requests into a private network (RFC 9728 §7.7).
 *
 * @param {ElectronFetchOptions} [options] which Electron, and which partition
 * @returns {Fetch} rejects like any `fetch`, and with a `MisuseError` (`electron_missing`), a `MisbehavedError`
 *   (`private_address`) or a `TransportError` (`certificate_untrusted`, `proxy_credentials_required`)
 */
export function electronFetch(options) {
  return electronGate(options).fetch;
}

/**
 * Electron makes its connections out of sight: a name is judged by what Electron resolves it to a moment before.
 *
 * @param {ElectronFetchOptions} [options]
 * @returns {Gate}
 */
export function electronGate({ electron: given, partition = 'mcp-oauth-wasm', session, login, privateNetworks } = {}) {
  const ready = readyElectron(given);
  const ownSession = async () => {
    const electron = await ready();
    return session?.() ?? electron.session.fromPartition(partition, { cache: false });
  };
  const resolve = async (/** @type {string} */ hostname) => {
    const session = await ownSession();
    if (!session.resolveHost) return addresses(hostname);
    return (await session.resolveHost(hostname)).endpoints.map(({ address }) => address);
  };
  /** @type {Fetch} */
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    // Not the request's own signal: on Node 20 one that follows another can be lost.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    const body = request.body && Buffer.from(await request.arrayBuffer());
    const { net } = await ready();
    const { method, url } = request;
    const sending = net.request({
      method,
      url,
      session: await ownSession(),
      redirect: 'manual',
      // `credentials` left out: with `omit` there would be neither client certificates nor a proxy's password.
      useSessionCookies: false,
      cache: 'no-store',
      referrerPolicy: 'no-referrer',
      bypassCustomProtocolHandlers: true,
    });
    request.headers.forEach((value, name) => sending.setHeader(name, value));
    if (login) {
      sending.on('login', (info, callback) => {
        // A server of the web that asks for a password gets none.
        const given = info.isProxy ? login(info) : Promise.resolve(undefined);
        given.catch(() => undefined).then((known) => callback(known?.username, known?.password));
      });
    }
    return answerTo(sending, { method, url, mode: request.redirect, signal }, () => {
      if (body) sending.write(body);
      sending.end();
    });
  };
  return gateByNames(fetch, new Nearness({ resolve, privateNetworks }));
}

/**
 * @param {ElectronRequest} sending
 * @param {{ method: string, url: string, mode: RequestRedirect, signal: AbortSignal | null | undefined }} request
 * @param {() => void} send
 * @returns {Promise<Response>}
 */
function answerTo(sending, { method, url, mode, signal }, send) {
  return new Promise((resolve, reject) => {
    let [from, redirects] = [url, 0];
    /** @type {ReadableStreamDefaultController<Uint8Array> | undefined} */
    let streaming;
    const stop = () => signal?.removeEventListener('abort', onAbort);
    const fail = (/** @type {unknown} */ reason) => {
      stop();
      reject(reason);
      streaming?.error(reason);
      streaming = undefined;
    };
    const onAbort = () => {
      fail(signal?.reason);
      sending.abort();
    };
    /**
     * Whatever is wrong with an answer, such as a status or a header that no `Response` can have, is the call's affair: nobody
     * catches what comes out of a listener.
     *
     * @template {any[]} A
     * @param {(...given: A) => unknown} listener
     * @returns {(...given: A) => void}
     */
    const caught =
      (listener) =>
      (...given) => {
        try {
          listener(...given);
        } catch (cause) {
          fail(failed(url, cause instanceof Error ? cause : new Error(String(cause))));
          sending.abort();
        }
      };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });

    const answered = (
      /** @type {number} */ status,
      /** @type {Headers} */ headers,
      /** @type {ReadableStream | null} */ body,
    ) =>
      resolve(
        Object.defineProperties(new Response(body, { status, headers }), {
          url: { value: from },
          redirected: { value: redirects > 0 },
        }),
      );

    sending.on(
      'redirect',
      caught(
        (
          /** @type {number} */ status,
          /** @type {string} */ _method,
          /** @type {string} */ to,
          /** @type {Record<string, string[]>} */ headers,
        ) => {
          if (mode === 'follow' && ['GET', 'HEAD'].includes(method) && redirects < REDIRECT_LIMIT) {
            [from, redirects] = [to, redirects + 1];
            // At once: later it would be too late.
            return sending.followRedirect();
          }
          stop();
          if (mode === 'error') reject(failed(url, new Error('it was redirected')));
          else answered(status, headersOf(Object.entries(headers)), null);
          sending.abort();
        },
      ),
    );

    const onResponse = (/** @type {any} */ message) => {
      const status = message.statusCode;
      const headers = headersOf(message.rawHeaders ? inPairs(message.rawHeaders) : Object.entries(message.headers));
      if (status === 407) {
        fail(proxyWantsCredentials(url));
        return sending.abort();
      }
      if (status < 200 || BODILESS.includes(status) || method === 'HEAD') {
        stop();
        message.on('data', () => {});
        message.on('error', () => {});
        return answered(status, headers, null);
      }
      const body = new ReadableStream({
        start(controller) {
          streaming = controller;
          const onData = (/** @type {Uint8Array} */ chunk) => {
            streaming?.enqueue(new Uint8Array(chunk));
            if (streaming && (streaming.desiredSize ?? 0) <= 0) message.pause?.();
          };
          const onEnd = () => {
            stop();
            streaming?.close();
            streaming = undefined;
          };
          message.on('data', caught(onData));
          message.on('end', caught(onEnd));
          message.on('error', (/** @type {Error} */ error) => fail(failed(url, error)));
          message.on('aborted', () => fail(failed(url, new Error('the answer was cut short'))));
        },
        pull: () => message.resume?.(),
        cancel() {
          stop();
          streaming = undefined;
          sending.abort();
        },
      });
      answered(status, headers, body);
    };
    sending.on('response', caught(onResponse));
    sending.on('error', (/** @type {Error} */ error) => fail(failed(url, error)));
    caught(send)();
  });
}

/**
 * Headers by their lines, several of one name among them, such as `WWW-Authenticate`.
 *
 * @param {Iterable<[string, string | string[]]>} lines
 */
function headersOf(lines) {
  const headers = new Headers();
  for (const [name, values] of lines) for (const value of [values].flat()) headers.append(name, value);
  return headers;
}

/**
 * @param {string[]} raw names and values in turn
 * @returns {[string, string][]}
 */
function inPairs(raw) {
  return raw.flatMap((name, index) =>
    index % 2 === 0 ? [/** @type {[string, string]} */ ([name, raw[index + 1] ?? ''])] : [],
  );
}

/**
 * @param {string} url
 * @param {Error} cause whose message is Chromium's name for what happened
 */
function failed(url, cause) {
  const { origin, pathname, host } = new URL(url);
  const details = { url: origin + pathname, reason: cause.message };
  if (/\bERR_CERT_(AUTHORITY_INVALID|COMMON_NAME_INVALID|DATE_INVALID|REVOKED|INVALID)\b/.test(cause.message)) {
    return new TransportError({
      code: 'certificate_untrusted',
      message:
        `The certificate of ${host} does not hold (${cause.message}). If the network or the server has a certificate authority of ` +
        'its own, as companies do, add its certificate to those that the operating system trusts. If not, somebody may be listening in.',
      step: 'call',
      details,
      cause,
    });
  }
  if (/\bERR_(PROXY_AUTH_REQUESTED|PROXY_AUTH_UNSUPPORTED|UNEXPECTED_PROXY_AUTH)\b/.test(cause.message))
    return proxyWantsCredentials(url, cause);
  return new TypeError('fetch failed', { cause });
}

/**
 * @param {string} url
 * @param {unknown} [cause]
 */
function proxyWantsCredentials(url, cause) {
  const { origin, pathname, host } = new URL(url);
  return new TransportError({
    code: 'proxy_credentials_required',
    message:
      `The network's proxy wants credentials before it connects to ${host}. Use a proxy that knows this user by the operating ` +
      'system (`allowNTLMCredentialsForDomains` of the session), or one on this machine that has them, or give the host a `fetch` of your own.',
    step: 'call',
    details: { url: origin + pathname },
    cause,
  });
}
