import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { listenOnLoopback } from './loopback.js';

/** @import { IncomingMessage } from 'node:http' */

/**
 * A company's identity provider, as far as token exchange goes (RFC 8693,
 * draft-ietf-oauth-identity-assertion-authz-grant §4.3): it trades an ID Token for an identity assertion, if its
 * administrator permits.
 *
 * @param {object} [options]
 * @param {(audience: string) => string | undefined} [options.clientAt] the client's identifier at an authorization
 *   server; undefined: the administrator does not permit it
 */
export async function startIdentityProvider({ clientAt = () => undefined } = {}) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }];
  const client = { clientId: 'the application', clientSecret: 'its secret, with a : and a %' };
  const server = createServer();
  const { origin, close } = await listenOnLoopback(server);
  // There are authorization servers that trust no issuer without https.
  const issuer = 'https://identity-provider.example';
  /** @type {Record<string, string>[]} */
  const exchanges = [];
  const permissions = { clientAt };

  server.on('request', async (request, response) => {
    const [status, answer] = request.url === '/jwks' ? [200, { keys }] : await exchange(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });

  /**
   * @param {IncomingMessage} request
   * @returns {Promise<[number, object]>}
   */
  async function exchange(request) {
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    const encoded = [client.clientId, client.clientSecret].map((part) =>
      new URLSearchParams({ part }).toString().slice('part='.length),
    );
    const credentials = Buffer.from(encoded.join(':')).toString('base64');
    if (request.headers.authorization !== `Basic ${credentials}`) return [401, { error: 'invalid_client' }];
    exchanges.push(form);
    const { audience = '', resource, scope, subject_token: idToken = '' } = form;
    const subject = await jwtVerify(idToken, publicKey, { issuer, audience: client.clientId }).catch(() => undefined);
    const clientId = permissions.clientAt(audience);
    if (!subject || !clientId) return [400, { error: subject ? 'access_denied' : 'invalid_grant' }];
    const assertion = await new SignJWT({
      sub: subject.payload.sub,
      client_id: clientId,
      jti: randomUUID(),
      resource,
      scope,
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'oauth-id-jag+jwt' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime('2 minutes')
      .sign(privateKey);
    const type = 'urn:ietf:params:oauth:token-type:id-jag';
    return [200, { access_token: assertion, issued_token_type: type, token_type: 'N_A', scope, expires_in: 120 }];
  }

  return {
    issuer,
    tokenEndpoint: `${origin}/token`,
    keysUrl: `${origin}/jwks`,
    ...client,
    /** What the administrator permits may change. */
    permissions,
    exchanges,
    /** What a person's sign-in there gives the application. */
    idToken: () =>
      new SignJWT({ sub: 'alice' })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(issuer)
        .setAudience(client.clientId)
        .setIssuedAt()
        .setExpirationTime('1 hour')
        .sign(privateKey),
    close,
  };
}
