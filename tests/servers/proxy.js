import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { listenOnLoopback } from './loopback.js';

/** @import { Socket } from 'node:net' */

/**
 * A company's proxy on loopback: whoever shows its credentials is connected to wherever they want (CONNECT, RFC 9110
 * §9.3.6), and everybody else is answered 407.
 *
 * @param {string} authorization what `Proxy-Authorization` has to be
 */
export async function startProxy(authorization) {
  /** Where it was asked to connect to, and whether it did. @type {{ target: string, connected: boolean }[]} */
  const asked = [];
  const refusal = { 'Proxy-Authenticate': 'Basic realm="the company"' };
  const server = createServer((request, response) => {
    asked.push({ target: String(request.url), connected: false });
    response.writeHead(407, refusal).end();
  });
  server.on('connect', async (request, /** @type {Socket} */ client) => {
    const target = String(request.url);
    const connected = request.headers['proxy-authorization'] === authorization;
    asked.push({ target, connected });
    if (!connected) {
      const [[name, value] = []] = Object.entries(refusal);
      return client.end(`HTTP/1.1 407 Proxy Authentication Required\r\n${name}: ${value}\r\n\r\n`);
    }
    const { hostname, port } = new URL(`http://${target}`);
    const behind = connect(Number(port), hostname);
    behind.on('error', () => client.destroy());
    client.on('error', () => behind.destroy());
    await once(behind, 'connect');
    client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    behind.pipe(client).pipe(behind);
  });
  return { ...(await listenOnLoopback(server)), asked };
}
