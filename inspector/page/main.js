/** The page: what the person does, and what they see. */

/** @import { Arrow, FailureReport } from '../../js/inspector.js' */
/** @import { Finding } from '../../js/doctor.js' */
/** @import { Begun, ServerSettings } from '../../js/core/records.js' */

import { init } from '../../js/core/wasm.js';
import { examine } from '../../js/doctor.js';
import { enter, ShutOut } from '../../js/hosts/browser/proxy_calls.js';
import { failure, report, scopeMatrix } from '../../js/inspector.js';
import { showFailure, showShutOut } from './alert_view.js';
import { byId, element, replace } from './dom.js';
import { client, Flow, flowSteps } from './flow.js';
import { showMessage } from './message_view.js';
import { createNetwork } from './network.js';
import { showScopes } from './scopes_view.js';
import { showLatest, showSequence } from './sequence_view.js';
import { whatIf } from './what_if.js';

const stepTitles = {
  discover: 'Discover',
  plan: 'Plan',
  register: 'Register',
  authorize: 'Authorize',
  token: 'Token',
  call: 'Call',
};

/** What is under inspection, for after a reload. */
const STORED_SERVER = 'server';

/** Members of the settings that a failure may name as its remedy. */
const namesSetting =
  /\b(client|scopes|optionalScopes|refresh|resource|omitResource|authorizationParameters|assumeS256|authorizationServerMetadata|allowPrivateAddresses)\b/;

/** @type {Flow | undefined} */
let flow;
/** @type {ServerSettings} */
let settings = {};
/** The arrow that the person chose, and whether its secrets are shown. @type {{ arrow?: Arrow, revealed: boolean }} */
let choice = { revealed: false };
/** Where the person is to sign in, as long as they do. @type {string | undefined} */
let waitingAt;
/** @type {import('./what_if.js').Tried | undefined} */
let tried;
/** Something to tell in the line of the status. */
let notice = '';
/** What is worth a look at these servers. @type {Finding[]} */
let findings = [];
/** @type {import('./network.js').Network} */
let network;
/** What the person said to the last question, once its dialog has closed. */
let answered = Promise.resolve(false);

try {
  const { token, fragment } = await enter('');
  const server = fragment.get('server');
  network = createNetwork(token, { confirm: confirmTarget, record: (exchange) => flow?.record(exchange) });
  listen();
  if (server !== null) sessionStorage.setItem(STORED_SERVER, server);
  byId('endpoint').value = sessionStorage.getItem(STORED_SERVER) ?? '';
  show();
  await init(new URL('../../pkg/npm/mcp_oauth_wasm_bg.wasm', import.meta.url));
} catch (error) {
  showShutOut(error instanceof ShutOut ? error.message : String(error));
}

function listen() {
  byId('target').addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    begin();
    act(() => flow?.runAll());
  });
  byId('endpoint').addEventListener('input', () => show());
  byId('tools').addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    const tool = byId('tool').value.trim();
    if (tool) act(() => flow?.callTool(tool));
  });
  byId('what-if').addEventListener('click', () => act(tryWhatIf));
  byId('copy-report').addEventListener('click', copyReport);
  byId('save-markdown').addEventListener('click', () => save('sign-in.md', 'text/markdown', made().markdown));
  byId('save-json').addEventListener('click', () => save('sign-in.json', 'application/json', made().json));
  byId('edit-settings').addEventListener('click', editSettings);
  byId('close-settings').addEventListener('click', () => byId('settings').close());
  byId('settings-form').addEventListener('submit', applySettings);
}

/** Begins anew, with nothing known. */
function begin() {
  sessionStorage.setItem(STORED_SERVER, byId('endpoint').value.trim());
  choice = { revealed: false };
  tried = undefined;
  notice = '';
  findings = [];
  flow = new Flow({
    endpoint: byId('endpoint').value.trim(),
    settings,
    network,
    visit,
    redirectUri,
    changed: show,
    discovered: examined,
  });
}

/** Looks at everything that can be seen without signing in, beside the sign-in itself. */
async function examined() {
  const current = flow;
  if (!current) return;
  const { findings: found } = await examine(
    { endpoint: current.endpoint, settings: current.settings, client },
    { fetch: network.look },
  ).catch(() => ({ findings: [] }));
  if (current !== flow) return;
  findings = found;
  show();
}

/** @param {() => unknown} work */
async function act(work) {
  try {
    await work();
  } catch (error) {
    if (flow) flow.error = error;
  }
  if (flow?.error instanceof ShutOut) return showShutOut(flow.error.message);
  show();
}

// What is seen

function show() {
  const { events = [], round = {}, plan, registration } = flow ?? {};
  const { discovery } = round;
  showSteps();
  showSequence({ events, findings, chosen: choice.arrow, choose: (arrow) => choose(arrow) });
  showScopes(scopeMatrix({ discovery: discovery ?? flow?.earlier?.discovery, plan, registration }));
  showChoice();
  showTools();
  showTried();
  const told = failed();
  const isNews = !(flow?.error instanceof ShutOut) && showFailure(told, told && wayOn(told));
  if (isNews) showLatest();
  for (const id of ['copy-report', 'save-markdown', 'save-json']) byId(id).disabled = events.length === 0;
  byId('what-if').disabled = !discovery || Boolean(flow?.underWay);
}

function showSteps() {
  const isBusy = Boolean(flow?.underWay);
  const hasServer = byId('endpoint').value.trim() !== '';
  const next = flow ? flow.next : 'discover';
  const at = next ? flowSteps.indexOf(next) : flow?.isOpen ? 0 : flowSteps.length;
  const stateOf = (/** @type {typeof flowSteps[number]} */ step, /** @type {number} */ index) => {
    if (flow?.underWay === step) return 'under way';
    if (flow?.failedAt === step) return 'failed';
    return index < at ? 'done' : index === at ? 'next' : 'later';
  };
  replace(
    byId('steps'),
    flowSteps.map((step, index) => {
      const state = stateOf(step, index);
      const canRun = !isBusy && hasServer && index <= at && !(flow?.isOpen && index > 0);
      const button = element(
        'button',
        {
          id: `step-${step}`,
          type: 'button',
          class: `step ${state.replace(' ', '-')}`,
          'aria-disabled': String(!canRun),
          onclick: () => canRun && runStep(step),
        },
        element(
          'span',
          { class: 'number', 'aria-hidden': 'true' },
          state === 'done' ? '✓' : state === 'failed' ? '!' : index + 1,
        ),
        stepTitles[step],
        element('span', { class: 'state' }, state),
      );
      return element('li', {}, button);
    }),
  );
  byId('run-all').disabled = isBusy;
  replace(byId('status'), statusLine());
}

/** @returns {import('./dom.js').Child[]} */
function statusLine() {
  if (waitingAt) {
    return [
      'Sign in at the authorization server, in the window that opened. ',
      element(
        'a',
        { id: 'sign-in-page', href: waitingAt, target: '_blank', rel: 'noopener noreferrer' },
        'Open the sign-in page',
      ),
    ];
  }
  if (notice) return [notice];
  if (flow?.isOpen) return ['This MCP server lets everybody in: it asks nobody to sign in.'];
  if (flow?.underWay) return [`${stepTitles[flow.underWay]} …`];
  if (flow && !flow.next && !flow.error) return ['Signed in, and the MCP server takes the token.'];
  return [];
}

/** @param {typeof flowSteps[number]} step */
function runStep(step) {
  if (!flow || step === 'discover') {
    if (!byId('target').reportValidity()) return;
    begin();
  }
  act(() => flow?.run(step));
}

/** @returns {FailureReport | undefined} */
function failed() {
  if (!flow?.error) return undefined;
  const step = flow.failedAt === 'discover' || flow.failedAt === undefined ? 'discover' : flow.failedAt;
  return failure(/** @type {Error} */ (flow.error), { events: flow.events, plan: flow.plan, step });
}

/** @param {FailureReport} told */
function wayOn({ code, change }) {
  if (code === 'insufficient_scope') return { label: 'Step up', act: () => act(() => flow?.stepUp()) };
  return namesSetting.test(`${change.setting} ${change.words}`)
    ? { label: 'Edit settings', act: editSettings }
    : undefined;
}

/** @param {Arrow} arrow */
function choose(arrow) {
  choice = { arrow, revealed: false };
  show();
  byId('message-card').scrollIntoView({ block: 'nearest' });
}

function showChoice() {
  const { arrow, revealed } = choice;
  const exchange = arrow && flow?.exchanges.get(arrow.answers ?? arrow.event);
  showMessage(arrow, exchange, {
    revealed,
    reveal: () => {
      choice = { arrow, revealed: !revealed };
      show();
    },
  });
}

function showTools() {
  const tools = flow?.round.tools ?? [];
  byId('call-tool').disabled = !flow?.session || Boolean(flow.underWay);
  byId('tool').disabled = !flow?.session;
  replace(
    byId('tool-names'),
    tools.map(({ name, description }) => element('option', { value: name }, description)),
  );
  const { outcome } = flow ?? {};
  replace(
    byId('outcome'),
    tools.length > 0 &&
      element(
        'p',
        { class: 'tool-list' },
        tools.slice(0, 12).map(({ name }) =>
          element(
            'button',
            {
              id: `tool-${name}`,
              type: 'button',
              class: 'quiet',
              onclick: () => {
                byId('tool').value = name;
              },
            },
            name,
          ),
        ),
      ),
    outcome && element('p', {}, element('strong', {}, outcome.tool), ' answered:'),
    outcome && element('pre', { tabindex: 0, role: 'region', 'aria-label': 'Answer of the tool' }, outcome.text),
  );
}

function showTried() {
  if (!tried) return replace(byId('tried'));
  const { registered, requested, outcome, answered, cleanUp, cleanUpWords } = tried;
  const fact = (/** @type {string} */ name, /** @type {import('./dom.js').Child[]} */ ...value) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, ...value));
  replace(
    byId('tried'),
    element(
      'dl',
      { class: 'tried' },
      fact('Registered without scope; got', element('code', {}, registered)),
      fact('Then requested', element('code', {}, requested.join(' ') || 'nothing: the server lists no scopes')),
      fact(
        'The server',
        element('strong', { class: outcome === 'refused' ? 'wrong' : outcome === 'goes on' ? 'right' : '' }, outcome),
        ` ${answered}`,
      ),
      fact(
        'Cleaned up',
        element('strong', { class: cleanUp === 'left behind' ? 'wrong' : '' }, cleanUp),
        ` ${cleanUpWords}`,
      ),
    ),
  );
}

// What is done

/**
 * Sends the person to the authorization server.
 *
 * @param {Begun} begun
 * @returns {Promise<string>} the URL that they come back to
 */
function visit({ authorizationUrl, pending }) {
  waitingAt = authorizationUrl;
  show();
  // Without an opener, so that the authorization server's page has no hold of this one.
  window.open(authorizationUrl, '_blank', 'noopener,noreferrer');
  const channel = new BroadcastChannel('mcp-oauth-wasm inspector callback');
  return new Promise((resolve) => {
    channel.onmessage = ({ data }) => {
      if (typeof data !== 'string' || !URL.canParse(data)) return;
      // Responses of other sign-ins do not end this one.
      if (!new URL(data).searchParams.getAll('state').includes(pending.state)) return;
      channel.close();
      waitingAt = undefined;
      resolve(data);
    };
  });
}

/**
 * Each issuer has a path of its own, so that a response of one cannot pass for another's (RFC 9700 §4.4.2). A client that
 * was registered by hand has one that can be known beforehand.
 *
 * @param {string} issuer
 */
async function redirectUri(issuer) {
  const callback = `${location.origin}/callback`;
  if (flow?.settings.client) return callback;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(issuer)));
  return `${callback}/${[...digest.slice(0, 6)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** @param {string} origin */
function confirmTarget(origin) {
  return ask(
    'Call another server?',
    `${origin} has no part in this sign-in so far: no document names it. Is it to be called?`,
    'Call it',
  );
}

async function tryWhatIf() {
  const agreed = await ask(
    'Register a client for a trial?',
    'This registers a client without scope at the authorization server, looks at the first answer to a request for all scopes, and deletes the client afterwards, where the server offers that (RFC 7592). Nobody signs in.',
    'Try it',
  );
  if (!agreed || !flow) return;
  const current = flow;
  await current.during('register', async () => {
    tried = await whatIf(current);
  });
  byId('tried').scrollIntoView({ block: 'nearest' });
}

/**
 * Asks the person, after whatever they are asked already: there is one dialog, and it tells only some time later that it
 * has closed. A question that opened it in between would take the earlier answer for its own.
 *
 * @param {string} title
 * @param {string} text
 * @param {string} yes
 * @returns {Promise<boolean>}
 */
function ask(title, text, yes) {
  answered = answered.then(() => {
    replace(byId('title-question'), title);
    replace(byId('question-text'), text);
    replace(byId('agree'), yes);
    /** @type {HTMLDialogElement} */
    const dialog = byId('question');
    dialog.returnValue = '';
    dialog.showModal();
    return new Promise((resolve) =>
      dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes'), { once: true }),
    );
  });
  return answered;
}

function editSettings() {
  byId('settings-text').value = JSON.stringify(settings, null, 2);
  replace(byId('settings-error'));
  byId('settings').showModal();
}

/** @param {Event} event */
function applySettings(event) {
  event.preventDefault();
  try {
    const given = JSON.parse(byId('settings-text').value || '{}');
    if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error('It has to be an object.');
    settings = given;
    byId('settings').close();
    notice = 'The settings apply from the next discovery on.';
    show();
  } catch (error) {
    replace(byId('settings-error'), `This is no JSON object: ${/** @type {Error} */ (error).message}`);
  }
}

function made() {
  const { endpoint = '', events = [], round = {}, plan, registration, secrets = [] } = flow ?? {};
  return report({
    endpoint,
    events,
    discovery: round.discovery,
    plan,
    registration,
    failure: failed(),
    findings,
    secrets,
    software: 'mcp-oauth-wasm inspector',
  });
}

async function copyReport() {
  const copied = await navigator.clipboard.writeText(made().markdown).then(
    () => true,
    () => false,
  );
  notice = copied ? 'The report is copied.' : 'The browser did not let it be copied: save it instead.';
  show();
}

/**
 * @param {string} name
 * @param {string} type
 * @param {string} text
 */
function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = /** @type {HTMLAnchorElement} */ (element('a', { href: url, download: name }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
