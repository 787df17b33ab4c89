/** As much of MCP over Streamable HTTP as it takes to list tools and to call one. */

const PROTOCOL_VERSION = '2025-11-25';

/**
 * @typedef {object} McpAnswer
 * @property {number} status
 * @property {string | null} challenge the values of `WWW-Authenticate`
 * @property {any} result of the message; undefined where there is none
 * @property {{ code: number, message: string }} [error] of the message
 */

/** A connection to the MCP server. */
export class McpConnection {
  #id = 0;
  /** @type {string | null} */
  #session = null;

  /**
   * @param {(url: string, init: RequestInit) => Promise<Response>} fetch
   * @param {string} endpoint
   * @param {string} [authorization] the header
   */
  constructor(fetch, endpoint, authorization) {
    this.fetch = fetch;
    this.endpoint = endpoint;
    this.authorization = authorization;
  }

  /** @returns {Promise<McpAnswer>} */
  async initialize() {
    const answer = await this.send('initialize', {
      protocolVersion: PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'mcp-oauth-wasm inspector', version: '0.1.0' },
    });
    if (answer.result) await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' });
    return answer;
  }

  /**
   * @param {string} method
   * @param {object} params
   * @returns {Promise<McpAnswer>}
   */
  async send(method, params) {
    this.#id += 1;
    const response = await this.#post({ jsonrpc: '2.0', id: this.#id, method, params });
    this.#session ??= response.headers.get('mcp-session-id');
    const { result, error } = readMessage(await response.text());
    return { status: response.status, challenge: response.headers.get('www-authenticate'), result, error };
  }

  /** @param {object} message */
  #post(message) {
    return this.fetch(this.endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-protocol-version': PROTOCOL_VERSION,
        ...(this.authorization ? { authorization: this.authorization } : {}),
        ...(this.#session ? { 'mcp-session-id': this.#session } : {}),
      },
      body: JSON.stringify(message),
    });
  }
}

/**
 * The answer in a body: a JSON document, or the one event that has it.
 *
 * @param {string} text
 */
function readMessage(text) {
  const candidates = [
    text,
    ...text
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice('data:'.length)),
  ];
  for (const candidate of candidates) {
    try {
      const message = JSON.parse(candidate);
      if (message?.result !== undefined || typeof message?.error === 'object') return message;
    } catch {
      // The next one may be it.
    }
  }
  return {};
}
