// The page: an MCP client whose requests the main process signs. Everything that servers say is shown as text.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { bridgedConnection } from 'mcp-oauth-wasm/electron-renderer';

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} type
 */
function find(selector, type) {
  const found = document.querySelector(selector);
  if (!(found instanceof type)) throw new Error(`the page has no ${selector}`);
  return found;
}

const form = find('form', HTMLFormElement);
const status = find('[role=status]', HTMLElement);
const table = find('table', HTMLTableElement);
const tools = find('ul', HTMLElement);
const result = find('pre', HTMLElement);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const server = String(new FormData(form).get('server'));
  status.textContent = 'Connecting. If the server wants you to sign in, your browser opens.';
  try {
    await connect(server);
    status.textContent = 'Connected.';
  } catch (error) {
    status.textContent = error instanceof Error ? error.message : String(error);
  }
});

/** @param {string} server */
async function connect(server) {
  const connection = bridgedConnection(server);
  const client = new Client({ name: 'mcp-oauth-wasm example', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(server), { fetch: connection.fetch }));
  showPlan(await connection.plan());
  const listed = await client.listTools();
  tools.replaceChildren(...listed.tools.map(({ name }) => toolButton(client, name)));
}

/** @param {Awaited<ReturnType<ReturnType<typeof bridgedConnection>['plan']>>} plan */
function showPlan(plan) {
  table.hidden = !plan;
  const rows = (plan?.scopes ?? []).map(({ scope, requested, granted, reason }) => {
    const row = document.createElement('tr');
    for (const value of [scope, requested, granted, reason])
      row.insertCell().textContent = typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value ?? '–');
    return row;
  });
  find('tbody', HTMLElement).replaceChildren(...rows);
}

/**
 * @param {Client} client
 * @param {string} name
 */
function toolButton(client, name) {
  const [item, button] = [document.createElement('li'), document.createElement('button')];
  button.textContent = `Call ${name}`;
  button.addEventListener('click', async () => {
    const answer = await client.callTool({ name, arguments: {} }).catch((error) => error.message);
    result.textContent = JSON.stringify(answer, null, 2);
  });
  item.append(button);
  return item;
}
