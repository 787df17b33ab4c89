/**
 * What an environment provides: types only.
 * Node, browser and Electron hosts implement these; so can you, in thirty lines.
 */

/**
 * @typedef {null | boolean | number | string | JsonValue[] | JsonObject} JsonValue
 * @typedef {{ [member: string]: JsonValue }} JsonObject
 */

/** @import { Event, PreRegisteredClient, ScopePlan, ServerSettings } from './records.js' */
/** @import { Grant } from './grants/grant.js' */

/**
 * One event of a sign-in, as a host's `trace` receives it.
 *
 * @typedef {Event & { version: 1, sequence: number, correlation: string, at: number }} TraceEvent
 *   `sequence` counts from 1 in each correlation; `correlation` is the same for all events of one operation;
 *   `at` is in milliseconds since 1970.
 */

/**
 * The person is about to be sent to the browser again; the host may say no.
 *
 * @typedef {object} ApprovalRequest
 * @property {'step-up' | 'issuer-changed'} reason
 * @property {string} endpoint The URL of the MCP server.
 * @property {string} issuer The authorization server, as it calls itself (RFC 8414 §2).
 * @property {ScopePlan} plan What would be asked for.
 */

/**
 * @typedef {(input: string | URL | Request, init?: RequestInit) => Promise<Response>} Fetch
 */

/**
 * Makes an assertion by which a client authenticates (RFC 7523 §2.2): a JWT whose audience is the issuer alone.
 *
 * @typedef {{ issuer: string, clientId: string }} AssertionRequest
 * @typedef {(request: AssertionRequest) => Promise<string>} ClientAssertion
 */

/**
 * What a host knows about one MCP server and its authorization server, and what it can do there.
 *
 * @typedef {Omit<ServerSettings, 'client'> & { client?: PreRegisteredClient & { assertion?: ClientAssertion }, grant?: Grant }} ConnectionSettings
 *   `client.assertion`: makes the assertions of a client whose `tokenEndpointAuthMethod` is `private_key_jwt`; `grant`: how
 *   a session is had without the authorization code, such as those of `mcp-oauth-wasm/grants`
 */

/**
 * Everything that this package needs from its environment.
 *
 * @typedef {object} Host
 * @property {Store} store
 *   Keeps registrations, sessions and pending authorizations.
 * @property {Redirect | Redirect[]} [redirect]
 *   How a person is sent to the authorization server and comes back (RFC 6749 §4.1). Of several, the first whose redirect
 *   URI the authorization server registers. Absent: no interaction is possible.
 * @property {Fetch} [fetch]
 *   Used for everything: discovery, tokens, MCP requests. Default: `globalThis.fetch`.
 * @property {(request: ApprovalRequest) => Promise<boolean>} [approve]
 *   Asked before a step-up or a changed issuer sends the person to the browser.
 *   Default: yes for a call that allows interaction.
 * @property {(event: TraceEvent) => void} [trace]
 *   Receives every trace event.
 * @property {number} [timeoutMilliseconds]
 *   For each request, its body included. Default: 30000.
 * @property {Dpop} [dpop]
 *   Binds tokens to a key, where the authorization server can (RFC 9449). Default: they are bearer tokens.
 */

/**
 * How a person is sent to the authorization server and comes back.
 *
 * @typedef {object} Redirect
 * @property {(request: PrepareRequest) => Promise<RedirectReceiver>} prepare
 *   Gets ready to receive one authorization response. Rejects with a `MisuseError` if the redirect
 *   cannot be had as it was set up, and with a `TransportError` of code `callback_aborted` on abort.
 */

/**
 * @typedef {object} PrepareRequest
 * @property {string} issuer
 *   Lets a redirect give each authorization server a path of its own,
 *   so that a response of one server cannot pass for another's (RFC 9700 §2.1, §4.4.2).
 * @property {string} [preferred]
 *   The redirect URI of a stored registration. It is used again if it can be;
 *   otherwise the receiver has another one, which has to be registered (RFC 6749 §3.1.2.2).
 * @property {AbortSignal} [signal]
 */

/**
 * Receives one authorization response (RFC 6749 §4.1.2).
 *
 * @typedef {object} RedirectReceiver
 * @property {string} redirectUri
 *   Byte for byte what is registered and sent (RFC 6749 §3.1.2.3).
 * @property {(request: AuthorizeRequest) => Promise<string>} authorize
 *   Opens the authorization URL and resolves with the whole callback URL that carries this `state`,
 *   its query exactly as it was received. Stray requests (another path; another state or none) do not end it.
 *   Rejects with a `TransportError` of code `callback_aborted` on abort and on `close`.
 * @property {(outcome: Outcome) => Promise<void> | void} [finish]
 *   Shows the person how it ended. Called after the callback has been judged.
 * @property {() => Promise<void>} close
 *   Stops listening. Must be called in any case; may be called again.
 */

/**
 * @typedef {object} AuthorizeRequest
 * @property {string} authorizationUrl Opened only if its scheme is http or https.
 * @property {string} state Identifies the response (RFC 6749 §10.12). Compared in constant time.
 * @property {AbortSignal} [signal]
 */

/**
 * @typedef {object} Outcome
 * @property {boolean} signedIn
 * @property {string} title A few words; plain text. Must not carry text of a server.
 * @property {string} message What it means and what to do next; plain text. Must not carry text of a server.
 */

/**
 * What a proof of possession is for.
 *
 * @typedef {object} ProofRequest
 * @property {string} method the HTTP method
 * @property {string} url what is called; its query and fragment are left out
 * @property {string} [accessToken] what the request carries beside the proof: at a protected resource, none at the
 *   authorization server
 * @property {string} [nonce] the latest one of the server's
 */

/**
 * A key that tokens are bound to, and proofs that it is here (RFC 9449). Given to the host as `dpop`. A host that keeps
 * its keys elsewhere can bring its own.
 *
 * @typedef {object} Dpop
 * @property {(request: ProofRequest) => Promise<string>} proof
 *   makes the value of a `DPoP` header, for one request (RFC 9449 §4.2). Rejects with a `MisuseError`
 *   (`invalid_key_pair`), an `IncompatibleError` (`no_web_crypto`) and, with a store, a `StorageError`
 * @property {() => Promise<string>} thumbprint what tokens are bound to: `jkt` (RFC 9449 §6.1, RFC 7638)
 */

/**
 * @typedef {object} StoredRecord
 * @property {string} version Opaque. Changes with every write, and never comes back.
 * @property {JsonObject} value The caller's own copy.
 */

/**
 * Keeps records by key. Keys are printable characters, up to a few kilobytes.
 * All methods reject with a `StorageError` if the store cannot do its work:
 * `store_unavailable`, `store_corrupted`, `store_newer`, `lock_timeout`.
 *
 * @typedef {object} Store
 * @property {(key: string) => Promise<StoredRecord | null>} read
 *   The record, or null.
 * @property {(key: string, expected: string | null, value: JsonObject | null) => Promise<boolean>} compareAndSwap
 *   Writes only if the version of the record is still `expected` (null: there must be no record).
 *   The value null deletes. Resolves with true if written, with false if another writer was first.
 * @property {<T>(key: string, work: () => Promise<T>, options?: LockOptions) => Promise<T>} lock
 *   Runs `work` while no one else within reach of this store (process, processes, tabs) runs work under the
 *   same key. Locking a key again within its own work never ends well: it waits for itself.
 */

/**
 * @typedef {object} LockOptions
 * @property {AbortSignal} [signal]
 *   Ends the wait for the lock; rejects with the signal's reason. Work that has begun is not ended by it.
 */

export {};
