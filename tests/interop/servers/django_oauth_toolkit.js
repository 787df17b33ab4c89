import { createUserAgent, unescape } from '../../servers/user_agent.js';
import { withMcpServer } from './interop_server.js';
import { startPythonProgram } from './python_program.js';

/** @import { Page } from '../../servers/user_agent.js' */

/** Django OAuth Toolkit, where a person logs in and then authorizes, on two pages. */
export async function startDjangoOauthToolkit() {
  const { listening, authorizationRequests, close } = await startPythonProgram('django_oauth_toolkit_server.py');
  const { issuer = '', introspectionEndpoint = '', clientId = '', clientSecret = '' } = listening;
  const authorizationServer = {
    issuer,
    authorizationRequests,
    addProtectedResource: () => ({ introspectionEndpoint, clientId, clientSecret }),
    signIn: createUserAgent({ answer: logInOrAuthorize }).signIn,
    close,
  };
  return withMcpServer(authorizationServer, ['profile']);
}

/** @param {Page} page */
function logInOrAuthorize({ url, text }) {
  const hidden = [...text.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g)];
  const members = new URLSearchParams(hidden.map(([, name = '', value = '']) => [name, unescape(value)]));
  const typed = text.includes('name="password"') ? { username: 'alice', password: 'any' } : { allow: 'Authorize' };
  for (const [name, value] of Object.entries(typed)) members.set(name, value);
  return new Request(url, { method: 'POST', body: members });
}
