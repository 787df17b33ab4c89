// What a signed-in fetch costs on the warm path, over a fetch that sends the same header, as a ratio with its 95 % interval.
// Beside it that of the same fetch, which is what the machine makes of no difference at all, and that of a signed-in fetch with
// one wasm call, which the bench has to notice. The time of a round is the median of its requests: what costs something every
// time is in it, and what else the machine did meanwhile is not.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { wellKnownLocations } from 'mcp-oauth-wasm';
import { createMachine, startWorld } from '../javascript/world.js';
import { inOrder, median } from './numbers.js';

const rounds = 30;
const requestsInARound = 500;
const warmUpRounds = 3;
const limit = 1.02;

/**
 * The ranks, of 30 in their order, between which their median is in 95 of 100 cases, whatever their distribution: the
 * binomial distribution says so.
 */
const interval = { from: 9, to: 20 };

/**
 * The servers to sign in at, and one that answers at once, over connections that are kept. They have a process of their own:
 * what they hook into its promises (AsyncLocalStorage) would make those of the client slower.
 */
async function serve() {
  const world = await startWorld();
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    process.send?.({ protectedUrl: world.server, url: `http://127.0.0.1:${port}/mcp` });
  });
  process.once('disconnect', () => process.exit());
  await once(process, 'exit');
}

export async function warmCall() {
  const servers = fork(fileURLToPath(import.meta.url), ['serve']);
  const [{ protectedUrl, url }] = await once(servers, 'message');
  try {
    // It signs in at real servers; what it then calls is answered at once.
    const machine = createMachine({
      fetch: (input, init, context) => fetch(context?.step === 'call' ? url : input, init),
    });
    const connection = machine.start().connection(protectedUrl);
    await connection.signIn();
    const { authorization = '' } = await connection.headersFor({ method: 'POST', url: protectedUrl });
    const message = { method: 'POST', body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' };
    const plain = () => fetch(url, { ...message, headers: { 'content-type': 'application/json', authorization } });
    const signedIn = () =>
      connection.fetch(protectedUrl, { ...message, headers: { 'content-type': 'application/json' } });
    const withCall = async () => {
      await wellKnownLocations({ resource: protectedUrl });
      return signedIn();
    };

    const kinds = [plain, plain, signedIn, withCall];
    /** Microseconds of a request, by round. @type {number[][]} */
    const times = kinds.map(() => []);
    for (let round = -warmUpRounds; round < rounds; round += 1) {
      const spent = kinds.map(() => /** @type {number[]} */ ([]));
      // One request of each, in an order that is drawn each time: none has always the same one before it.
      for (let request = 0; request < requestsInARound; request += 1) {
        const drawn = [...kinds.entries()].map((one) => ({ one, at: Math.random() })).sort((a, b) => a.at - b.at);
        for (const { one } of drawn) {
          const [kind, send] = one;
          const since = performance.now();
          await (await send()).text();
          spent[kind]?.push(performance.now() - since);
        }
      }
      if (round >= 0) for (const [kind, all] of spent.entries()) times[kind]?.push(median(all) * 1000);
    }
    const [base = []] = times;
    const names = ['a fetch with the same header', 'the same once more', 'a signed-in fetch', 'with one wasm call'];
    console.log(
      `${rounds} rounds of ${requestsInARound} requests each, interleaved; medians, and ratios with 95 % intervals`,
    );
    const upper = names.map((name, kind) => {
      const ratios = inOrder((times[kind] ?? []).map((time, round) => time / (base[round] ?? NaN)));
      const [from, middle, to] = [ratios[interval.from] ?? NaN, median(ratios), ratios[interval.to] ?? NaN];
      const shown = kind === 0 ? '' : `  ${middle.toFixed(3)} (${from.toFixed(3)} to ${to.toFixed(3)})`;
      console.log(
        `${name.padEnd(30)} ${median(times[kind] ?? [])
          .toFixed(1)
          .padStart(8)} µs${shown}`,
      );
      return { from, to };
    });
    const [, , signed = { to: NaN }, called = { from: NaN, to: NaN }] = upper;
    console.log(
      `The signed-in fetch is to end at ${limit} at most: ${signed.to <= limit ? 'it does' : 'it does not'}.`,
    );
    console.log(`One wasm call more is to end beyond: ${called.to > limit ? 'it does' : 'it does not'}.`);
  } finally {
    servers.disconnect();
  }
}

// It starts itself a second time, as the servers.
if (argv[2] === 'serve') await serve();
