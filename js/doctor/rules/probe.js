/** What throwaway clients met (RFC 7591, RFC 6749 §4.1.2.1, RFC 9207). */

/** @import { Exchange, ProbeEvidence, ProbeRule, RegistrationRefusal, Trial } from '../finding.js' */

import { isRedirect, quoted, scopesOf, textOf, without } from '../evidence.js';
import { changeFor } from '../registration_policies.js';
import { wordsOf } from '../words_of_page.js';

const mine = { party: /** @type {const} */ ('authorization-server') };
const atRegistration = { ...mine, step: /** @type {const} */ ('register') };
const atAuthorization = { ...mine, step: /** @type {const} */ ('authorize') };

/** @param {Trial} trial */
const isAccepted = ({ answer, registered }) => registered && answer === 'accepted';

/** @param {ProbeEvidence} evidence */
const refusals = ({ careless, ours }) =>
  [careless, ours].filter(({ answer, refusedAt }) => answer === 'refused' && refusedAt === 'authorize');

/**
 * What was requested, and is not named by the registration's answer; what was sent, where that names nothing.
 *
 * @param {Trial} trial
 */
const unnamed = ({ requestedScope, registeredScope, sentScope }) =>
  without(scopesOf(requestedScope), scopesOf(registeredScope ?? sentScope));

/**
 * What the MCP server demands, and is refused also when it is asked for outright.
 *
 * @param {ProbeEvidence} evidence
 */
const refusedDemands = ({ ours: { notPermitted = [] }, plan }) =>
  notPermitted.filter((scope) => plan.scopes.some((planned) => planned.required && planned.scope === scope));

/**
 * Refused registrations, and what the operator changes where the words tell which policy it was.
 *
 * @param {RegistrationRefusal[]} refusals
 */
const refusedBy = (refusals) => {
  const words = [...new Set(refusals.map(({ serverAnswer }) => serverAnswer))];
  const sentWith = (/** @type {string} */ word) =>
    refusals
      .filter(({ serverAnswer }) => serverAnswer === word)
      .map(({ sentScope }) => (sentScope === null ? 'no `scope`' : `"${sentScope}"`));
  const change = changeFor(words);
  return {
    ...(change === undefined ? {} : { change }),
    found: words.map((word) => `sent ${sentWith(word).join(', ')}: ${word}`).join('; '),
  };
};

/**
 * Registrations that were refused with the same scopes that were registered in the end.
 *
 * @param {Trial} trial
 */
const memberRefusals = ({ refusedRegistrations = [], sentScope }) =>
  refusedRegistrations.filter(
    (refusal) => refusal.sentScope === sentScope && !/^30[12378]\b/.test(refusal.serverAnswer),
  );

/** @param {Trial} trial */
const isOfResource = ({ answer, refusedAt, error, errorDescription }) =>
  answer === 'refused' &&
  refusedAt === 'authorize' &&
  (error === 'invalid_target' || /\bresource\b/i.test(errorDescription ?? ''));

/**
 * How the token endpoint answered a refresh token that nobody issued: of a client that it knows, and of a deleted one.
 *
 * @param {ProbeEvidence} evidence
 */
function refusedRefreshes({ exchanges }) {
  const deletion = exchanges.findIndex(({ purpose }) => purpose === 'deletion');
  const refreshes = exchanges.filter(({ purpose, status }) => purpose === 'refresh' && status !== undefined);
  const isLater = (/** @type {Exchange} */ exchange) => deletion >= 0 && exchanges.indexOf(exchange) > deletion;
  return { known: refreshes.find((one) => !isLater(one)), deleted: refreshes.find(isLater) };
}

/** @param {Exchange} exchange */
const inShort = ({ status, document, body = '' }) =>
  `${status} ${document ? JSON.stringify(document) : wordsOf(body).slice(0, 120)}`;

/** @type {ProbeRule[]} */
export const probeRules = [
  {
    ...atRegistration,
    id: 'registration-refused',
    severity: 'error',
    title: 'Registration is refused',
    standard: 'RFC 7591 §3.2.2',
    effect: 'No client becomes known by itself.',
    change:
      'Accept public clients with a loopback redirect URI and the scopes that the MCP server names; or say in `error_description` what is wrong.',
    setting: 'client',
    look: ({ ours }) => !ours.registered && ours.answer === 'refused' && refusedBy(ours.refusedRegistrations ?? []),
  },
  {
    ...atRegistration,
    id: 'demanded-scope-not-registered',
    severity: 'error',
    title: 'Clients get no scope that the MCP server demands',
    standard: 'RFC 7591 §3.2.1; MCP, authorization: scope selection',
    effect: 'No sign-in can be good for what is demanded.',
    change: 'Let clients register the scopes that the MCP server demands, or demand others.',
    look: (evidence) => {
      const scopes = refusedDemands(evidence);
      const { ours } = evidence;
      return (
        scopes.length > 0 && {
          scopes,
          found: `registered for "${ours.registeredScope}"; asked for outright: ${ours.outrightAnswer}`,
        }
      );
    },
  },
  {
    ...atRegistration,
    id: 'permitted-scope-not-named',
    severity: 'advice',
    title: "A scope is permitted that the registration's answer does not name",
    standard: 'RFC 7591 §3.2.1',
    effect: 'Clients that take the answer for all that they may request leave it out, or do not sign in at all.',
    change: 'Name in `scope` of the answer everything that the client may request.',
    look: ({ ours: { permitted = [], registeredScope, requestedScope } }) =>
      permitted.length > 0 && {
        scopes: permitted,
        found: `registered for "${registeredScope}"; the request for "${requestedScope ?? 'no scope'}" was accepted, and so was one for ${permitted.join(' ')}`,
      },
  },
  {
    ...atRegistration,
    id: 'registration-refuses-scopes',
    severity: 'warning',
    title: 'Registration is refused for scopes that the MCP server names',
    standard: 'RFC 7591 §2, §3.2.1',
    effect: 'Clients that give up there are locked out. The others try again with fewer scopes, or with none.',
    change:
      'Permit clients to register what the MCP server names; or register what is permitted, and say in `scope` which.',
    look: ({ ours }) => {
      const refusals = (ours.refusedRegistrations ?? []).filter(
        ({ sentScope }) => sentScope !== null && sentScope !== ours.sentScope,
      );
      return ours.registered && refusals.length > 0 && refusedBy(refusals);
    },
  },
  {
    ...atRegistration,
    id: 'registration-unusable',
    severity: 'error',
    title: 'The registration succeeds, and its answer is of no use',
    standard: 'RFC 7591 §3.2.1',
    effect: 'No client can sign in with what it was given.',
    change: 'Answer with what a client can use: a secret that has not expired, and a redirect URI that it sent.',
    setting: 'client',
    look: ({ ours }) =>
      ours.registered &&
      ours.answer === 'refused' &&
      ours.refusedAt === 'register' && { found: String(ours.serverAnswer) },
  },
  {
    ...atRegistration,
    id: 'registration-redirects',
    severity: 'warning',
    title: 'The registration endpoint redirects',
    standard: 'RFC 7591 §3, RFC 9110 §15.4',
    effect: 'Clients that follow no redirect with a POST, and those that make a GET of it, are not registered.',
    change: 'State in `registration_endpoint` where it is.',
    look: ({ exchanges, ours }) => {
      const redirect = exchanges.find((exchange) => exchange.purpose === 'registration' && isRedirect(exchange));
      return (
        ours.registered && redirect && { found: `${redirect.url}: ${redirect.status} to ${redirect.headers.location}` }
      );
    },
  },
  {
    ...atRegistration,
    id: 'registration-refuses-members',
    severity: 'warning',
    title: 'Registration is refused for a member that is no scope',
    standard: 'RFC 7591 §2, §3.2.1',
    effect: 'Clients that give up there are locked out. The others change the member, or leave it out.',
    change: 'Register what is permitted of it, and say in the answer what that is; ignore members that are unknown.',
    look: ({ ours }) => {
      const refusals = memberRefusals(ours);
      return ours.registered && refusals.length > 0 && refusedBy(refusals);
    },
  },
  {
    ...atAuthorization,
    id: 'consent-prompt-refused',
    severity: 'warning',
    title: '`prompt=consent` is refused',
    standard: 'OpenID Connect Core §3.1.2.1, §11',
    effect: 'Clients that want to stay signed in send it with `offline_access`, and their people are refused.',
    change: 'Take `prompt=consent`, or ignore it.',
    setting: 'consentPrompt',
    look: ({ ours }) => ours.refusedPrompt !== undefined && { found: ours.refusedPrompt },
  },
  {
    ...atAuthorization,
    id: 'sign-in-refused',
    severity: 'error',
    title: 'A client that is registered for all that it requests is refused',
    standard: 'RFC 6749 §4.1.2.1',
    effect: 'Nobody can sign in.',
    change: 'Accept authorization requests for the scopes that the registration was answered with.',
    setting: 'exactScopes',
    look: ({ ours }) =>
      ours.registered &&
      ours.answer === 'refused' &&
      ours.refusedAt === 'authorize' &&
      !isOfResource(ours) && {
        found: `requested ${ours.requestedScope ?? 'no scope'}: ${ours.serverAnswer}`,
        scopes: scopesOf(ours.requestedScope),
      },
  },
  {
    ...atAuthorization,
    id: 'resource-refused',
    severity: 'error',
    title: 'The `resource` that MCP demands is refused',
    standard: 'RFC 8707 §2; MCP, authorization: resource parameter implementation',
    effect: 'Every MCP client sends it, and nobody can sign in.',
    change: "Accept the MCP server's own URL as `resource`, or ignore the parameter.",
    setting: 'omitResource',
    look: ({ ours }) => isOfResource(ours) && { found: String(ours.serverAnswer) },
  },
  {
    ...atAuthorization,
    id: 'scope-not-registered-by-default',
    severity: 'warning',
    title: 'Clients that register without `scope` are locked out',
    standard: 'RFC 7591 §2, RFC 6749 §4.1.2.1',
    effect:
      'Many clients register without `scope`, request what the MCP server demands, and lock their users out. A client that registers what it will request, as this package does, is accepted.',
    change:
      'Register clients that send no `scope` for every scope that the MCP server may demand; or refuse their registration, so that they learn of it.',
    look: (evidence) => {
      const { careless, ours } = evidence;
      if (
        !isAccepted(ours) ||
        refusedDemands(evidence).length > 0 ||
        careless.answer !== 'refused' ||
        careless.refusedAt !== 'authorize'
      )
        return undefined;
      const got = careless.registeredScope === null ? 'nobody says which scopes' : `"${careless.registeredScope}"`;
      return {
        scopes: without(unnamed(careless), ours.permitted ?? []),
        found: `registered without \`scope\`, it got ${got}; its request for "${careless.requestedScope}" was answered ${careless.serverAnswer}. Registered for "${ours.registeredScope ?? ours.sentScope}", the request for "${ours.requestedScope}" was accepted.`,
      };
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
    look: ({ careless, ours }) =>
      ours.registered &&
      careless.answer === 'refused' &&
      careless.refusedAt === 'register' &&
      !memberRefusals(ours).some(({ serverAnswer }) => serverAnswer === careless.serverAnswer) &&
      refusedBy([{ sentScope: null, serverAnswer: String(careless.serverAnswer) }]),
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
      const missing =
        ours.registered && ours.registeredScope
          ? without(scopesOf(ours.sentScope), [...scopesOf(ours.registeredScope), ...(ours.permitted ?? [])])
          : [];
      return (
        missing.length > 0 && {
          scopes: missing,
          found: `sent "${ours.sentScope}", registered "${ours.registeredScope}"`,
        }
      );
    },
  },
  {
    ...atRegistration,
    id: 'registered-scope-not-said',
    severity: 'advice',
    title: "The registration's answer does not say for which scopes",
    standard: 'RFC 7591 §3.2.1',
    effect: 'Clients cannot know what they may request, and learn it from a refusal.',
    change: 'State `scope` in the answer.',
    look: ({ ours }) =>
      ours.registered &&
      scopesOf(ours.sentScope).length > 0 &&
      ours.registeredScope === null && { found: `sent "${ours.sentScope}", the answer has no \`scope\`` },
  },
  {
    ...atRegistration,
    id: 'secret-required',
    severity: 'advice',
    title: 'Every client needs a secret',
    standard: 'OAuth 2.1 §2.1; RFC 7591 §2',
    effect: "Apps on people's machines cannot keep one.",
    change: 'Register clients that send `"token_endpoint_auth_method": "none"` as public.',
    look: ({ careless }) =>
      careless.registered &&
      careless.confidential && { found: 'a client that registered with `none` was given a secret' },
  },
  {
    ...atRegistration,
    id: 'public-clients-not-listed',
    severity: 'advice',
    title: 'Public clients are registered, and not listed',
    standard: 'OAuth 2.1 §2.1; RFC 8414 §2',
    effect: "Clients that go by the list register with a secret, which apps on people's machines cannot keep.",
    change: 'List `none` in `token_endpoint_auth_methods_supported`.',
    look: ({ careless, discovery }) => {
      const methods = discovery.authorizationServer.tokenEndpointAuthMethodsSupported;
      return (
        careless.registered &&
        !careless.confidential &&
        methods &&
        !methods.includes('none') && {
          found: `a client that registered with \`none\` was given no secret; \`token_endpoint_auth_methods_supported\` is ${quoted(methods)}`,
        }
      );
    },
  },
  {
    ...atAuthorization,
    id: 'sign-in-before-scopes',
    severity: 'advice',
    title: 'Scopes are judged only after the sign-in',
    standard: 'RFC 6749 §3.1, §4.1.2.1',
    effect:
      'It is permitted. People sign in before they learn that the client may not request a scope; and what clients may request can be told only by what they are registered for.',
    change: 'Check the client and its scopes before the sign-in page is shown.',
    look: ({ careless, ours }) => {
      const shown = Object.entries({ 'registered without `scope`': careless, 'registered by the plan': ours }).filter(
        ([, { answer }]) => answer === 'sign-in',
      );
      const judged = shown.map(([how, trial]) => {
        const scopes = [...unnamed(trial), ...(trial.notKnown ?? [])];
        return {
          scopes,
          words: `${how}, its answer ${scopes.length > 0 ? `does not name ${scopes.join(' ')}` : 'names all that is requested'}`,
        };
      });
      const scopes = [...new Set(judged.flatMap((one) => one.scopes))];
      return (
        shown.length > 0 && {
          ...(scopes.length > 0 ? { scopes } : {}),
          found: `a request with scopes that nobody registered is shown a sign-in page, like every other. By registration: ${judged.map(({ words }) => words).join('; ')}`,
        }
      );
    },
  },
  {
    ...atAuthorization,
    id: 'refused-on-a-page',
    severity: 'warning',
    title: 'A refusal is shown to the person, and not sent to the client',
    standard: 'RFC 6749 §4.1.2.1',
    effect: 'The client waits for ever, and cannot repair what is wrong.',
    change: 'Where client and redirect URI are known, redirect back with `error` and `state`.',
    look: (evidence) =>
      refusals(evidence)
        .filter(({ byRedirect }) => !byRedirect)
        .slice(0, 1)
        .map(({ serverAnswer }) => ({ found: String(serverAnswer) })),
  },
  {
    ...atAuthorization,
    id: 'state-not-returned',
    severity: 'error',
    title: 'A refusal does not carry the `state` of its request',
    standard: 'RFC 6749 §4.1.2.1',
    effect: 'Clients cannot tell to which request it belongs, and must drop it.',
    change: 'Return `state` unchanged with every authorization response, errors included.',
    look: (evidence) =>
      refusals(evidence)
        .filter(({ byRedirect, returnsState }) => byRedirect && !returnsState)
        .slice(0, 1)
        .map(({ serverAnswer }) => ({ found: String(serverAnswer) })),
  },
  {
    ...atAuthorization,
    id: 'iss-missing-on-refusal',
    severity: 'error',
    title: 'A refusal lacks the `iss` that was promised',
    standard: 'RFC 9207 §2, §2.4',
    effect: "Clients must drop it: it could be another server's.",
    change: 'Send `iss` with every authorization response, errors included.',
    look: (evidence) =>
      evidence.discovery.authorizationServer.authorizationResponseIssParameterSupported
        ? refusals(evidence)
            .filter(({ byRedirect, returnsIssuer }) => byRedirect && !returnsIssuer)
            .slice(0, 1)
            .map(({ serverAnswer }) => ({ found: String(serverAnswer) }))
        : undefined,
  },
  {
    ...atRegistration,
    id: 'refused-refresh-not-told',
    step: 'refresh',
    severity: 'warning',
    title: 'A dead refresh token is not refused in words that clients know',
    standard: 'RFC 6749 §5.2',
    effect:
      'Clients cannot tell it from a server that is broken for a while: they try again for ever, or call it a fault. People are not asked to sign in again.',
    change: 'Answer with 400 and a JSON object whose `error` is `invalid_grant`.',
    look: (evidence) => {
      const { known } = refusedRefreshes(evidence);
      const { status = 0, document } = known ?? {};
      const isTold = [400, 401].includes(status) && textOf(document, 'error') !== undefined;
      return known && !isTold && { found: inShort(known) };
    },
  },
  {
    ...atRegistration,
    id: 'deleted-client-not-told',
    step: 'refresh',
    severity: 'advice',
    title: 'A client that is not registered any more is not told so',
    standard: 'RFC 6749 §5.2',
    effect:
      'Clients that were forgotten send the person to a page that says nothing to them, and learn nothing; they should register anew.',
    change: 'Answer a client that is not known with 401, or 400, and `invalid_client`, before its grant is looked at.',
    look: (evidence) => {
      const { deleted } = refusedRefreshes(evidence);
      return deleted && textOf(deleted.document, 'error') !== 'invalid_client' && { found: inShort(deleted) };
    },
  },
  {
    ...atRegistration,
    id: 'clients-cannot-be-deleted',
    severity: 'advice',
    title: 'Clients cannot be deleted',
    standard: 'RFC 7592 §2.3',
    effect: 'Registrations that nobody needs pile up, those of this probe among them.',
    change:
      'Answer registrations with `registration_client_uri` and `registration_access_token`, and let clients delete theirs.',
    look: ({ clients }) => {
      const left = clients.filter(({ deleted }) => !deleted);
      return left.length > 0 && { found: `to be deleted by hand: ${left.map(({ clientId }) => clientId).join(', ')}` };
    },
  },
];
