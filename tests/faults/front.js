/**
 * What stands in front of a server, as a gateway does: it speaks TLS, takes note of every request by its name, and hands
 * it on. One fault can be put in the way of one of them.
 */

import { once } from 'node:events';
import { request as send } from 'node:http';
import { createServer } from 'node:https';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { AddressInfo, Socket } from 'node:net' */
/** @import { Certificate } from '../servers/certificates.js' */
/** @import { Fault } from './faults.js' */

/**
 * A request, as far as its name depends on it.
 *
 * @typedef {object} Asked
 * @property {string} method
 * @property {string} path
 * @property {Headers} headers
 * @property {string} body
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {import('node:http').OutgoingHttpHeaders} headers
 * @property {Buffer} body
 *
 * @typedef {object} FrontOptions
 * @property {Certificate} certificate
 * @property {Certificate} untrusted what it shows instead where a fault wants that
 * @property {(request: Asked) => string | undefined} nameOf undefined: a request that nobody asks about
 * @property {(request: Asked & { name: string }) => void} onArrival
 * @property {string[]} [lacks] the names of the requests that find nothing
 * @property {(path: string) => string} [pathBehind] the path of a resource at the server behind, where it is another
 */

/**
 * What is in the way of the requests of a name.
 *
 * @typedef {object} Obstacle
 * @property {string} name
 * @property {Fault} fault
 * @property {() => (hasHead: boolean) => void} patience what ends the patience of whoever sent one of them; `hasHead`:
 *   whether the head of an answer was sent
 */

/** @param {FrontOptions} options */
export async function startFront({
  certificate,
  untrusted,
  nameOf,
  onArrival,
  lacks = [],
  pathBehind = (path) => path,
}) {
  /** By the client's port: a connection below its TLS. @type {Map<number | undefined, Socket>} */
  const connections = new Map();
  /** @type {Obstacle | undefined} */
  let obstacle;
  /** What may never be answered to its end. @type {ServerResponse[]} */
  const held = [];
  let behind = '';

  const server = createServer(certificate, async (request, response) => {
    const asked = await read(request);
    const name = nameOf(asked);
    if (name) onArrival({ ...asked, name });
    // Every request has a connection of its own, so that a fault of one is a fault of no other.
    response.setHeader('connection', 'close');
    const handOn = () => (name && lacks.includes(name) ? nothing : handedOn(behind + pathBehind(asked.path), asked));
    const faulty = name && obstacle?.name === name ? obstacle : undefined;
    if (faulty?.fault.answer) {
      const reset = () => connections.get(request.socket.remotePort)?.resetAndDestroy();
      held.push(response);
      const end = faulty.patience();
      const letTimePass = () => end(response.headersSent);
      return faulty.fault.answer({ request, response, handOn, reset, letTimePass });
    }
    const { status, headers, body } = await handOn();
    response.writeHead(status, headers).end(body);
  });
  server.on('connection', (/** @type {Socket} */ socket) => {
    const { remotePort } = socket;
    connections.set(remotePort, socket);
    socket.on('close', () => connections.delete(remotePort));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {AddressInfo} */ (server.address());

  return {
    origin: `https://127.0.0.1:${port}`,

    /** Where it hands requests on to. @param {string} origin */
    standBefore(origin) {
      behind = origin;
    },

    /** @param {Obstacle | undefined} next */
    obstruct(next) {
      obstacle = next;
      for (const response of held.splice(0)) response.destroy();
    },

    /**
     * Does a piece of work, which sends that request. A fault of the connection is there for as long.
     *
     * @template T
     * @param {Asked} asked
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    async around(asked, work) {
      const kind = obstacle && nameOf(asked) === obstacle.name ? obstacle.fault.connection : undefined;
      if (!kind) return work();
      if (kind === 'refused') server.close();
      else server.setSecureContext(untrusted);
      try {
        return await work();
      } finally {
        if (kind === 'refused') await listenAgain(server, port);
        else server.setSecureContext(certificate);
      }
    },

    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof startFront>>} Front */

const nothing = { status: 404, headers: {}, body: Buffer.alloc(0) };

/**
 * The port was free for a moment: a connection of somebody else's may have had it, but not for long.
 *
 * @param {import('node:https').Server} server
 * @param {number} port
 */
async function listenAgain(server, port) {
  for (;;) {
    try {
      return await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/**
 * @param {IncomingMessage} request
 * @returns {Promise<Asked>}
 */
async function read(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const headers = new Headers(/** @type {Record<string, string>} */ (request.headers));
  return { method: request.method ?? '', path: request.url ?? '', headers, body };
}

/**
 * @param {string} url
 * @param {Asked} asked
 * @returns {Promise<Answer>}
 */
async function handedOn(url, { method, headers, body }) {
  const sent = send(url, {
    method,
    agent: false,
    headers: { ...Object.fromEntries(headers), connection: 'close', 'x-forwarded-proto': 'https' },
  });
  sent.end(body);
  const [response] = /** @type {[IncomingMessage]} */ (await once(sent, 'response'));
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const { connection: _, 'transfer-encoding': __, ...kept } = response.headers;
  return { status: response.statusCode ?? 0, headers: kept, body: Buffer.concat(chunks) };
}
