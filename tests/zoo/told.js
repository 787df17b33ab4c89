/**
 * The invariant of scopes, kept inside the server: **requested ⊆ what the client was told is registered**, and beside it
 * only what somebody insisted on: the resource, of a token that lacks it; the server, of a request without it; the host.
 * Told is the registration answer's `scope`; where it has none, what was sent. It is unknown only for a client that the
 * server made register without `scope`: its requests are counted apart.
 */

/** @param {string | null | undefined} text */
export function scopes(text) {
  return (text ?? '').split(' ').filter(Boolean);
}

export class Told {
  /** What a client did that it must not do, in words. @type {string[]} */
  violations = [];
  /** Authorization requests with scopes by clients that had to register without. */
  untold = 0;
  /** @type {Map<string, { scopes: string[] | undefined, at: number }>} */
  #clients = new Map();
  /** Scopes that were refused by name, and whole requests that were refused without one. @type {{ scopes: string[], named: boolean, at: number }[]} */
  #refusals = [];
  #registrationRefused = false;
  #time = 0;
  /** What may be asked for outright, whatever the client was told. @type {Set<string>} */
  #insisted = new Set();
  /** What may be asked for on the host's word, by any client. @type {string[]} */
  exact = [];

  /** @param {string[]} scopes */
  insist(scopes) {
    for (const scope of scopes) this.#insisted.add(scope);
  }

  /** A person asks to sign in, or a day has passed: what was refused may be asked for again. */
  forgetRefusals() {
    this.#refusals = [];
  }

  /** The next registration may leave out `scope`: the server made the client do it. */
  refuseRegistration() {
    this.#registrationRefused = true;
  }

  /**
   * @param {string} clientId
   * @param {string | undefined} sent
   * @param {string[] | undefined} answered
   */
  register(clientId, sent, answered) {
    const forced = sent === undefined && this.#registrationRefused;
    this.#registrationRefused = false;
    this.declare(clientId, answered?.length ? answered : forced ? undefined : scopes(sent));
  }

  /**
   * A client that was registered by hand, or by its metadata document.
   *
   * @param {string} clientId
   * @param {string[] | undefined} declared undefined: nobody said
   */
  declare(clientId, declared) {
    this.#clients.set(clientId, { scopes: declared, at: (this.#time += 1) });
  }

  /**
   * @param {string} clientId
   * @param {string | null} parameter the `scope` parameter
   * @param {boolean} dynamic whether the client registered itself
   */
  request(clientId, parameter, dynamic) {
    this.#refuseEmpty(parameter, 'authorization request');
    const requested = scopes(parameter);
    const told = this.#clients.get(clientId);
    if (told?.scopes === undefined && dynamic && requested.length > 0) this.untold += 1;
    const beyond = requested.filter(
      (scope) =>
        told?.scopes &&
        !told.scopes.includes(scope) &&
        !this.exact.includes(scope) &&
        !(dynamic && this.#insisted.has(scope)),
    );
    if (beyond.length > 0) {
      this.violations.push(`requested ${beyond.join(' ')}, though told only: ${told?.scopes?.join(' ') || 'nothing'}`);
    }
    for (const refusal of this.#refusals) {
      const again = refusal.scopes.filter((scope) => requested.includes(scope));
      const whole = refusal.named ? again.length > 0 : again.length === refusal.scopes.length;
      const since = told && told.at > refusal.at && again.every((scope) => told.scopes?.includes(scope));
      if (whole && !since) this.violations.push(`requested ${again.join(' ')} again after a refusal`);
    }
  }

  /**
   * @param {string[]} refused
   * @param {boolean} named whether the answer said which; otherwise `refused` is the whole request
   */
  refuse(refused, named) {
    this.#refusals.push({ scopes: refused, named, at: (this.#time += 1) });
  }

  /**
   * @param {string | null} parameter
   * @param {string[]} granted
   */
  refresh(parameter, granted) {
    this.#refuseEmpty(parameter, 'refresh');
    const beyond = scopes(parameter).filter((scope) => !granted.includes(scope));
    if (beyond.length > 0) this.violations.push(`a refresh asked for ${beyond.join(' ')}, which was not granted`);
  }

  /** @param {unknown} sent */
  registration(sent) {
    this.#refuseEmpty(sent, 'registration');
  }

  /**
   * @param {unknown} parameter
   * @param {string} where
   */
  #refuseEmpty(parameter, where) {
    if (typeof parameter === 'string' && scopes(parameter).length === 0)
      this.violations.push(`an empty scope in the ${where}`);
  }
}
