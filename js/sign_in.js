/** A sign-in with a person: discover, plan, register, authorize, complete. One at a time in each authorizer. */

/** @import { Begun, Challenge, ClientDescription, ClientRegistration, Completion, Discovery, PendingAuthorization, Registered,
 *   ScopePlan, Session } from './records.js' */
/** @import { ConnectionSettings, Host, Redirect, RedirectReceiver } from './host.js' */
/** @import { Grant } from './grants/grant.js' */
/** @import { KeptRegistration } from './stored.js' */
/** @import { CallHost } from './wasm.js' */

import { completed } from './completed.js';
import { InteractionRequiredError, MisbehavedError, MisuseError, RefusedError, TransportError } from './errors.js';
import { storedPending, storedRegistration, storedSession } from './stored.js';
import { callHost } from './trace.js';
import { untilAborted } from './until_aborted.js';
import { call } from './wasm.js';

/** How long a server may take to make a new client known to all its machines. */
const SPREAD_MILLISECONDS = 1000;

/**
 * What a sign-in is for.
 *
 * @typedef {object} Purpose
 * @property {Challenge | null} challenge
 * @property {boolean} [stepUp] whether a session exists, and more scopes are asked for
 * @property {string[]} demanded what its token lacks and the MCP server demands
 * @property {boolean} [pressed] whether a person asked for it, rather than a call
 *
 * Where it takes place, and how far it may go.
 *
 * @typedef {object} Setting
 * @property {Host} host
 * @property {ClientDescription} client
 * @property {ConnectionSettings} settings
 * @property {string} endpoint
 * @property {string} account
 *
 * @typedef {Setting & Purpose & { interaction: boolean, signal?: AbortSignal, resume: (signal?: AbortSignal) => Promise<unknown> }} SignIn
 *   `interaction`: whether a browser may be opened; `resume`: signs in with one, should it be needed
 */

/**
 * Signs the person in and stores the session.
 *
 * @param {SignIn} request
 * @returns {Promise<Session>}
 */
export async function signIn(request) {
  const { host, settings, endpoint, account, challenge, stepUp, demanded, pressed, signal } = request;
  const calls = callsFor(request, signal);
  const earlier = (await storedSession(host.store, endpoint, account).read())?.value;
  const preferredIssuer = earlier?.registration.issuer;
  // A server that has published metadata is not believed to have none: that would send its people elsewhere.
  const published = earlier?.discovery.protectedResource.metadataUrl !== undefined;
  const withoutMetadata = published ? false : settings.withoutMetadata;
  /** @type {Discovery} */
  const discovery = await call(
    'discover',
    { endpoint, challenge, preferredIssuer, settings: { ...settings, withoutMetadata } },
    calls,
  );
  const { issuer } = discovery.authorizationServer;
  const issuerChanged = preferredIssuer !== undefined && preferredIssuer !== issuer;
  const plans = { discovery, pressed, grant: settings.grant?.grantType, settings };
  const insisted = stepUp && demanded.length > 0 ? demanded : undefined;
  /** @type {ScopePlan} */
  const plan = await call('plan', { ...plans, earlier: issuerChanged ? undefined : earlier?.plan, insisted }, calls);
  requireInteraction(request, plan, issuer);
  await requireApproval(request, plan, issuer, issuerChanged);

  const there = await storedRegistration(host.store, endpoint, issuer, settings.client).read();
  const signInBy = (/** @type {ScopePlan} */ plan) =>
    settings.grant
      ? obtain(request, settings.grant, discovery, plan, there, calls)
      : authorizeAtFirst(redirects(host), request, discovery, plan, there, calls);
  const session = await signInBy(plan).catch(async (error) => {
    if (request.stepUp || !refusesScopes(error)) throw error;
    // What another operation once needed, and is not to be had any more, must not keep the person out.
    /** @type {ScopePlan} */
    const anew = await call('plan', plans, calls);
    if (!isLess(anew, plan)) throw error;
    return signInBy(anew);
  });
  if (there) await deleteReplaced(there, session, request, calls);
  return session;
}

/** @param {unknown} error */
function refusesScopes(error) {
  return (
    error instanceof RefusedError && (error.code === 'scope_not_registered' || error.details.error === 'invalid_scope')
  );
}

/**
 * Whether a plan requires less than another.
 *
 * @param {ScopePlan} plan
 * @param {ScopePlan} other
 */
function isLess({ scopes }, other) {
  return other.scopes.some(
    ({ required, scope }) => required && !scopes.some((own) => own.required && own.scope === scope),
  );
}

/**
 * What the calls for a connection need of the host.
 *
 * @param {Setting} setting
 * @param {AbortSignal} [signal]
 */
export function callsFor({ host, settings, endpoint }, signal) {
  const isTrusted = settings.allowPrivateAddresses === true;
  return callHost(host, {
    signal,
    clientAssertion: settings.client?.assertion,
    endpoint: isTrusted ? undefined : endpoint,
  });
}

/**
 * Whether a person has to take part.
 *
 * @param {ConnectionSettings} settings
 */
export function needsPerson({ grant }) {
  return !grant || grant.interactive === true;
}

/** @param {Host} host */
function redirects({ redirect }) {
  return [redirect ?? []].flat();
}

/**
 * Sends the person to the authorization server, with the first way back that it permits.
 *
 * @param {Redirect[]} candidates
 * @param {[SignIn, Discovery, ScopePlan, KeptRegistration | undefined, CallHost]} given
 * @returns {Promise<Session>}
 */
async function authorizeAtFirst([redirect, ...others], ...given) {
  return authorize(/** @type {Redirect} */ (redirect), ...given).catch((error) => {
    if (others.length === 0 || !refusesRedirect(error)) throw error;
    return authorizeAtFirst(others, ...given);
  });
}

/** @param {unknown} error */
function refusesRedirect(error) {
  return (
    error instanceof RefusedError &&
    error.code === 'registration_refused' &&
    /redirect/i.test(`${error.details.error} ${error.details.errorDescription}`)
  );
}

/**
 * Sends the person to the authorization server.
 *
 * @param {Redirect} redirect
 * @param {SignIn} request
 * @param {Discovery} discovery
 * @param {ScopePlan} plan
 * @param {KeptRegistration | undefined} there
 * @param {CallHost} calls
 * @returns {Promise<Session>}
 */
async function authorize(redirect, request, discovery, plan, there, calls) {
  const { settings, pressed, signal } = request;
  const { issuer } = discovery.authorizationServer;
  const stored = there?.registration;
  const receiver = await redirect.prepare({ issuer, preferred: stored?.redirectUri, signal });
  try {
    const session = await withClient(request, discovery, there, calls, async (registration, client, calls) => {
      /** @type {Registered} */
      const registered = await keeping(request, calls, (calls) =>
        call(
          'register',
          {
            discovery,
            plan,
            redirectUri: receiver.redirectUri,
            client,
            registration,
            doubt: doubtOf(registration, there),
            pressed,
            settings,
          },
          calls,
        ),
      );
      const begun = await keeping(request, calls, (calls) =>
        call('begin', { discovery, client, settings, ...registered }, calls),
      );
      return authorizeAndComplete(request, receiver, begun, calls);
    });
    await receiver.finish?.({
      signedIn: true,
      title: 'Signed in',
      message: 'You can close this page and return to the application.',
    });
    return session;
  } catch (error) {
    await receiver.finish?.({
      signedIn: false,
      title: 'Not signed in',
      message: 'The sign-in did not succeed. The application says why. You can close this page.',
    });
    throw error;
  } finally {
    await receiver.close();
  }
}

/**
 * Gets a session by another grant than the authorization code, and stores it.
 *
 * @param {SignIn} request
 * @param {Grant} grant
 * @param {Discovery} discovery
 * @param {ScopePlan} plan
 * @param {KeptRegistration | undefined} there
 * @param {CallHost} calls
 * @returns {Promise<Session>}
 */
async function obtain(request, grant, discovery, plan, there, calls) {
  const { host, settings, endpoint, account, pressed, signal } = request;
  const { obtained } = await import('./grants/obtained.js');
  return withClient(request, discovery, there, calls, async (stored, client, calls) => {
    /** @type {Registered} */
    const registered = await keeping(request, calls, (calls) =>
      call(
        'register',
        { discovery, plan, grant: grant.grantType, client, registration: stored, pressed, settings },
        calls,
      ),
    );
    const session = await obtained(grant, { discovery, settings, signal, ...registered }, calls);
    await keep(request, session.registration, { unanswered: false, works: true });
    await storedSession(host.store, endpoint, account).write(session);
    return session;
  });
}

/**
 * Tries with the stored client. One that the server has forgotten is replaced, once; a metadata document that it cannot
 * use, or that nobody came back with, gives way to registration, where there is such. Any other client is the person's to
 * replace. One that was registered just now is tried once more first: not all machines of a server know it at once.
 *
 * @param {SignIn} request
 * @param {Discovery} discovery
 * @param {KeptRegistration | undefined} there
 * @param {CallHost} calls
 * @param {(registration: ClientRegistration | undefined, client: ClientDescription, calls: CallHost) => Promise<Session>} attempt
 */
function withClient(request, { authorizationServer }, there, calls, attempt) {
  const stored = there?.registration;
  const registers = withoutDocument(request.client);
  const canRegister = authorizationServer.registrationEndpoint !== undefined;
  const isDocument =
    stored?.kind !== 'dynamic' && !request.settings.client && request.client.clientMetadataUrl !== undefined;
  const patiently = async (
    /** @type {ClientRegistration | undefined} */ registration,
    /** @type {ClientDescription} */ client,
  ) => {
    /** @type {ClientRegistration | undefined} */
    let latest;
    const noting = { ...calls, registered: (/** @type {ClientRegistration} */ registered) => (latest = registered) };
    return attempt(registration, client, noting).catch(async (error) => {
      if (!refusesClient(error) || !latest) throw error;
      await untilAborted(new Promise((resolve) => setTimeout(resolve, SPREAD_MILLISECONDS)), request.signal);
      return attempt(latest, registers, calls);
    });
  };
  if (isDocument && canRegister && there?.unanswered) return patiently(undefined, registers);
  return patiently(stored, asRegistered(request.client, stored)).catch(async (error) => {
    if (!refusesClient(error) || !(stored?.kind === 'dynamic' || (isDocument && canRegister))) throw error;
    if (stored) await forgetRegistration(request, stored);
    return patiently(undefined, registers);
  });
}

/** @param {unknown} error */
function refusesClient(error) {
  return error instanceof RefusedError && error.code === 'client_refused';
}

/**
 * Whether the server may have forgotten the stored client.
 *
 * @param {ClientRegistration | undefined} registration
 * @param {KeptRegistration | undefined} there
 */
function doubtOf(registration, there) {
  return there?.unanswered && registration === there.registration ? 'unanswered' : undefined;
}

/**
 * A client that is registered stays so, whatever the server learns to do with documents.
 *
 * @param {ClientDescription} client
 * @param {ClientRegistration | undefined} registration
 */
function asRegistered(client, registration) {
  return registration?.kind === 'dynamic' ? withoutDocument(client) : client;
}

/** @param {ClientDescription} client */
function withoutDocument({ clientMetadataUrl: _, ...client }) {
  return client;
}

/**
 * @param {SignIn} request
 * @param {ScopePlan} plan
 * @param {string} issuer
 */
function requireInteraction({ host, settings, endpoint, interaction, resume }, plan, issuer) {
  if (!needsPerson(settings)) return;
  if (!interaction) {
    throw new InteractionRequiredError({
      code: 'interaction_required',
      message: `Signing in to ${endpoint} needs a person at ${issuer}. Call \`resume()\` of this error, or allow interaction for the call.`,
      details: { endpoint, issuer, plan },
      resume,
    });
  }
  if (redirects(host).length === 0 && !settings.grant) {
    throw new MisuseError({
      code: 'no_redirect',
      message: 'Interaction was allowed, but the host has no `redirect` to send the person with.',
    });
  }
}

/**
 * @param {SignIn} request
 * @param {ScopePlan} plan
 * @param {string} issuer
 * @param {boolean} issuerChanged
 */
async function requireApproval({ host, endpoint, stepUp, signal }, plan, issuer, issuerChanged) {
  const reason = issuerChanged ? 'issuer-changed' : stepUp ? 'step-up' : undefined;
  if (
    reason &&
    host.approve &&
    !(await untilAborted(Promise.resolve(host.approve({ reason, endpoint, issuer, plan, signal })), signal))
  ) {
    throw new RefusedError({
      code: 'not_approved',
      message: `The ${reason === 'step-up' ? 'wider scopes were' : 'new authorization server was'} not approved. Nothing was sent.`,
      step: 'authorize',
      details: { reason, endpoint, issuer },
    });
  }
}

/**
 * @param {SignIn} request
 * @param {RedirectReceiver} receiver
 * @param {Begun} begun
 * @param {CallHost} calls
 * @returns {Promise<Session>}
 */
async function authorizeAndComplete(request, receiver, { authorizationUrl, pending }, calls) {
  const { host, endpoint, signal } = request;
  const { state } = pending;
  await remember(request, pending);
  const waiting = storedPending(host.store, state);
  const callbackUrl = await receiver
    .authorize({ authorizationUrl, state, signal })
    .catch((error) => {
      throw neverAnswered(error, pending.registration, endpoint);
    })
    .finally(waiting.take);
  const completion = await complete(request, pending, callbackUrl, calls);
  return completion.kind === 'signed-in'
    ? completion.session
    : authorizeAndComplete(request, receiver, completion, calls);
}

/**
 * Stores all that is needed to go on, before the person leaves.
 *
 * @param {Setting} setting
 * @param {PendingAuthorization} pending
 */
async function remember(setting, pending) {
  const { host, endpoint, account } = setting;
  await keep(setting, pending.registration, { unanswered: true });
  await storedPending(host.store, pending.state).write({ version: 1, endpoint, account, pending });
}

/**
 * Judges what the person came back with, and stores the session.
 *
 * @param {Setting} setting
 * @param {PendingAuthorization} pending
 * @param {string} callbackUrl
 * @param {CallHost} calls
 * @returns {Promise<Completion>}
 */
async function complete(setting, pending, callbackUrl, calls) {
  const { host, client, settings, endpoint, account } = setting;
  await keep(setting, pending.registration, { unanswered: false });
  /** @type {Completion} */
  const completion = await keeping(setting, calls, (calls) =>
    completed({ pending, callbackUrl, client: asRegistered(client, pending.registration), settings }, calls),
  );
  if (completion.kind === 'signed-in') {
    await keep(setting, completion.session.registration, { unanswered: false, works: true });
    await storedSession(host.store, endpoint, account).write(completion.session);
  }
  return completion;
}

/**
 * Keeps what the server answers to registrations, whatever becomes of the call: its answer is the truth, the access token in
 * it may replace the one that is stored (RFC 7592 §3), and the next attempt would register again.
 *
 * @template T
 * @param {Setting} setting
 * @param {CallHost} calls
 * @param {(calls: CallHost) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function keeping(setting, calls, work) {
  /** @type {ClientRegistration | undefined} */
  let latest;
  try {
    return await work({
      ...calls,
      registered: (registration) => {
        latest = registration;
        calls.registered?.(registration);
      },
    });
  } finally {
    if (latest) await keep(setting, latest, { unanswered: false });
  }
}

/**
 * Keeps a registration. Another one is replaced only once the new one works; an updated one, whose access token may have
 * been rotated, at once.
 *
 * @param {Setting} setting
 * @param {ClientRegistration} registration
 * @param {{ unanswered: boolean, works?: boolean }} use
 */
async function keep({ host, settings, endpoint, account }, registration, { unanswered, works = false }) {
  const kept = storedRegistration(host.store, endpoint, registration.issuer, settings.client);
  const there = await kept.read();
  const isSame = there?.registration.clientId === registration.clientId;
  if (there && !isSame && !works) return;
  const accounts = isSame ? there.accounts : [];
  await kept.write({ registration, accounts: [...new Set([...accounts, account])], unanswered });
}

/**
 * Forgets a registration that the server no longer knows, unless another one has taken its place.
 *
 * @param {Setting} setting
 * @param {ClientRegistration} registration
 */
export async function forgetRegistration({ host, endpoint }, { kind, issuer, clientId }) {
  const kept = storedRegistration(host.store, endpoint, issuer, undefined);
  if (kind === 'dynamic' && (await kept.read())?.registration.clientId === clientId) await kept.remove();
}

/**
 * The person was sent to the authorization server and did not come back: perhaps it no longer knows the client, which it
 * can tell only the person.
 *
 * @param {unknown} error
 * @param {ClientRegistration} registration
 * @param {string} endpoint
 */
function neverAnswered(error, { kind, issuer, registrationClientUri }, endpoint) {
  if (!(error instanceof TransportError) || kind !== 'dynamic' || registrationClientUri) return error;
  const message = `${error.message} If ${issuer} says that it does not know this client, call \`forgetClient()\` of the connection to ${endpoint} and sign in again.`;
  return new TransportError({
    code: error.code,
    message,
    step: error.step ?? 'callback',
    details: { ...error.details, issuer },
    cause: error,
  });
}

/**
 * Deletes a registration that this sign-in replaced, now that the new one works, if no other account's session uses it.
 * A server that does not let it be deleted keeps it; nothing depends on that.
 *
 * @param {KeptRegistration} replaced
 * @param {Session} session
 * @param {SignIn} request
 * @param {CallHost} calls
 */
async function deleteReplaced({ registration, accounts }, session, { account }, calls) {
  const isReplaced = registration.kind === 'dynamic' && registration.clientId !== session.registration.clientId;
  if (!isReplaced || accounts.some((other) => other !== account)) return;
  await call('unregister', { registration }, calls).catch(() => false);
}

/**
 * Completes a sign-in whose process ended while the person was in the browser.
 *
 * @param {Pick<Setting, 'host' | 'client'> & { signal?: AbortSignal, settingsFor: (endpoint: string) => ConnectionSettings, callbackUrl: string }} request
 * @returns {Promise<{ endpoint: string, account: string, session: Session } | Begun>} signed in, or one more URL to open
 */
export async function completeLater({ host, client, settingsFor, callbackUrl, signal }) {
  const state =
    URL.canParse(callbackUrl) && callbackUrl === callbackUrl.trim()
      ? new URL(callbackUrl).searchParams.get('state')
      : null;
  const waiting = state ? await storedPending(host.store, state).take() : null;
  if (!waiting) {
    throw new MisbehavedError({
      code: 'state_mismatch',
      message:
        'The authorization response belongs to no sign-in that is waiting: its `state` is missing, unknown or used. It was ignored.',
      step: 'callback',
    });
  }
  const { endpoint, account, pending } = waiting;
  const setting = { host, client, settings: settingsFor(endpoint), endpoint, account };
  const completion = await complete(setting, pending, callbackUrl, callsFor(setting, signal));
  if (completion.kind === 'signed-in') return { endpoint, account, session: completion.session };
  await remember(setting, completion.pending);
  return { authorizationUrl: completion.authorizationUrl, pending: completion.pending };
}
