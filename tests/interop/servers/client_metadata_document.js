/** The metadata document of the tests' client, on a web server that does not exist: whoever asks for it gets it from here. */

/** @import { Fetch } from '../../../js/host.js' */

export const clientMetadataUrl = 'https://client.example/oauth/client.json';

const document = {
  client_id: clientMetadataUrl,
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
  return url === clientMetadataUrl ? Response.json(document) : fetch(input, init);
}
