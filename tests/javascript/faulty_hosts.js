/** Hosts that have one fault each, and the case of the test kit that has to notice. */

/** @import { Host, Redirect } from 'mcp-oauth-wasm' */
/** @import { HostContractOptions } from 'mcp-oauth-wasm/host-test' */

import { createMemoryStore } from 'mcp-oauth-wasm';
import { redirectWith } from './faulty_redirects.js';

/**
 * @param {Parameters<typeof redirectWith>[0]} joints of its redirect
 * @param {(redirect: Redirect) => Redirect} [change]
 */
function hostWith(joints, change = (redirect) => redirect) {
  const { create, visit } = redirectWith(joints);
  const own = async (/** @type {(url: string) => void} */ open) => change(await create(open));
  return {
    create: async (/** @type {(url: string) => void} */ open) => ({
      store: createMemoryStore(),
      redirect: await own(open),
    }),
    visit,
  };
}

/** @type {(redirect: Redirect) => Redirect} */
const givesUp = ({ prepare }) => ({
  async prepare(request) {
    const receiver = await prepare(request);
    const ended = Object.assign(new Error('aborted'), { code: 'callback_aborted' });
    return {
      ...receiver,
      async authorize(request) {
        receiver.authorize(request).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 50));
        throw ended;
      },
    };
  },
});

/** @type {(redirect: Redirect) => Redirect} */
function preparesOnce({ prepare }) {
  let isUsed = false;
  return {
    async prepare(request) {
      if (isUsed) throw new Error('the port is in use');
      isUsed = true;
      return prepare(request);
    },
  };
}

/** @type {(redirect: Redirect) => Redirect} */
const opensTwice = ({ prepare }) => ({
  async prepare(request) {
    const receiver = await prepare(request);
    return {
      ...receiver,
      async authorize(request) {
        receiver.authorize(request).catch(() => {});
        return receiver.authorize(request);
      },
    };
  },
});

/** @type {Record<string, HostContractOptions & { caughtBy: string, saying?: RegExp }>} */
export const faultyHosts = {
  'ends a wait by itself': {
    ...hostWith({}, givesUp),
    caughtBy: 'a person who is slower than the call that wanted them: the sign-in goes on, and the next call uses it',
    saying: /aborted/,
  },
  'has one window alone': {
    ...hostWith({ isSingle: true }),
    caughtBy:
      'a person who lost the window presses again: there is another one at once, and the first is good all the same',
  },
  'leaves its port open': {
    ...hostWith({}, preparesOnce),
    caughtBy: 'a person who vanishes: the sign-in can be cancelled, and the next press opens a window that works',
    saying: /the port is in use/,
  },
  'opens each window twice': {
    ...hostWith({}, opensTwice),
    caughtBy: 'a person who presses twice and comes back twice has one window and one session',
    saying: /How many windows/,
  },
  'knows codes alone': {
    ...hostWith({
      fits: (callback, state) => callback.searchParams.has('code') && callback.searchParams.get('state') === state,
    }),
    caughtBy: 'a person who says no is told so, and may press again',
  },
  'keeps what waits in its process': {
    ...hostWith({}),
    createAnother: (/** @type {Host} */ host) => ({ ...host, store: createMemoryStore() }),
    caughtBy: 'the process ends while the person is away: another one completes by the URL that they came back with',
    saying: /belongs to no sign-in/,
  },
  'listens in one process alone': {
    ...hostWith({}, preparesOnce),
    caughtBy: 'the process ends while the person is away: a press in another one opens a window at once',
    saying: /the port is in use/,
  },
};
