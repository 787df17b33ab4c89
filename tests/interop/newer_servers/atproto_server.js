// `@atproto/oauth-provider`: the authorization server of AT Protocol's personal data servers, with all it keeps in memory.
// Its first line of standard input says for which MCP server: every token is for that.

import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../servers/loopback.js';
import { fetchWithDocument } from '../servers/client_metadata_document.js';

// By a variable, since types are checked where this is not installed.
const library = '@atproto/oauth-provider';
const [{ JoseKey, OAuthProvider }, { oauthMiddleware }] = await Promise.all([
  import(`${library}/provider`),
  import(`${library}/middleware`),
]);

const alice = {
  did: 'did:plc:alicealicealicealicealic',
  pds: 'did:web:pds.example',
  deactivated: false,
  handle: 'alice.example',
};
let resource = '';

const server = createServer();
const { origin: issuer } = await listenOnLoopback(server);
const tokens = tokenStore();
const provider = new OAuthProvider({
  issuer,
  keyset: [await JoseKey.generate(['ES256'], 'one')],
  accountStore: accountStore(),
  deviceStore: store('Device'),
  requestStore: { ...store('Request'), consumeRequestCode },
  tokenStore: tokens,
  lexiconStore: { findLexicon: () => null, storeLexicon() {}, deleteLexicon() {} },
  safeFetch: fetchWithDocument,
  onAuthorizationRequest(/** @type {any} */ { client, parameters }) {
    const { redirect_uri: redirectUri, scope: requested } = parameters;
    console.log(
      JSON.stringify({ clientId: client.id, redirectUri, registered: client.metadata.scope, requested, error: null }),
    );
  },
});
const handle = oauthMiddleware(provider);

server.on('request', async (request, response) => {
  if (request.url !== '/introspect') return handle(request, response);
  const answer = await introspect(new URLSearchParams(await text(request)).get('token') ?? '');
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});

console.log(JSON.stringify({ issuer }));
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  ({ resource } = JSON.parse(line));
  console.log(JSON.stringify({ ready: true }));
});
lines.on('close', () => process.exit());

/**
 * RFC 7662.
 *
 * @param {string} token
 */
async function introspect(token) {
  const { payload } = await provider.signer.verifyAccessToken(token).catch(() => ({}));
  if (!payload || !tokens.readToken(payload.jti)) return { active: false };
  const { sub, scope, exp, iss, cnf, client_id } = payload;
  return { active: true, sub, scope, exp, iss, cnf, client_id, aud: resource };
}

/**
 * Records by identifier, under the names that the library gives the functions.
 *
 * @param {string} kind
 */
function store(kind) {
  /** @type {Map<string, any>} */
  const records = new Map();
  return {
    records,
    [`create${kind}`]: (/** @type {string} */ id, /** @type {object} */ data) => void records.set(id, data),
    [`read${kind}`]: (/** @type {string} */ id) => records.get(id) ?? null,
    [`update${kind}`]: (/** @type {string} */ id, /** @type {object} */ data) =>
      void records.set(id, { ...records.get(id), ...data }),
    [`delete${kind}`]: (/** @type {string} */ id) => void records.delete(id),
  };
}

/**
 * @this {{ records: Map<string, any> }}
 * @param {string} code
 */
function consumeRequestCode(code) {
  const [requestId, data] = [...this.records].find(([, request]) => request.code === code) ?? [];
  if (requestId === undefined) return null;
  this.records.delete(requestId);
  return { requestId, data };
}

function tokenStore() {
  /** @type {Map<string, { data: any, refreshTokens: string[] }>} */
  const records = new Map();
  const found = (/** @type {(record: { data: any, refreshTokens: string[] }) => boolean} */ isIt) => {
    const [id, record] = [...records].find(([, record]) => isIt(record)) ?? [];
    return record
      ? { id, data: record.data, account: alice, currentRefreshToken: record.refreshTokens.at(-1) ?? null }
      : null;
  };
  return {
    createToken: (/** @type {string} */ id, /** @type {any} */ data, /** @type {string} */ refreshToken) =>
      void records.set(id, { data, refreshTokens: [refreshToken] }),
    readToken: (/** @type {string} */ id) => found((record) => record === records.get(id)),
    deleteToken: (/** @type {string} */ id) => void records.delete(id),
    rotateToken(
      /** @type {string} */ id,
      /** @type {string} */ newId,
      /** @type {string} */ refreshToken,
      /** @type {any} */ newData,
    ) {
      const { data, refreshTokens } = /** @type {{ data: any, refreshTokens: string[] }} */ (records.get(id));
      records.delete(id);
      records.set(newId, { data: { ...data, ...newData }, refreshTokens: [...refreshTokens, refreshToken] });
    },
    findTokenByRefreshToken: (/** @type {string} */ refreshToken) =>
      found(({ refreshTokens }) => refreshTokens.includes(refreshToken)),
    findTokenByCode: (/** @type {string} */ code) => found(({ data }) => data.code === code),
    listAccountTokens: () => [],
  };
}

/** One person, who is on one device. What nobody does here (new passwords, other addresses) fails. */
function accountStore() {
  /** @type {Map<string, object>} */
  const authorizedClients = new Map();
  const known = { account: alice, authorizedClients };
  const functions = {
    authenticateAccount: () => alice,
    getAccount: () => known,
    setAuthorizedClient: (/** @type {string} */ _did, /** @type {string} */ clientId, /** @type {object} */ data) =>
      void authorizedClients.set(clientId, data),
    upsertDeviceAccount() {},
    removeDeviceAccount() {},
    getDeviceAccount: () => null,
    listDeviceAccounts: () => [],
  };
  return new Proxy(functions, {
    get: (target, name) =>
      Reflect.get(target, name) ?? (() => Promise.reject(new Error(`${String(name)} is not for tests`))),
  });
}
