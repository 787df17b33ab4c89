/**
 * A life in real time: four processes of an application on one file and one Redis, killed as the system kills, with loopback
 * redirects and a clock that jumps. This process is the servers and the people.
 */

/** @import { ChildProcess } from 'node:child_process' */
/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Order, Told } from './member.js' */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { listenOnLoopback } from '../servers/loopback.js';
import { startRedisServer } from '../servers/redis_server.js';
import { Chance } from './chance.js';
import { real } from './clock.js';
import { Judge } from './judge.js';
import { isNo, SoakServer } from './server.js';

const [second, minute] = [1000, 60_000];
const PROCESSES = 4;
const ACCOUNTS = 3;
const SERVERS = 4;

/** How long a sign-in waits here for a person. */
const SIGN_IN_LIMIT = 8 * second;

/** For how long a request waits for its answer: the five minutes of Node's `fetch` are too long here. */
const ANSWER_LIMIT = 20 * second;

/** Longer than anything takes that somebody may wait for. */
const PATIENCE = 60 * second;

const script = fileURLToPath(new URL('member.js', import.meta.url));

/**
 * @param {{ seed: number, minutes: number, progress: (text: string) => void, tell: (violation: string) => void }} options `tell`
 *   of each violation, at once
 */
export async function livesInProcesses({ seed, minutes, progress, tell }) {
  const redis = await startRedisServer();
  const folder = await mkdtemp(join(tmpdir(), 'soak '));
  const chance = new Chance(seed);
  // Its own clock does not jump.
  const judge = new Judge({
    now: () => performance.now(),
    signInLimit: SIGN_IN_LIMIT,
    storing: 5 * second,
    lag: second,
    tell,
  });
  const clock = new JumpingClock();
  const servers = await Promise.all(Array.from({ length: SERVERS }, () => startServer(judge, chance)));
  const world = new World(
    servers.map(({ server }) => server),
    { judge, chance, clock, stores: { file: join(folder, 'store.json'), redis: redis.path } },
  );
  try {
    await world.live(minutes * minute, progress);
  } finally {
    clock.stop();
    await world.close();
    await Promise.all(servers.map(({ close }) => close()));
    await redis.close();
    await rm(folder, { recursive: true, force: true });
  }
  return { violations: judge.violations, counts: { ...judge.counts, jumps: clock.jumps } };
}

/** Everybody's clock jumps, as when a machine sleeps; and back a little, as when it is set. */
class JumpingClock {
  ahead = 0;
  jumps = 0;

  constructor() {
    Date.now = () => real.now() + this.ahead;
  }

  /** @param {number} milliseconds */
  jump(milliseconds) {
    this.ahead += milliseconds;
    this.jumps += 1;
  }

  stop() {
    Date.now = real.now;
  }
}

/**
 * @param {Judge} judge
 * @param {Chance} chance
 */
async function startServer(judge, chance) {
  /** @type {SoakServer | undefined} */
  let soakServer;
  const listeners = await Promise.all(
    [0, 1, 2].map(async () => {
      /** @type {string} */
      let origin = '';
      const server = createServer((request, response) => {
        if (soakServer) answer(soakServer, origin, request, response).catch(() => response.destroy());
      });
      const listening = await listenOnLoopback(server);
      origin = listening.origin;
      return listening;
    }),
  );
  const [own = '', ...issuers] = listeners.map(({ origin }) => origin);
  soakServer = new SoakServer(own, /** @type {[string, string]} */ (issuers), judge, chance);
  return { server: soakServer, close: () => Promise.all(listeners.map(({ close }) => close())) };
}

/**
 * @param {SoakServer} server
 * @param {string} origin
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function answer(server, origin, request, response) {
  let body = '';
  for await (const chunk of request) body += chunk;
  const mode = server.modeAt(origin);
  if (mode === 'unreachable') return void response.destroy();
  const hang = () => void setTimeout(() => response.destroy(), ANSWER_LIMIT).unref();
  if (mode === 'hangs') return hang();
  const headers = /** @type {Record<string, string | undefined>} */ (request.headers);
  const url = new URL(request.url ?? '/', origin);
  const { answer, arrived, lost } = server.answer({ method: request.method ?? 'GET', url, headers, body });
  if (mode === 'loses answers') {
    lost();
    return hang();
  }
  arrived();
  response.writeHead(answer.status, { ...answer.headers, 'cache-control': 'no-store' });
  response.end(answer.body);
}

/** @typedef {'file' | 'redis'} StoreName */
/** @typedef {{ store: StoreName, account: string, server: SoakServer, name: string }} Place */
/** @typedef {{ child: ChildProcess, name: string, isAlive: boolean }} Member */

class World {
  /** @type {Member[]} */
  #members = [];
  /** Those that run. @type {Set<ChildProcess>} */
  #children = new Set();
  /** By number, what was told to a process that has not said that it is done. @type {Map<number, { member: Member, order: Order, done: () => void }>} */
  #waiting = new Map();
  #orders = 0;
  #started = 0;
  #isCalm = false;
  #isOver = false;
  #servers;
  #around;

  /**
   * @param {SoakServer[]} servers
   * @param {{ judge: Judge, chance: Chance, clock: JumpingClock, stores: { file: string, redis: string } }} around
   */
  constructor(servers, around) {
    this.#servers = servers;
    this.#around = around;
    const accounts = Array.from({ length: ACCOUNTS }, (_, at) => `account ${at}`);
    /** @type {Place[]} */
    this.places = servers.flatMap((server) =>
      accounts.flatMap((account) =>
        /** @type {const} */ (['file', 'redis']).map((store) => ({
          store,
          account,
          server,
          name: `${account} in ${store} ${server.endpoint}`,
        })),
      ),
    );
  }

  /**
   * @param {number} milliseconds
   * @param {(text: string) => void} progress
   */
  async live(milliseconds, progress) {
    const { chance, clock, judge } = this.#around;
    await Promise.all(Array.from({ length: PROCESSES }, (_, at) => this.#start(at)));
    const end = performance.now() + milliseconds;
    const repeated = async (
      /** @type {number} */ from,
      /** @type {number} */ to,
      /** @type {() => unknown} */ work,
    ) => {
      while (performance.now() < end) {
        await pause(chance.between(from, to));
        if (performance.now() < end) await work();
      }
    };
    await Promise.all([
      repeated(50, 600, () => void this.#act()),
      repeated(2 * second, 8 * second, () => this.#kill(Math.floor(chance.next() * PROCESSES))),
      repeated(5 * second, 20 * second, () => {
        clock.jump(
          chance.happens(0.2) ? -chance.between(second, 20 * second) : chance.between(5 * second, 120 * minute),
        );
        for (const child of this.#children) if (child.connected) child.send({ ahead: clock.ahead }, () => {});
      }),
      ...this.#servers.map((server) =>
        repeated(3 * second, 20 * second, async () => {
          // Here, everything is over soon.
          await pause(Math.min(server.misfortune(), chance.between(second, 6 * second)));
          server.calm();
        }),
      ),
      repeated(10 * second, 10 * second, () => {
        const { signIns, windows, kills } = judge.counts;
        progress(`${signIns} sign-ins, ${windows} windows, ${kills} kills, ${judge.violations.length} violations`);
      }),
    ]);
    await this.#assize();
  }

  async close() {
    this.#isOver = true;
    for (const child of this.#children) if (child.kill('SIGKILL')) await once(child, 'exit');
  }

  /** Nothing goes wrong any more, and everybody finishes what is opened: then nobody is stuck. */
  async #assize() {
    const { judge, chance } = this.#around;
    this.#isCalm = true;
    for (const server of this.#servers) server.calm();
    for (let waited = 0; this.#waiting.size > 0 && waited < PATIENCE; waited += second) await pause(second);
    this.#accuseWhoWaits();
    const anybody = () => /** @type {Member} */ (chance.one(this.#members));
    await Promise.all(
      this.places.map(async (place) => {
        const book = judge.place(place.name);
        const before = book.accepted;
        for (const does of /** @type {const} */ (['call', 'call', 'press', 'press'])) {
          const attempt = this.#tell(anybody(), place, does);
          await Promise.race([attempt, pause(PATIENCE)]);
          if (does === 'press') await Promise.race([this.#tell(anybody(), place, 'call'), pause(PATIENCE)]);
          if (book.accepted > before) return;
        }
        judge.stuck(place.name, 'neither calls nor a press get in');
      }),
    );
    this.#accuseWhoWaits();
  }

  #accuseWhoWaits() {
    for (const { member, order } of this.#waiting.values())
      this.#around.judge.stuck(order.place, `a ${order.does} in ${member.name} does not come to an end`);
    this.#waiting.clear();
  }

  /** @param {number} at */
  async #start(at) {
    const { clock, stores } = this.#around;
    this.#started += 1;
    const name = `process-${this.#started}`;
    const task = { ...stores, name, ahead: clock.ahead, signInLimit: SIGN_IN_LIMIT };
    const child = fork(script, [JSON.stringify(task)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    const member = { child, name, isAlive: true };
    child.on('message', (/** @type {Told} */ told) => {
      if (!member.isAlive || told === 'ready') return;
      if ('opened' in told) this.#visit(member, told.place, told.opened).catch(() => {});
      if ('done' in told) {
        this.#around.judge.note(told.place, `${told.what} in ${name}: ${told.outcome}`);
        if (told.what === 'sign out') this.#around.judge.signedOut(told.place);
        this.#waiting.get(told.done)?.done();
        this.#waiting.delete(told.done);
      }
    });
    const [event] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [])]);
    if (event === undefined) throw new Error(`${name} ended before it was ready: what it printed says why`);
    this.#members[at] = member;
  }

  /** @param {number} at */
  async #kill(at) {
    const { judge } = this.#around;
    const member = /** @type {Member} */ (this.#members[at]);
    member.isAlive = false;
    member.child.kill('SIGKILL');
    await once(member.child, 'exit');
    judge.killed(member.name);
    for (const [number, { member: other, done }] of this.#waiting) {
      if (other !== member) continue;
      this.#waiting.delete(number);
      done();
    }
    await this.#start(at);
  }

  /** Somebody does something. */
  #act() {
    const { chance } = this.#around;
    const place = chance.one(this.places);
    const members = this.#members.filter(({ isAlive }) => isAlive);
    if (members.length === 0) return;
    const member = chance.one(members);
    const what = chance.weighted({
      call: 50,
      edit: 10,
      everybody: 10,
      press: 8,
      'double press': 4,
      'sign out': 3,
      cancel: 3,
    });
    if (what === 'everybody') for (const one of members) this.#tell(one, place, 'call');
    else if (what === 'double press') for (const _ of [1, 2]) this.#tell(member, place, 'press');
    else this.#tell(member, place, what);
  }

  /**
   * @param {Member} member
   * @param {Place} place
   * @param {Order['does']} does
   * @param {string} [callbackUrl]
   * @returns {Promise<void>} resolves when it is done, or its process is dead
   */
  #tell(member, { store, account, server, name }, does, callbackUrl) {
    const { judge } = this.#around;
    if (!member.isAlive) return Promise.resolve();
    this.#orders += 1;
    const number = this.#orders;
    if (does === 'call' || does === 'edit') judge.counts.calls += 1;
    if (does === 'press') judge.pressed(name, member.name);
    if (does === 'sign out') judge.signedOut(name);
    if (does === 'cancel') judge.ended(name, member.name);
    if (does === 'complete') judge.calledBack(name, member.name);
    /** @type {Order} */
    const order = { number, place: name, does, store, account, endpoint: server.endpoint, callbackUrl };
    member.child.send(order, () => {});
    return new Promise((done) => this.#waiting.set(number, { member, order, done }));
  }

  /**
   * @param {Member} member
   * @param {string} name
   * @param {string} authorizationUrl
   */
  async #visit(member, name, authorizationUrl) {
    const { judge, chance } = this.#around;
    const place = /** @type {Place} */ (this.places.find((place) => place.name === name));
    const window = judge.opened(name, member.name);
    const manner = this.#isCalm
      ? 'is quick'
      : chance.weighted({
          'is quick': 60,
          'is slow': 10,
          'comes back late': 8,
          closes: 8,
          'says no': 8,
          'double-clicks': 6,
        });
    judge.note(name, `the person ${manner}`);
    if (manner === 'closes') return;
    const [from, to] =
      manner === 'is slow'
        ? [3 * second, 7 * second]
        : manner === 'comes back late'
          ? [10 * second, 20 * second]
          : [20, second];
    await pause(chance.between(from, to));
    const says = manner === 'says no' ? 'no' : 'yes';
    let callbackUrl = place.server.visit(name, authorizationUrl, says);
    for (let reloads = 0; callbackUrl === undefined && place.server.mode !== 'up' && reloads < 3; reloads += 1) {
      await pause(second);
      callbackUrl = place.server.visit(name, authorizationUrl, says);
    }
    if (callbackUrl === undefined || this.#isOver) return;
    if (isNo(callbackUrl) && member.isAlive) judge.ended(name, member.name);
    else judge.cameBack(name, window);
    const visits = Array.from({ length: manner === 'double-clicks' ? 2 : 1 }, () => fetch(String(callbackUrl)));
    const [answer] = await Promise.all(visits.map((visit) => visit.catch(() => undefined)));
    await answer?.text().catch(() => {});
    if (answer || chance.happens(0.5)) return;
    // Nobody listens any more: the application is started for it.
    const other = this.#members.find(({ isAlive }) => isAlive);
    if (other) await this.#tell(other, place, 'complete', callbackUrl);
  }
}
