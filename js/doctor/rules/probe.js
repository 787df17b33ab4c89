/** What throwaway clients met (RFC 7591, RFC 6749 §4.1.2.1, RFC 9207). */

/** @import { ProbeEvidence, ProbeRule, Trial } from '../finding.js' */

const mine = { party: /** @type {const} */ ('authorization-server') };
const atRegistration = { ...mine, step: /** @type {const} */ ('register') };
const atAuthorization = { ...mine, step: /** @type {const} */ ('authorize') };

/** @param {string | null | undefined} scope */
const scopesOf = (scope) => (scope ?? '').split(' ').filter((one) => one !== '');

/** @param {Trial} trial */
const isAccepted = ({ answer, registered }) => registered && answer === 'accepted';

/** @param {ProbeEvidence} evidence */
const refusals = ({ careless, ours }) => [careless, ours].filter(({ answer, refusedAt }) => answer === 'refused' && refusedAt === 'authorize');

/**
 * What was requested, and not registered.
 *
 * @param {Trial} trial
 */
const unregistered = ({ requestedScope, registeredScope }) => scopesOf(requestedScope).filter((scope) => !scopesOf(registeredScope).includes(scope));

/** @type {ProbeRule[]} */
export const probeRules = [
  {
    ...atRegistration,
    id: 'registration-refused',
    severity: 'error',
    title: 'Registration is refused',
    standard: 'RFC 7591 §3.2.2',
    effect: 'No client becomes known by itself.',
    change: 'Accept public clients with a loopback redirect URI and the scopes that the MCP server names; or say in `error_description` what is wrong.',
    setting: 'client',
    look: ({ ours }) => !ours.registered && ours.answer === 'refused' && { found: String(ours.serverAnswer) },
  },
  {
    ...atRegistration,
    id: 'demanded-scope-not-registered',
    severity: 'error',
    title: 'Clients are not registered for a scope that the MCP server demands',
    standard: 'RFC 7591 §3.2.1; MCP, authorization: scope selection',
    effect: 'No sign-in can be good for what is demanded.',
    change: 'Let clients register the scopes that the MCP server demands, or demand others.',
    look: ({ ours }) => ours.registered && ours.answer === 'refused' && ours.refusedAt === 'register' && { found: `registered for "${ours.registeredScope ?? 'nobody says what'}": ${ours.serverAnswer}` },
  },
  {
    ...atAuthorization,
    id: 'sign-in-refused',
    severity: 'error',
    title: 'A client that is registered for all that it requests is refused',
    standard: 'RFC 6749 §4.1.2.1',
    effect: 'Nobody can sign in.',
    change: 'Accept authorization requests for the scopes that the registration was answered with.',
    look: ({ ours }) => ours.answer === 'refused' && ours.refusedAt === 'authorize' && { found: `requested ${ours.requestedScope ?? 'no scope'}: ${ours.serverAnswer}`, scopes: scopesOf(ours.requestedScope) },
  },
  {
    ...atAuthorization,
    id: 'scope-not-registered-by-default',
    severity: 'warning',
    title: 'Clients that register without `scope` are locked out',
    standard: 'RFC 7591 §2, RFC 6749 §4.1.2.1',
    effect: 'Many clients register without `scope`, request what the MCP server demands, and lock their users out. A client that registers what it will request, as this package does, is accepted.',
    change: 'Register clients that send no `scope` for every scope that the MCP server may demand; or refuse their registration, so that they learn of it.',
    look: ({ careless, ours }) => {
      if (!isAccepted(ours) || careless.answer !== 'refused' || careless.refusedAt !== 'authorize') return undefined;
      const got = careless.registeredScope === null ? 'nobody says which scopes' : `"${careless.registeredScope}"`;
      return { scopes: unregistered(careless), found: `registered without \`scope\`, it got ${got}; its request for "${careless.requestedScope}" was answered ${careless.serverAnswer}. Registered for "${ours.registeredScope ?? ours.sentScope}", the request for "${ours.requestedScope}" was accepted.` };
    },
  },
  {
    ...atRegistration,
    id: 'registration-needs-scope',
    severity: 'warning',
    title: 'Clients that register without `scope` are refused',
    standard: 'RFC 7591 §2',
    effect: 'The member is optional, and many clients leave it out.',
    change: 'Register such clients for a default, and say in `scope` which.',
    look: ({ careless, ours }) => ours.registered && careless.answer === 'refused' && careless.refusedAt === 'register' && { found: String(careless.serverAnswer) },
  },
  {
    ...atRegistration,
    id: 'registration-narrows',
    severity: 'warning',
    title: 'Clients are registered for fewer scopes than they ask for',
    standard: 'RFC 7591 §3.2.1',
    effect: 'Clients that do not read the answer request more, and are refused.',
    change: 'Register what the MCP server lists, or take it out of its list.',
    look: ({ ours }) => {
      const missing = ours.registered && ours.registeredScope ? scopesOf(ours.sentScope).filter((scope) => !scopesOf(ours.registeredScope).includes(scope)) : [];
      return missing.length > 0 && { scopes: missing, found: `sent "${ours.sentScope}", registered "${ours.registeredScope}"` };
    },
  },
  {
    ...atRegistration,
    id: 'registered-scope-not-said',
    severity: 'advice',
    title: 'The registration\'s answer does not say for which scopes',
    standard: 'RFC 7591 §3.2.1',
    effect: 'Clients cannot know what they may request, and learn it from a refusal.',
    change: 'State `scope` in the answer.',
    look: ({ ours }) => ours.registered && scopesOf(ours.sentScope).length > 0 && ours.registeredScope === null && { found: `sent "${ours.sentScope}", the answer has no \`scope\`` },
  },
  {
    ...atAuthorization,
    id: 'refused-on-a-page',
    severity: 'warning',
    title: 'A refusal is shown to the person, and not sent to the client',
    standard: 'RFC 6749 §4.1.2.1',
    effect: 'The client waits for ever, and cannot repair what is wrong.',
    change: 'Where client and redirect URI are known, redirect back with `error` and `state`.',
    look: (evidence) => refusals(evidence).filter(({ byRedirect }) => !byRedirect).slice(0, 1).map(({ serverAnswer }) => ({ found: String(serverAnswer) })),
  },
  {
    ...atAuthorization,
    id: 'state-not-returned',
    severity: 'error',
    title: 'A refusal does not carry the `state` of its request',
    standard: 'RFC 6749 §4.1.2.1',
    effect: 'Clients cannot tell to which request it belongs, and must drop it.',
    change: 'Return `state` unchanged with every authorization response, errors included.',
    look: (evidence) => refusals(evidence).filter(({ byRedirect, returnsState }) => byRedirect && !returnsState).slice(0, 1).map(({ serverAnswer }) => ({ found: String(serverAnswer) })),
  },
  {
    ...atAuthorization,
    id: 'iss-missing-on-refusal',
    severity: 'error',
    title: 'A refusal lacks the `iss` that was promised',
    standard: 'RFC 9207 §2, §2.4',
    effect: 'Clients must drop it: it could be another server\'s.',
    change: 'Send `iss` with every authorization response, errors included.',
    look: (evidence) =>
      evidence.discovery.authorizationServer.authorizationResponseIssParameterSupported
        ? refusals(evidence).filter(({ byRedirect, returnsIssuer }) => byRedirect && !returnsIssuer).slice(0, 1).map(({ serverAnswer }) => ({ found: String(serverAnswer) }))
        : undefined,
  },
  {
    ...atRegistration,
    id: 'clients-cannot-be-deleted',
    severity: 'advice',
    title: 'Clients cannot be deleted',
    standard: 'RFC 7592 §2.3',
    effect: 'Registrations that nobody needs pile up, those of this probe among them.',
    change: 'Answer registrations with `registration_client_uri` and `registration_access_token`, and let clients delete theirs.',
    look: ({ clients }) => {
      const left = clients.filter(({ deleted }) => !deleted);
      return left.length > 0 && { found: `to be deleted by hand: ${left.map(({ clientId }) => clientId).join(', ')}` };
    },
  },
];
