/**
 * A life in virtual time, in one process: people with machines, the applications on them, and the servers of
 * `server.js`. The connections are the real ones; their store, network and browsers are here, and at each effect of a
 * connection its process may end: then that effect never returns, and another process goes on with the same store.
 */

/** @import { Store } from 'mcp-oauth-wasm' */
/** @import { Fault } from './faults.js' */
/** @import { Window } from './judge.js' */

import { createMemoryStore, init } from 'mcp-oauth-wasm';
import { callTool } from '../javascript/world.js';
import { Application, never } from './application.js';
import { Chance } from './chance.js';
import { VirtualClock } from './clock.js';
import { faulty } from './faults.js';
import { Judge } from './judge.js';
import { isNo, SoakServer } from './server.js';

const [second, minute, hour] = [1000, 60_000, 3_600_000];

/** A lock whose holder is dead is free by then. */
const LOCK_LIMIT = 30 * second;

/** Longer than anything takes that somebody may wait for: two processes after one another wait for their person. */
const PATIENCE = 30 * minute;

/**
 * @typedef {object} Options
 * @property {number} seed
 * @property {number} people
 * @property {number} servers
 * @property {number} signIns after which it ends
 * @property {number} perRound after so many sign-ins it is looked whether anybody is stuck
 * @property {Fault} [fault] what is wrong with it on purpose
 * @property {string} [until] what the judge has said ends it too
 * @property {(text: string) => void} [progress]
 * @property {(violation: string) => void} [tell] of each violation, at once
 */

/** A life for which there is always time. */
export const smallLife = { people: 30, servers: 6, perRound: 100 };

/** @param {Options} options */
export async function live(options) {
  // It is loaded for real.
  await init();
  const clock = new VirtualClock();
  clock.install();
  const { random } = Math;
  const chance = new Chance(options.seed);
  Math.random = () => chance.next();
  try {
    const life = new Life(options, clock);
    await clock.until(life.run());
    return { violations: life.judge.violations, counts: { ...life.judge.counts, days: life.days } };
  } finally {
    clock.uninstall();
    Math.random = random;
  }
}

class Life {
  #options;
  isCalm = false;
  isOver = false;

  /**
   * @param {Options} options
   * @param {VirtualClock} clock
   */
  constructor(options, clock) {
    this.#options = options;
    this.clock = clock;
    this.fault = options.fault;
    this.chance = new Chance(options.seed);
    this.judge = new Judge({ tell: options.tell });
    this.began = clock.now;
    this.servers = Array.from({ length: options.servers }, (_, at) => {
      const issuers = /** @type {[string, string]} */ ([`https://auth${at}.example`, `https://new-auth${at}.example`]);
      return new SoakServer(`https://mcp${at}.example`, issuers, this.judge, this.chance);
    });
    this.machines = Array.from({ length: options.people }, (_, at) => new Machine(this, `person ${at}`));
  }

  get days() {
    return Math.round((this.clock.now - this.began) / (24 * hour));
  }

  async run() {
    const { signIns, perRound, until, progress = () => {} } = this.#options;
    const { counts, violations } = this.judge;
    const isFound = () => until !== undefined && violations.some((violation) => violation.includes(until));
    const lives = [
      ...this.servers.map((server) => this.#misfortunes(server)),
      ...this.machines.map((machine) => machine.live()),
    ];
    for (const life of lives) life.catch(() => {});
    const failed = Promise.race(lives.map((life) => life.then(never)));
    while (counts.signIns < signIns && !isFound()) {
      const wanted = Math.min(signIns, counts.signIns + perRound);
      while (counts.signIns < wanted && !isFound()) await Promise.race([failed, this.clock.pause(minute)]);
      await Promise.race([failed, this.#assize()]);
      progress(`${counts.signIns} sign-ins on ${this.days} days, ${this.judge.violations.length} violations`);
    }
    this.isOver = true;
  }

  /** Until there is time again. */
  async peace() {
    while (this.isCalm && !this.isOver) await this.clock.pause(minute);
  }

  /** @param {SoakServer} server */
  async #misfortunes(server) {
    while (!this.isOver) {
      await this.clock.pause(this.chance.between(20 * minute, 48 * hour));
      await this.peace();
      await this.clock.pause(server.misfortune());
      server.calm();
    }
  }

  /** Nothing goes wrong any more, and everybody finishes what is opened: then nobody is stuck. */
  async #assize() {
    this.isCalm = true;
    for (const server of this.servers) server.calm();
    await this.clock.pause(PATIENCE);
    for (const machine of this.machines) machine.accuseWhoWaits();
    await Promise.all(this.machines.map((machine) => machine.callsAll()));
    this.isCalm = false;
  }
}

/** One person, what they have installed, and their store. */
export class Machine {
  /** @type {Application[]} */
  applications = [];
  /** Who waits for what, in processes that live. @type {Set<{ application: Application, what: string, where: string }>} */
  #waiting = new Set();
  /** Who listens where. @type {Map<string, { application: Application, take: (callbackUrl: string) => boolean }>} */
  listeners = new Map();
  #store = createMemoryStore();
  /** @type {Map<string, { holder: Application | undefined, next: (() => void)[] }>} */
  #locks = new Map();
  #processes = 0;
  #calls = 0;

  /**
   * @param {Life} life
   * @param {string} person
   */
  constructor(life, person) {
    this.life = life;
    this.person = person;
    const { chance, servers } = life;
    this.servers = servers.filter(() => chance.happens(4 / servers.length));
    if (this.servers.length === 0) this.servers.push(chance.one(servers));
    /** Whether processes know each other's names. */
    this.knowsProcesses = chance.happens(0.5);
    for (const at of [0, 1]) this.applications[at] = this.#start();
  }

  #start() {
    this.#processes += 1;
    return new Application(this, `${this.person.replace(' ', '-')}/${this.#processes}`);
  }

  /** @param {SoakServer} server */
  placeAt(server) {
    return `${this.person} ${server.endpoint}`;
  }

  /** @param {string} name */
  isRunning(name) {
    return this.applications.some((application) => application.name === name && application.isAlive);
  }

  // A day in a life

  async live() {
    const { life } = this;
    const { chance, clock } = life;
    while (!life.isOver) {
      await clock.pause(chance.between(20 * second, 16 * hour));
      await life.peace();
      const work = this.#act(chance.one(this.applications), chance.one(this.servers));
      // They do not always wait for the end of it.
      if (chance.happens(0.5)) await Promise.race([work, clock.pause(hour)]);
    }
  }

  /**
   * @param {Application} application
   * @param {SoakServer} server
   */
  async #act(application, server) {
    const { chance, clock, judge } = this.life;
    const call = (/** @type {string} */ tool = 'whoami') => this.#call(application, server, tool);
    const press = () => this.#press(application, server);
    switch (
      chance.weighted({
        call: 50,
        'several calls': 12,
        'both applications': 12,
        edit: 8,
        press: 6,
        'double press': 4,
        'sign out': 3,
        cancel: 3,
        quit: 2,
      })
    ) {
      case 'call':
        return call();
      case 'several calls':
        return Promise.all([call(), call(), call('edit')]);
      case 'both applications':
        return Promise.all(this.applications.map((one) => this.#call(one, server, 'whoami')));
      case 'edit':
        return call('edit');
      case 'press':
        return press();
      case 'double press': {
        const first = press();
        await clock.pause(chance.between(50, 20 * second));
        return Promise.all([first, press()]);
      }
      case 'sign out':
        judge.signedOut(this.placeAt(server));
        await this.#wait(application, 'sign-out', () => application.connection(server).signOut());
        return judge.signedOut(this.placeAt(server));
      case 'cancel': {
        const calling = call();
        await clock.pause(chance.between(second, 2 * minute));
        judge.ended(this.placeAt(server), application.name);
        return Promise.all([calling, this.#wait(application, 'cancel', () => application.connection(server).cancel())]);
      }
      default:
        for (const { endpoint } of this.servers) judge.ended(`${this.person} ${endpoint}`, application.name);
        await this.#wait(application, 'close', () => application.authorizer.close());
        return this.end(application);
    }
  }

  /**
   * @param {Application} application
   * @param {SoakServer} server
   * @param {string} tool
   */
  #call(application, server, tool) {
    const { chance, judge } = this.life;
    this.#calls += 1;
    judge.counts.calls += 1;
    const headers = { 'x-call': String(this.#calls), 'x-place': this.placeAt(server) };
    // As the SDKs do.
    const limit = chance.happens(0.5) ? new AbortController() : undefined;
    const timer = limit && setTimeout(() => limit.abort(new Error('the call took too long')), minute);
    return this.#wait(
      application,
      `call of ${tool}`,
      async () => {
        const { fetch } = application.connection(server);
        await callTool(
          (url, init) => fetch(url, { ...init, headers: { .../** @type {object} */ (init.headers), ...headers } }),
          server.endpoint,
          { tool, signal: limit?.signal },
        );
      },
      this.placeAt(server),
    ).finally(() => clearTimeout(timer));
  }

  /**
   * @param {Application} application
   * @param {SoakServer} server
   */
  #press(application, server) {
    this.life.judge.pressed(this.placeAt(server), application.name);
    return this.#wait(application, 'sign-in', () => application.connection(server).signIn(), this.placeAt(server));
  }

  /**
   * @param {Application} application
   * @param {string} what
   * @param {() => Promise<unknown>} work
   * @param {string} [where]
   */
  async #wait(application, what, work, where = application.name) {
    const waiting = { application, what, where };
    this.#waiting.add(waiting);
    // What it says of itself is of no interest.
    await work().catch((error) =>
      this.life.judge.note(where, `${what} in ${application.name}: ${error?.code ?? error}`),
    );
    this.#waiting.delete(waiting);
  }

  accuseWhoWaits() {
    for (const waiting of this.#waiting) {
      const { application, what, where } = waiting;
      if (application.isAlive) this.life.judge.stuck(where, `a ${what} in ${application.name} does not come to an end`);
      this.#waiting.delete(waiting);
    }
  }

  /** Everything that was ever used can be used. */
  async callsAll() {
    const { chance, judge, clock } = this.life;
    for (const server of this.servers) {
      const place = judge.place(this.placeAt(server));
      const before = place.accepted;
      // A client that is forgotten on a page that leads nowhere is found by the second press.
      const attempts = [this.#call, this.#call, this.#press, this.#press];
      for (const attempt of attempts) {
        if (attempt === this.#press) judge.counts.pressed = (judge.counts.pressed ?? 0) + 1;
        const application = chance.one(this.applications);
        await Promise.race([attempt.call(this, application, server, 'whoami'), clock.pause(PATIENCE)]);
        if (attempt === this.#press) await this.#call(application, server, 'whoami');
        if (place.accepted > before) break;
      }
      if (place.accepted === before) judge.stuck(this.placeAt(server), 'neither calls nor a press get in');
    }
    this.accuseWhoWaits();
  }

  // What an application sees of the machine

  /** @param {Application} application its process ends, whatever it was about */
  end(application) {
    if (!application.isAlive) return;
    const { judge, clock, chance } = this.life;
    application.isAlive = false;
    judge.killed(application.name);
    for (const [uri, listener] of this.listeners) if (listener.application === application) this.listeners.delete(uri);
    for (const [key, lock] of this.#locks) {
      if (lock.holder !== application || this.life.fault === 'locks of the dead are kept') continue;
      clock.pause(chance.between(1, LOCK_LIMIT)).then(() => this.#unlock(key));
    }
    const at = this.applications.indexOf(application);
    // The next one is started by and by; until then nothing can be done with this one.
    clock.pause(chance.between(second, 3 * minute)).then(() => {
      this.applications[at] = this.#start();
    });
  }

  /**
   * @param {Application} application
   * @returns {Store}
   */
  storeOf(application) {
    const { read, compareAndSwap } = this.#store;
    const store = {
      read: (/** @type {string} */ key) => application.effect(() => read(key)),
      /** @type {Store['compareAndSwap']} */
      compareAndSwap: (...write) => application.effect(() => compareAndSwap(...write)),
      /** @type {Store['lock']} */
      lock: async (key, work) => {
        await application.effect(() => this.#lock(key, application));
        application.locked += 1;
        try {
          return await work();
        } finally {
          application.locked -= 1;
          if (application.isAlive) this.#unlock(key);
        }
      },
    };
    return faulty(this.life.fault, store, this.life.chance);
  }

  /**
   * @param {string} key
   * @param {Application} application
   */
  async #lock(key, application) {
    const lock = this.#locks.get(key) ?? { holder: undefined, next: [] };
    this.#locks.set(key, lock);
    while (lock.holder) await new Promise((resolve) => lock.next.push(() => resolve(undefined)));
    // Whoever has died in the meantime leaves it to the next one.
    if (application.isAlive) lock.holder = application;
    else lock.next.shift()?.();
  }

  /** @param {string} key */
  #unlock(key) {
    const lock = this.#locks.get(key);
    if (!lock) return;
    lock.holder = undefined;
    lock.next.shift()?.();
  }

  /**
   * @param {Application} application
   * @param {string} authorizationUrl
   */
  async open(application, authorizationUrl) {
    const { judge, chance, clock, servers, isCalm } = this.life;
    const { origin } = new URL(authorizationUrl);
    const server = servers.find(({ authorizationServers }) =>
      authorizationServers.some((one) => one.issuer === origin),
    );
    if (!server) throw new Error(`There is no ${origin} in this world.`);
    const place = this.placeAt(server);
    const window = judge.opened(place, application.name);
    const manner = isCalm
      ? 'is quick'
      : chance.weighted({
          'is quick': 60,
          'is slow': 12,
          'comes back late': 8,
          closes: 8,
          'says no': 6,
          'double-clicks': 6,
        });
    const [from, to] =
      manner === 'is slow'
        ? [minute, 4 * minute]
        : manner === 'comes back late'
          ? [6 * minute, 5 * hour]
          : [2 * second, minute];
    if (manner === 'closes') return;
    await clock.pause(chance.between(from, to));
    const says = manner === 'says no' ? 'no' : 'yes';
    judge.note(place, `the person ${manner}`);
    let callbackUrl = server.visit(place, authorizationUrl, says);
    for (let reloads = 0; callbackUrl === undefined && server.mode !== 'up' && reloads < 3; reloads += 1) {
      await clock.pause(minute);
      callbackUrl = server.visit(place, authorizationUrl, says);
    }
    if (callbackUrl === undefined) return;
    const times = manner === 'double-clicks' ? 2 : 1;
    for (let time = 0; time < times; time += 1) await this.#comeBack(callbackUrl, window, server);
  }

  /**
   * @param {string} callbackUrl
   * @param {Window} window
   * @param {SoakServer} server
   */
  async #comeBack(callbackUrl, window, server) {
    const { judge, chance } = this.life;
    const place = this.placeAt(server);
    const { origin, pathname } = new URL(callbackUrl);
    // Whatever becomes of the answer, nobody is there any more.
    window.isOver = true;
    const listener = this.listeners.get(origin + pathname);
    if (listener?.take(callbackUrl)) {
      if (isNo(callbackUrl)) judge.ended(place, listener.application.name);
      else judge.cameBack(place, window);
      return;
    }
    // Applications that the system starts for their own scheme are given what came back.
    const application = this.applications.find(({ isAlive }) => isAlive);
    if (!application || chance.happens(0.5)) {
      judge.note(place, 'came back, and nobody listened');
      return;
    }
    judge.calledBack(place, application.name);
    application.connection(server);
    await this.#wait(application, 'completion', async () => {
      const completed = await application.authorizer.complete(callbackUrl);
      if ('authorizationUrl' in completed) await this.open(application, completed.authorizationUrl);
    });
  }
}
