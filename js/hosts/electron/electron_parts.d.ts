/**
 * What of Electron's main process is used. Electron's own module, `import * as electron from 'electron'`, has all of it;
 * a test holds these types against Electron's.
 */
export interface ElectronModules {
  /** The application. */
  app: ElectronApp;
  /** Opens what is not the application's own. */
  shell: ElectronShell;
  /** Chromium's network stack. */
  net: ElectronNet;
  /** Chromium's sessions. */
  session: ElectronSessions;
  /** The operating system's cryptography. */
  safeStorage: ElectronSafeStorage;
  /** Receives messages of pages. */
  ipcMain: ElectronEvents;
}

/** Something that tells of events: how to listen, and how to stop. */
export interface ElectronEvents {
  /** Listens. */
  on(event: string, listener: (...values: any[]) => void): unknown;
  /** Stops listening. */
  removeListener(event: string, listener: (...values: any[]) => void): unknown;
}

/** The application, `app`. */
export interface ElectronApp extends ElectronEvents {
  /** Whether Electron is ready. */
  isReady(): boolean;
  /** Resolves once Electron is ready. */
  whenReady(): Promise<void>;
  /** Where the application keeps its data. */
  getPath(name: 'userData'): string;
  /** Makes this the only running instance; false: another one is, and is told this one's command line. */
  requestSingleInstanceLock(): boolean;
  /** Has the operating system open links of a scheme with this application. */
  setAsDefaultProtocolClient(scheme: string, path?: string, args?: string[]): boolean;
  /** Ends the application. */
  quit(): void;
}

/** The desktop, `shell`. */
export interface ElectronShell {
  /** Opens a URL in the system browser. */
  openExternal(url: string): Promise<void>;
}

/** The network, `net`. */
export interface ElectronNet {
  /** Begins a request. */
  request(options: ElectronRequestOptions): ElectronRequest;
}

/** How a request is sent. */
export interface ElectronRequestOptions {
  /** Its HTTP method. */
  method: string;
  /** Its URL. */
  url: string;
  /** The session whose proxy and certificates count. */
  session: any;
  /** Each redirect is told, and not followed by itself. */
  redirect: 'manual';
  /** No cookies go with it. */
  useSessionCookies: false;
  /** Nothing of it is kept. */
  cache: 'no-store';
  /** It does not tell where it is from. */
  referrerPolicy: 'no-referrer';
  /** The application's own protocol handlers do not see it. */
  bypassCustomProtocolHandlers: true;
}

/** A request under way. */
export interface ElectronRequest extends ElectronEvents {
  /** Sets a header. */
  setHeader(name: string, value: string): void;
  /** Sends a part of the body. */
  write(chunk: Buffer): void;
  /** Sends the request. */
  end(): unknown;
  /** Ends it, and its response. */
  abort(): void;
  /** Follows the redirect that is being told. */
  followRedirect(): void;
}

/** Who wants a name and a password. */
export interface ElectronAuthInfo {
  /** Whether it is a proxy. */
  isProxy: boolean;
  /** Its host name. */
  host: string;
  /** Its port. */
  port: number;
}

/** A name and a password. */
export interface ElectronCredentials {
  /** The name. */
  username: string;
  /** The password. */
  password: string;
}

/** The sessions, `session`. */
export interface ElectronSessions {
  /** The session of a partition; one whose name does not begin with `persist:` is in memory alone. */
  fromPartition(partition: string, options?: { cache: boolean }): ElectronSession;
}

/** A session: cookies, cache, proxy and certificates of its own. */
export interface ElectronSession {
  /** What a host name resolves to; Electron has it since version 22. */
  resolveHost?(host: string): Promise<ElectronResolvedHost>;
  /** Has its windows load a script before each page, beside their own; Electron has it since version 35. */
  registerPreloadScript(script: ElectronPreloadScript): string;
  /** Ends that, by what registering gave. */
  unregisterPreloadScript(id: string): void;
}

/** A preload script. */
export interface ElectronPreloadScript {
  /** It is loaded in frames. */
  type: 'frame';
  /** Its file. */
  filePath: string;
}

/** What a host name resolves to. */
export interface ElectronResolvedHost {
  /** Its addresses. */
  endpoints: ElectronResolvedEndpoint[];
}

/** An address of a host. */
export interface ElectronResolvedEndpoint {
  /** An IP literal. */
  address: string;
}

/** The operating system's cryptography, `safeStorage`. Older versions lack the asynchronous members, newer ones the others. */
export interface ElectronSafeStorage {
  /** Whether there is a key. */
  isAsyncEncryptionAvailable?(): Promise<boolean>;
  /** Encrypts. */
  encryptStringAsync?(text: string): Promise<Buffer>;
  /** Decrypts. */
  decryptStringAsync?(encrypted: Buffer): Promise<ElectronDecrypted>;
  /** Whether there is a key; gone in Electron 46. */
  isEncryptionAvailable?(): boolean;
  /** Encrypts; gone in Electron 46. */
  encryptString?(text: string): Buffer;
  /** Decrypts; gone in Electron 46. */
  decryptString?(encrypted: Buffer): string;
  /** Where Linux keeps the key. */
  getSelectedStorageBackend?(): string;
}

/** What was decrypted. */
export interface ElectronDecrypted {
  /** The text. */
  result: string;
}
