/**
 * What an environment provides: types only.
 * Node, browser and Electron hosts implement these; so can you, in seventy lines.
 */

/**
 * A JSON value (RFC 8259).
 *
 * @typedef {null | boolean | number | string | JsonValue[] | JsonObject} JsonValue
 */

/**
 * A JSON object (RFC 8259 §4).
 *
 * @typedef {{ [member: string]: JsonValue }} JsonObject
 */

/** @import { ClientDescription, Event, PreRegisteredClient, ScopePlan, ServerSettings, Step } from './records.js' */
/** @import { Grant } from './grant.js' */

/**
 * When and where in a trace an event has its place.
 *
 * @typedef {object} TracePlace
 * @property {1} version The version of this form.
 * @property {number} sequence Counts from 1 in each correlation.
 * @property {string} correlation The same for all events of one operation.
 * @property {number} at When it happened, in milliseconds since 1970.
 */

/**
 * One event of a sign-in, as a host's `trace` receives it. Secrets are not in it.
 *
 * @typedef {Event & TracePlace} TraceEvent
 */

/**
 * The person is about to be sent to the browser again; the host may say no.
 *
 * @typedef {object} ApprovalRequest
 * @property {'step-up' | 'issuer-changed'} reason More scopes are needed, or another authorization server than the last
 *   time is in charge.
 * @property {string} endpoint The URL of the MCP server.
 * @property {string} issuer The authorization server, as it calls itself (RFC 8414 §2).
 * @property {ScopePlan} plan What would be asked for.
 * @property {AbortSignal} [signal] Aborts when nobody waits for the answer any more.
 */

/**
 * Why a request is sent.
 *
 * @typedef {object} FetchContext
 * @property {Step} [step] What it is for: `discover`, `register`, `authorize`, `token`, `refresh`; `call` for all that is
 *   sent to the MCP server through a connection's `fetch`. A host can so send some requests another way than others.
 * @property {string} [url] The URL that is asked for, whatever a `fetch` around this one has made of it.
 * @property {string} [endpoint] the URL on whose word another is called: the MCP server's, an issuer's, or its own where nobody
 *   else named it, or the host allows whatever that server names. The other must not be of a network that this one is not in
 *   (RFC 9728 §7.7)
 */

/**
 * The `fetch` of the Fetch Standard, which may also look at why a request is sent: a host's is given a {@link FetchContext}.
 * The type leaves that open, as there are frameworks whose `fetch` has another third argument, which a connection's ignores.
 *
 * It answers with a `Response`, or with an object that has its members `status`, `headers`, `body` and `url`. `url` says
 * where the answer is from in the end, after redirects; one from another origin than the one that was asked is refused.
 * A `fetch` that goes through a proxy or another process tells so what happened there; where `url` is empty, as that of a
 * `Response` that was constructed, the answer counts as that of the URL that was asked for.
 *
 * @typedef {(input: string | URL | Request, init?: RequestInit, context?: any) => Promise<Response>} Fetch
 */

/**
 * What an assertion of a client is for.
 *
 * @typedef {object} AssertionRequest
 * @property {string} issuer The authorization server, as it calls itself: the only audience (RFC 7523 §3).
 * @property {string} clientId The client.
 */

/**
 * Makes an assertion by which a client authenticates (RFC 7523 §2.2): a JWT whose audience is the issuer alone.
 *
 * @typedef {(request: AssertionRequest) => Promise<string>} ClientAssertion
 */

/**
 * What a host can do for a client that was registered by hand, beyond what it knows about it.
 *
 * @typedef {object} ClientAbilities
 * @property {ClientAssertion} [assertion] Makes its assertions, where its `tokenEndpointAuthMethod` is `private_key_jwt`
 *   (RFC 7523 §2.2).
 */

/**
 * What a host can do at one MCP server, beyond what it knows about it.
 *
 * @typedef {object} ConnectionAbilities
 * @property {PreRegisteredClient & ClientAbilities} [client] A client registered by hand, for servers without dynamic
 *   registration.
 * @property {Grant} [grant] How a session is had without the authorization code (RFC 6749 §1.3), such as those of
 *   `mcp-oauth-wasm/grants`.
 */

/**
 * What a host knows about one MCP server and its authorization server, and what it can do there. When which member is
 * needed: [settings.md](../settings.md).
 *
 * @typedef {Omit<ServerSettings, 'client'> & ConnectionAbilities} ConnectionSettings
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
 * @property {(url: string, endpoint: string) => Promise<void>} [admit]
 *   Sees where a person is about to be sent on the word of the MCP server at `endpoint`, and rejects where nobody should be:
 *   `nodeHost` and `electronHost` look at what the name resolves to. Default: only addresses that stand in URLs are judged.
 * @property {(request: ApprovalRequest) => Promise<boolean>} [approve]
 *   Asked before a step-up or a changed issuer sends the person to the browser.
 *   Default: yes for a call that allows interaction.
 * @property {(event: TraceEvent) => void} [trace]
 *   Receives every trace event. What it throws is ignored.
 * @property {number} [timeoutMilliseconds]
 *   How long each request may take, its body included, in milliseconds; then `timed_out`. Default: 30000.
 * @property {number} [signInTimeoutMilliseconds]
 *   How long a person may take for a sign-in, in milliseconds, since the last window was opened; then `sign_in_timed_out`.
 *   Default: 300000, five minutes.
 * @property {number} [concurrentSignIns]
 *   How many sign-ins may send the person at the same time; others wait for their turn. For applications that start with
 *   ten servers. Default: as many as are wanted.
 * @property {(pending: PendingSignIn | null, connection: { endpoint: string, account: string }) => void} [onPending]
 *   Told when a sign-in begins to wait for the person in the browser, and with null when it is over. What it throws is
 *   ignored.
 * @property {Owner} [owner]
 *   This process, as others that share the store know it. Default: nameless, so that a sign-in of a process that was killed
 *   is taken over after 15 seconds rather than at once.
 * @property {Dpop} [dpop]
 *   Binds tokens to a key, where the authorization server can (RFC 9449). Default: they are bearer tokens.
 */

/**
 * A sign-in that waits for a person in the browser.
 *
 * @typedef {object} PendingSignIn
 * @property {string} endpoint The MCP server's URL.
 * @property {string} account The account at it.
 * @property {string} issuer The authorization server, as it calls itself (RFC 8414 §2).
 * @property {string} authorizationUrl What was opened last (RFC 6749 §4.1.1).
 * @property {number} since When the first window was opened, in milliseconds since 1970.
 */

/**
 * A process that shares a store with others.
 *
 * @typedef {object} Owner
 * @property {string} name Tells it apart from others, without spaces.
 * @property {(name: string) => boolean | Promise<boolean>} isGone Whether the process of that name is known to have ended.
 */

/**
 * How a person is sent to the authorization server and comes back (RFC 6749 §4.1, RFC 8252).
 *
 * @typedef {object} Redirect
 * @property {(request: PrepareRequest) => Promise<RedirectReceiver>} prepare
 *   Gets ready to receive one authorization response. Rejects with a `MisuseError` if the redirect
 *   cannot be had as it was set up, and with a `TransportError` of code `callback_aborted` on abort. It is called again
 *   while an earlier receiver waits, where the person wants one more window; the new one may have the same redirect URI.
 * @property {() => Reserved | null} [reserve]
 *   Opens what can be opened within a click alone, before it is known what for; null: it cannot be opened now. Called at
 *   once where a person presses. Default: nothing needs that.
 * @property {() => Promise<void>} [close]
 *   Closes what is still open when all receivers are closed. Default: nothing is.
 * @property {Redirect} [fallback]
 *   Tried after all others, where the authorization server registers none of their redirect URIs. Default: none.
 */

/**
 * What a redirect has opened within a click.
 *
 * @typedef {object} Reserved
 * @property {Promise<void>} closed Resolves when the person closes it: the sign-in has then ended.
 * @property {() => void} close Closes it, where it is not needed.
 */

/**
 * What a redirect gets ready for.
 *
 * @typedef {object} PrepareRequest
 * @property {string} issuer
 *   Lets a redirect give each authorization server a path of its own,
 *   so that a response of one server cannot pass for another's (RFC 9700 §2.1, §4.4.2).
 * @property {string} [preferred]
 *   The redirect URI of a stored registration. It is used again if it can be;
 *   otherwise the receiver has another one, which has to be registered (RFC 6749 §3.1.2.2).
 * @property {string[]} [listed]
 *   The redirect URIs of which the receiver has one, if it can: that of a client that was registered by hand, or those that
 *   the client metadata document lists, where it does not list the one that the receiver had. Default: it cannot.
 * @property {Reserved | null} [reserved] What `reserve` of this redirect gave; the receiver closes it.
 * @property {AbortSignal} [signal] Ends the preparation.
 */

/**
 * Receives one authorization response (RFC 6749 §4.1.2).
 *
 * @typedef {object} RedirectReceiver
 * @property {string} redirectUri
 *   Byte for byte what is registered and sent (RFC 6749 §3.1.2.3).
 * @property {boolean} [acceptsQuery]
 *   Whether responses are received at it with any query as well. An authorization server that does not say in its responses
 *   whose they are (`iss`, RFC 9207) gets a redirect URI of its own then, where another one has this (RFC 9700 §4.4.2).
 *   Default: false.
 * @property {(request: AuthorizeRequest) => Promise<string>} authorize
 *   Opens the authorization URL and resolves with the whole callback URL that carries this `state`,
 *   its query exactly as it was received. Stray requests (another path; another state or none) do not end it.
 *   Rejects with a `TransportError` of code `callback_aborted` on abort and on `close`.
 * @property {(outcome: Outcome) => Promise<void> | void} [finish]
 *   Shows the person how it ended. Called after the callback has been judged.
 * @property {(isNeeded: boolean) => void} [holdProcess]
 *   Whether the process has to go on for its sake: false while nobody waits. Default: nothing.
 * @property {() => Promise<void>} close
 *   Stops listening. Must be called in any case; may be called again.
 */

/**
 * What a person is sent to the authorization server with (RFC 6749 §4.1.1).
 *
 * @typedef {object} AuthorizeRequest
 * @property {string} authorizationUrl Opened only if its scheme is http or https.
 * @property {string} state Identifies the response (RFC 6749 §10.12). Compared in constant time.
 * @property {AbortSignal} [signal] Ends the wait.
 */

/**
 * How a sign-in ended, for the page that the person sees.
 *
 * @typedef {object} Outcome
 * @property {boolean} signedIn Whether the person is signed in.
 * @property {string} title A few words; plain text. Must not carry text of a server.
 * @property {string} message What it means and what to do next; plain text. Must not carry text of a server.
 */

/**
 * What a proof of possession is for.
 *
 * @typedef {object} ProofRequest
 * @property {string} method The HTTP method.
 * @property {string} url What is called; its query and fragment are left out.
 * @property {string} [accessToken] What the request carries beside the proof: at a protected resource, none at the
 *   authorization server.
 * @property {string} [nonce] The latest one of the server's (RFC 9449 §8).
 */

/**
 * A key that tokens are bound to, and proofs that it is here (RFC 9449). Given to the host as `dpop`. A host that keeps
 * its keys elsewhere can bring its own.
 *
 * @typedef {object} Dpop
 * @property {(request: ProofRequest) => Promise<string>} proof
 *   Makes the value of a `DPoP` header, for one request (RFC 9449 §4.2). Rejects with a `MisuseError`
 *   (`invalid_key_pair`), an `IncompatibleError` (`no_web_crypto`) and, with a store, a `StorageError`.
 * @property {() => Promise<string>} thumbprint What tokens are bound to: `jkt` (RFC 9449 §6.1, RFC 7638)
 */

/**
 * A record, as a store gives it back.
 *
 * @typedef {object} StoredRecord
 * @property {string} version Opaque. Changes with every write, and never comes back.
 * @property {JsonObject} value The caller's own copy.
 */

/**
 * Keeps records by key. Keys are printable characters, up to a few kilobytes.
 * A record whose `expiresAt` (seconds since 1970) has passed counts no more, and may hold secrets: it is gone after the next
 * write of any record at the latest, however it is removed.
 * All methods reject with a `StorageError` if the store cannot do its work:
 * `store_unavailable`, `store_corrupted`, `store_not_private`, `store_newer`, `lock_timeout`.
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
 * @property {(client: ClientDescription) => Store} [forClient]
 *   Gives each application records of its own, where several use this store without having chosen to share it. Default:
 *   whoever has the store shares it.
 */

/**
 * How long to wait for a lock.
 *
 * @typedef {object} LockOptions
 * @property {AbortSignal} [signal]
 *   Ends the wait for the lock; rejects with the signal's reason. Work that has begun is not ended by it.
 */

export {};
