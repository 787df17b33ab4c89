/**
 * What an application writes around the official clients: a provider that keeps credentials in a store, and the trips
 * through the browser. It does all that the interface offers and documents, and leaves alone what the library decides
 * about scopes.
 */

/** @import { Surroundings } from '../zoo/world.js' */

/** @typedef {'all' | 'client' | 'tokens' | 'verifier' | 'discovery'} Credentials */

/** Trips for one call: an application gives up at some point. */
const TRIP_LIMIT = 2;

/** The application's own refusal to open a browser. */
export class NotAllowed extends Error {
  code = 'not_allowed';
}

export class RememberingProvider {
  /** Where the person has to go. @type {URL | undefined} */
  authorizationUrl;
  /** @type {string | undefined} */
  #state;

  /** @param {Surroundings} surroundings */
  constructor(surroundings) {
    this.surroundings = surroundings;
    this.memory = surroundings.memory;
    this.clientMetadataUrl = surroundings.clientMetadataUrl;
  }

  get redirectUrl() {
    return this.surroundings.redirectUri;
  }

  get clientMetadata() {
    const { scopes = [], optionalScopes = [], refresh = true } = this.surroundings.settings;
    const scope = [...scopes, ...optionalScopes].join(' ');
    return {
      client_name: 'Zoo',
      redirect_uris: [this.redirectUrl],
      grant_types: refresh ? ['authorization_code', 'refresh_token'] : ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      ...(scope ? { scope } : {}),
    };
  }

  state() {
    return (this.#state = crypto.randomUUID());
  }

  /** Not one whose secret has expired, or that is registered for a port that cannot be had any more. */
  clientInformation() {
    const { client } = this.surroundings.settings;
    const stored = this.memory.get('client');
    if (client)
      return {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        issuer: client.issuer ?? stored?.issuer,
      };
    const expires = stored?.client_secret_expires_at;
    const expired = expires && expires * 1000 <= Date.now();
    const elsewhere = stored?.redirect_uris && !stored.redirect_uris.includes(this.redirectUrl);
    return expired || elsewhere ? undefined : stored;
  }

  /** @param {object} information */
  saveClientInformation(information) {
    this.memory.set('client', information);
  }

  tokens() {
    return this.memory.get('tokens');
  }

  /** @param {object} tokens */
  saveTokens(tokens) {
    this.memory.set('tokens', tokens);
  }

  /** @param {URL} url */
  redirectToAuthorization(url) {
    const { interaction, approves } = this.surroundings;
    if (!interaction) throw new NotAllowed('A browser is needed, and not allowed for this call.');
    if (!approves && this.tokens()) throw new NotAllowed('The person did not agree to another trip.');
    this.authorizationUrl = url;
  }

  /** @param {string} verifier */
  saveCodeVerifier(verifier) {
    this.memory.set('verifier', verifier);
  }

  codeVerifier() {
    return this.memory.get('verifier');
  }

  /** @param {any} state */
  saveDiscoveryState(state) {
    this.memory.set('discovery', state);
  }

  discoveryState() {
    return this.memory.get('discovery');
  }

  /** @param {Credentials} what */
  invalidateCredentials(what) {
    for (const name of what === 'all' ? ['client', 'tokens', 'verifier', 'discovery'] : [what])
      this.memory.delete(name);
  }

  /**
   * Does something that may need the person, with as many trips as it takes.
   *
   * @param {() => Promise<unknown>} work
   * @param {(error: unknown) => boolean} isUnauthorized
   * @param {(callback: URLSearchParams) => Promise<void>} finish trades the code of the callback for tokens
   */
  async withTrips(work, isUnauthorized, finish) {
    for (let trip = 0; ; trip += 1) {
      // What the resource says may have changed; between a redirect and its callback it must be remembered.
      this.invalidateCredentials('discovery');
      this.authorizationUrl = undefined;
      try {
        await work();
        return;
      } catch (error) {
        if (!isUnauthorized(error) || !this.authorizationUrl || trip >= TRIP_LIMIT) throw error;
      }
      const callback = new URL(await this.surroundings.visit(this.authorizationUrl)).searchParams;
      if (callback.get('state') !== this.#state) throw new Error('The callback belongs to another sign-in.');
      await finish(callback).catch((error) => {
        // The library threw away a client that the server does not know any more: that is worth another trip.
        if (this.memory.has('client') || trip + 1 >= TRIP_LIMIT) throw error;
      });
    }
  }
}
