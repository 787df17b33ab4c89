/** @import { Host } from '../core/host.js' */
/** @import { ContractCase } from './contract.js' */

import { createAuthorizer } from '../connection/authorizer.js';
import { casesOf, check, checkSame, defaultPatienceMilliseconds, pause, rejectionOf, unique } from './contract.js';

/**
 * How the kit gets a host, and plays the person's browser.
 *
 * @typedef {object} HostContractOptions
 * @property {(open: (url: string) => void) => Promise<Host> | Host} create Makes a host with a store of its own, whose redirect hands
 *   authorization URLs to `open`, in place of a browser. Its `fetch` is not used: the servers are the kit's.
 * @property {(host: Host, open: (url: string) => void) => Promise<Host> | Host} [createAnother] Makes the host of another process
 *   with the same store. Default: the same host.
 * @property {(url: string) => Promise<unknown>} [visit] Goes to a URL as the browser does that was sent back. It may wait for
 *   `finish`. Default: by `globalThis.fetch`.
 * @property {number} [patienceMilliseconds] How long each rule may take before it counts as broken, in milliseconds.
 *   Default: 20000.
 */

const server = 'https://mcp.example/mcp';
const issuer = 'https://auth.example';

/**
 * What a rule is tried on.
 *
 * @typedef {object} HostTrial
 * @property {() => Promise<ReturnType<ReturnType<typeof createAuthorizer>['connection']> & Process>} start Starts the application, as another process.
 * @property {(count: number, waiting: Promise<unknown>) => Promise<unknown>} windows Waits until so many were opened, or until
 *   what waits for the person has ended.
 * @property {string[]} opened The URLs that were handed to the browser.
 * @property {(index: number, answer?: Record<string, string>) => string} answerOf The URL to which the browser is sent back from that
 *   window, with a code or another answer.
 * @property {(url: string) => Promise<unknown>} visit
 * @property {{ codes: number }} seen How many codes the authorization server was given.
 *
 * @typedef {{ complete: ReturnType<typeof createAuthorizer>['complete'], call: (signal?: AbortSignal) => Promise<number> }} Process
 */

/**
 * What people do to a sign-in, at any host: they are slow, vanish, press twice, say no, and their process dies. As cases for
 * any test runner, in Node and in browsers.
 *
 * @param {HostContractOptions} options how a host is had
 * @throws nothing: a broken rule rejects in its case
 * @returns {ContractCase[]}
 */
export function hostContract({
  create,
  createAnother = (host) => host,
  visit = (url) => globalThis.fetch(url),
  patienceMilliseconds = defaultPatienceMilliseconds,
}) {
  return casesOf(rules, patienceMilliseconds, async (keep) => {
    /** @type {string[]} */
    const opened = [];
    const open = (/** @type {string} */ url) => void opened.push(url);
    const { fetch, seen } = createServers();
    /** @type {Host | undefined} */
    let first;
    /** @type {ReturnType<typeof createAuthorizer>[]} */
    const processes = [];
    let isOver = false;
    try {
      await keep({
        async start() {
          const host = first ? await createAnother(first, open) : await create(open);
          first ??= host;
          const authorizer = createAuthorizer({ host: { ...host, fetch, admit: undefined } });
          processes.push(authorizer);
          const connection = authorizer.connection(server);
          const call = async (/** @type {AbortSignal | undefined} */ signal) =>
            (await authorizer.fetch(server, { interaction: true, signal })(server, { method: 'POST', body: '{}' }))
              .status;
          return { ...connection, complete: authorizer.complete, call };
        },
        windows(count, waiting) {
          const areThere = async () => {
            while (opened.length < count && !isOver) await pause();
          };
          return Promise.race([areThere(), waiting]);
        },
        opened,
        answerOf(index, answer = { code: unique() }) {
          const asked = new URL(opened[index] ?? '').searchParams;
          const back = new URL(asked.get('redirect_uri') ?? '');
          for (const [name, value] of Object.entries({ ...answer, state: asked.get('state') ?? '' }))
            back.searchParams.set(name, value);
          return back.href;
        },
        // Who closes the page early, or finds nothing there, is no matter.
        visit: (url) => visit(url).catch(() => undefined),
        seen,
      });
    } finally {
      isOver = true;
      for (const { close } of processes) await close();
    }
  });
}

/** An MCP server and its authorization server, which grant everything. */
function createServers() {
  const seen = { codes: 0 };
  /** @type {Record<string, (body: string) => object>} */
  const answers = {
    'https://mcp.example/.well-known/oauth-protected-resource/mcp': () => ({
      resource: server,
      authorization_servers: [issuer],
    }),
    [`${issuer}/.well-known/oauth-authorization-server`]: () => ({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      code_challenge_methods_supported: ['S256'],
    }),
    [`${issuer}/register`]: (body) => ({ ...JSON.parse(body), client_id: unique() }),
    [`${issuer}/token`]() {
      seen.codes += 1;
      return { access_token: unique(), token_type: 'Bearer', expires_in: 3600 };
    },
  };
  /** @type {NonNullable<Host['fetch']>} */
  const fetch = async (input, init) => {
    const request = new Request(input, init);
    if (request.url === server) {
      const isSignedIn = request.headers.has('authorization');
      return new Response('{}', isSignedIn ? {} : { status: 401, headers: { 'www-authenticate': 'Bearer' } });
    }
    const answer = answers[request.url];
    if (!answer) return new Response(null, { status: 404 });
    return Response.json(answer(await request.text()), { status: request.url.endsWith('/register') ? 201 : 200 });
  };
  return { fetch, seen };
}

/** @type {Record<string, (trial: HostTrial) => Promise<void>>} */
const rules = {
  async 'a person who is slower than the call that wanted them: the sign-in goes on, and the next call uses it'({
    start,
    windows,
    opened,
    answerOf,
    visit,
  }) {
    const { call } = await start();
    const impatient = new AbortController();
    const first = call(impatient.signal);
    await windows(1, first);
    impatient.abort(new Error('no longer wanted'));
    await rejectionOf(first, 'a call that was given up');
    const second = call();
    visit(answerOf(0));
    checkSame(await second, 200, 'The status of the next call');
    checkSame(opened.length, 1, 'How often a browser was opened');
  },

  async 'a person who lost the window presses again: there is another one at once, and the first is good all the same'({
    start,
    windows,
    answerOf,
    visit,
    seen,
  }) {
    const { signIn, call } = await start();
    const first = signIn();
    await windows(1, first);
    const second = signIn();
    await windows(2, Promise.all([first, second]));
    visit(answerOf(0));
    await Promise.all([first, second]);
    checkSame([await call(), seen.codes], [200, 1], 'What came of it, and how many codes were used');
  },

  async 'a person who vanishes: the sign-in can be cancelled, and the next press opens a window that works'({
    start,
    windows,
    answerOf,
    visit,
  }) {
    const { signIn, cancel, pending, call } = await start();
    const first = signIn();
    await windows(1, first);
    check(pending()?.endpoint === server, 'Nothing tells that a person is waited for.');
    await cancel();
    const { code } = await rejectionOf(first, 'a sign-in that was cancelled');
    checkSame(code, 'sign_in_cancelled', 'The code of its error');
    const second = signIn();
    await windows(2, second);
    visit(answerOf(1));
    await second;
    checkSame(await call(), 200, 'The status of a call');
  },

  async 'a person who presses twice and comes back twice has one window and one session'({
    start,
    windows,
    opened,
    answerOf,
    visit,
    seen,
  }) {
    const { signIn, call } = await start();
    const presses = Promise.all([signIn(), signIn()]);
    await windows(1, presses);
    const url = answerOf(0);
    visit(url);
    visit(url);
    await presses;
    checkSame(await call(), 200, 'The status of a call');
    checkSame([opened.length, seen.codes], [1, 1], 'How many windows there were, and codes');
  },

  async 'a person who says no is told so, and may press again'({ start, windows, answerOf, visit }) {
    const { signIn, call } = await start();
    const first = signIn();
    await windows(1, first);
    visit(answerOf(0, { error: 'access_denied' }));
    const { code } = await rejectionOf(first, 'a sign-in that was declined');
    checkSame(code, 'authorization_refused', 'The code of its error');
    const second = signIn();
    await windows(2, second);
    visit(answerOf(1));
    await second;
    checkSame(await call(), 200, 'The status of a call');
  },

  async 'the process ends while the person is away: another one completes by the URL that they came back with'({
    start,
    windows,
    opened,
    answerOf,
  }) {
    const dead = await start();
    const away = dead.signIn();
    away.catch(() => {});
    await windows(1, away);
    const { complete, call } = await start();
    const completed = await complete(answerOf(0));
    check('session' in completed, 'There is no session.');
    checkSame([await call(), opened.length], [200, 1], 'What came of it, and how many windows there were');
  },

  async 'the process ends while the person is away: a press in another one opens a window at once'({
    start,
    windows,
    answerOf,
    visit,
  }) {
    const dead = await start();
    const away = dead.signIn();
    away.catch(() => {});
    await windows(1, away);
    const { signIn, call } = await start();
    const pressed = signIn();
    await windows(2, pressed);
    visit(answerOf(1));
    await pressed;
    checkSame(await call(), 200, 'The status of a call');
  },
};
