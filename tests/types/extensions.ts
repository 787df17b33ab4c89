// The entries that load on use, as a consumer's tsc sees them, with the DOM's types or with Node's. Nothing here is run.

import * as dpop from 'mcp-oauth-wasm/dpop';
import * as grants from 'mcp-oauth-wasm/grants';
import { exactly } from './exactly.js';

import type { Dpop, Host, ProofRequest, Session, Store } from 'mcp-oauth-wasm';
import type { KeyPair } from 'mcp-oauth-wasm/dpop';
import type { WorkloadAssertionRequest, Grant, GrantContext, Prompt } from 'mcp-oauth-wasm/grants';

exactly<'clientCredentials' | 'deviceAuthorization' | 'enterpriseManaged' | 'jwtBearer' | 'privateKeyAssertion'>()({} as keyof typeof grants);
exactly<'createDpop'>()({} as keyof typeof dpop);

// Keys are WebCrypto's own.
async function newKeyPair(): Promise<KeyPair> {
  return crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign', 'verify']);
}

// Grants.
exactly<Grant>()(grants.clientCredentials());
exactly<Grant>()(grants.jwtBearer((request: WorkloadAssertionRequest) => request.tokenEndpoint));
exactly<Grant>()(grants.jwtBearer(async ({ issuer, resource, scopes, clientId }) => [issuer, resource, clientId, ...scopes].join()));
const show = ({ userCode, verificationUri, verificationUriComplete, expiresAt }: Prompt) =>
  console.log(userCode, verificationUri, verificationUriComplete, new Date(expiresAt * 1000));
exactly<Grant>()(grants.deviceAuthorization({ show }));
exactly<Grant>()(grants.deviceAuthorization({ show: async () => {}, clock: { now: () => 0, wait: async () => {} } }));
const identityProvider = { issuer: 'https://idp.example', tokenEndpoint: 'https://idp.example/token', clientId: 'x' };
exactly<Grant>()(grants.enterpriseManaged({ identityProvider, idToken: () => 'x' }));
exactly<Grant>()(grants.enterpriseManaged({ identityProvider: { ...identityProvider, clientSecret: 'x' }, idToken: async () => 'x' }));
export const own: Grant = {
  grantType: 'client_credentials',
  async obtain({ discovery, registration, plan, resource, signal, redeem, post }: GrantContext) {
    void [registration.clientId, plan.scopes, resource, signal?.aborted];
    await post(discovery.authorizationServer.tokenEndpoint, { a: 'b' }, { clientId: 'x', tokenEndpointAuthMethod: 'client_secret_post' });
    return exactly<Session>()(await redeem({})), redeem({});
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
export const elsewhere: Dpop = { proof: async ({ method, url, accessToken, nonce }: ProofRequest) => `${method} ${url} ${accessToken} ${nonce}`, thumbprint: async () => '' };

// What is wrong is refused.

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
