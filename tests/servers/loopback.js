/**
 * Serves HTTP on loopback, on a port that the system picks.
 *
 * @param {import('node:http').Server} server
 * @returns {Promise<{ origin: string, close(): Promise<void> }>}
 */
export async function listenOnLoopback(server) {
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    // Of a thousand connections at once, those beyond the usual 511 would wait for the system to try again, on a busy machine for too long.
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => resolve(undefined));
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
