/**
 * As much of MCP over Streamable HTTP as this page needs. A real application takes the client of an SDK, and gives it the
 * same `fetch`.
 *
 * @param {string} server its URL
 * @param {typeof globalThis.fetch} fetch
 */
export function mcpClient(server, fetch) {
  /** @type {Record<string, string>} */
  const session = {};
  let requests = 0;

  /** @param {object} message */
  async function post(message) {
    const response = await fetch(server, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...session },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
    });
    if (!response.ok) throw new Error(`The MCP server answered ${response.status}.`);
    const id = response.headers.get('mcp-session-id');
    if (id) session['mcp-session-id'] = id;
    return response;
  }

  /**
   * @param {string} method
   * @param {object} [params]
   */
  async function request(method, params = {}) {
    requests += 1;
    const response = await post({ id: requests, method, params });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
    const answer = isStream ? await lastMessage(response) : await response.json();
    if (answer.error) throw new Error(`The MCP server refused: ${answer.error.message}`);
    return answer.result;
  }

  return {
    async initialize() {
      const clientInfo = { name: 'browser-example', version: '1.0.0' };
      const { protocolVersion } = await request('initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo,
      });
      session['mcp-protocol-version'] = protocolVersion;
      await post({ method: 'notifications/initialized' });
    },
    listTools: async () => (await request('tools/list')).tools,
    callTool: (/** @type {string} */ name, /** @type {object} */ args) =>
      request('tools/call', { name, arguments: args }),
  };
}

/**
 * The last message of an event stream, which is the answer; what comes before are notifications.
 *
 * @param {Response} response
 */
async function lastMessage(response) {
  const events = (await response.text()).split(/\r?\n\r?\n/);
  const messages = events.map((event) => [...event.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n'));
  return JSON.parse(messages.findLast((message) => message !== '') ?? '{}');
}
