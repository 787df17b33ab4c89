/** A sign-in under inspection: its steps, one at a time or all at once, and everything that is known of it. */

/** @import { Begun, Challenge, ClientRegistration, Discovery, Event, Registered, ScopePlan, ServerSettings, Session, Step } from '../../js/core/records.js' */
/** @import { TraceEvent } from '../../js/core/host.js' */
/** @import { Exchange, Network } from './network.js' */
/** @import { McpAnswer } from './mcp.js' */

import { readChallenge } from '../../js/connection/functions.js';
import { begin, complete, discover, plan, register } from '../../js/connection/steps.js';
import { MisbehavedError, RefusedError, TransportError } from '../../js/core/errors.js';
import { McpConnection } from './mcp.js';

export const flowSteps = /** @type {const} */ (['discover', 'plan', 'register', 'authorize', 'token', 'call']);

/** @typedef {typeof flowSteps[number]} FlowStep */

/** How this client presents itself. */
export const client = { clientName: 'MCP authorization inspector' };

/** The inspector's server ends requests that take too long; this is for the person, who may be asked meanwhile. Milliseconds. */
const PATIENCE = 10 * 60_000;

/** More trips through the browser than any sign-in takes. */
const TRIP_LIMIT = 4;

/**
 * @typedef {object} FlowParts
 * @property {string} endpoint
 * @property {ServerSettings} settings
 * @property {Network} network
 * @property {(begun: Begun) => Promise<string>} visit sends the person to the authorization server; the URL that they come
 *   back to
 * @property {(issuer: string) => Promise<string>} redirectUri where the person comes back to from that issuer
 * @property {() => void} changed
 * @property {() => void} discovered called when discovery has ended, however it did
 *
 * What is known of one round: a sign-in, or a step-up.
 *
 * @typedef {object} Round
 * @property {Challenge} [challenge]
 * @property {Discovery} [discovery]
 * @property {ScopePlan} [plan]
 * @property {Registered} [registered]
 * @property {Begun} [begun]
 * @property {string} [callbackUrl]
 * @property {Session} [session]
 * @property {{ name: string, description?: string }[]} [tools]
 */

export class Flow {
  /** @type {TraceEvent[]} */
  events = [];
  /** What was sent for an event, with its secrets. @type {WeakMap<TraceEvent, Exchange>} */
  exchanges = new WeakMap();
  /** @type {Round} */
  round = {};
  /** The session that a step-up widens. @type {Session | undefined} */
  earlier;
  /** The latest plan that anybody told of, so that a failed step shows its own. @type {ScopePlan | undefined} */
  plan;
  /** What the MCP server answered when the tool was called. @type {{ tool: string, text: string } | undefined} */
  outcome;
  /** The tool that waits for a step-up. @type {string | undefined} */
  waitingTool;
  /** Whether the MCP server lets in whoever comes. */
  isOpen = false;
  /** @type {FlowStep | undefined} */
  underWay;
  /** @type {unknown} */
  error;
  /** @type {FlowStep | undefined} */
  failedAt;
  /** Values that no report may have. @type {string[]} */
  secrets = [];
  #numbers = 0;

  /** @param {FlowParts} parts */
  constructor({ endpoint, settings, network, visit, redirectUri, changed, discovered }) {
    this.endpoint = endpoint;
    this.settings = settings;
    this.network = network;
    this.visit = visit;
    this.redirectUri = redirectUri;
    this.changed = changed;
    this.discovered = discovered;
    this.host = {
      fetch: network.fetch,
      timeoutMilliseconds: PATIENCE,
      trace: (/** @type {TraceEvent} */ event) => this.#add(event),
    };
  }

  /** @returns {Session | undefined} */
  get session() {
    return this.round.session ?? this.earlier;
  }

  /** @returns {ClientRegistration | undefined} */
  get registration() {
    return this.round.registered?.registration ?? this.earlier?.registration;
  }

  /** The first step that is not done. @returns {FlowStep | undefined} */
  get next() {
    const { discovery, plan, registered, callbackUrl, session, tools } = this.round;
    const results = [discovery, plan, registered, callbackUrl, session, tools];
    return this.isOpen ? undefined : flowSteps[results.indexOf(undefined)];
  }

  /**
   * Does one step. It fails into `error`.
   *
   * @param {FlowStep} step
   */
  async run(step) {
    await this.during(step, () => steps[step](this));
  }

  /** Does all steps that are not done yet. */
  async runAll() {
    for (let trips = 0; this.next && trips <= TRIP_LIMIT; ) {
      const step = this.next;
      if (step === 'authorize') trips += 1;
      await this.run(step);
      if (this.error) return;
    }
    if (this.waitingTool !== undefined && !this.next) await this.callTool(this.waitingTool);
  }

  /**
   * Calls a tool. Where its token does not reach, that is the error, and `stepUp` the way on.
   *
   * @param {string} tool
   */
  async callTool(tool) {
    this.outcome = undefined;
    await this.during('call', async () => {
      const answer = await this.send('call', this.#connection(), 'tools/call', { name: tool, arguments: {} });
      const challenge = await challengeOf(answer);
      this.waitingTool = undefined;
      if (challenge && answer.status === 403) {
        this.waitingTool = tool;
        this.round.challenge = challenge;
        throw insufficientScope(challenge, tool);
      }
      requireAnswer(answer);
      this.outcome = { tool, text: textOf(answer) };
    });
  }

  /** Signs in for what the refused tool needs, on top of what there is. */
  async stepUp() {
    const { challenge, session } = this.round;
    this.earlier = session ?? this.earlier;
    this.round = { challenge };
    await this.runAll();
  }

  /**
   * @param {FlowStep} step
   * @param {() => Promise<void>} work
   */
  async during(step, work) {
    this.underWay = step;
    this.error = this.failedAt = undefined;
    this.changed();
    try {
      await work();
    } catch (error) {
      this.error = error;
      this.failedAt = step;
    } finally {
      this.underWay = undefined;
      this.changed();
    }
  }

  #connection() {
    const { tokenType, accessToken } = /** @type {Session} */ (this.session).tokens;
    return new McpConnection(this.network.fetch, this.endpoint, `${tokenType ?? 'Bearer'} ${accessToken}`);
  }

  /** Opens the connection, and asks for the tools that there are. */
  async connect() {
    const connection = this.#connection();
    const opened = await this.send('call', connection, 'initialize');
    const challenge = await challengeOf(opened);
    if (challenge && opened.status === 403) {
      this.round.challenge = challenge;
      throw insufficientScope(challenge, 'the connection');
    }
    requireAnswer(opened);
    const { result } = await this.send('call', connection, 'tools/list', {});
    const tools = Array.isArray(result?.tools) ? result.tools : [];
    this.round.tools = tools.map((/** @type {any} */ { name, description }) => ({
      name: String(name),
      description: description === undefined ? undefined : String(description),
    }));
  }

  /**
   * Sends a message to the MCP server, and tells of it as the library tells of its own requests.
   *
   * @param {Step} step
   * @param {McpConnection} connection
   * @param {string} method
   * @param {object} [params]
   * @returns {Promise<McpAnswer>}
   */
  async send(step, connection, method, params) {
    const correlation = `page-${(this.#numbers += 1)}`;
    const url = withoutQuery(this.endpoint);
    this.tell(
      {
        step,
        kind: 'request',
        from: 'client',
        to: 'protected-resource',
        summary: `POST ${new URL(url).pathname} ${method}${params && 'name' in params ? ` ${params.name}` : ''}`,
        details: { method: 'POST', url, body: { method, ...Object(params) } },
      },
      correlation,
    );
    const answer = params === undefined ? await connection.initialize() : await connection.send(method, params);
    const challenge = await challengeOf(answer);
    const demands = challenge?.scopes ? `: demands ${challenge.scopes.join(' ')}` : '';
    this.tell(
      {
        step,
        kind: 'answer',
        from: 'protected-resource',
        to: 'client',
        summary: `answered ${answer.status}${demands}`,
        details: {
          status: answer.status,
          url,
          challenge,
          body: answer.error && { error: String(answer.error.code), error_description: String(answer.error.message) },
        },
      },
      correlation,
    );
    return answer;
  }

  /**
   * @param {Event} event
   * @param {string} [correlation]
   */
  tell(event, correlation = 'page') {
    this.#add({ version: 1, sequence: this.events.length + 1, correlation, at: Date.now(), ...event });
  }

  /** @param {TraceEvent} event */
  #add(event) {
    // The page sees by itself how the person comes back: only the judgement is news.
    const news =
      event.step === 'callback' && event.from === 'browser' && event.correlation !== 'page'
        ? { ...event, from: /** @type {const} */ ('client') }
        : event;
    this.events.push(news);
    this.plan = Object(event.details).plan ?? this.plan;
    this.changed();
  }

  /** @param {Exchange} exchange of the request that was told of last */
  record(exchange) {
    const event = this.events.findLast(({ kind }) => kind === 'request');
    if (event && !this.exchanges.has(event)) this.exchanges.set(event, exchange);
  }

  /** @param {...(string | undefined | null)} values */
  keepOut(...values) {
    this.secrets.push(...values.filter((value) => typeof value === 'string'));
  }
}

/** @type {Record<FlowStep, (flow: Flow) => Promise<void>>} */
const steps = {
  async discover(flow) {
    flow.round = { challenge: flow.earlier && flow.round.challenge };
    const { endpoint, settings, network, round, earlier } = flow;
    await network.inspect(endpoint, settings.allowPrivateAddresses === true);
    if (!earlier) {
      const answer = await flow.send('discover', new McpConnection(network.fetch, endpoint), 'initialize');
      if (answer.status === 429 || answer.status >= 500) throw unavailable(answer.status);
      flow.isOpen = answer.result !== undefined;
      if (flow.isOpen) return;
      round.challenge = await challengeOf(answer);
    }
    const discovering = discover(
      { endpoint, challenge: round.challenge, preferredIssuer: earlier?.registration.issuer, settings },
      flow.host,
    );
    round.discovery = await discovering.finally(flow.discovered);
  },

  async plan(flow) {
    const { round, earlier, settings, host } = flow;
    // What the MCP server demands of a token that it did not take is asked for outright, if need be.
    const insisted = earlier && round.challenge?.scopes;
    round.plan = await plan(
      { discovery: /** @type {Discovery} */ (round.discovery), earlier: earlier?.plan, insisted, settings },
      host,
    );
    round.registered = round.begun = round.callbackUrl = round.session = round.tools = undefined;
  },

  async register(flow) {
    const { round, earlier, settings, host } = flow;
    const { discovery, plan } = /** @type {Required<Round>} */ (round);
    const registration = earlier?.registration ?? round.registered?.registration;
    const redirectUri = registration?.redirectUri ?? (await flow.redirectUri(discovery.authorizationServer.issuer));
    round.registered = await register({ discovery, plan, redirectUri, client, registration, settings }, host);
    flow.keepOut(round.registered.registration.clientSecret, round.registered.registration.registrationAccessToken);
    flow.plan = round.registered.plan;
    round.begun = round.callbackUrl = round.session = round.tools = undefined;
  },

  async authorize(flow) {
    const { round, settings, host } = flow;
    const { discovery, registered } = /** @type {Required<Round>} */ (round);
    // After a repair the next request is there already.
    const isNew = round.begun === undefined;
    const begun =
      round.begun ??
      (await begin({ discovery, ...registered, client, settings: { preflight: true, ...settings } }, host));
    round.begun = begun;
    if (isNew) requirePassage(flow.events.findLast(({ step, kind }) => step === 'authorize' && kind === 'answer'));
    flow.keepOut(begun.pending.state, begun.pending.codeVerifier, begun.pending.nonce);
    flow.changed();
    const callbackUrl = await flow.visit(begun);
    const parameters = new URL(callbackUrl).searchParams;
    const error = parameters.get('error');
    flow.keepOut(parameters.get('code'));
    const details = {
      error: error ?? undefined,
      error_description: parameters.get('error_description') ?? undefined,
      iss: parameters.get('iss') ?? undefined,
    };
    flow.tell({
      step: 'callback',
      kind: 'answer',
      from: 'browser',
      to: 'client',
      summary: error === null ? 'comes back with a code' : `comes back with error=${error}`,
      details,
    });
    round.callbackUrl = callbackUrl;
    round.session = round.tools = undefined;
  },

  async token(flow) {
    const { round, settings, host } = flow;
    const { begun, callbackUrl } = /** @type {Required<Round>} */ (round);
    // Whatever happens, a response is used once.
    round.begun = round.callbackUrl = undefined;
    const completion = await complete({ pending: begun.pending, callbackUrl, client, settings }, host);
    if (completion.kind === 'authorize-again') {
      const { pending } = completion;
      round.begun = { authorizationUrl: completion.authorizationUrl, pending };
      round.registered = { registration: pending.registration, plan: pending.plan, attempts: pending.attempts };
      flow.keepOut(pending.registration.clientSecret, pending.registration.registrationAccessToken);
      return;
    }
    const { accessToken, refreshToken, idToken } = completion.session.tokens;
    flow.keepOut(accessToken, refreshToken, idToken);
    round.session = completion.session;
    round.callbackUrl = callbackUrl;
    flow.plan = completion.session.plan;
  },

  call: (flow) => flow.connect(),
};

/**
 * The first answer of the authorization endpoint, which was looked at: where it is an error page, nobody comes back from it.
 *
 * @param {TraceEvent | undefined} look
 */
function requirePassage(look) {
  const { status, body } = Object(look?.details);
  const { error, error_description: description = '' } = Object(body);
  if (status !== 400 && !(status >= 400 && error)) return;
  const said = error ? `\`${error}\` ${description}` : 'an error page';
  throw new RefusedError({
    code: 'authorization_refused',
    message: `The authorization endpoint answers ${status}, ${said}, and nobody comes back from there. Choose Authorize again to see its page all the same.`,
    step: 'authorize',
    details: { error, errorDescription: description },
  });
}

/** @param {McpAnswer} answer */
async function challengeOf({ challenge }) {
  return (challenge === null ? null : await readChallenge(challenge)) ?? undefined;
}

/** @param {McpAnswer} answer */
function requireAnswer({ status, result, error }) {
  if (result !== undefined) return;
  if (status === 429 || status >= 500) throw unavailable(status, 'call');
  if (status === 401 || status === 403) {
    throw new MisbehavedError({
      code: 'fresh_token_refused',
      message: `The MCP server answered ${status} to a token to which everything that it demands was granted.`,
      step: 'call',
    });
  }
  const said = error ? `error ${error.code}` : `status ${status}`;
  throw new MisbehavedError({
    code: 'unexpected_status',
    message: `The MCP server took the token, and answered ${said} in place of a result.`,
    step: 'call',
  });
}

/**
 * @param {number} status
 * @param {Step} [step]
 */
function unavailable(status, step = 'discover') {
  return new TransportError({
    code: 'server_unavailable',
    message: `The MCP server is overloaded or broken (status ${status}). Try again later.`,
    step,
    details: { status },
  });
}

/**
 * @param {Challenge} challenge
 * @param {string} what
 */
function insufficientScope({ scopes = [] }, what) {
  const needed =
    scopes.length > 0 ? `needs the scopes ${scopes.join(' ')}` : 'needs more than the token has, and does not say what';
  return new RefusedError({
    code: 'insufficient_scope',
    message: `The MCP server says that ${what} ${needed}.`,
    step: 'call',
    details: { scope: scopes.join(' ') },
  });
}

/** @param {McpAnswer} answer */
function textOf({ result }) {
  const parts = Array.isArray(result?.content) ? result.content : [];
  return parts
    .map((/** @type {any} */ { type, text }) => (type === 'text' ? String(text) : `[${String(type)}]`))
    .join('\n');
}

/** @param {string} url */
function withoutQuery(url) {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
