/** What a finding is, and what a rule makes it of: types only. */

/** @import { Challenge, Discovery, Party, ScopePlan, Step } from '../core/records.js' */
/** @import { JsonObject } from '../core/host.js' */

/**
 * How bad it is. `error`: a client that does everything right cannot sign in. `warning`: many clients fail, or a MUST or
 * SHOULD of a standard is not kept. `advice`: it would go better, or further.
 *
 * @typedef {'error' | 'warning' | 'advice'} Severity
 */

/**
 * Something that stands in the way of a sign-in, or may.
 *
 * @typedef {object} Finding
 * @property {string} id Stable; docs/findings.md explains them all.
 * @property {Severity} severity How bad it is.
 * @property {Step} step The step of a sign-in that it belongs to.
 * @property {Party} party Whose it is.
 * @property {string} title What it is, in a few words.
 * @property {string} standard What it is judged by, with the section.
 * @property {string} found What was seen. The words of servers in it are cut, and made fit to be shown.
 * @property {string} effect What it does to clients.
 * @property {string} change What the operator should change.
 * @property {string[]} [scopes] The scopes that it is about (RFC 6749 §3.3).
 * @property {string} [setting] The setting by which this package gets along with it, where there is one.
 */

/**
 * One request, and what came back: the data that findings are made from.
 *
 * @typedef {object} Exchange
 * @property {Purpose} purpose What it was for.
 * @property {Step} step The step of a sign-in that it belongs to.
 * @property {Party} to Who was asked.
 * @property {string} method The HTTP method.
 * @property {string} url What was called.
 * @property {number} [status] The HTTP status; absent where no answer came.
 * @property {Record<string, string>} headers Those of the answer that matter, by their names in lower case.
 * @property {string} [body] The answer's body, up to 256 KiB.
 * @property {JsonObject} [document] The same where it is a JSON object.
 * @property {string} [failure] Why no answer came.
 * @property {string | null} [sentScope] The `scope` of a registration by the scope plan; null: none.
 */

/**
 * What a request is for. `web-page`: a look at what a browser would let a page do (CORS); `stream`: whether the server
 * speaks HTTP+SSE, where it does not take the call; `refresh`: with a refresh token that nobody issued.
 *
 * @typedef {'call' | 'stream' | 'resource-metadata' | 'server-metadata' | 'web-page' | 'registration' | 'authorization' | 'refresh' | 'deletion' | 'other'} Purpose
 */

/**
 * What discovery came to grief of.
 *
 * @typedef {object} Failure
 * @property {string} code The error's `code`; docs/errors.md explains them all.
 * @property {string} message The error's words.
 * @property {Record<string, unknown>} details The error's details.
 */

/**
 * All that was seen without signing in, and without registering anything.
 *
 * @typedef {object} Evidence
 * @property {string} endpoint The URL of the MCP server.
 * @property {Exchange[]} exchanges Every request and its answer, in order.
 * @property {Challenge} [challenge] What the MCP server demands of a request without token (RFC 6750 §3).
 * @property {Failure[]} failures What discovery came to grief of. Where that could be mended by assuming that it were
 *   right, discovery went on.
 * @property {JsonObject} [resourceMetadata] The protected resource's metadata, as received (RFC 9728 §2).
 * @property {JsonObject} [serverMetadata] The authorization server's metadata, as received (RFC 8414 §2).
 * @property {Discovery} [discovery] What discovery found.
 * @property {ScopePlan} [plan] What a sign-in would register and request.
 * @property {JsonObject} [registrationRequest] What a registration would send (RFC 7591 §3.1). It was not sent.
 */

/**
 * The first answer to an authorization request. `accepted`: a code, or a sign-in page of a server that judges scopes before
 * it. `sign-in`: a sign-in page that says nothing of scopes, since they are judged afterwards.
 *
 * @typedef {'accepted' | 'sign-in' | 'refused' | 'unclear'} Answer
 */

/**
 * A registration that was refused.
 *
 * @typedef {object} RegistrationRefusal
 * @property {string | null} sentScope The `scope` that was sent; null: none.
 * @property {string} serverAnswer The refusal as the server gave it.
 */

/**
 * One trial with a client that was registered for it.
 *
 * @typedef {object} Trial
 * @property {boolean} [registered] Whether it was registered.
 * @property {string} [clientId] Its identifier.
 * @property {string | null} [sentScope] The `scope` of the registration; null: none.
 * @property {string | null} [registeredScope] The `scope` of the answer; null: none.
 * @property {string | null} [requestedScope] The `scope` of the authorization request; null: none.
 * @property {RegistrationRefusal[]} [refusedRegistrations] What was refused before or instead.
 * @property {string} [refusedPrompt] How a request with `prompt=consent` was refused, where one without was not.
 * @property {boolean} [confidential] Whether it was given a secret, to authenticate by.
 * @property {Answer} [answer] How the authorization endpoint's first answer is to be read.
 * @property {string[]} [permitted] Scopes that the registration's answer does not name, and that were accepted when they
 *   were asked for outright.
 * @property {string[]} [notPermitted] Those of which that was refused.
 * @property {string[]} [notKnown] Those of which the answer does not tell.
 * @property {string} [outrightAnswer] That refusal, as the server gave it.
 * @property {string} [error] The error that the registration or the authorization request was answered with.
 * @property {string} [errorDescription] The server's words about it.
 * @property {string} [serverAnswer] The refusal as the server gave it: the status and the parameters or the body.
 * @property {'register' | 'authorize'} [refusedAt] Where it was refused.
 * @property {boolean} [byRedirect] Whether the refusal came back to the client, as RFC 6749 §4.1.2.1 has it.
 * @property {boolean} [returnsState] Whether it carried the `state` of the request.
 * @property {boolean} [returnsIssuer] Whether it carried `iss`.
 */

/**
 * A client that was registered for the probe.
 *
 * @typedef {object} ThrowawayClient
 * @property {string} clientId Its identifier, to delete it by hand where it is not deleted.
 * @property {boolean} deleted Whether the server deleted it (RFC 7592 §2.3).
 */

/**
 * What the throwaway clients met.
 *
 * @typedef {object} ProbeEvidence
 * @property {string} endpoint The URL of the MCP server.
 * @property {Discovery} discovery What discovery found.
 * @property {ScopePlan} plan The scope plan.
 * @property {Exchange[]} exchanges Every request and its answer, in order, without secrets.
 * @property {Trial} careless A client that registers without `scope`, and then requests what is demanded.
 * @property {Trial} ours A client by this package.
 * @property {ThrowawayClient[]} clients All clients that were registered.
 */

/**
 * What a rule tells of one deviation; the rest is the rule's own.
 *
 * @typedef {object} Seen
 * @property {string} found What was seen.
 * @property {Severity} [severity] How bad it is, where that is not always the same.
 * @property {Party} [party] Whose it is, where that is not always the same.
 * @property {string} [change] What the operator should change, where the server's words tell more than the rule can.
 * @property {string[]} [scopes] The scopes that it is about.
 */

/**
 * How a rule looks for what it judges.
 *
 * @typedef {object} Look
 * @property {(evidence: Evidence) => Seen | Seen[] | false | undefined} look Looks for it. Pure.
 */

/**
 * A rule: what is judged, and a pure function that looks for it.
 *
 * @typedef {Omit<Finding, 'found' | 'scopes'> & Look} Rule
 */

/**
 * How a rule looks for what it judges in what throwaway clients met.
 *
 * @typedef {object} ProbeLook
 * @property {(evidence: ProbeEvidence) => Seen | Seen[] | false | undefined} look Looks for it. Pure.
 */

/**
 * A rule for what throwaway clients meet.
 *
 * @typedef {Omit<Finding, 'found' | 'scopes'> & ProbeLook} ProbeRule
 */

export {};
