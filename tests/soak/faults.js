/** What can be wrong on purpose, so that it is seen that the judge finds it. */

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { Chance } from './chance.js' */

/** By what is wrong, a part of what the judge says of it. */
export const faults = {
  'nothing is locked': 'refresh token was used',
  'locks of the dead are kept': 'stuck',
  'sign-ins of others are not seen': 'a second window while one was open',
  'renewed sessions are not kept': 'refresh token was used again',
  'a refresh that fails counts as refused': 'nothing had refused it',
  'each window is opened twice': 'a second window while one was open',
  'a sign-in has no limit': 'stuck',
};

/** @typedef {keyof typeof faults} Fault */

/**
 * @param {Fault | undefined} fault
 * @param {Store} store
 * @param {Chance} chance
 * @returns {Store}
 */
export function faulty(fault, store, chance) {
  const { read, compareAndSwap } = store;
  switch (fault) {
    case 'nothing is locked':
      return { ...store, lock: (_, work) => work() };
    case 'sign-ins of others are not seen':
      return {
        ...store,
        read: async (key) => (key.startsWith('sign-in ') ? null : read(key)),
        compareAndSwap: async (key, ...write) => key.startsWith('sign-in ') || compareAndSwap(key, ...write),
      };
    case 'renewed sessions are not kept':
      return {
        ...store,
        compareAndSwap: async (key, version, value) =>
          (version !== null && value !== null && key.startsWith('session ') && chance.happens(0.2)) ||
          compareAndSwap(key, version, value),
      };
    default:
      return store;
  }
}
