/**
 * What the engines answered, as data for vectors: metadata, registrations, refusals. Without tokens and secrets, and with
 * the same names in every run.
 */

/** @import { Engine } from './world.js' */
/** @import { Exchange } from './front.js' */

/**
 * @typedef {object} Recorded
 * @property {unknown} [metadata]
 * @property {{ sent: object, status: number, answer: unknown }[]} registrations
 * @property {{ scope: string | null, answer: Record<string, string> }[]} authorizationRefusals the parameters of the callback
 * @property {{ grantType: string | null, status: number, answer: unknown }[]} tokens
 */

/** @returns {Recorded} */
export const nothingRecorded = () => ({ registrations: [], authorizationRefusals: [], tokens: [] });

/**
 * Adds what an engine answered, each answer once.
 *
 * @param {Recorded} recorded
 * @param {Engine} engine
 */
export function record(recorded, engine) {
  const { front, issuer, registrationPath, authorizationPath } = engine;
  const known = new Set();
  for (const { path, method, status, answer } of front.exchanges) {
    if (method === 'POST' && path === registrationPath && status === 201) known.add(JSON.parse(answer).client_id);
  }
  const realm = /\/realms\/([^/]+)/.exec(issuer)?.[1];
  const stable = (/** @type {string} */ text) => {
    let renamed = text.replaceAll(front.origin, 'https://engine.example');
    if (realm) renamed = renamed.replaceAll(`/realms/${realm}`, '/realms/realm');
    for (const client of known) renamed = renamed.replaceAll(client, 'the-client');
    return renamed;
  };
  for (const exchange of front.exchanges) {
    const { method, path, status, query, body } = exchange;
    const answer = readable(exchange, stable);
    if (/\/\.well-known\/(openid-configuration|oauth-authorization-server)/.test(path) && status === 200)
      recorded.metadata ??= answer;
    else if (method === 'POST' && path === registrationPath)
      addOnce(recorded.registrations, { sent: withoutSecrets(JSON.parse(body)), status, answer });
    else if (path === authorizationPath && exchange.location?.includes('error=')) {
      const parameters = [...new URL(exchange.location).searchParams].filter(([name]) => name !== 'state');
      const named = Object.fromEntries(parameters.map(([name, value]) => [name, stable(value)]));
      addOnce(recorded.authorizationRefusals, { scope: query.get('scope'), answer: named });
    } else if (method === 'POST' && /\/token$/.test(path)) {
      addOnce(recorded.tokens, { grantType: new URLSearchParams(body).get('grant_type'), status, answer });
    }
  }
}

/**
 * @param {Exchange} exchange
 * @param {(text: string) => string} stable
 */
function readable({ answer }, stable) {
  try {
    return withoutSecrets(JSON.parse(stable(answer)));
  } catch {
    return stable(answer);
  }
}

const secrets = /^(client_secret|registration_access_token|access_token|refresh_token|id_token)$/;
const times =
  /^(client_id_issued_at|client_secret_expires_at|session_state|created_at|updated_at|expires_in|refresh_expires_in|not-before-policy)$/;

/** @param {Record<string, unknown>} members */
function withoutSecrets(members) {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => {
      if (secrets.test(name)) return [name, 'left-out'];
      if (times.test(name)) return [name, typeof value === 'number' ? (value === 0 ? 0 : 1) : 'left-out'];
      return [name, value];
    }),
  );
}

/**
 * @template {object} T
 * @param {T[]} all
 * @param {T} one
 */
function addOnce(all, one) {
  if (!all.some((other) => JSON.stringify(other) === JSON.stringify(one))) all.push(one);
}
