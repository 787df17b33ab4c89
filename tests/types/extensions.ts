// The entries that load on use, as a consumer's tsc sees them, with the DOM's types or with Node's. Nothing here is run.

import type { Dpop, Host, ProofRequest, Redirect, Session, Store } from 'mcp-oauth-wasm';
import type { ClientMetadataDocument, ClientMetadataProblem } from 'mcp-oauth-wasm/client-metadata';
import * as clientMetadata from 'mcp-oauth-wasm/client-metadata';
import type { Examination, Finding, Rule } from 'mcp-oauth-wasm/doctor';
import * as doctor from 'mcp-oauth-wasm/doctor';
import type { KeyPair } from 'mcp-oauth-wasm/dpop';
import * as dpop from 'mcp-oauth-wasm/dpop';
import type { Grant, GrantContext, Prompt, WorkloadAssertionRequest } from 'mcp-oauth-wasm/grants';
import * as grants from 'mcp-oauth-wasm/grants';
import type * as inspector from 'mcp-oauth-wasm/inspector';
import type { PasteProblem, PasteRequest } from 'mcp-oauth-wasm/pasted-redirect';
import * as pasted from 'mcp-oauth-wasm/pasted-redirect';
import { exactly } from './exactly.js';

exactly<'clientCredentials' | 'deviceAuthorization' | 'enterpriseManaged' | 'jwtBearer' | 'privateKeyAssertion'>()(
  {} as keyof typeof grants,
);
exactly<'createDpop'>()({} as keyof typeof dpop);
exactly<'checkClientMetadataDocument' | 'clientMetadataDocument'>()({} as keyof typeof clientMetadata);
exactly<'explain' | 'failure' | 'report' | 'scopeMatrix' | 'sequence' | 'withState'>()({} as keyof typeof inspector);
exactly<'pastedRedirect'>()({} as keyof typeof pasted);

// Keys are WebCrypto's own.
async function newKeyPair(): Promise<KeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
}

// Grants.
exactly<Grant>()(grants.clientCredentials());
exactly<Grant>()(grants.jwtBearer((request: WorkloadAssertionRequest) => request.tokenEndpoint));
exactly<Grant>()(
  grants.jwtBearer(async ({ issuer, resource, scopes, clientId }) => [issuer, resource, clientId, ...scopes].join()),
);
const show = ({ userCode, verificationUri, verificationUriComplete, expiresAt }: Prompt) =>
  console.log(userCode, verificationUri, verificationUriComplete, new Date(expiresAt * 1000));
exactly<Grant>()(grants.deviceAuthorization({ show }));
exactly<Grant>()(grants.deviceAuthorization({ show: async () => {}, clock: { now: () => 0, wait: async () => {} } }));
const identityProvider = { issuer: 'https://idp.example', tokenEndpoint: 'https://idp.example/token', clientId: 'x' };
exactly<Grant>()(grants.enterpriseManaged({ identityProvider, idToken: () => 'x' }));
exactly<Grant>()(
  grants.enterpriseManaged({ identityProvider: { ...identityProvider, clientSecret: 'x' }, idToken: async () => 'x' }),
);
export const own: Grant = {
  grantType: 'client_credentials',
  async obtain({ discovery, registration, plan, resource, signal, redeem, post }: GrantContext) {
    void [registration.clientId, plan.scopes, resource, signal?.aborted];
    await post(
      discovery.authorizationServer.tokenEndpoint,
      { a: 'b' },
      { clientId: 'x', tokenEndpointAuthMethod: 'client_secret_post' },
    );
    return (exactly<Session>()(await redeem({})), redeem({}));
  },
};

// Client assertions, from a key in every form; also for the identity provider.
async function assertions() {
  const { privateKey, publicKey } = await newKeyPair();
  const assertion = grants.privateKeyAssertion({ privateKey, keyId: 'x' });
  exactly<(request: { issuer: string; clientId: string }) => Promise<string>>()(assertion);
  grants.privateKeyAssertion({ privateKey: await crypto.subtle.exportKey('jwk', privateKey), algorithm: 'EdDSA' });
  grants.privateKeyAssertion({ privateKey: '-----BEGIN PRIVATE KEY-----', algorithm: 'PS256' });
  grants.enterpriseManaged({ identityProvider: { ...identityProvider, assertion }, idToken: () => 'x' });
  // @ts-expect-error no such algorithm
  grants.privateKeyAssertion({ privateKey, algorithm: 'HS256' });
  return publicKey;
}
void assertions;

// Proof of possession.
declare const store: Store;
export const host: Host = { store, dpop: dpop.createDpop({ store }) };
exactly<Dpop>()(dpop.createDpop());
newKeyPair().then((keyPair) => exactly<Dpop>()(dpop.createDpop({ keyPair })));
export const elsewhere: Dpop = {
  proof: async ({ method, url, accessToken, nonce }: ProofRequest) => `${method} ${url} ${accessToken} ${nonce}`,
  thumbprint: async () => '',
};

// What a client publishes of itself.
const published = clientMetadata.clientMetadataDocument(
  { clientName: 'x', clientMetadataUrl: 'https://app.example/client.json' },
  {
    redirectUris: ['http://127.0.0.1/callback'],
    scopes: ['x'],
    refresh: false,
    applicationType: 'native',
    publicKeys: { keys: [] },
    further: { tos_uri: 'x' },
  },
);
exactly<ClientMetadataDocument>()(published);
exactly<string>()(published.client_id);
exactly<ClientMetadataProblem[]>()(
  clientMetadata.checkClientMetadataDocument('https://app.example/client.json', JSON.parse('{}')),
);

// A person who pastes.
exactly<Redirect>()(
  pasted.pastedRedirect({
    redirectUri: 'http://127.0.0.1:8976/callback',
    ask: async ({ authorizationUrl, redirectUri, problem, explanation, signal }: PasteRequest) => {
      const again: PasteProblem | undefined = problem;
      return [authorizationUrl, redirectUri, again, explanation, signal.aborted].join();
    },
  }),
);

// A server that is examined.
exactly<Promise<Examination>>()(
  doctor.examine(
    { endpoint: 'x', settings: { assumeS256: true }, client: { clientName: 'x' }, webPages: false },
    { timeoutMilliseconds: 1 },
  ),
);
exactly<Rule[]>()(doctor.rules);
export const found = async ({ findings, ...evidence }: Examination): Promise<Finding[]> => [
  ...findings,
  ...doctor.findingsOf(evidence),
];

// What is wrong is refused.

// @ts-expect-error the MCP server is needed
doctor.examine({});

// @ts-expect-error an assertion is a text
grants.jwtBearer(() => 7);
// @ts-expect-error nobody would see the code
grants.deviceAuthorization({});
// @ts-expect-error the identity provider has an issuer
grants.enterpriseManaged({ identityProvider: { tokenEndpoint: 'x', clientId: 'x' }, idToken: () => 'x' });
// @ts-expect-error a key is needed
grants.privateKeyAssertion({});
// @ts-expect-error both halves are needed
dpop.createDpop({ keyPair: {} });
// @ts-expect-error it has to be said where the browser comes back to
clientMetadata.clientMetadataDocument({ clientName: 'x' }, {});
// @ts-expect-error no such type
clientMetadata.clientMetadataDocument({ clientName: 'x' }, { redirectUris: [], applicationType: 'desktop' });
// @ts-expect-error somebody has to ask
pasted.pastedRedirect({ redirectUri: 'http://127.0.0.1:8976/callback' });
