/** `token`: what the access token is good for; the token itself only where that is asked for. */

/** @import { Run } from './main.js' */

import { createAuthorizer } from 'mcp-oauth-wasm';
import { advising } from './advice.js';
import { accountFrom, client, hostFrom, settingsFrom } from './settings.js';
import { expiryInWords, grantedScopes } from './words.js';

/** @param {Run} run */
export async function run({ parameters: [endpoint = ''], options, output, signal }) {
  const settings = settingsFrom(options);
  const authorizer = createAuthorizer({ client, host: hostFrom(options, output), settings: () => settings });
  const connection = authorizer.connection(endpoint, { account: accountFrom(options), signal });
  if (options.print)
    await advising(connection, options, () => connection.headersFor({ method: 'POST', url: endpoint }));
  const session = await connection.session();
  if (!session) {
    output.document({ endpoint, account: accountFrom(options), signedIn: false });
    output.line(`You are not signed in at ${endpoint}.`);
    return false;
  }
  const { tokens, registration } = session;
  const told = {
    endpoint,
    account: accountFrom(options),
    signedIn: true,
    issuer: registration.issuer,
    scopes: grantedScopes(session),
    expiresAt: tokens.expiresAt,
    canBeRenewed: tokens.refreshToken !== undefined,
  };
  output.document(options.print ? { ...told, accessToken: tokens.accessToken } : told);
  if (options.print) output.line(tokens.accessToken);
  else {
    output.line(`By ${registration.issuer}, for ${grantedScopes(session).join(' ') || 'no scope'}.`);
    output.line(expiryInWords(session));
    output.line(['dim', 'The token itself: --print. Whoever has it is you.']);
  }
  return true;
}
