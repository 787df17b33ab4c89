/** An MCP server and its authorization servers, with a log that the judge reads: they restart, move, forget, and say it oddly. */

/** @import { ServerPolicy, Words } from '../zoo/policies.js' */
/** @import { ResourcePolicy } from '../zoo/protected_resource.js' */
/** @import { Chance } from './chance.js' */
/** @import { Judge } from './judge.js' */

import { PolicyServer } from '../zoo/policy_server.js';
import { ProtectedResource } from '../zoo/protected_resource.js';

/**
 * @typedef {{ method: string, url: URL, headers: Record<string, string | undefined>, body: string }} Request as it arrived;
 *   `x-process` of its headers: who sent it, `x-call` and `x-place`: the call of an application that it belongs to
 * @typedef {{ status: number, headers: Record<string, string>, body?: string }} Answer
 * @typedef {{ answer: Answer, arrived: () => void, lost: () => void }} Answering `arrived` and `lost`: what became of it
 * @typedef {'up' | 'unavailable' | 'unreachable' | 'hangs' | 'loses answers'} Mode
 */

/** @type {Words[]} */
const oddRefusals = [
  { status: 401, body: ['invalid refresh token'] },
  { status: 400, body: { message: 'Refresh token not found' } },
  { status: 400 },
  { status: 200, text: '<!doctype html><h1>Sign in</h1>' },
  { status: 200 },
  { status: 501, text: 'Not Implemented' },
  { status: 400, body: { error: 'invalid_request', error_description: 'Client not found' } },
];

/** @type {Words[]} */
const oddlyUnknown = [
  { status: 401, body: { error: 'invalid_client' } },
  { status: 400, body: { error: 'unauthorized_client' } },
  { status: 422, body: { message: 'Unrecognized client_id' } },
  { status: 400, body: { error: 'invalid_grant', error_description: 'Unknown client' } },
];

/**
 * What a server is like, for as long as it is.
 *
 * @param {Chance} chance
 * @returns {{ server: ServerPolicy, resource: ResourcePolicy }}
 */
function character(chance) {
  const needs = { connect: 'read', edit: 'write' };
  return {
    server: {
      lists: chance.one(['read write', 'read write offline_access']),
      registration: { management: chance.one([undefined, {}, { rotates: true }]) },
      authorization: { unknownClient: chance.one(/** @type {const} */ (['page', 'redirect', 'passes'])) },
      token: {
        refreshTokens: chance.one(/** @type {const} */ (['always', 'always', 'with offline_access', 'never'])),
        rotates: chance.happens(0.7),
        seconds: chance.one([300, 3600, 86_400]),
        unknownClient: chance.one(oddlyUnknown),
      },
    },
    resource: { demands: chance.one(['read', null]), lists: chance.one(['read write', null]), needs },
  };
}

/**
 * Whether a person came back with their no: a server that does not know the client asks nobody.
 *
 * @param {string} callbackUrl
 */
export const isNo = (callbackUrl) => new URL(callbackUrl).searchParams.get('error') === 'access_denied';

export class SoakServer {
  /** @type {Mode} */
  mode = 'up';
  /** Whether only the authorization server is in that mode. */
  #isApart = false;
  /** By access token, refresh token and code: whose it is. @type {Map<string, string>} */
  #places = new Map();
  /** The tokens that the MCP server has let through. @type {Set<string>} */
  #accepted = new Set();
  #judge;
  #origin;
  #usual;

  /**
   * @param {string} origin of the MCP server
   * @param {[string, string]} issuers the authorization server, and the one to which it may move
   * @param {Judge} judge
   * @param {Chance} chance
   */
  constructor(origin, issuers, judge, chance) {
    this.#origin = origin;
    this.#judge = judge;
    this.chance = chance;
    const { server, resource } = character(chance);
    if (resource.demands === null && resource.lists === null) resource.demands = 'read';
    this.#usual = server;
    this.authorizationServers = issuers.map((issuer) => new PolicyServer(issuer));
    const [first] = /** @type {[PolicyServer]} */ (this.authorizationServers);
    this.resource = new ProtectedResource(origin, resource, first);
    this.calm();
  }

  get endpoint() {
    return this.resource.endpoint;
  }

  /** From now on it is as it usually is. */
  calm() {
    this.mode = 'up';
    for (const server of this.authorizationServers) server.policy = this.#usual;
  }

  /**
   * @param {string} origin of one of its servers
   * @returns {Mode}
   */
  modeAt(origin) {
    return this.#isApart && origin === this.#origin ? 'up' : this.mode;
  }

  /** @param {ServerPolicy} odd */
  #become(odd) {
    const { token } = this.#usual;
    for (const server of this.authorizationServers)
      server.policy = { ...this.#usual, ...odd, token: { ...token, ...odd.token } };
  }

  /** Something happens. @returns {number} after how many milliseconds it is over */
  misfortune() {
    const { chance } = this;
    this.#isApart = chance.happens(0.5);
    const what = chance.weighted({
      'is restarted': 20,
      'cannot be reached': 8,
      'takes too long': 8,
      'loses answers': 6,
      'forgets refresh tokens': 22,
      'forgets access tokens': 10,
      'forgets clients': 12,
      'refuses refreshes': 10,
      'refuses codes': 3,
      'is a page': 3,
      moves: 6,
    });
    const [seconds, minutes, hours] = [1000, 60_000, 3_600_000];
    const all = this.authorizationServers;
    const forgetAccessTokens = () => all.map((server) => server.forgetAccessTokens());
    switch (what) {
      case 'is restarted':
        this.mode = 'unavailable';
        if (chance.happens(0.3)) forgetAccessTokens();
        return chance.between(5 * seconds, 2 * hours);
      case 'cannot be reached':
        this.mode = 'unreachable';
        return chance.between(5 * seconds, 10 * minutes);
      case 'takes too long':
        this.mode = 'hangs';
        return chance.between(10 * seconds, 3 * minutes);
      case 'loses answers':
        this.mode = 'loses answers';
        return chance.between(10 * seconds, 2 * minutes);
      case 'forgets refresh tokens':
        for (const server of all) server.forgetRefreshTokens();
        forgetAccessTokens();
        return 0;
      case 'forgets access tokens':
        forgetAccessTokens();
        return 0;
      case 'forgets clients':
        for (const server of all) server.registry.forget();
        return 0;
      case 'refuses refreshes':
        this.#become({ token: { answersRefresh: chance.one(oddRefusals) } });
        return chance.between(5 * minutes, 6 * hours);
      case 'refuses codes':
        this.#become({ token: { refusesCode: { status: 400, body: { error: 'invalid_grant' } } } });
        return chance.between(1 * minutes, 20 * minutes);
      case 'is a page':
        this.#become({ off: 'a page' });
        return chance.between(1 * minutes, 20 * minutes);
      default: {
        const other = all.find((server) => server !== this.resource.authorizationServer);
        if (other) this.resource.authorizationServer = other;
        this.#judge.over((name) => name.endsWith(` ${this.endpoint}`), 'its authorization server is another one');
        return 0;
      }
    }
  }

  /**
   * Where a person's browser is sent by the authorization server; nowhere: they see a page.
   *
   * @param {string} place
   * @param {string} authorizationUrl
   * @param {'yes' | 'no'} says
   */
  visit(place, authorizationUrl, says) {
    const url = new URL(authorizationUrl);
    const server = this.authorizationServers.find(({ issuer }) => issuer === url.origin);
    if (!server || this.mode !== 'up') return undefined;
    const { status, location } = server.answer({ method: 'GET', url, headers: { 'x-person': 'yes' }, body: '' });
    if (status !== 302 || location === undefined) return undefined;
    const callback = new URL(location);
    const code = callback.searchParams.get('code');
    if (code && says === 'no') {
      callback.searchParams.delete('code');
      callback.searchParams.set('error', 'access_denied');
    } else if (code) this.#places.set(code, place);
    return callback.href;
  }

  /**
   * @param {Request} request
   * @returns {Answering}
   */
  answer(request) {
    const { url, headers, body } = request;
    if (url.origin === this.#origin) return this.#called(request);
    const server = this.authorizationServers.find(({ issuer }) => issuer === url.origin);
    const form = new URLSearchParams(body);
    const isToken = request.method === 'POST' && form.has('grant_type');
    const token = form.get('refresh_token') ?? '';
    const place = this.#places.get(token || (form.get('code') ?? '')) ?? '';
    const process = headers['x-process'] ?? '';
    const rotates = this.#usual.token?.rotates === true;
    const use = isToken && token && rotates ? this.#judge.refreshSent(place, token, process) : undefined;
    const isAnswering = server && this.mode !== 'unavailable';
    const { status, body: object, text, location } = isAnswering ? server.answer(request) : { status: 503 };
    const answer = {
      status,
      headers: {
        ...(object ? { 'content-type': 'application/json' } : {}),
        ...(location ? { location } : {}),
      },
      body: object ? JSON.stringify(object) : text,
    };
    const tokens = /** @type {{ access_token?: string, refresh_token?: string, error?: string }} */ (object ?? {});
    const { access_token: accessToken, refresh_token: refreshToken } = tokens;
    if (!isToken) return { answer, arrived() {}, lost() {} };
    for (const issued of [accessToken, refreshToken]) if (issued) this.#places.set(issued, place);
    const isRefused = token !== '' && !accessToken && ![429, 500, 502, 503, 504].includes(status);
    return {
      answer,
      arrived: () => {
        if (token && isRefused) this.#judge.refreshRefused(place);
        if (token && accessToken) this.#judge.renewed(place, process);
        if (!token && accessToken) this.#judge.granted(place, process, refreshToken !== undefined);
        const isDefinite = tokens.error === 'invalid_grant';
        if (use) this.#judge.refreshAnswered(use, accessToken ? 'renewed' : isDefinite ? 'refused' : 'lost');
      },
      lost: () => {
        if (use) this.#judge.refreshAnswered(use, 'lost');
      },
    };
  }

  /**
   * @param {Request} request
   * @returns {Answering}
   */
  #called({ method, url, headers, body }) {
    const isAnswering = this.modeAt(url.origin) !== 'unavailable';
    const {
      status,
      headers: further,
      body: object,
    } = isAnswering ? this.resource.answer({ method, path: url.pathname, headers, body }) : { status: 503 };
    const token = headers.authorization?.slice('Bearer '.length);
    const [process = '', call, place = ''] = [headers['x-process'], headers['x-call'], headers['x-place']];
    if (token && status < 300) {
      this.#accepted.add(token);
      this.#judge.accepted(this.#places.get(token) ?? '');
    }
    if (call && (status === 401 || status === 403)) {
      const wasAccepted = token !== undefined && this.#accepted.has(token);
      this.#judge.refused(place, process, { call, status, hadToken: token !== undefined, wasAccepted });
    }
    const answer = {
      status,
      headers: { ...further, ...(object ? { 'content-type': 'application/json' } : {}) },
      body: object && JSON.stringify(object),
    };
    return { answer, arrived() {}, lost() {} };
  }
}
