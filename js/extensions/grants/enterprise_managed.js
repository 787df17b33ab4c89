/** @import { ClientAssertion } from '../../core/host.js' */
/** @import { Client, Grant } from '../../core/grant.js' */

import { MisbehavedError, MisuseError, RefusedError } from '../../core/errors.js';
import { readToken } from '../json_web_signature.js';
import { requestedScopes, requireToken } from './jwt_bearer.js';

const ID_JAG = 'urn:ietf:params:oauth:token-type:id-jag';

/**
 * The company's identity provider, at which the person is signed in.
 *
 * @typedef {object} IdentityProvider
 * @property {string} issuer as it calls itself: ID Tokens of others are not sent to it
 * @property {string} tokenEndpoint where the ID Token is exchanged (RFC 8693 §2.1)
 * @property {string} clientId the client there, to which the ID Token was issued
 * @property {string} [clientSecret] its secret, if it has one
 * @property {Client['tokenEndpointAuthMethod']} [tokenEndpointAuthMethod] default: by Basic if there is a secret, else
 *   not at all
 * @property {ClientAssertion} [assertion] in place of a secret, such as
 *   `privateKeyAssertion(…)` (RFC 7523 §2.2)
 */

/**
 * The company's identity provider decides who may use which MCP server, and nobody is asked (MCP extension
 * Enterprise-Managed Authorization): the ID Token of the person's single sign-on is exchanged for an identity assertion
 * (RFC 8693, draft-ietf-oauth-identity-assertion-authz-grant §4.3), and that for an access token (RFC 7523 §2.1).
 *
 * The session has no refresh token: it is obtained again, silently, when it ends.
 *
 * @param {object} options who decides, and who the person is
 * @param {IdentityProvider} options.identityProvider the company's identity provider
 * @param {() => Promise<string> | string} options.idToken gives the person's current ID Token. Called once for each
 *   session that is obtained
 * @returns {Grant} its `obtain` rejects with a `RefusedError` (`identity_provider_refused`; `token_refused` and
 *   `client_refused` by the MCP server's authorization server), with a `MisbehavedError` (`invalid_document`), and with a
 *   `MisuseError` (`invalid_argument`: no ID Token was given; `id_token_of_other_issuer`)
 */
export function enterpriseManaged({ identityProvider, idToken }) {
  return {
    grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    async obtain(context) {
      const { discovery, resource, post, redeem } = context;
      const subjectToken = requireToken(await idToken(), 'idToken');
      requireIssuer(subjectToken, identityProvider.issuer);
      const scope = requestedScopes(context).join(' ');
      const parameters = {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: ID_JAG,
        audience: discovery.authorizationServer.issuer,
        ...(resource !== undefined && { resource }),
        ...(scope !== '' && { scope }),
        subject_token: subjectToken,
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        ...(await clientAssertion(identityProvider)),
      };
      const { clientId, clientSecret, tokenEndpointAuthMethod, assertion } = identityProvider;
      const client = assertion
        ? { clientId, tokenEndpointAuthMethod: /** @type {const} */ ('none') }
        : { clientId, clientSecret, tokenEndpointAuthMethod };
      const answer = await post(identityProvider.tokenEndpoint, parameters, client).catch((error) => {
        throw ofIdentityProvider(error, identityProvider.issuer);
      });
      return redeem({ assertion: identityAssertion(answer) });
    },
  };
}

/**
 * @param {IdentityProvider} identityProvider
 * @returns {Promise<Record<string, string>>}
 */
async function clientAssertion({ issuer, clientId, assertion }) {
  if (!assertion) return {};
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await assertion({ issuer, clientId }),
  };
}

/**
 * Another provider's ID Token is a secret that this one must not see.
 *
 * @param {string} idToken
 * @param {string} issuer
 */
function requireIssuer(idToken, issuer) {
  const token = readToken(idToken);
  if (!token || token.claims.iss === issuer) return;
  throw new MisuseError({
    code: 'id_token_of_other_issuer',
    message: `The ID Token was not issued by ${issuer}, the configured identity provider. It was not sent. Give the ID Token of the sign-in there.`,
    step: 'token',
    details: { issuer },
  });
}

/**
 * Anything but an identity assertion, such as an access token of the identity provider, is not for others' eyes.
 *
 * @param {any} answer (RFC 8693 §2.2.1)
 * @returns {string}
 */
function identityAssertion({ issued_token_type: type, access_token: token }) {
  if (type === ID_JAG && typeof token === 'string' && token !== '') return token;
  const member = type === ID_JAG ? 'access_token' : 'issued_token_type';
  throw new MisbehavedError({
    code: 'invalid_document',
    message: `The identity provider's answer to the token exchange is no identity assertion: \`${member}\` is missing or another. Nothing was passed on; its operator has to correct it.`,
    step: 'token',
    details: { member },
  });
}

/**
 * @param {unknown} error
 * @param {string} issuer
 */
function ofIdentityProvider(error, issuer) {
  if (!(error instanceof RefusedError)) return error;
  const { message, step, details } = error;
  return new RefusedError({
    code: 'identity_provider_refused',
    message: `The identity provider ${issuer} gives no access to this MCP server, or no longer accepts the ID Token: sign in there again, or ask its administrator. ${message}`,
    step,
    details: { ...details, issuer },
    cause: error,
  });
}
