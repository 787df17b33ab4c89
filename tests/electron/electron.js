/**
 * Stands in for the main process of Electron: what the package and the example use of it, on Node, typed by Electron's own
 * definitions. Requests really are sent; the person's browser is a user agent; what Electron says of redirects, aborts,
 * ports and frames is done as its documentation and its source have it.
 */

import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { EventEmitter } from 'node:events';
import { request as sendHttp } from 'node:http';
import { request as sendHttps } from 'node:https';
import { isAbsolute } from 'node:path';

/** @import * as Electron from 'electron' */
/** @import { IncomingMessage } from 'node:http' */
/** @import { MessagePort } from 'node:worker_threads' */

/**
 * @typedef {Pick<Electron.App, 'whenReady' | 'isReady' | 'getPath' | 'requestSingleInstanceLock' | 'setAsDefaultProtocolClient' | 'quit' | 'on' | 'removeListener'>} App
 * @typedef {Pick<Electron.SafeStorage, 'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'isEncryptionAvailable' | 'encryptString' | 'decryptString' | 'getSelectedStorageBackend'>} SafeStorage
 * @typedef {Pick<Electron.Session, 'resolveHost' | 'registerPreloadScript' | 'unregisterPreloadScript' | 'getPreloadScripts'>} Session
 * @typedef {Pick<Electron.IpcMain, 'on' | 'removeListener'>} IpcMain
 */

/**
 * @param {object} options
 * @param {string} options.userData
 * @param {(url: string) => Promise<unknown>} [options.browse] the person's browser
 * @param {boolean} [options.isReady] whether Electron is ready from the beginning; else `becomeReady` makes it so
 * @param {boolean} [options.isFirst] whether no other instance runs
 * @param {Partial<StandInKeyOptions>} [options.key]
 * @param {(hostname: string) => Promise<string[]>} [options.resolve] host names to addresses
 */
export function createElectron({
  userData,
  browse = async () => {},
  isReady = true,
  isFirst = true,
  key,
  resolve = resolveByNode,
}) {
  const events = new EventEmitter();
  let ready = isReady;
  /** What happened, for tests. */
  const seen = {
    /** @type {string[]} */ opened: [],
    /** @type {Electron.ClientRequestConstructorOptions[]} */ requests: [],
    /** @type {[string, string?, string[]?][]} */ schemes: [],
    /** @type {string[]} */ partitions: [],
    /** @type {unknown[]} */ failures: [],
    hasQuit: false,
  };

  /** @type {App} */
  const app = Object.assign(/** @type {any} */ (events), {
    isReady: () => ready,
    whenReady: () => (ready ? Promise.resolve() : new Promise((resolve) => events.once('ready', resolve))),
    getPath: () => userData,
    requestSingleInstanceLock: () => isFirst,
    setAsDefaultProtocolClient(/** @type {[string, string?, string[]?]} */ ...scheme) {
      seen.schemes.push(scheme);
      return true;
    },
    quit() {
      seen.hasQuit = true;
    },
  });

  /** @type {Pick<Electron.Shell, 'openExternal'>} */
  const shell = {
    async openExternal(url) {
      seen.opened.push(url);
      // The browser is another program: that it has started is all that is known of it.
      browse(url).catch((error) => seen.failures.push(error));
    },
  };

  /** @type {Map<string, Session>} */
  const sessions = new Map();
  const session = {
    fromPartition(/** @type {string} */ partition) {
      if (!ready) throw new Error('Session can only be received when app is ready');
      seen.partitions.push(partition);
      return /** @type {Electron.Session} */ (sessionOf(partition));
    },
  };
  const sessionOf = (/** @type {string} */ partition) => {
    const there = sessions.get(partition) ?? createSession(resolve);
    sessions.set(partition, there);
    return there;
  };

  const net = {
    request(/** @type {Electron.ClientRequestConstructorOptions} */ options) {
      if (!ready) throw new Error('net module can only be used after app is ready');
      seen.requests.push(options);
      return /** @type {Electron.ClientRequest} */ (/** @type {unknown} */ (new StandInRequest(options)));
    },
  };

  /** @type {IpcMain} */
  const ipcMain = /** @type {any} */ (new EventEmitter());
  return {
    app,
    shell,
    session,
    net,
    ipcMain,
    safeStorage: createSafeStorage(key),
    seen,
    becomeReady() {
      ready = true;
      events.emit('ready');
    },
    /**
     * The preload scripts of a window: its session's, and then its own (lib/browser/rpc-server.ts, getPreloadScriptsFromEvent).
     *
     * @param {string} partition
     * @param {string} [own]
     */
    preloadScripts: (partition, own) =>
      [
        ...sessionOf(partition)
          .getPreloadScripts()
          .map(({ filePath }) => filePath),
        own,
      ].filter((file) => file !== undefined),
    /** What the operating system does with a link, on macOS. */
    openLink(/** @type {string} */ link) {
      events.emit('open-url', { preventDefault() {} }, link);
    },
    /** What it does elsewhere: a second instance is started, and ends. */
    startAgain(/** @type {string[]} */ ...words) {
      events.emit('second-instance', {}, ['/opt/app/app', '--some-switch', ...words], '/', {});
    },
    /**
     * What the main process receives when a preload script calls `ipcRenderer.postMessage`.
     *
     * @param {{ url: string, parent?: unknown } | null} frame that sends it
     * @param {unknown} message
     * @param {Pick<Electron.MessagePortMain, 'on' | 'start' | 'close' | 'postMessage'>[]} ports
     * @param {string} [channel]
     */
    receive(frame, message, ports, channel = 'mcp-oauth-wasm') {
      const event = { senderFrame: frame && { parent: null, ...frame }, ports };
      /** @type {any} */ (ipcMain).emit(channel, event, message);
    },
  };
}

/** @typedef {ReturnType<typeof createElectron>} StandIn */

/** @param {string} hostname */
async function resolveByNode(hostname) {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

/**
 * @param {(hostname: string) => Promise<string[]>} resolve
 * @returns {Session}
 */
function createSession(resolve) {
  /** @type {Electron.PreloadScript[]} */
  let scripts = [];
  return {
    // shell/browser/api/electron_api_session.cc, Session::RegisterPreloadScript.
    registerPreloadScript({ id = randomUUID(), ...script }) {
      if (scripts.some((there) => there.id === id))
        throw new Error(`Cannot register preload script with existing ID '${id}'`);
      if (!isAbsolute(script.filePath)) throw new Error(`Preload script must have absolute path: ${script.filePath}`);
      scripts.push({ id, ...script });
      return id;
    },
    unregisterPreloadScript(id) {
      if (!scripts.some((there) => there.id === id))
        throw new Error(`Cannot unregister preload script with non-existing ID '${id}'`);
      scripts = scripts.filter((there) => there.id !== id);
    },
    getPreloadScripts: () => scripts,
    async resolveHost(host) {
      const addresses = await resolve(host);
      return { endpoints: addresses.map((address) => ({ address, family: address.includes(':') ? 'ipv6' : 'ipv4' })) };
    },
  };
}

/** The headers that Chromium does not let an application set. */
const RESTRICTED = ['content-length', 'host', 'trailer', 'te', 'upgrade', 'cookie2', 'keep-alive', 'transfer-encoding'];

/** Cookies by session, as Chromium keeps them without being asked. @type {WeakMap<object, Set<string>>} */
const cookies = new WeakMap();

/** Electron's `ClientRequest`, over Node's HTTP. */
class StandInRequest extends EventEmitter {
  /** @type {[string, string][]} */
  #headers = [];
  /** @type {Buffer[]} */
  #body = [];
  #aborted = false;
  #following = false;
  /** @type {import('node:http').ClientRequest | undefined} */
  #sending;

  /** @param {Electron.ClientRequestConstructorOptions} options */
  constructor(options) {
    super();
    this.options = options;
    if (!/^https?:/.test(options.url ?? '')) throw new Error('ClientRequest only supports http: and https: protocols');
  }

  setHeader(/** @type {string} */ name, /** @type {string} */ value) {
    if (RESTRICTED.includes(name.toLowerCase())) throw new Error('net::ERR_INVALID_ARGUMENT');
    this.#headers.push([name, value]);
  }

  write(/** @type {Buffer} */ chunk) {
    this.#body.push(chunk);
  }

  end() {
    // It closes as a stream to write into does, long before it is answered.
    setImmediate(() => this.emit('finish'));
    this.#send(String(this.options.url), this.options.method ?? 'GET', Buffer.concat(this.#body));
    return this;
  }

  abort() {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#sending?.destroy();
    process.nextTick(() => this.emit('abort'));
  }

  followRedirect() {
    this.#following = true;
  }

  /**
   * @param {string} url
   * @param {string} method
   * @param {Buffer} body
   */
  #send(url, method, body) {
    const { credentials, useSessionCookies, session } = this.options;
    const jar = cookies.get(Object(session)) ?? new Set();
    cookies.set(Object(session), jar);
    const withCookies = credentials ? credentials === 'include' : useSessionCookies;
    const headers = new Headers(this.#headers);
    if (withCookies && jar.size > 0) headers.set('cookie', [...jar].join('; '));
    const sending = (url.startsWith('https:') ? sendHttps : sendHttp)(
      url,
      { method, headers: Object.fromEntries(headers) },
      (response) => {
        for (const cookie of response.headers['set-cookie'] ?? []) jar.add(String(cookie.split(';')[0]));
        this.#receive(url, method, response);
      },
    );
    this.#sending = sending;
    sending.on('error', (error) => {
      if (!this.#aborted) this.emit('error', new Error(chromiumName(error), { cause: error }));
    });
    sending.end(body);
  }

  /**
   * @param {string} url
   * @param {string} method
   * @param {IncomingMessage} response
   */
  #receive(url, method, response) {
    const {
      statusCode = 0,
      headers: { location },
    } = response;
    // shell/common/gin_converters/net_converter.cc makes strings of UTF-8 of headers; Node makes them of Latin-1.
    response.rawHeaders = response.rawHeaders.map((text) => Buffer.from(text, 'latin1').toString('utf8'));
    if (![301, 302, 303, 307, 308].includes(statusCode) || location === undefined) {
      response.on('error', () => {});
      return this.emit('response', response);
    }
    response.resume();
    const to = new URL(location, url).href;
    const newMethod = statusCode === 303 || (method === 'POST' && statusCode < 303) ? 'GET' : method;
    this.#following = this.options.redirect === 'follow';
    this.emit('redirect', statusCode, newMethod, to, byName(response.rawHeaders));
    if (this.#following)
      return this.#send(to, newMethod, newMethod === method ? Buffer.concat(this.#body) : Buffer.alloc(0));
    if (!this.#aborted) this.emit('error', new Error('Redirect was cancelled'));
  }
}

/** @param {string[]} raw */
function byName(raw) {
  /** @type {Record<string, string[]>} */
  const headers = {};
  for (let index = 0; index < raw.length; index += 2)
    (headers[String(raw[index]).toLowerCase()] ??= []).push(String(raw[index + 1]));
  return headers;
}

/** @param {NodeJS.ErrnoException} error */
function chromiumName({ code }) {
  if (code === 'ECONNREFUSED') return 'net::ERR_CONNECTION_REFUSED';
  if (code === 'DEPTH_ZERO_SELF_SIGNED_CERT' || code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    return 'net::ERR_CERT_AUTHORITY_INVALID';
  return 'net::ERR_CONNECTION_RESET';
}

/**
 * @typedef {object} StandInKeyOptions
 * @property {Buffer} secret what the operating system keeps
 * @property {'gnome_libsecret' | 'basic_text'} backend
 * @property {boolean} isAsynchronous whether Electron has the newer members, and not the older ones
 * @property {boolean} isAvailable
 */

/**
 * @param {Partial<StandInKeyOptions>} [options]
 * @returns {SafeStorage & { state: StandInKeyOptions }}
 */
function createSafeStorage({
  secret = randomBytes(32),
  backend = 'gnome_libsecret',
  isAsynchronous = true,
  isAvailable = true,
} = {}) {
  const state = { secret, backend, isAsynchronous, isAvailable };
  const encrypt = (/** @type {string} */ text) => {
    const vector = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', state.secret, vector);
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([
      Buffer.from(state.backend === 'basic_text' ? 'v10' : 'v11'),
      vector,
      cipher.getAuthTag(),
      encrypted,
    ]);
  };
  const decrypt = (/** @type {Buffer} */ encrypted) => {
    if (!state.isAvailable) throw new Error('Decryption is not available');
    const decipher = createDecipheriv('aes-256-gcm', state.secret, encrypted.subarray(3, 15)).setAuthTag(
      encrypted.subarray(15, 31),
    );
    return Buffer.concat([decipher.update(encrypted.subarray(31)), decipher.final()]).toString('utf8');
  };
  // shell/browser/api/electron_api_safe_storage.cc, as of 2026.
  const newer = {
    // SafeStorage::IsAsyncEncryptionAvailable: `promise.Resolve(true)` as soon as there is an encryptor, whatever it can do.
    isAsyncEncryptionAvailable: async () => true,
    // SafeStorage::OnOsCryptReady: `if (encrypted) … else … RejectWithErrorMessage`.
    encryptStringAsync: async (/** @type {string} */ text) => {
      if (!state.isAvailable)
        throw new Error('Error while encrypting the text provided to safeStorage.encryptStringAsync.');
      return encrypt(text);
    },
    decryptStringAsync: async (/** @type {Buffer} */ encrypted) => {
      // SafeStorage::OnOsCryptReady: `else if (flags.temporarily_unavailable)`.
      if (!state.isAvailable)
        throw new Error('safeStorage.decryptStringAsync is temporarily unavailable. Please try again.');
      try {
        return { shouldReEncrypt: false, result: decrypt(encrypted) };
      } catch {
        throw new Error('Error while decrypting the ciphertext provided to safeStorage.decryptStringAsync.');
      }
    },
  };
  const older = {
    // SafeStorage::IsEncryptionAvailable.
    isEncryptionAvailable: () => state.isAvailable,
    // SafeStorage::EncryptString: `if (!IsEncryptionAvailable())`.
    encryptString(/** @type {string} */ text) {
      if (!state.isAvailable)
        throw new Error(
          'Error while encrypting the text provided to safeStorage.encryptString. Encryption is not available.',
        );
      return encrypt(text);
    },
    // SafeStorage::DecryptString.
    decryptString: decrypt,
  };
  return {
    getSelectedStorageBackend: () => state.backend,
    state,
    .../** @type {any} */ (isAsynchronous ? newer : older),
  };
}

/**
 * A port as the main process has it.
 *
 * @param {MessagePort} port of Node's
 * @returns {Pick<Electron.MessagePortMain, 'on' | 'start' | 'close' | 'postMessage'>}
 */
export function mainPort(port) {
  const standIn = {
    on(/** @type {string} */ event, /** @type {(value?: unknown) => void} */ listener) {
      port.on(
        /** @type {'message'} */ (event),
        event === 'message' ? (data) => listener({ data, ports: [] }) : listener,
      );
      return standIn;
    },
    start: () => port.start(),
    close: () => port.close(),
    postMessage: (/** @type {unknown} */ message) => port.postMessage(message),
  };
  return /** @type {any} */ (standIn);
}
