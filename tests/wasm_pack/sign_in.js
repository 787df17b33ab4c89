// A sign-in, step by step, with what `wasm-pack build` makes.

import { argv } from 'node:process';

/** @param {typeof import('../../js/index.js')} mcp whose steps and functions have the same names */
export async function signIn(mcp) {
  const [, , endpoint = '', userAgentModule = ''] = argv;
  const { createUserAgent } = await import(/* webpackIgnore: true */ userAgentModule);
  const answer = await fetch(endpoint, { method: 'POST' });
  const challenge = (await mcp.readChallenge(answer.headers)) ?? undefined;
  /** @type {string[]} */
  const steps = [];
  const host = {
    /** @type {import('mcp-oauth-wasm').Fetch} */
    fetch(url, init, { step }) {
      if (steps.at(-1) !== step) steps.push(step);
      return fetch(url, init);
    },
  };
  const discovery = await mcp.discover({ endpoint, challenge });
  const first = await mcp.plan({ discovery });
  const redirectUri = 'http://127.0.0.1:4000/callback';
  const { registration, plan } = await mcp.register({ discovery, plan: first, redirectUri }, host);
  const { authorizationUrl, pending } = await mcp.begin({ discovery, registration, plan }, host);
  const callbackUrl = await createUserAgent().signIn(authorizationUrl);
  const { code } = await mcp.readAuthorizationResponse({ pending, callbackUrl });
  const completion = await mcp.complete({ pending, callbackUrl }, host);
  if (completion.kind !== 'signed-in') throw new Error('the server wants another request');
  const { tokens } = await mcp.refresh({ session: completion.session }, host);
  const authorization = `Bearer ${tokens.accessToken}`;
  const called = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } }),
  });
  const refused = await mcp.discover({ endpoint: 'not a URL' }).catch((error) => ({
    isError: error instanceof Error,
    code: error.code,
    message: error.message,
  }));
  const pure = {
    hasCode: code.length > 0,
    pkce: Object.keys(await mcp.createPkce()),
    locations: await mcp.wellKnownLocations({ issuer: 'https://login.example' }),
    planned: (await mcp.planScopes({ protectedResource: ['read'] }, { registered: ['read'] })).scopes.map(
      ({ scope }) => scope,
    ),
    challenge: await mcp.readChallenge('Bearer scope="read"').then((challenge) => challenge?.scopes),
    none: await mcp.readChallenge(new Headers()),
  };
  const functions = Object.keys(mcp).filter((name) => !/^(default|init|initSync|module\.exports|__\w+)$/.test(name));
  console.log(
    JSON.stringify({
      answered: answer.status,
      called: await called.text(),
      steps,
      refused,
      pure,
      functions: functions.sort(),
    }),
  );
}
