// `npm run bench`: what a signed-in fetch costs on the warm path, over a fetch that sends the same header, as a ratio. Beside
// it the ratio of that fetch to itself, measured the same way: what the machine makes of no difference at all.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { createMachine, startWorld } from '../javascript/world.js';

const rounds = 300;
const requestsInARound = 40;
const warmUpRounds = 30;

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

/** @param {number[]} numbers */
const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? NaN;

/** Microseconds of a request. @param {() => Promise<Response>} send */
async function measure(send) {
  const since = performance.now();
  for (let request = 0; request < requestsInARound; request += 1) await (await send()).text();
  return ((performance.now() - since) * 1000) / requestsInARound;
}

export async function main() {
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

    const kinds = [plain, plain, signedIn];
    /** @type {number[][]} */
    const times = kinds.map(() => []);
    for (let round = -warmUpRounds; round < rounds; round += 1) {
      // Each goes first, second and last equally often.
      for (let turn = 0; turn < kinds.length; turn += 1) {
        const kind = (turn + round + warmUpRounds) % kinds.length;
        const time = await measure(kinds[kind] ?? plain);
        if (round >= 0) times[kind]?.push(time);
      }
    }
    const [base = [], same = [], signed = []] = times;
    // Round by round, so that what else the machine does in the meantime weighs on both alike.
    const ratio = (/** @type {number[]} */ others) =>
      median(others.map((time, round) => time / (base[round] ?? NaN))).toFixed(3);
    console.log(`${rounds} rounds of ${requestsInARound} requests each, interleaved; medians`);
    console.log(`a fetch with the same header     ${median(base).toFixed(1)} µs`);
    console.log(
      `a signed-in fetch                ${median(signed).toFixed(1)} µs   ratio ${ratio(signed)} (target: at most 1.05)`,
    );
    console.log(
      `the first one once more          ${median(same).toFixed(1)} µs   ratio ${ratio(same)} (null: no difference)`,
    );
  } finally {
    servers.disconnect();
  }
}

// It starts itself a second time, as the servers.
if (argv[2] === 'serve') await serve();
