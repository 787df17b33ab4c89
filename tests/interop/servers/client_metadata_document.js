/** The metadata document of the tests' client, on a web server that does not exist: whoever asks for it gets it from here. */

/** @import { Fetch } from '../../../js/core/host.js' */

export const clientMetadataUrl = 'https://client.example.com/oauth/client.json';

/** For the servers of AT Protocol, which have scopes of their own and bind all tokens. */
export const atprotoClientMetadataUrl = 'https://client.example.com/oauth/atproto.json';

const document = {
  client_name: 'interoperability test',
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
};

/** @type {Fetch} */
export async function fetchWithDocument(input, init) {
  const url = input instanceof Request ? input.url : String(input);
  if (url === clientMetadataUrl) return Response.json({ ...document, client_id: url });
  if (url === atprotoClientMetadataUrl) {
    return Response.json({
      ...document,
      client_id: url,
      scope: 'atproto transition:generic transition:email',
      dpop_bound_access_tokens: true,
    });
  }
  return fetch(input, init);
}
