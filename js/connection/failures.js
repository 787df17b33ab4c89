/**
 * What was found out in vain about an MCP server: for a while nobody asks its authorization servers again, who may be third
 * parties. A person who asks to sign in is asked for at once.
 */

/** @import { Cause } from './connection.js' */

import { TransportError } from '../core/errors.js';

/** How long a failure counts: this, and by chance up to three times as long. Milliseconds. */
const SHORTEST = 20_000;

/** What fails may be mended in a moment: so many failures are not remembered, and so many of the network. */
const FAILURES = 1;
const NETWORK_FAILURES = 5;

/** How many causes of one server are found out about in that time, and how many servers are remembered. */
const CAUSE_LIMIT = 5;
const SERVER_LIMIT = 100;

/** @typedef {{ until: number, times: number, all?: unknown, causes: Map<string, unknown> }} Known */

/** @typedef {ReturnType<typeof createFailures>} Failures */

export function createFailures() {
  /** @type {Map<string, Known>} */
  const servers = new Map();

  /** @param {string} endpoint */
  const knownOf = (endpoint) => {
    /** @type {Known} */
    const known = servers.get(endpoint) ?? { until: 0, times: 0, causes: new Map() };
    servers.delete(endpoint);
    servers.set(endpoint, known);
    for (const oldest of servers.keys()) if (servers.size > SERVER_LIMIT) servers.delete(oldest);
    return known;
  };

  return {
    /**
     * What came of it, while that counts.
     *
     * @param {string} endpoint
     * @param {string} account
     * @param {Cause} cause
     * @returns {any}
     */
    known(endpoint, account, cause) {
      const known = servers.get(endpoint);
      if (!known || known.until <= Date.now()) return undefined;
      const others = known.causes.size < CAUSE_LIMIT ? undefined : [...known.causes.values()].at(-1);
      return known.all ?? known.causes.get(nameOf(account, cause)) ?? others;
    },

    /**
     * A person is needed, for that cause.
     *
     * @param {string} endpoint
     * @param {string} account
     * @param {Cause} cause
     * @param {unknown} outcome
     */
    personNeeded(endpoint, account, cause, outcome) {
      const known = knownOf(endpoint);
      if (known.until <= Date.now()) {
        known.causes.clear();
        known.until = Date.now() + SHORTEST * (1 + 2 * Math.random());
      }
      known.causes.set(nameOf(account, cause), outcome);
    },

    /**
     * Nobody found out where to sign in.
     *
     * @param {string} endpoint
     * @param {any} error
     */
    failed(endpoint, error) {
      if (error?.step !== 'discover' || error.code === 'aborted') return;
      const known = knownOf(endpoint);
      known.times += 1;
      if (known.times <= (error instanceof TransportError ? NETWORK_FAILURES : FAILURES)) return;
      known.all = error;
      known.until = Date.now() + SHORTEST * (1 + 2 * Math.random());
    },

    /** @param {string} endpoint */
    forget(endpoint) {
      servers.delete(endpoint);
    },
  };
}

/**
 * @param {string} account
 * @param {Cause} cause
 */
function nameOf(account, { challenge, demanded, stepUp = false }) {
  return JSON.stringify([account, challenge, demanded, stepUp]);
}
