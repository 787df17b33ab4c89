/** `logout`: forgets a session, and has its tokens revoked. */

/** @import { Run } from './main.js' */

import { createAuthorizer, unregister } from 'mcp-oauth-wasm';
import { accountFrom, client, hostFrom } from './settings.js';

/** @param {Run} run */
export async function run({ parameters: [endpoint = ''], options, output, signal }) {
  const host = hostFrom(options, output);
  const connection = createAuthorizer({ host, client }).connection(endpoint, { account: accountFrom(options), signal });
  const session = await connection.session();
  if (!session) {
    output.document({ endpoint, account: accountFrom(options), signedOut: false, revoked: false });
    output.line(`You are not signed in at ${endpoint}.`);
    return true;
  }
  const revoked = await connection.signOut();
  const { registration } = session;
  const deleted =
    options['forget-client'] && registration.kind === 'dynamic'
      ? await unregister({ registration }, host).catch(() => false)
      : undefined;
  if (options['forget-client']) await connection.forgetClient();
  output.document({
    endpoint,
    account: accountFrom(options),
    signedOut: true,
    revoked,
    ...(options['forget-client'] ? { clientDeleted: deleted ?? false } : {}),
  });
  output.line(`Signed out at ${endpoint}.`);
  output.line(
    revoked
      ? 'The authorization server has revoked the tokens.'
      : `The authorization server has not revoked the tokens${session.tokens.expiresAt ? `; the access token is good until ${new Date(session.tokens.expiresAt * 1000).toISOString()}` : ''}.`,
  );
  if (options['forget-client'])
    output.line(
      deleted
        ? 'It has deleted the client.'
        : 'The client is forgotten here; the authorization server may still know it.',
    );
  return true;
}
