// The public surface, as a consumer's tsc sees it through the package's exports. Nothing here is run.

import type {
  ApprovalRequest,
  Authorizer,
  AuthorizerOptions,
  Challenge,
  ClientDescription,
  Completion,
  Connection,
  ConnectionOptions,
  Departure,
  Discovery,
  Fetch,
  Host,
  JsonObject,
  LockOptions,
  Outcome,
  PendingAuthorization,
  Pkce,
  PrepareRequest,
  Purpose,
  Redirect,
  RedirectReceiver,
  Registered,
  ScopePlan,
  ScopeSources,
  ServerSettings,
  Session,
  Source,
  StepHost,
  Store,
  StoredRecord,
  TraceEvent,
} from 'mcp-oauth-wasm';
import * as whole from 'mcp-oauth-wasm';
import * as javascript from 'mcp-oauth-wasm/javascript';
import * as slim from 'mcp-oauth-wasm/slim';
import * as web from 'mcp-oauth-wasm/web';
import { exactly } from './exactly.js';

type Functions =
  | 'createAuthorizer'
  | 'ask'
  | 'begin'
  | 'complete'
  | 'discover'
  | 'grant'
  | 'plan'
  | 'refresh'
  | 'register'
  | 'unregister'
  | 'createPkce'
  | 'planScopes'
  | 'readAuthorizationResponse'
  | 'readChallenge'
  | 'wellKnownLocations'
  | 'createMemoryStore'
  | 'explain'
  | 'init';
type Errors =
  | 'AuthorizationError'
  | 'IncompatibleError'
  | 'InteractionRequiredError'
  | 'MisbehavedError'
  | 'MisuseError'
  | 'RefusedError'
  | 'StorageError'
  | 'TransportError'
  | 'errorFromJSON';

// No name more, and none less.
exactly<Functions | Errors>()({} as keyof typeof whole);
exactly<typeof whole>()(web);
exactly<typeof whole>()(javascript);
exactly<Exclude<keyof typeof whole, 'createMemoryStore' | 'explain'>>()({} as keyof typeof slim);

// Level 1: a fetch that is signed in.
declare const store: Store;
declare const redirect: Redirect;
exactly<(options: AuthorizerOptions) => Authorizer>()(whole.createAuthorizer);
exactly<Store>()(whole.createMemoryStore());
const authorizer = whole.createAuthorizer({ host: { store } });
whole.createAuthorizer({
  host: {
    store,
    redirect,
    fetch,
    approve: async ({ plan }) => plan.scopes.length < 9,
    trace: ({ summary }) => console.log(summary),
    timeoutMilliseconds: 1,
  },
  client: { clientName: 'x' },
  settings: (endpoint) =>
    endpoint.startsWith('https://') ? { scopes: ['read'], authorizationParameters: { audience: 'x' } } : undefined,
});
exactly<(endpoint: string | URL, options?: ConnectionOptions) => Connection>()(authorizer.connection);
exactly<Fetch>()(
  authorizer.fetch('https://mcp.example/mcp', { account: 'a', interaction: true, signal: AbortSignal.timeout(1) }),
);
exactly<Promise<{ endpoint: string; account: string; session: Session } | Departure>>()(
  authorizer.complete('https://app.example/?code=x'),
);
const connection = authorizer.connection(new URL('https://mcp.example/mcp'));
exactly<
  | 'endpoint'
  | 'fetch'
  | 'headersFor'
  | 'onResponse'
  | 'signIn'
  | 'refresh'
  | 'signOut'
  | 'forgetClient'
  | 'plan'
  | 'watch'
  | 'session'
  | 'pending'
  | 'cancel'
>()({} as keyof Connection);
exactly<Promise<Response>>()(connection.fetch(new Request('https://mcp.example/mcp')));
exactly<Promise<Record<string, string>>>()(connection.headersFor({ method: 'POST', url: 'https://mcp.example/mcp' }));
exactly<Promise<boolean>>()(
  connection.onResponse({ status: 401, headers: new Headers(), attempt: 1, authorization: null }),
);
exactly<Promise<void>>()(connection.signIn());
exactly<Promise<ScopePlan | null>>()(connection.plan());
exactly<Promise<Session | null>>()(connection.session());

// It is a fetch, for whoever wants one.
const standard: (input: string | URL | Request, init?: RequestInit) => Promise<Response> = connection.fetch;
standard satisfies Fetch;

// Level 2: steps.
const endpoint = 'https://mcp.example/mcp';
const host: StepHost = { fetch, signal: AbortSignal.timeout(1), timeoutMilliseconds: 1 };
async function steps(challenge: Challenge, client: ClientDescription, settings: ServerSettings) {
  const discovery = await whole.discover({ endpoint, challenge, settings }, host);
  exactly<Discovery>()(discovery);
  const plan = await whole.plan({ discovery, settings });
  exactly<ScopePlan>()(plan);
  const registered = await whole.register({ discovery, plan, redirectUri: 'http://127.0.0.1:1/', client }, host);
  exactly<Registered>()(registered);
  const begun = await whole.begin({ discovery, ...registered });
  exactly<{ authorizationUrl: string; pending: PendingAuthorization }>()({ ...begun });
  const completion = await whole.complete({ pending: begun.pending, callbackUrl: 'http://127.0.0.1:1/?code=x' });
  exactly<Completion>()(completion);
  if (completion.kind === 'authorize-again') return exactly<string>()(completion.authorizationUrl);
  exactly<'signed-in'>()(completion.kind);
  const session = await whole.refresh({ session: completion.session });
  exactly<Session>()(session);
  exactly<string | undefined>()(session.tokens.refreshToken);
  exactly<Promise<boolean>>()(whole.unregister({ registration: session.registration }));
  // What was stored comes back as it went.
  const record: JsonObject = JSON.parse(JSON.stringify(session));
  await store.compareAndSwap('session', null, record);
}
void steps;

// Level 3: pure functions.
exactly<Promise<Challenge | null>>()(whole.readChallenge(new Headers()));
exactly<Promise<string[]>>()(whole.wellKnownLocations({ issuer: 'https://as.example' }));
exactly<Promise<Pkce>>()(whole.createPkce());
exactly<Promise<{ code: string }>>()(
  whole
    .readAuthorizationResponse({ pending: {} as PendingAuthorization, callbackUrl: '' })
    .then(({ code }) => ({ code })),
);
exactly<(plan: ScopePlan) => string>()(whole.explain);
const planned: Promise<ScopePlan> = whole.planScopes({ challenge: ['openid'] } satisfies ScopeSources, {
  registered: ['openid'],
});
planned.then(({ scopes: [first] }) => {
  if (!first) return;
  exactly<Source[]>()(first.sources);
  exactly<
    | 'challenge'
    | 'protected-resource'
    | 'host'
    | 'host-optional'
    | 'refresh'
    | 'authorization-server'
    | 'openid-provider'
  >()({} as Source);
  exactly<'request' | 'ceiling' | 'left-out'>()({} as Purpose);
  exactly<boolean | undefined>()(first.granted);
});

// Loading.
exactly<Promise<void>>()(whole.init());
slim.init(new Uint8Array());
slim.init(fetch('x.wasm'));
slim.init({} as WebAssembly.Module);

// Errors.
function judge(error: unknown) {
  if (error instanceof whole.InteractionRequiredError)
    exactly<(signal?: AbortSignal) => Promise<unknown>>()(error.resume);
  if (!(error instanceof whole.AuthorizationError)) return;
  exactly<'misuse' | 'transport' | 'refused' | 'incompatible' | 'misbehaved' | 'storage' | 'interaction'>()(error.kind);
  exactly<Record<string, unknown>>()(error.details);
  const code: string = error.code;
  switch (error.step) {
    case 'discover':
    case 'plan':
    case 'register':
    case 'authorize':
    case 'callback':
    case 'token':
    case 'refresh':
    case 'call':
    case 'step-up':
    case 'revoke':
    case undefined:
      return code;
    default:
      return error.step satisfies never;
  }
}
void judge;
throw new whole.StorageError({
  code: 'store_unavailable',
  message: 'A store may throw this.',
  details: { path: 'x' },
  cause: 1,
});

// A host of one's own.
export const ownHost: Host = {
  store: {
    async read(key: string): Promise<StoredRecord | null> {
      return { version: key, value: { nested: [1, 'two', null, { three: true }] } };
    },
    compareAndSwap: async (_key: string, expected: string | null, value: JsonObject | null) =>
      expected === null && value !== null,
    lock: <T>(_key: string, work: () => Promise<T>, options?: LockOptions) =>
      options?.signal?.aborted ? Promise.reject() : work(),
  },
  redirect: {
    async prepare({ preferred, issuer, signal }: PrepareRequest): Promise<RedirectReceiver> {
      exactly<string | undefined>()(preferred);
      exactly<AbortSignal | undefined>()(signal);
      return {
        redirectUri: issuer,
        authorize: async ({ authorizationUrl, state }) => `${authorizationUrl}${state}`,
        finish: ({ signedIn, title, message }: Outcome) => void [signedIn, title, message],
        close: async () => {},
      };
    },
  },
  approve: async ({ reason }: ApprovalRequest) => reason === 'step-up',
  trace({ version, sequence, correlation, at, step, kind, from, to, summary }: TraceEvent) {
    exactly<1>()(version);
    exactly<'request' | 'answer' | 'decision' | 'failure'>()(kind);
    void [sequence, correlation, at, step, from, to, summary];
  },
};

// What is wrong is refused.

// @ts-expect-error a host is needed
whole.createAuthorizer({ client: { clientName: 'x' } });
// @ts-expect-error and a store in it
whole.createAuthorizer({ host: { redirect } });
// @ts-expect-error settings are asked for by server
whole.createAuthorizer({ host: { store }, settings: { scopes: ['x'] } });
// @ts-expect-error scopes are lists, never strings
whole.planScopes({ challenge: 'openid email' });
// @ts-expect-error one of the two
whole.wellKnownLocations({ issuer: 'https://as.example', resource: 'https://mcp.example' });
// @ts-expect-error neither of the two
whole.wellKnownLocations({});
// @ts-expect-error interaction is yes or no
authorizer.fetch(endpoint, { interaction: 'yes' });
// @ts-expect-error the whole URL is a text
authorizer.complete(new URLSearchParams());
// @ts-expect-error parameters are texts
({}) satisfies ServerSettings, { authorizationParameters: { max_age: 0 } } satisfies ServerSettings;
// @ts-expect-error no such method of client authentication
({ client: { clientId: 'x', tokenEndpointAuthMethod: 'tls_client_auth' } }) satisfies ServerSettings;
// @ts-expect-error registration needs a plan
whole.register({ discovery: {} as Discovery, redirectUri: 'http://127.0.0.1/callback' });
// @ts-expect-error an error needs a message
new whole.MisuseError({ code: 'invalid_argument' });
// @ts-expect-error internal
whole.call;
