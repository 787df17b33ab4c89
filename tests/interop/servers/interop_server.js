import { startProtectedResource } from '../../servers/protected_resource.js';
import { createUserAgent } from '../../servers/user_agent.js';

/** @import { IntrospectingServer } from '../../servers/protected_resource.js' */

/**
 * One authorization request, as the authorization server itself saw it.
 *
 * @typedef {object} AuthorizationRequest
 * @property {string} clientId
 * @property {string | null} redirectUri
 * @property {string | null} registered the scope that the client was registered for at that moment; null: none
 * @property {string | null} requested
 * @property {string | null} error that it was answered with
 */

/**
 * A protected MCP server and its authorization server, as the scenario uses them. Everybody who is signed in may call
 * the tool `whoami`. `write_file` needs the scope `files:write`, which the protected resource's metadata lists.
 * `delete_file` and `share_file`, where there are such, need `files:delete` and `files:share`, which it does not list:
 * no client can have been registered for them before they are demanded.
 *
 * @typedef {object} InteropServer
 * @property {string} url of the MCP server
 * @property {string} issuer
 * @property {() => AuthorizationRequest[]} authorizationRequests every one so far
 * @property {(authorizationUrl: string | URL) => Promise<string>} signIn resolves with the callback URL
 * @property {(url: string) => Promise<unknown>} [visit] what the person does with the URL that is opened or shown;
 *   default: signs in, and goes back to the callback URL
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} InteropAuthorizationServer
 * @property {string} issuer
 * @property {() => AuthorizationRequest[]} authorizationRequests every one so far
 * @property {IntrospectingServer['addProtectedResource']} addProtectedResource
 * @property {(authorizationUrl: string | URL) => Promise<string>} [signIn] default: the user agent without a person
 * @property {InteropServer['visit']} [visit]
 * @property {() => Promise<void>} close
 */

/** What each tool needs on top. */
const usualTools = { write_file: ['files:write'], delete_file: ['files:delete'], share_file: ['files:share'] };

/**
 * Puts an MCP server behind an authorization server that has none of its own.
 *
 * @param {InteropAuthorizationServer} authorizationServer
 * @param {string[]} requiredScopes what the MCP server demands of everybody
 * @param {{ bound?: boolean, tools?: { write_file: string[] } }} [options] `bound`: whether the MCP server takes only
 *   tokens that are bound to a key; `tools`: what they need, where its authorization server has scopes of its own
 * @returns {Promise<InteropServer>}
 */
export async function withMcpServer(authorizationServer, requiredScopes, { bound, tools = usualTools } = {}) {
  const { issuer, authorizationRequests, visit, signIn = createUserAgent().signIn } = authorizationServer;
  const { url, close } = await startProtectedResource({
    authorizationServer,
    bound,
    requiredScopes,
    scopesSupported: [...requiredScopes, ...tools.write_file],
    furtherTools: tools,
  });
  return {
    url,
    issuer,
    authorizationRequests,
    signIn,
    visit,
    async close() {
      await close();
      await authorizationServer.close();
    },
  };
}

/** @param {string | null | undefined} location */
export function errorIn(location) {
  return location ? new URL(location, 'http://localhost').searchParams.get('error') : null;
}
