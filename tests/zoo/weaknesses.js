/**
 * Mistakes that clients make, put upon this package from the outside: what it sends and hears is changed on the way.
 * Every scenario has to notice one of them, else it proves nothing.
 */

/** @import { StartClient, Surroundings, ZooClient } from './world.js' */

import { startOurs } from './clients/ours.js';

/**
 * @typedef {object} Change
 * @property {(url: URL, init: RequestInit) => RequestInit} [request]
 * @property {(url: URL, response: Response) => Promise<Response> | Response} [response]
 * @property {(authorizationUrl: URL) => void} [authorization] changes the URL to which the person is sent
 * @property {(callback: URL) => void} [callback] changes the URL to which the person came back
 */

/**
 * @param {(surroundings: Surroundings) => Change} change
 * @returns {StartClient}
 */
function changing(change) {
  return (surroundings) => {
    const { request = (_, init) => init, response = (_, same) => same, authorization, callback } = change(surroundings);
    return startOurs({
      ...surroundings,
      async fetch(input, init = {}) {
        const url = new URL(String(input));
        return response(url, await surroundings.fetch(input, request(url, init)));
      },
      async visit(authorizationUrl) {
        const url = new URL(authorizationUrl);
        authorization?.(url);
        const back = new URL(await surroundings.visit(url));
        callback?.(back);
        return back.href;
      },
    });
  };
}

/** @param {(members: Record<string, any>) => void} change */
const changingRegistration = (change) =>
  changing(() => ({
    request(url, init) {
      if (!url.pathname.startsWith('/register') || typeof init.body !== 'string') return init;
      const members = JSON.parse(init.body);
      change(members);
      return { ...init, body: JSON.stringify(members) };
    },
  }));

/**
 * @param {(path: string) => boolean} accept
 * @param {(members: Record<string, any>) => void} change
 */
const changingAnswer = (accept, change) =>
  changing(() => ({
    async response(url, response) {
      if (!accept(url.pathname) || !response.ok) return response;
      const members = await response.json();
      change(members);
      return Response.json(members, { status: response.status });
    },
  }));

/** @param {(url: URL) => void} authorization */
const changingRequest = (authorization) => changing(() => ({ authorization }));

/** `noticedBy`: one scenario that this mistake cannot get past. @type {{ name: string, noticedBy: string, start: StartClient }[]} */
export const weaknesses = [
  {
    name: 'registers without scope',
    noticedBy: 'ignores scope at registration; a 401 demands',
    start: changingRegistration((members) => delete members.scope),
  },
  {
    name: 'sends an empty scope',
    noticedBy: 'echoes and enforces; nobody names a scope: none is sent anywhere',
    start: changingRequest(({ searchParams }) => {
      if (!searchParams.has('scope')) searchParams.set('scope', '');
    }),
  },
  {
    name: 'asks for one scope more',
    noticedBy: 'echoes and enforces; the catalogue of the authorization server is not requested',
    start: changingRequest(({ searchParams }) => {
      searchParams.set('scope', `${searchParams.get('scope') ?? ''} everything`.trim());
    }),
  },
  {
    name: 'asks for no scope',
    noticedBy: 'echoes and enforces; a 401 without scope: what is listed',
    start: changingRequest(({ searchParams }) => searchParams.delete('scope')),
  },
  {
    name: 'does not read the scope of a challenge',
    noticedBy: 'a 403 names only what is missing: earlier scopes are asked for as well',
    start: changing(() => ({
      response(_, response) {
        const challenge = response.headers.get('www-authenticate');
        if (!challenge) return response;
        const headers = { 'www-authenticate': challenge.replace(/scope="[^"]*", /, '') };
        return new Response(response.body, { status: response.status, headers });
      },
    })),
  },
  {
    name: 'does not read what the resource lists',
    noticedBy: 'a 403 names no scope: what is listed is asked for',
    start: changingAnswer(
      (path) => path.includes('oauth-protected-resource'),
      (members) => delete members.scopes_supported,
    ),
  },
  {
    name: 'does not read what registration answers',
    noticedBy: 'narrows and tells; a scope that is only listed is done without',
    start: changingAnswer(
      (path) => path.startsWith('/register'),
      (members) => delete members.scope,
    ),
  },
  {
    name: 'does not read what is granted',
    noticedBy: 'drops what it does not permit, and says so; the 401 demands it: an error that names it, and no loop',
    start: changingAnswer(
      (path) => path === '/token',
      (members) => delete members.scope,
    ),
  },
  {
    name: 'forgets its refresh token',
    noticedBy: 'a refresh answers without refresh token: the earlier one is kept',
    start: changingAnswer(
      (path) => path === '/token',
      (members) => delete members.refresh_token,
    ),
  },
  {
    name: 'forgets everything at a restart',
    noticedBy: 'echoes and enforces; a stored registration with the same scopes is used again',
    start: (surroundings) => startOurs({ ...surroundings, memory: new Map() }),
  },
  {
    name: 'registers as a web application',
    noticedBy: 'registers loopback redirect URIs for native applications only',
    start: changingRegistration((members) => (members.application_type = 'web')),
  },
  {
    name: 'registers with members of its own',
    noticedBy: 'refuses members outside the registry',
    start: changingRegistration((members) => (members.resource = 'https://mcp.example/')),
  },
  {
    name: 'authenticates by Basic, whatever was registered',
    noticedBy: 'gives a secret, and wants it in the form',
    start: changing(() => ({
      request(url, init) {
        const form = new URLSearchParams(String(init.body ?? ''));
        const secret = form.get('client_secret');
        if (url.pathname !== '/token' || secret === null) return init;
        form.delete('client_secret');
        const headers = new Headers(init.headers);
        headers.set('authorization', `Basic ${btoa(`${form.get('client_id')}:${secret}`)}`);
        return { ...init, headers, body: form.toString() };
      },
    })),
  },
  {
    name: 'does not check iss',
    noticedBy:
      'iss is promised, and missing on errors: nothing is believed, no repair, and the message says whose fault it is',
    start: changing(({ endpoint }) => {
      let issuer = endpoint;
      return {
        authorization: (url) => void (issuer = url.origin),
        callback: (url) => url.searchParams.set('iss', issuer),
      };
    }),
  },
  {
    name: 'tells the person nothing',
    noticedBy: 'registration requires scope; nobody names one: the error names the setting',
    start: mumbling,
  },
  {
    name: 'tries again and again',
    noticedBy: 'the server knows no client at all: two trips with the same client, and a clear error',
    start: persistent,
  },
];

/**
 * @param {ZooClient} client
 * @param {(work: () => Promise<void>) => Promise<void>} wrap
 * @returns {ZooClient}
 */
function wrapped(client, wrap) {
  return { ...client, connect: () => wrap(client.connect), call: (operation) => wrap(() => client.call(operation)) };
}

/** @type {StartClient} */
async function mumbling(surroundings) {
  return wrapped(await startOurs(surroundings), async (work) => {
    try {
      await work();
    } catch {
      throw new Error('Something went wrong.');
    }
  });
}

/** @type {StartClient} */
async function persistent(surroundings) {
  return wrapped(await startOurs(surroundings), async (work) => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (attempt === 3) throw error;
      }
    }
  });
}
