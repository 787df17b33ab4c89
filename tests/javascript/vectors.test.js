// The vectors of tests/vectors (its README tells their form), played through the package's public functions.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { createDpop } from 'mcp-oauth-wasm/dpop';
import * as mcp from '../../js/index.js';

/** @typedef {any} Json */
/** @typedef {{ name: string, proves: string[], call: string, input: Json, exchange?: Json[], dpop?: boolean, secrets?: string[], accept?: Json, refuse?: Json }} Vector */

const folder = new URL('../vectors/', import.meta.url);

/** @type {Record<string, (input: Json, host: mcp.StepHost) => Promise<Json>>} */
const calls = {
  readChallenge: ({ headers }) => mcp.readChallenge(headers),
  wellKnownLocations: (input) => mcp.wellKnownLocations(input),
  planScopes: ({ sources, ...known }) => mcp.planScopes(sources, known),
  createPkce: () => mcp.createPkce(),
  readAuthorizationResponse: (input) => mcp.readAuthorizationResponse(input),
  discover: mcp.discover,
  plan: mcp.plan,
  register: mcp.register,
  begin: mcp.begin,
  complete: mcp.complete,
  refresh: mcp.refresh,
  grant: mcp.grant,
  ask: mcp.ask,
  unregister: mcp.unregister,
};

// The clock stands, and entropy counts.
const millisecondsSince1970 = 1_700_000_000_000;
let drawn = 0;
Date.now = () => millisecondsSince1970;
crypto.getRandomValues = (array) => {
  const bytes = new Uint8Array(/** @type {ArrayBufferView} */ (array).buffer, array?.byteOffset, array?.byteLength);
  bytes.forEach((_, index) => (bytes[index] = drawn++));
  return array;
};

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const { vectors, parts } = read(file);
  const recorded = read(`results/${file}`);
  test(`${file}: names are unique, and results are recorded for these names`, () => {
    assert.deepEqual(vectors.map((/** @type {Vector} */ { name }) => name).sort(), Object.keys(recorded).sort());
  });
  for (const vector of vectors) {
    test(`[${vector.proves}] ${vector.name} (${file})`, () => play(expanded(vector, parts), recorded[vector.name]));
  }
}

/** @param {string} path */
function read(path) {
  return JSON.parse(readFileSync(new URL(path, folder), 'utf8'));
}

/**
 * @param {Vector} vector
 * @param {Json} recorded
 */
async function play(vector, recorded) {
  drawn = 0;
  /** @type {string[]} */
  const traced = [];
  const script = scriptedFetch(vector.exchange ?? []);
  const host = {
    fetch: script.fetch,
    trace: (/** @type {mcp.TraceEvent} */ event) => void traced.push(JSON.stringify(event)),
    clientAssertion: async (/** @type {mcp.AssertionRequest} */ { issuer, clientId }) =>
      `assertion of ${clientId} for ${issuer}`,
    dpop: vector.dpop ? createDpop() : undefined,
    // Long enough for every answer that comes, however busy this machine is.
    ...(vector.exchange?.some(({ fails }) => fails === 'timed_out') && { timeoutMilliseconds: 1000 }),
  };
  const call = calls[vector.call];
  assert(call, `there is no call ${vector.call}`);
  const outcome = await call(vector.input, host).then(
    (accepted) => ({ accepted }),
    (error) => ({ error }),
  );
  assert.deepEqual(script.complaints, []);
  assert.equal(script.used(), vector.exchange?.length ?? 0, 'not all exchanges were used');
  for (const secret of vector.secrets ?? []) {
    assert(!traced.some((event) => event.includes(secret)), `the trace tells the secret ${secret}`);
  }
  if ('error' in outcome) {
    if (Object.hasOwn(vector, 'accept')) throw outcome.error;
    judgeRefusal(vector.refuse, outcome.error);
    checkForForeignText(outcome.error, vector.exchange ?? []);
    const { kind, code, step, details } = outcome.error;
    assert.deepEqual({ refused: { kind, code, step, details } }, recorded);
  } else {
    assert(Object.hasOwn(vector, 'accept'), `was not refused, but gave ${JSON.stringify(outcome.accepted)}`);
    assert.deepEqual(differences(vector.accept, outcome.accepted, 'result'), []);
    assert.deepEqual(outcome.accepted === null ? {} : outcome, recorded);
  }
}

/**
 * @param {Json} expected
 * @param {mcp.AuthorizationError} error
 */
function judgeRefusal({ says = [], ...expected }, error) {
  assert(error instanceof mcp.AuthorizationError, String(error));
  assert.deepEqual(differences(expected, error, 'error'), []);
  for (const words of says) assert(error.message.includes(words), `the message lacks "${words}": ${error.message}`);
}

/**
 * An error of kind `misbehaved` carries no text of the server's, but for URLs that its details have.
 *
 * @param {mcp.AuthorizationError} error
 * @param {Json[]} exchange
 */
function checkForForeignText(error, exchange) {
  if (error.kind !== 'misbehaved') return;
  const urls = ['named', 'url', 'asked', 'issuer'].flatMap((name) => String(error.details[name] ?? []) || []);
  const message = urls.reduce((left, url) => left.replaceAll(url, '…'), error.message);
  for (const { answer } of exchange) {
    for (const text of [...texts(answer), ...texts(parsed(answer?.body))]) {
      assert(
        text.length < 8 || !message.includes(text),
        `the message repeats "${text}" of an answer: ${error.message}`,
      );
    }
  }
}

/**
 * @param {Json} json
 * @returns {string[]}
 */
function texts(json) {
  if (typeof json === 'string') return [[...json.trim()].slice(0, 40).join('')];
  return typeof json === 'object' && json !== null ? Object.values(json).flatMap(texts) : [];
}

/**
 * The document that a text is; null where it is none, or too large to be walked through.
 *
 * @param {Json} body
 */
function parsed(body) {
  try {
    return body.length < 10_000 ? JSON.parse(body) : null;
  } catch {
    return null;
  }
}

/**
 * A `fetch` that answers as the vector says.
 *
 * @param {Json[]} exchange
 */
function scriptedFetch(exchange) {
  let used = 0;
  /** @type {string[]} */
  const complaints = [];
  /** @type {import('../../js/core/host.js').Fetch} */
  const fetch = async (url, init = {}) => {
    const entry = exchange[used];
    if (!entry) {
      complaints.push(`asked for ${url} after the last exchange`);
      throw new TypeError('the script has ended');
    }
    used += 1;
    const usual = { method: 'GET', redirect: 'manual', authorization: null, body: null };
    complaints.push(...differences({ ...usual, ...entry.expect }, requestAsJson(String(url), init), `request ${used}`));
    complaints.push(...forbidden(init));
    if (entry.fails === 'network_failed') throw new TypeError('fetch failed', { cause: { code: 'scripted' } });
    if (entry.fails === 'timed_out') return new Promise(() => {});
    assert.equal(entry.fails, undefined, `no exchange can fail as ${entry.fails}`);
    return answer(entry.answer);
  };
  return { fetch, complaints, used: () => used };
}

/**
 * What would make a browser ask the server for permission first, or would send the user's cookies.
 *
 * @param {RequestInit} init
 */
function forbidden({ method, headers, credentials }) {
  // A proof goes to endpoints that take forms, which a host with a key has permission for, or has none.
  const usual = ['accept', 'authorization', 'content-type', ...(method === 'POST' ? ['dpop'] : [])];
  const names = [...new Headers(headers).keys()].filter((name) => !usual.includes(name));
  return [
    ...names.map((name) => `sends the header ${name}`),
    ...(credentials === 'omit' ? [] : [`sends credentials: ${credentials}`]),
  ];
}

/**
 * A request as vectors describe it.
 *
 * @param {string} url
 * @param {RequestInit} init
 */
function requestAsJson(url, { method = 'GET', redirect, headers, body }) {
  const sent = new Headers(headers);
  const authorization = sent.get('authorization');
  if (typeof body !== 'string') return { method, url, redirect, authorization };
  return {
    method,
    url,
    redirect,
    authorization,
    body: sent.get('content-type') === 'application/json' ? JSON.parse(body) : formAsJson(body),
  };
}

/**
 * A form's parameters by name; those that are repeated as an array.
 *
 * @param {string} body
 */
function formAsJson(body) {
  const form = new URLSearchParams(body);
  return Object.fromEntries(
    [...new Set(form.keys())].map((name) => {
      const values = form.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}

/**
 * @param {Json} answer
 * @returns {Response}
 */
function answer({ status, headers = {}, body = null, url }) {
  const isDocument = isObject(body) && !Object.hasOwn(body, 'hex');
  const contentType = isDocument ? { 'content-type': 'application/json' } : {};
  if (status === 0) return /** @type {Response} */ ({ status, headers: new Headers(), body: null, url: '' });
  const response = new Response(bytes(body, isDocument), { status, headers: { ...contentType, ...headers } });
  return Object.defineProperty(response, 'url', { value: url ?? '' });
}

/**
 * As bytes, so that `Response` adds no Content-Type of its own.
 *
 * @param {Json} body
 * @param {boolean} isDocument
 */
function bytes(body, isDocument) {
  if (body === null) return null;
  if (typeof body === 'string') return Buffer.from(body);
  return isDocument ? Buffer.from(JSON.stringify(body)) : Buffer.from(body.hex, 'hex');
}

/**
 * A vector in full: what is `like` a part of its file, `but` for some members, is replaced by that, and texts that are
 * `joined` or `repeat`ed by themselves.
 *
 * @param {Json} json
 * @param {Record<string, Json>} [parts]
 * @returns {Json}
 */
function expanded(json, parts = {}) {
  if (Array.isArray(json)) return json.map((item) => expanded(item, parts));
  if (!isObject(json)) return json;
  if (json.repeat !== undefined) return json.repeat.repeat(json.times);
  if (json.joined !== undefined) return expanded(json.joined, parts).join('');
  if (json.like === undefined)
    return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, expanded(value, parts)]));
  assert(Object.hasOwn(parts, json.like), `the file has no part ${json.like}`);
  const part = expanded(parts[json.like], parts);
  return json.but === undefined ? part : merged(part, expanded(json.but, parts));
}

/**
 * The first, but for the members of the second; what is null there is removed.
 *
 * @param {Json} base
 * @param {Json} changes
 * @returns {Json}
 */
function merged(base, changes) {
  if (!isObject(base) || !isObject(changes)) return changes;
  const kept = Object.entries(base).filter(([name]) => !Object.hasOwn(changes, name));
  const changed = Object.entries(changes).filter(([, change]) => change !== null);
  return Object.fromEntries([...kept, ...changed.map(([name, change]) => [name, merged(base[name], change)])]);
}

/** @param {Json} json */
function isObject(json) {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/**
 * Every member that is expected must be there, and no others in arrays; null stands for absent. Of a URL, `url` is what
 * stands before its query, and `query` its parameters.
 *
 * @param {Json} expected
 * @param {Json} actual
 * @param {string} path
 * @returns {string[]}
 */
function differences(expected, actual, path) {
  if (isObject(expected) && isObject(actual)) {
    return Object.entries(expected).flatMap(([name, value]) => differences(value, actual[name], `${path}.${name}`));
  }
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((value, index) => differences(value, actual[index], `${path}[${index}]`));
  }
  if (isObject(expected) && typeof actual === 'string') {
    const [url, query = ''] = actual.split('?');
    return differences(expected, { url, query: formAsJson(query) }, path);
  }
  return expected === (actual ?? null)
    ? []
    : [`${path} should be ${JSON.stringify(expected)} and is ${JSON.stringify(actual)}`];
}
