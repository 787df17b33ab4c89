/**
 * How authorization servers treat scopes, as data: what `scope-policies` of the field look like when they are
 * written down. A policy says what the server does, never what a client should do about it.
 */

/**
 * @typedef {object} RegistrationPolicy
 * @property {boolean} [offered] default: true
 * @property {'registered' | 'sent' | 'nothing'} [answers] what the answer's `scope` holds; default: what is registered
 * @property {string} [permits] what may be registered; default: everything
 * @property {string} [omitted] what a client gets that sends no `scope`; default: nothing
 * @property {string} [substitutes] what every client gets, whatever it sent
 * @property {string} [unnamed] what every client may have besides, though no answer names it
 * @property {('unpermitted scopes' | 'any scope' | 'no scope' | 'everything')[]} [refuses] with 400
 * @property {Refusal} [refusal] how
 * @property {'native' | 'web'} [applicationType] the only one for which loopback redirects are registered; an absent
 *   `application_type` is `web` (OpenID Connect Registration §2)
 * @property {boolean} [onlyKnownMembers] whether members outside the registry are refused
 * @property {ManagementPolicy} [management] RFC 7592; default: not offered
 * @property {number} [limit] registrations that may exist at once; beyond it 429
 * @property {string[]} [grants] the only ones that clients may register; others are refused
 * @property {string} [signInPage] where everybody who registers is sent, by a redirect
 * @property {{ status: number, to?: string }} [moved] where registrations are sent, by a redirect, and taken; default: the
 *   same with a slash at the end
 * @property {{ member: string, value?: unknown, words: string }} [refusesMember] a member that is refused, or one value of it
 * @property {string[]} [redirectHosts] the only ones of redirect URIs that are registered
 * @property {string} [initialAccessToken] without which nobody registers
 * @property {number} [secretSeconds] clients are confidential, and their secrets live this long; 0: for ever
 * @property {Record<string, unknown>} [furtherMembers] of the answer, and in place of its own
 *
 * @typedef {object} ManagementPolicy
 * @property {boolean} [update] default: true; otherwise 405
 * @property {number} [updateStatus] of an update that is not offered; default: 405
 * @property {boolean} [rotates] whether every update issues a new registration access token
 * @property {boolean} [relative] whether `registration_client_uri` is a relative reference
 * @property {{ status: number, text?: string }} [fails] what is answered to everything
 *
 * @typedef {object} AuthorizationPolicy
 * @property {'registered' | 'permitted' | 'nothing'} [enforces] default: registered. `permitted`: what registration
 *   permits, whatever was registered
 * @property {boolean} [drops] whether scopes beyond it are dropped rather than refused
 * @property {string} [permits] what `permitted` means; default: what registration permits
 * @property {boolean} [needsScope] whether a request without `scope` is refused
 * @property {'page' | 'access_denied' | 'invalid_request' | 'invalid_scope'} [needsOpenid] how a request without `openid` is
 *   refused
 * @property {Wording} [names] how a refused scope is named
 * @property {'always' | 'never' | 'not on errors'} [issuer] whether responses carry `iss`; all but `never` promise it
 * @property {'page' | 'redirect' | 'passes'} [unknownClient] default: an error page, from which nobody comes back
 * @property {number} [learnsAfter] how many times a new client is taken for an unknown one, here
 * @property {boolean} [demandsNonce] with `openid`
 * @property {'page'} [refuses] scopes are refused by an error page, from which nobody comes back
 * @property {{ error?: string, error_description?: string, page?: string, late?: boolean }} [refusesPrompt] how a request
 *   with `prompt` is refused; a page leads nowhere; `late`: after its scopes were judged
 * @property {string} [always] the error of every request that is in order, without and with `prompt`
 * @property {{ error: string, error_description?: string }} [refusesDocuments] how a client with a metadata document is refused
 *
 * @typedef {object} TokenPolicy
 * @property {'granted' | 'nothing'} [says] what the answer's `scope` holds; default: what is granted
 * @property {string} [separator] between scopes in answers; default: a space
 * @property {string} [adds] granted, though nobody asked for it
 * @property {string} [withholds] never granted, though requested
 * @property {string} [unasked] granted to a request without scope; default: what is registered
 * @property {'always' | 'with offline_access' | 'never'} [refreshTokens] default: with offline_access
 * @property {boolean} [rotates] whether a refresh replaces the refresh token; otherwise the answer has none
 * @property {boolean} [refreshSaysScope] default: true
 * @property {string} [refreshNarrowsTo] what is left of the grant after a refresh
 * @property {number} [seconds] the life of an access token; default: an hour
 * @property {boolean} [knowsNobody] whether every client is refused as unknown
 * @property {number} [learnsAfter] how many times a new client is taken for an unknown one, here
 * @property {Words} [unknownClient] what an unknown client is answered; default: 401 with `invalid_client`
 * @property {Words} [refusesCode] what every code is answered
 * @property {Words} [answersRefresh] what every refresh is answered
 * @property {string} [path] where the endpoint is; nothing is at any other place. Default: `/token`
 * @property {string} [type] the `token_type` of answers; default: Bearer
 * @property {boolean} [listsScopes] whether the `scope` of answers is a list
 *
 * @typedef {object} Words an answer in a server's own words
 * @property {number} status
 * @property {object} [body]
 * @property {string} [text]
 *
 * @typedef {object} ServerPolicy
 * @property {'not found' | 'a page' | 'unavailable'} [off] how a server answers that is not there any more
 * @property {string} [lists] `scopes_supported` of the authorization server's metadata
 * @property {Record<string, unknown>} [furtherMetadata] members of its metadata, and in place of its own
 * @property {number} [gatewayStatus] what is answered where no document stands; default: 404
 * @property {string} [metadataPath] where its document stands; default: the location of RFC 8414
 * @property {boolean} [openidProvider] whether its metadata has the members of an OpenID provider
 * @property {RegistrationPolicy} [registration]
 * @property {AuthorizationPolicy} [authorization]
 * @property {TokenPolicy} [token]
 * @property {Record<string, { scope: string, told?: string, secret?: string }>} [clients] registered by hand, by client identifier;
 *   `told`: the scopes that the person was told, if any
 * @property {Record<string, { scope?: string, redirect_uris?: string[] }>} [metadataDocuments] client metadata documents, by URL
 *
 * @typedef {object} Refusal
 * @property {number} [status] default: 400
 * @property {string} [error] default: invalid_client_metadata
 * @property {Wording} [names] default: nothing
 * @property {string} [plainText] the whole answer, in place of a JSON object
 */

/** @typedef {keyof typeof wordings} Wording */

/**
 * How servers name the scopes that they refuse. `[]`: what was refused.
 *
 * @satisfies {Record<string, (refused: string[]) => { error_description?: string, scope?: string }>}
 */
export const wordings = {
  nothing: () => ({}),
  'fosite with backticks': ([first]) => ({
    error_description: `The requested scope is invalid, unknown, or malformed. The OAuth 2.0 Client is not allowed to request scope \`${first}\`.`,
  }),
  'fosite with quotes': ([first]) => ({
    error_description: `The requested scope is invalid, unknown, or malformed. The OAuth 2.0 Client is not allowed to request scope '${first}'.`,
  }),
  'oidc-provider': ([first]) => ({ error_description: 'requested scope is not allowed', scope: first }),
  'MCP SDK': ([first]) => ({ error_description: `Client was not registered with scope ${first}` }),
  'a list': (refused) => ({ error_description: `the following scopes are invalid: ${refused.join(', ')}` }),
  'a list, Better Auth': (refused) => ({
    error_description: `The following scopes are invalid, or not allowed: ${refused.join(', ')}`,
  }),
  'not allowed': ([first]) => ({ error_description: `Invalid scope: Scope '${first}' is not allowed for this client` }),
  Keycloak: () => ({
    error_description:
      "Policy 'Allowed Client Scopes' rejected request to client-registration service. Details: Not permitted to use specified clientScope",
  }),
  'words that sound like scopes': ([first]) => ({
    error_description: `The client may not read or write with the scope '${first}'.`,
  }),
  'a scope that nobody requested': () => ({ error_description: 'Client was not registered with scope everything' }),
};
