import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { auth, Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';
import { startAuthorizationServer } from './authorization_server.js';
import { startProtectedResource } from './protected_resource.js';
import { createUserAgent } from './user_agent.js';

/** @import { OAuthClientMetadata, OAuthClientProvider } from '@modelcontextprotocol/client' */
/** @import { AuthorizationServer } from './authorization_server.js' */
/** @import { ProtectedResource } from './protected_resource.js' */

const redirectUri = 'http://127.0.0.1:49152/callback';

describe('the authorization server and the protected resource of the tests', () => {
  /** @type {AuthorizationServer} */
  let authorizationServer;
  /** @type {ProtectedResource} */
  let protectedResource;

  before(async () => {
    authorizationServer = await startAuthorizationServer({
      scopes: ['openid', 'profile', 'email', 'offline_access', 'files:write'],
    });
    protectedResource = await startProtectedResource({
      authorizationServer,
      furtherTools: { write_file: ['files:write'] },
    });
  });
  after(async () => {
    await protectedResource.close();
    await authorizationServer.close();
  });

  /**
   * @param {Record<string, unknown>} members
   * @param {string} [issuer]
   */
  async function register(members, issuer = authorizationServer.issuer) {
    const response = await fetch(`${issuer}/reg`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        ...members,
      }),
    });
    return { status: response.status, answer: await response.json() };
  }

  /**
   * @param {Record<string, string>} members
   * @param {string} [issuer]
   */
  function authorizationRequest(members, issuer = authorizationServer.issuer) {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      response_type: 'code',
      redirect_uri: redirectUri,
      state: 'the-state',
      resource: protectedResource.url,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...members,
    });
    return { url: `${issuer}/auth?${query}`, verifier };
  }

  /**
   * @param {Record<string, string>} members
   * @param {string} [issuer]
   */
  async function tokenRequest(members, issuer = authorizationServer.issuer) {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams(members),
    });
    return { status: response.status, answer: await response.json() };
  }

  /**
   * Registers, signs in and redeems the code.
   *
   * @param {string} scope
   * @param {{ issuer?: string, resource?: string, tokenResource?: string | null }} [options] what the
   *   authorization request and what the token request names as its resource; null: nothing
   */
  async function signedIn(scope, { issuer, resource = protectedResource.url, tokenResource = resource } = {}) {
    const { answer: client } = await register({ scope }, issuer);
    const query = { client_id: client.client_id, scope, resource, prompt: 'consent' };
    const { url, verifier } = authorizationRequest(query, issuer);
    const callbackUrl = new URL(await createUserAgent().signIn(url));
    const form = {
      grant_type: 'authorization_code',
      client_id: client.client_id,
      code: callbackUrl.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: redirectUri,
      ...(tokenResource && { resource: tokenResource }),
    };
    const { status, answer: tokens } = await tokenRequest(form, issuer);
    assert.equal(status, 200, JSON.stringify(tokens));
    return { client, tokens };
  }

  /**
   * @param {string | undefined} token
   * @param {{ tool?: string, url?: string }} [options]
   */
  function call(token, { tool = 'whoami', url = protectedResource.url } = {}) {
    return fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: {} } }),
    });
  }

  test('the authorization server says what it can do', async () => {
    const response = await fetch(`${authorizationServer.issuer}/.well-known/oauth-authorization-server`);
    const metadata = await response.json();
    assert.equal(metadata.issuer, authorizationServer.issuer);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(metadata.scopes_supported, ['openid', 'profile', 'email', 'offline_access', 'files:write']);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  });

  test('a client registered without scope gets the default set, and openid is refused by redirect', async () => {
    const { status, answer } = await register({});
    assert.equal(status, 201);
    assert.equal(answer.scope, 'profile email');
    const { url } = authorizationRequest({ client_id: answer.client_id, scope: 'openid email' });
    const callbackUrl = new URL(await createUserAgent().signIn(url));
    assert.equal(`${callbackUrl.origin}${callbackUrl.pathname}`, redirectUri);
    assert.deepEqual(Object.fromEntries(callbackUrl.searchParams), {
      error: 'invalid_scope',
      error_description: 'requested scope is not allowed',
      scope: 'openid',
      state: 'the-state',
      iss: authorizationServer.issuer,
    });
    const seen = authorizationServer.requests.findLast(({ path }) => path === '/auth');
    assert.equal(seen?.query.scope, 'openid email');
    assert.equal(seen?.client?.scope, 'profile email');
  });

  test('a registration with an unknown or an empty scope is refused', async () => {
    for (const scope of ['openid admin', '']) {
      const { status, answer } = await register({ scope });
      assert.equal(status, 400, scope);
      assert.equal(answer.error, 'invalid_client_metadata');
    }
  });

  test('a registration can be read, updated and deleted by its own token only', async () => {
    const { answer } = await register({ scope: 'email' });
    /** @param {RequestInit} request */
    const manage = ({ headers, ...request }) =>
      fetch(answer.registration_client_uri, {
        headers: { Authorization: `Bearer ${answer.registration_access_token}`, ...headers },
        ...request,
      });
    assert.equal((await manage({ headers: { Authorization: 'Bearer other' } })).status, 401);
    const { registration_access_token, registration_client_uri, client_id_issued_at, ...members } = answer;
    const updated = await manage({
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...members, scope: 'openid email' }),
    });
    assert.equal(updated.status, 200);
    assert.equal((await (await manage({})).json()).scope, 'openid email');
    assert.equal((await manage({ method: 'DELETE' })).status, 204);
    assert.equal((await manage({})).status, 401);
  });

  test('without PKCE an authorization request is refused, of a client with a secret as well', async () => {
    const { answer } = await register({
      scope: 'openid',
      application_type: 'web',
      token_endpoint_auth_method: 'client_secret_basic',
    });
    const { url } = authorizationRequest({ client_id: answer.client_id, scope: 'openid' });
    const withoutChallenge = new URL(url);
    withoutChallenge.searchParams.delete('code_challenge');
    withoutChallenge.searchParams.delete('code_challenge_method');
    const callbackUrl = new URL(await createUserAgent().signIn(withoutChallenge));
    assert.equal(callbackUrl.searchParams.get('error'), 'invalid_request');
  });

  test('a foreign resource is refused', async () => {
    const { answer } = await register({ scope: 'openid' });
    const { url } = authorizationRequest({
      client_id: answer.client_id,
      scope: 'openid',
      resource: 'https://elsewhere.example/mcp',
    });
    const callbackUrl = new URL(await createUserAgent().signIn(url));
    assert.equal(callbackUrl.searchParams.get('error'), 'invalid_target');
  });

  test('a person who cancels sends access_denied back', async () => {
    const { answer } = await register({ scope: 'openid' });
    const { url } = authorizationRequest({ client_id: answer.client_id, scope: 'openid' });
    const callbackUrl = new URL(await createUserAgent({ decision: 'deny' }).signIn(url));
    assert.equal(callbackUrl.searchParams.get('error'), 'access_denied');
  });

  test('the user agent says so when the server shows an error page', async () => {
    const { url } = authorizationRequest({ client_id: 'nobody', scope: 'openid' });
    await assert.rejects(createUserAgent().signIn(url), /400 at http:.*\/auth: invalid_client: client is invalid/);
  });

  test('no token is answered with a challenge that demands the scopes and names the metadata', async () => {
    const response = await call(undefined);
    const metadataUrl = `${new URL(protectedResource.url).origin}/.well-known/oauth-protected-resource/mcp`;
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get('www-authenticate'),
      `Bearer resource_metadata="${metadataUrl}", scope="openid email"`,
    );
    assert.equal(response.headers.get('access-control-expose-headers'), 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id');
    const metadata = await (await fetch(metadataUrl)).json();
    assert.deepEqual(metadata, {
      resource: protectedResource.url,
      authorization_servers: [authorizationServer.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['openid', 'profile', 'email'],
    });
  });

  test('a token for the resource lets its holder in, and the tool knows who is signed in', async () => {
    const { tokens } = await signedIn('openid email');
    assert.equal(tokens.scope, 'openid email');
    assert.equal(tokens.refresh_token, undefined);
    const response = await call(tokens.access_token);
    assert.equal(response.status, 200);
    assert.match(await response.text(), /alice@example\.com/);
  });

  test('a token without audience and a token for another resource are refused', async () => {
    const other = 'https://other.example/mcp';
    authorizationServer.addProtectedResource(other);
    for (const resources of [{ tokenResource: null }, { resource: other }]) {
      const { tokens } = await signedIn('openid email', resources);
      const response = await call(tokens.access_token);
      assert.equal(response.status, 401);
      assert.match(
        response.headers.get('www-authenticate') ?? '',
        /error="invalid_token".*not issued for this resource/,
      );
    }
  });

  test('a revoked token and a made-up token are refused', async () => {
    const { client, tokens } = await signedIn('openid email');
    const revocation = await fetch(`${authorizationServer.issuer}/token/revocation`, {
      method: 'POST',
      body: new URLSearchParams({ token: tokens.access_token, client_id: client.client_id }),
    });
    assert.equal(revocation.status, 200);
    for (const token of [tokens.access_token, 'made-up']) {
      const response = await call(token);
      assert.equal(response.status, 401);
      assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token".*scope="openid email"/);
    }
  });

  test('missing scopes are answered with 403 and the scopes that the operation needs', async () => {
    const { tokens: narrow } = await signedIn('openid');
    const narrowAnswer = await call(narrow.access_token);
    assert.equal(narrowAnswer.status, 403);
    assert.match(
      narrowAnswer.headers.get('www-authenticate') ?? '',
      /error="insufficient_scope".*scope="openid email"/,
    );

    const { tokens } = await signedIn('openid email');
    const answer = await call(tokens.access_token, { tool: 'write_file' });
    assert.equal(answer.status, 403);
    assert.match(answer.headers.get('www-authenticate') ?? '', /error="insufficient_scope".*scope="files:write"/);

    const { tokens: wide } = await signedIn('openid email files:write');
    assert.equal((await call(wide.access_token, { tool: 'write_file' })).status, 200);
  });

  test('refresh tokens rotate, keep the scopes, and a used one takes its family with it', async () => {
    const { client, tokens } = await signedIn('openid email offline_access');
    const refresh = (/** @type {string} */ refreshToken) =>
      tokenRequest({
        grant_type: 'refresh_token',
        client_id: client.client_id,
        refresh_token: refreshToken,
        resource: protectedResource.url,
      });
    const { answer: refreshed } = await refresh(tokens.refresh_token);
    assert.equal(refreshed.scope, 'openid email offline_access');
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    assert.equal((await call(refreshed.access_token)).status, 200);
    assert.equal((await refresh(tokens.refresh_token)).answer.error, 'invalid_grant');
    assert.equal((await refresh(refreshed.refresh_token)).answer.error, 'invalid_grant');
    assert.equal((await call(refreshed.access_token)).status, 401);
  });

  test('an access token expires', async () => {
    const shortLived = await startAuthorizationServer({ accessTokenSeconds: 1 });
    const resource = await startProtectedResource({ authorizationServer: shortLived });
    try {
      const { tokens } = await signedIn('openid email', { issuer: shortLived.issuer, resource: resource.url });
      assert.equal(tokens.expires_in, 1);
      await delay(2100);
      const response = await call(tokens.access_token, { url: resource.url });
      assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token".*no longer valid/);
    } finally {
      await resource.close();
      await shortLived.close();
    }
  });

  test('records hold no secret', async () => {
    const { client, tokens } = await signedIn('openid email offline_access');
    const records = JSON.stringify(authorizationServer.requests);
    for (const secret of [
      tokens.access_token,
      tokens.refresh_token,
      tokens.id_token,
      client.registration_access_token,
    ]) {
      assert.ok(!records.includes(secret));
    }
    assert.doesNotMatch(records, /"(code|code_verifier|client_secret|password)":"(?!masked-)/);
    assert.doesNotMatch(records, /[?&]code=(?!masked-)/);
  });

  test('the official MCP client signs in by its own means, calls the tool, refreshes and calls again', async () => {
    const provider = inMemoryProvider({
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'none',
      scope: 'openid profile email offline_access',
    });
    const url = new URL(protectedResource.url);
    const transport = new StreamableHTTPClientTransport(url, { authProvider: provider });
    await assert.rejects(new Client({ name: 'test', version: '1.0.0' }).connect(transport), UnauthorizedError);
    const callbackUrl = new URL(await createUserAgent().signIn(provider.authorizationUrl));
    await transport.finishAuth(callbackUrl.searchParams);

    assert.match(await whoami(provider), /alice@example\.com/);
    const before = await provider.tokens();
    assert.equal(await auth(provider, { serverUrl: url }), 'AUTHORIZED');
    const afterwards = await provider.tokens();
    assert.notEqual(afterwards?.access_token, before?.access_token);
    assert.match(await whoami(provider), /alice@example\.com/);
  });

  /** @param {OAuthClientProvider} authProvider */
  async function whoami(authProvider) {
    const client = new Client({ name: 'test', version: '1.0.0' });
    await client.connect(new StreamableHTTPClientTransport(new URL(protectedResource.url), { authProvider }));
    const { content } = await client.callTool({ name: 'whoami' });
    await client.close();
    return JSON.stringify(content);
  }
});

/**
 * The provider that the MCP client's documentation shows.
 *
 * @param {OAuthClientMetadata} clientMetadata
 */
function inMemoryProvider(clientMetadata) {
  /** @type {any} */
  let information;
  /** @type {any} */
  let tokens;
  /** @type {any} */
  let discovery;
  let verifier = '';
  return {
    authorizationUrl: '',
    redirectUrl: redirectUri,
    clientMetadata,
    clientInformation: () => information,
    saveClientInformation: (/** @type {unknown} */ value) => void (information = value),
    tokens: () => tokens,
    saveTokens: (/** @type {unknown} */ value) => void (tokens = value),
    saveCodeVerifier: (/** @type {string} */ value) => void (verifier = value),
    codeVerifier: () => verifier,
    discoveryState: () => discovery,
    saveDiscoveryState: (/** @type {unknown} */ value) => void (discovery = value),
    redirectToAuthorization(/** @type {URL} */ url) {
      this.authorizationUrl = url.href;
    },
  };
}
