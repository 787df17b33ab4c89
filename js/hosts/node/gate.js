/** The way out of programs on Node: whatever a server names is judged by the address that a connection is made to. */

/** @import { LookupOptions } from 'node:dns' */
/** @import { Dispatcher } from './explaining_fetch.js' */
/** @import { Gate, GateOptions, Parties } from './guarded_fetch.js' */

import dns from 'node:dns';
import { isIP } from 'node:net';

import { MisbehavedError } from '../../core/errors.js';
import { causes, globalDispatcher, platformFetch } from './explaining_fetch.js';
import { bare, gateByNames, keep, Nearness, partiesOf } from './guarded_fetch.js';

/** MCP servers whose connections are kept apart at the same time. */
const KEPT_APART = 100;

/**
 * The gate of Node (RFC 9728 §7.7). What a name leads to is judged when the connection is made, so that nobody can answer
 * something else in between. Through a proxy only addresses that stand in URLs are judged: names are the proxy's to look up.
 *
 * @param {GateOptions} [options]
 * @returns {Gate}
 */
export function nodeGate(options = {}) {
  const nearness = new Nearness(options);
  const byNames = gateByNames(platformFetch, nearness);
  /** The connections of one server's word serve no other's. @type {Map<string, { base: Dispatcher, dispatcher: Dispatcher }>} */
  const kept = new Map();
  const dispatcherFor = (/** @type {Dispatcher} */ base, /** @type {Parties} */ { called, namedBy }) => {
    const isOwn = called.host === namedBy?.host;
    const key = `${isOwn} ${namedBy?.hostname}`;
    const there = kept.get(key);
    const judge = async (/** @type {string} */ hostname, /** @type {string[]} */ found) =>
      isOwn ? nearness.note(hostname, found) : nearness.judge(hostname, found, namedBy);
    const dispatcher = there?.base === base ? there.dispatcher : judging(base, judge);
    keep(kept, key, { base, dispatcher }, KEPT_APART);
    return dispatcher;
  };
  return {
    async admit(url, namedBy) {
      const base = globalDispatcher();
      const isLookedUpHere = !base || !isProxy(base) || isIP(bare(new URL(url)));
      if (isLookedUpHere) await byNames.admit(url, namedBy);
    },
    async fetch(input, init, context) {
      const parties = partiesOf(input, context);
      const base = globalDispatcher();
      if (!parties) return platformFetch(input, init);
      if (!isIP(bare(parties.called)) && base && isProxy(base) && !isDirect(base)) return platformFetch(input, init);
      // Another engine than Node's, or an agent of somebody's, makes its connections out of sight.
      if (isIP(bare(parties.called)) || !base || !isDirect(base)) return byNames.fetch(input, init, context);
      const judged = /** @type {RequestInit} */ ({ ...init, dispatcher: dispatcherFor(base, parties) });
      try {
        return await platformFetch(input, judged);
      } catch (error) {
        throw [...causes(error)].find((cause) => cause instanceof MisbehavedError) ?? error;
      }
    },
  };
}

/**
 * Whether somebody else looks names up.
 *
 * @param {Dispatcher} dispatcher
 */
function isProxy(dispatcher) {
  return /Proxy/.test(dispatcher.constructor.name);
}

/**
 * Whether it connects to servers itself, or chooses by the environment's variables, as Node lets its own do.
 *
 * @param {Dispatcher} dispatcher
 */
function isDirect(dispatcher) {
  const { name } = dispatcher.constructor;
  const isConnector = typeof optionsOf(dispatcher).connect === 'function';
  const isOfEnvironment = process.env.NODE_USE_ENV_PROXY === '1' || process.execArgv.includes('--use-env-proxy');
  return (name === 'Agent' && !isConnector) || (name === 'EnvHttpProxyAgent' && isOfEnvironment);
}

/**
 * What it was made with: the application may have its own certificates there.
 *
 * @param {Dispatcher} dispatcher
 * @returns {{ connect?: object }}
 */
function optionsOf(dispatcher) {
  const [symbol = ''] = Object.getOwnPropertySymbols(dispatcher).filter(({ description }) => description === 'options');
  return Reflect.get(dispatcher, symbol) ?? {};
}

/**
 * One like that, which connects to nobody who is too near. A proxy's own address is the environment's word.
 *
 * @param {Dispatcher} base
 * @param {(hostname: string, found: string[]) => Promise<void>} judge
 */
function judging(base, judge) {
  /** @type {(hostname: string, options: LookupOptions, callback: (error: Error | null, ...found: any[]) => void) => void} */
  const lookup = (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error);
      const [{ address, family } = { address: '', family: 0 }] = found;
      judge(
        hostname,
        found.map((one) => one.address),
      ).then(() => (options.all ? callback(null, found) : callback(null, address, family)), callback);
    });
  };
  const options = optionsOf(base);
  return new base.constructor({ ...options, connect: { ...options.connect, lookup } });
}
