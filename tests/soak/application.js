/** An application in virtual time, as one process of it: what its connections do takes time, and may be the last thing that it did. */

/** @import { Authorizer, Host, Redirect } from 'mcp-oauth-wasm' */
/** @import { Answering, SoakServer } from './server.js' */
/** @import { Machine } from './virtual.js' */

import { createAuthorizer } from 'mcp-oauth-wasm';
import { untilAborted } from '../../js/core/until_aborted.js';
import { createReceiver } from '../../js/hosts/redirect.js';

/** How often a process ends at an effect, and how often while it has something locked. */
const DEATHS = { ordinarily: 0.002, locking: 0.02 };

/** For how long the `fetch` of Node waits for an answer. */
const ANSWER_LIMIT = 300_000;

/** @returns {Promise<any>} never */
export const never = () => new Promise(() => {});

/** One process of an application. */
export class Application {
  isAlive = true;
  /** They are held, for when others are forgotten is not the same in each life of a seed. @type {Map<string, ReturnType<Authorizer['connection']>>} */
  #connections = new Map();
  /** How much it has locked. */
  locked = 0;

  /**
   * @param {Machine} machine
   * @param {string} name of its process
   */
  constructor(machine, name) {
    this.machine = machine;
    this.name = name;
    const { fault } = machine.life;
    /** @type {Host} */
    const host = {
      store: machine.storeOf(this),
      redirect: this.#redirect(),
      fetch: (input, init, context) => this.#fetch(input, init, context),
      ...(machine.knowsProcesses && {
        owner: { name, isGone: (other) => other.startsWith('person-') && !machine.isRunning(other) },
      }),
      ...(fault === 'a sign-in has no limit' && { signInTimeoutMilliseconds: 1e12 }),
    };
    /** @type {Authorizer} */
    this.authorizer = createAuthorizer({ host, client: { clientName: 'Soak' } });
  }

  /** @param {SoakServer} server */
  connection({ endpoint }) {
    const connection = this.#connections.get(endpoint) ?? this.authorizer.connection(endpoint, { interaction: true });
    this.#connections.set(endpoint, connection);
    return connection;
  }

  /**
   * What a connection has this machine do takes its time, and may be the last thing that its process did.
   *
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async effect(work) {
    await this.#time();
    const done = await work();
    await this.#time();
    return done;
  }

  async #time() {
    const { clock, chance, isCalm } = this.machine.life;
    await clock.pause(chance.between(1, 20));
    if (!isCalm && chance.happens(this.locked > 0 ? DEATHS.locking : DEATHS.ordinarily)) this.machine.end(this);
    if (!this.isAlive) await never();
  }

  /** @type {NonNullable<Host['fetch']>} */
  async #fetch(input, init = {}, context) {
    const { clock, chance, servers, fault } = this.machine.life;
    const url = new URL(String(input));
    const { signal } = init;
    const server = servers.find(
      ({ endpoint, authorizationServers }) =>
        new URL(endpoint).origin === url.origin || authorizationServers.some(({ issuer }) => issuer === url.origin),
    );
    if (!server) throw new TypeError(`There is no ${url.origin} in this world.`);
    await this.#time();
    await clock.pause(chance.between(5, 800));
    signal?.throwIfAborted();
    const mode = server.modeAt(url.origin);
    if (mode === 'unreachable') throw new TypeError('fetch failed');
    const headers = { ...Object.fromEntries(new Headers(init.headers)), 'x-process': this.name };
    /** @type {Answering | undefined} */
    const answering =
      mode === 'hangs'
        ? undefined
        : server.answer({ method: init.method ?? 'GET', url, headers, body: String(init.body ?? '') });
    if (!answering || mode === 'loses answers') {
      answering?.lost();
      await untilAborted(clock.pause(ANSWER_LIMIT), signal ?? undefined);
      throw new TypeError('fetch failed');
    }
    const { answer, arrived } = answering;
    await clock.pause(chance.between(5, 800));
    if (!this.isAlive) {
      answering?.lost();
      await never();
    }
    if (signal?.aborted) {
      answering?.lost();
      throw signal.reason;
    }
    arrived();
    await this.#time();
    const isForgetful = fault === 'a refresh that fails counts as refused' && context?.step === 'refresh';
    if (isForgetful && answer.status >= 500) return Response.json({ error: 'invalid_grant' }, { status: 400 });
    return new Response(answer.body ?? null, { status: answer.status, headers: answer.headers });
  }

  /** @returns {Redirect} */
  #redirect() {
    const { machine } = this;
    const { chance, fault } = machine.life;
    return {
      prepare: ({ preferred, issuer }) =>
        this.effect(async () => {
          const path = `/${new URL(issuer).hostname}`;
          const isFree = (/** @type {string} */ uri) => {
            const there = machine.listeners.get(uri);
            return !there || there.application === this;
          };
          let redirectUri = preferred?.endsWith(path) && isFree(preferred) ? preferred : '';
          while (!redirectUri || !isFree(redirectUri))
            redirectUri = `http://127.0.0.1:${Math.floor(chance.between(20_000, 60_000))}${path}`;
          /** @type {Map<string, (callbackUrl: string) => void>} */
          const states = this.#states(redirectUri);
          return createReceiver({
            redirectUri,
            receive: ({ authorizationUrl, state, signal }) =>
              new Promise((resolve) => {
                states.set(state, resolve);
                signal.addEventListener('abort', () => states.delete(state));
                const opening = fault === 'each window is opened twice' ? 2 : 1;
                for (let time = 0; time < opening; time += 1)
                  machine.open(this, authorizationUrl).catch((error) => machine.life.judge.stuck(this.name, error));
              }),
          });
        }),
    };
  }

  /** @param {string} redirectUri those whose answers are taken there */
  #states(redirectUri) {
    const { listeners } = this.machine;
    const there = listeners.get(redirectUri);
    if (there) return /** @type {any} */ (there).states;
    /** @type {Map<string, (callbackUrl: string) => void>} */
    const states = new Map();
    const take = (/** @type {string} */ callbackUrl) => {
      const state = new URL(callbackUrl).searchParams.get('state') ?? '';
      const resolve = states.get(state);
      states.delete(state);
      resolve?.(callbackUrl);
      return resolve !== undefined;
    };
    listeners.set(redirectUri, /** @type {any} */ ({ application: this, take, states }));
    return states;
  }
}
