import { AuthorizationError, createAuthorizer } from 'mcp-oauth-wasm';
import { browserHost, createIndexedDBStore, pageRedirect } from 'mcp-oauth-wasm/browser';
import { handOverCallback } from 'mcp-oauth-wasm/browser-callback';
import { mcpClient } from './mcp.js';

/** @import { Authorizer, Connection, ScopePlan } from 'mcp-oauth-wasm' */

// One store and one redirect URI for both ways to sign in: what one of them got, session or registration, serves the other.
const redirectUri = './index.html';
const store = createIndexedDBStore({ encrypted: true });
const client = { clientName: 'Browser example' };
const inWindow = createAuthorizer({ client, host: browserHost({ store, redirectUri }) });
const thisPage = pageRedirect({ redirectUri });
const inPage = createAuthorizer({ client, host: browserHost({ store, redirect: thisPage }) });

/** @type {AbortController | undefined} */
let underWay;
/** @type {Connection | undefined} */
let connected;
/** @type {ReturnType<typeof mcpClient> | undefined} */
let mcp;

const byId = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const [serverField, tools, toolArguments] = ['server', 'tool', 'arguments'].map(byId);

byId('connect-form').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  act(() => connect(inWindow, true));
});
byId('connect-in-page').addEventListener('click', () => act(() => connect(inPage, true)));
byId('cancel').addEventListener('click', () => {
  underWay?.abort();
  // An aborted call ends its own wait alone.
  connected?.cancel();
});
byId('sign-out').addEventListener('click', () => act(signOut));
byId('call-form').addEventListener('submit', (/** @type {Event} */ event) => {
  event.preventDefault();
  act(callTool);
});

serverField.value = localStorage.getItem('server') ?? '';
const isWindow = handOverCallback({
  show({ title, message }) {
    serverField.form.hidden = true;
    say(`${title}. ${message}`);
  },
});
if (!isWindow) {
  act(async () => {
    const completed = await thisPage.complete(inPage);
    if (completed) serverField.value = completed.endpoint;
    if (serverField.value) await connect(inWindow, false);
  });
}

/**
 * @param {Authorizer} authorizer
 * @param {boolean} interaction whether the person may be asked to sign in
 */
async function connect(authorizer, interaction) {
  const server = serverField.value;
  localStorage.setItem('server', server);
  say(`Connecting to ${server} …`);
  underWay = new AbortController();
  connected = authorizer.connection(server, { interaction, signal: underWay.signal });
  mcp = mcpClient(server, connected.fetch);
  await mcp.initialize();
  showPlan(await connected.plan());
  showTools(await mcp.listTools());
  say(`Connected to ${server}.`);
}

async function callTool() {
  say(`Calling ${tools.value} …`);
  const result = await mcp?.callTool(tools.value, JSON.parse(toolArguments.value || '{}'));
  byId('result').textContent = JSON.stringify(result, null, 2);
  say('Done.');
}

async function signOut() {
  await inWindow.connection(serverField.value).signOut();
  byId('connected').hidden = true;
  say('Signed out.');
}

/**
 * Does one thing at a time, and says how it ended.
 *
 * @param {() => Promise<void>} work
 */
async function act(work) {
  const isBusy = (/** @type {boolean} */ busy) => {
    for (const button of document.querySelectorAll('button')) button.disabled = busy;
    byId('cancel').disabled = !busy;
  };
  isBusy(true);
  byId('connect-in-page').hidden = true;
  try {
    await work();
  } catch (error) {
    const code = error instanceof AuthorizationError ? error.code : 'error';
    if (code === 'interaction_required') say('Not signed in yet.');
    else if (underWay?.signal.aborted) say('Cancelled.');
    else say(error instanceof Error ? error.message : String(error), code);
    byId('connect-in-page').hidden = code !== 'popup_blocked';
  } finally {
    isBusy(false);
  }
}

/**
 * @param {string} text
 * @param {string} [code] of the error, if it is one
 */
function say(text, code) {
  const status = byId('status');
  status.textContent = text;
  status.dataset.code = code ?? '';
}

/** @param {ScopePlan | null} plan */
function showPlan(plan) {
  const yesOrNo = (/** @type {boolean | null | undefined} */ value) =>
    value === undefined || value === null ? '–' : value ? 'yes' : 'no';
  const rows = (plan?.scopes ?? []).map(({ scope, required, registered, requested, granted, reason }) =>
    row([scope, required ? 'required' : 'optional', yesOrNo(registered), yesOrNo(requested), yesOrNo(granted), reason]),
  );
  byId('scopes').replaceChildren(...rows);
  byId('connected').hidden = false;
}

/** @param {string[]} cells text, some of it the server's */
function row(cells) {
  const element = document.createElement('tr');
  for (const [index, text] of cells.entries()) {
    const cell = element.appendChild(document.createElement(index === 0 ? 'th' : 'td'));
    cell.textContent = text;
  }
  return element;
}

/** @param {{ name: string, description?: string }[]} listed */
function showTools(listed) {
  const options = listed.map(({ name, description }) => {
    const option = document.createElement('option');
    option.value = name;
    option.textContent = description ? `${name}: ${description}` : name;
    return option;
  });
  tools.replaceChildren(...options);
}
