/**
 * The fault matrix: what has to happen when one request of the flow goes wrong in one way. Written by hand, from rules
 * D4, D5, D8, D11, R7, R8, T3, T4 and T5 of docs/requirements.md; matrix.js reads it.
 *
 * In each cell an application calls a tool of its MCP server, and a browser may be opened. Then the fault goes away, and
 * it calls again, which has to succeed. The faults:
 *
 * - `refused`: nobody listens; `untrusted`: a certificate that is signed by nobody known;
 * - `silent`: the server does what it is asked, and never answers; `reset`: it breaks off in the body; `drip`: it sends
 *   the body byte by byte, without end;
 * - `500`, `503` with `Retry-After`, `429`; `page`: status 200 and HTML;
 * - `truncated`, `array`, `mistyped`: the true answer, cut in half, in brackets, or called HTML, which is no fault of a
 *   document, since JSON is known by its content (–);
 * - `circle`: a redirect to where it came from.
 */

/** @import { ServerSettings } from 'mcp-oauth-wasm' */
/** @import { WorldOptions } from './world.js' */

/**
 * What the caller gets. Where there is an error (kind, code; or the name of one that is not ours), the call ends. `goes
 * on`: the fault is tolerated by design, and the tool is called. `handed on`: the MCP server's answer is the caller's,
 * whatever it is.
 *
 * @type {Record<string, { error?: string }>}
 */
export const outcomes = {
  'goes on': {},
  // A server that answers so has revoked the tokens, whatever else it says (RFC 7009 §2.2).
  revoked: {},
  'handed on': {},
  failed: { error: 'transport network_failed' },
  untrusted: { error: 'transport certificate_untrusted' },
  'timed out': { error: 'transport timed_out' },
  unavailable: { error: 'transport server_unavailable' },
  'not JSON': { error: 'misbehaved not_json' },
  redirect: { error: 'misbehaved redirect_refused' },
  refused: { error: 'refused registration_refused' },
  mismatch: { error: 'misbehaved resource_mismatch' },
  'fetch fails': { error: 'TypeError' },
  'given up': { error: 'TimeoutError' },
};

/** The number is how often the request arrives, where that is not once: of a redirect, three more are followed, if any; each token is
 * revoked by itself. */
export const table = `
| what goes wrong with          | refused     | untrusted | silent      | reset       | 500           | 503           | 429           | page      | truncated | array     | mistyped  | circle     | drip        |
| ----------------------------- | ----------- | --------- | ----------- | ----------- | ------------- | ------------- | ------------- | --------- | --------- | --------- | --------- | ---------- | ----------- |
| named resource metadata       | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | redirect 4 | timed out   |
| resource metadata             | goes on     | goes on   | timed out   | goes on     | unavailable   | unavailable   | unavailable   | goes on   | goes on   | goes on   | –         | goes on 4  | timed out   |
| root resource metadata        | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | redirect 4 | timed out   |
| wider resource's metadata     | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | mismatch  | mismatch  | mismatch  | –         | mismatch 4 | timed out   |
| server metadata               | goes on     | goes on   | timed out   | goes on     | unavailable   | unavailable   | unavailable   | goes on   | goes on   | goes on   | –         | goes on 4  | timed out   |
| OpenID metadata               | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | redirect 4 | timed out   |
| server metadata for a path    | goes on     | goes on   | timed out   | goes on     | unavailable   | unavailable   | unavailable   | goes on   | goes on   | goes on   | –         | goes on 4  | timed out   |
| appended OpenID metadata      | goes on     | goes on   | timed out   | goes on     | unavailable   | unavailable   | unavailable   | goes on   | goes on   | goes on   | –         | goes on 4  | timed out   |
| OpenID metadata for a path    | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | redirect 4 | timed out   |
| first of two servers          | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | goes on   | goes on   | goes on   | –         | goes on 4  | timed out   |
| registration                  | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | refused    | timed out   |
| reading the registration      | goes on     | goes on   | goes on     | goes on     | goes on       | goes on       | goes on       | goes on   | goes on   | goes on   | –         | goes on    | goes on     |
| updating the registration     | goes on     | goes on   | goes on     | goes on     | goes on       | goes on       | goes on       | goes on   | goes on   | goes on   | –         | goes on    | goes on     |
| deleting the old registration | goes on     | goes on   | goes on     | goes on     | goes on       | goes on       | goes on       | goes on   | goes on   | goes on   | goes on   | goes on    | goes on     |
| client metadata document      | goes on     | goes on   | goes on     | goes on     | goes on       | goes on       | goes on       | goes on   | goes on   | goes on   | goes on   | goes on 4  | goes on     |
| preflight look                | failed      | untrusted | timed out   | failed      | goes on       | goes on       | goes on       | goes on   | goes on   | goes on   | goes on   | goes on    | timed out   |
| pushed authorization request  | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | redirect   | timed out   |
| token with code               | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | redirect   | timed out   |
| server metadata, read anew    | goes on     | goes on   | timed out 4 | goes on     | unavailable 4 | unavailable 4 | unavailable 4 | goes on   | goes on   | goes on   | –         | goes on 4  | timed out 4 |
| keys of the ID Token          | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | not JSON  | not JSON  | not JSON  | –         | redirect 4 | timed out   |
| token with refresh            | failed      | untrusted | timed out   | failed      | unavailable   | unavailable   | unavailable   | goes on   | goes on   | goes on   | –         | goes on    | timed out   |
| refresh in good time          | goes on     | goes on   | goes on     | goes on     | goes on       | goes on       | goes on       | goes on   | goes on   | goes on   | –         | goes on    | goes on     |
| call before sign-in           | fetch fails | untrusted | given up    | goes on     | handed on     | handed on     | handed on     | handed on | goes on   | goes on   | goes on   | redirect 4 | goes on     |
| call after sign-in            | fetch fails | untrusted | given up    | fetch fails | handed on     | handed on     | handed on     | handed on | handed on | goes on   | handed on | redirect   | given up    |
| revocation                    | goes on     | goes on   | goes on 2   | goes on 2   | goes on 2     | goes on 2     | goes on 2     | revoked 2 | revoked 2 | revoked 2 | –         | goes on 2  | goes on 2   |
`;

/** From registration to the result, for somebody who has not signed in yet. */
const signIn = 'register → browser → code → keys → signed call';
/** With a client that is registered, after a token that is not accepted any more. */
const signInAnew = 'resource metadata → server metadata → browser → code → keys → signed call';
/** Where nobody is signed in any more: what the person is sent by was kept, and is read anew before the code is sent. */
const signInByKept = 'resource metadata → browser → server metadata → code → keys → signed call';

/**
 * @typedef {object} Row
 * @property {string} until all requests in order, up to the one that goes wrong
 * @property {string} [looks] those that follow whatever becomes of it
 * @property {string} [elsewhere] those that follow an error where no answer came: what is looked for may stand there
 * @property {string} [then] those that follow where the fault is tolerated
 * @property {string} [again] those of the next call, after an error
 * @property {string} [againTaken] instead, where the server had acted on the request
 * @property {true} [repeated] whether the next call makes them after a fault that was tolerated as well; else it is a
 *   `signed call`
 * @property {string} [step] that an error of ours names
 * @property {Kept} [stopped] what the store holds after an error; default: nothing
 * @property {number} [pending] authorizations that are waited for after an error: the code went nowhere, and the response may
 *   be brought again; default: 0
 * @property {Kept} [tolerated] and without one; default: a new client and a new session
 * @property {keyof typeof import('./cell.js').preparations} [before] what happened before; default: nothing
 * @property {WorldOptions} [world]
 * @property {ServerSettings} [settings]
 * @property {boolean} [hasMetadataDocument] whether the client has one
 * @property {'whoami' | 'edit' | 'sign out'} [does] what the application does: it calls a tool, or signs out; default: `whoami`
 *
 * What the store holds, compared with what it held before the call.
 *
 * @typedef {{ client: 'none' | 'kept' | 'new', session: 'none' | 'kept' | 'new' }} Kept
 */

/** @type {Kept} */
const everything = { client: 'kept', session: 'kept' };

/** @type {Record<string, Row>} */
export const rows = {
  'named resource metadata': {
    until: 'call → resource metadata',
    step: 'discover',
    again: `call → resource metadata → server metadata → ${signIn}`,
  },
  'resource metadata': {
    world: { namesMetadata: false },
    until: 'call → resource metadata',
    then: `root resource metadata → server metadata → ${signIn}`,
    step: 'discover',
    again: `call → resource metadata → server metadata → ${signIn}`,
  },
  'root resource metadata': {
    world: { namesMetadata: false, lacks: ['resource metadata'] },
    until: 'call → resource metadata → root resource metadata',
    step: 'discover',
    again: `call → resource metadata → root resource metadata → server metadata → ${signIn}`,
  },
  "wider resource's metadata": {
    world: { isWholeOrigin: true },
    until: 'call → resource metadata → root resource metadata',
    step: 'discover',
    again: `call → resource metadata → root resource metadata → server metadata → ${signIn}`,
  },
  'server metadata': {
    until: 'call → resource metadata → server metadata',
    then: `OpenID metadata → ${signIn}`,
    step: 'discover',
    again: `call → resource metadata → server metadata → ${signIn}`,
  },
  'OpenID metadata': {
    world: { lacks: ['server metadata'] },
    until: 'call → resource metadata → server metadata → OpenID metadata',
    step: 'discover',
    again: `call → resource metadata → server metadata → OpenID metadata → ${signIn}`,
  },
  'server metadata for a path': {
    world: { issuerPath: '/tenant' },
    until: 'call → resource metadata → server metadata',
    then: `appended OpenID metadata → ${signIn}`,
    step: 'discover',
    again: `call → resource metadata → server metadata → ${signIn}`,
  },
  'appended OpenID metadata': {
    world: { issuerPath: '/tenant', lacks: ['server metadata'] },
    until: 'call → resource metadata → server metadata → appended OpenID metadata',
    then: `OpenID metadata → ${signIn}`,
    step: 'discover',
    again: `call → resource metadata → server metadata → appended OpenID metadata → ${signIn}`,
  },
  'OpenID metadata for a path': {
    world: { issuerPath: '/tenant', lacks: ['server metadata', 'appended OpenID metadata'] },
    until: 'call → resource metadata → server metadata → appended OpenID metadata → OpenID metadata',
    step: 'discover',
    again: `call → resource metadata → server metadata → appended OpenID metadata → OpenID metadata → ${signIn}`,
  },
  'first of two servers': {
    world: { hasOtherServer: true, lacks: ['OpenID metadata'] },
    until: 'call → resource metadata → server metadata',
    elsewhere: 'OpenID metadata',
    then: 'OpenID metadata → other server metadata → other register → other browser → other code → other keys → signed call',
    step: 'discover',
    again: `call → resource metadata → server metadata → ${signIn}`,
  },
  registration: {
    until: 'call → resource metadata → server metadata → register',
    step: 'register',
    again: `call → resource metadata → server metadata → ${signIn}`,
  },
  'reading the registration': {
    before: 'the person left',
    until: 'call → resource metadata → server metadata → read client',
    then: 'register → browser → code → keys → delete client → signed call',
  },
  'updating the registration': {
    before: 'signed in',
    does: 'edit',
    until: 'signed call → resource metadata → server metadata → update client',
    then: 'register → browser → code → keys → delete client → signed call',
  },
  'deleting the old registration': {
    before: 'the secret expired',
    until: 'call → resource metadata → server metadata → register → browser → code → keys → delete client',
    then: 'signed call',
  },
  'client metadata document': {
    hasMetadataDocument: true,
    until: 'call → resource metadata → server metadata → client document',
    then: 'browser → code → keys → signed call',
  },
  'preflight look': {
    settings: { preflight: true },
    until: 'call → resource metadata → server metadata → register → look',
    then: 'browser → code → keys → signed call',
    step: 'authorize',
    stopped: { client: 'new', session: 'none' },
    again: 'call → resource metadata → server metadata → look → browser → code → keys → signed call',
  },
  'pushed authorization request': {
    settings: { pushedAuthorizationRequests: true },
    until: 'call → resource metadata → server metadata → register → push',
    step: 'authorize',
    stopped: { client: 'new', session: 'none' },
    again: 'call → resource metadata → server metadata → push → browser → code → keys → signed call',
  },
  'token with code': {
    until: 'call → resource metadata → server metadata → register → browser → code',
    step: 'token',
    stopped: { client: 'new', session: 'none' },
    again: `call → ${signInAnew}`,
  },
  'server metadata, read anew': {
    before: 'signed out',
    until: 'call → resource metadata → browser → server metadata',
    then: 'OpenID metadata → code → keys → signed call',
    step: 'discover',
    stopped: { client: 'kept', session: 'none' },
    pending: 1,
    tolerated: { client: 'kept', session: 'new' },
    again: `call → ${signInByKept}`,
  },
  'keys of the ID Token': {
    until: 'call → resource metadata → server metadata → register → browser → code → keys',
    step: 'token',
    stopped: { client: 'new', session: 'none' },
    again: `call → ${signInAnew}`,
  },
  'token with refresh': {
    before: 'the token expired',
    until: 'refresh',
    looks: 'resource metadata → server metadata',
    then: 'signed call',
    step: 'refresh',
    stopped: everything,
    tolerated: everything,
    repeated: true,
    again: 'refresh → signed call',
    // The refresh token was replaced, and its successor lost.
    againTaken: `refresh → signed call → ${signInByKept}`,
  },
  'refresh in good time': {
    before: 'the token is about to expire',
    until: 'refresh',
    then: 'signed call',
    step: 'refresh',
    stopped: everything,
    tolerated: everything,
    repeated: true,
    again: 'refresh → signed call',
    againTaken: `refresh → signed call → ${signInByKept}`,
  },
  'call before sign-in': {
    until: 'call',
    then: `resource metadata → server metadata → ${signIn}`,
    step: 'call',
    again: `call → resource metadata → server metadata → ${signIn}`,
  },
  'call after sign-in': {
    until: `call → resource metadata → server metadata → ${signIn}`,
    step: 'call',
    stopped: { client: 'new', session: 'new' },
    again: 'signed call',
  },
  revocation: {
    before: 'signed in',
    does: 'sign out',
    until: 'revoke',
    tolerated: { client: 'kept', session: 'none' },
    repeated: true,
    again: `call → ${signInByKept}`,
  },
};
