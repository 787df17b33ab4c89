/** `sessions`: where this user is signed in. */

/** @import { Run } from './main.js' */

import { createAuthorizer } from 'mcp-oauth-wasm';
import { hostFrom, storeFrom } from './settings.js';
import { expiryInWords, grantedScopes } from './words.js';

/** @param {Run} run */
export async function run({ options, output }) {
  const authorizer = createAuthorizer({ host: hostFrom(options, output) });
  const all = [];
  for (const key of await storeFrom(options).keys()) {
    const [, endpoint, account] = /^session (\S+) (.*)$/.exec(key) ?? [];
    if (endpoint === undefined || account === undefined) continue;
    const session = await authorizer.connection(endpoint, { account }).session();
    if (session) all.push({ endpoint, account, session });
  }
  output.document(
    all.map(({ endpoint, account, session }) => ({
      endpoint,
      account,
      issuer: session.registration.issuer,
      scopes: grantedScopes(session),
      expiresAt: session.tokens.expiresAt,
      canBeRenewed: session.tokens.refreshToken !== undefined,
    })),
  );
  for (const { endpoint, account, session } of all) {
    output.line(['bold', endpoint], account === 'default' ? '' : `  account ${account}`);
    output.line(`  by ${session.registration.issuer}, for ${grantedScopes(session).join(' ') || 'no scope'}`);
    output.line(`  ${expiryInWords(session)}`);
  }
  if (all.length === 0) output.line('You are signed in nowhere.');
  return true;
}
