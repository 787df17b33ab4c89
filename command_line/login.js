/** `login`: signs a person in. */

/** @import { Run } from './main.js' */

import { createAuthorizer, explain } from 'mcp-oauth-wasm';
import { deviceAuthorization } from 'mcp-oauth-wasm/grants';
import { loopbackRedirect, pastedRedirect } from 'mcp-oauth-wasm/node';
import { UsageError } from './arguments.js';
import { withClient } from './mcp.js';
import { ask } from './prompt.js';
import { accountFrom, client, hostFrom, settingsFrom } from './settings.js';
import { expiryInWords, grantedScopes } from './words.js';

/** Where the browser of another machine ends; nothing listens there. */
const PASTED_REDIRECT_URI = 'http://127.0.0.1:8976/callback';

/** @param {Run} run */
export async function run({ parameters: [endpoint = ''], options, output, signal }) {
  if (options.device && options['no-browser']) throw new UsageError('--device and --no-browser exclude each other.');
  const redirect = options['no-browser']
    ? pastedRedirect({
        redirectUri: PASTED_REDIRECT_URI,
        async ask({ authorizationUrl, explanation, signal: over }) {
          output.progress(explanation ? ['yellow', explanation] : 'Open this address in any browser, and sign in:');
          if (!explanation) output.progress(['bold', authorizationUrl]);
          return ask(`The browser ends at an address that begins with ${PASTED_REDIRECT_URI}. Paste all of it: `, over);
        },
      })
    : loopbackRedirect({
        announceUrl(url) {
          output.progress('Your browser opens. If it does not, open this address:');
          output.progress(['bold', url]);
        },
        showUrl: () =>
          output.progress(
            'No browser could be opened: open the address above yourself, on this machine. (Or: --no-browser, --device.)',
          ),
      });
  const grant = deviceAuthorization({
    show: ({ userCode, verificationUri }) =>
      output.progress('Open ', ['bold', verificationUri], ' on any device, and enter the code ', ['bold', userCode]),
  });
  const settings = { ...settingsFrom(options), ...(options.device ? { grant } : {}) };
  const authorizer = createAuthorizer({
    client,
    host: hostFrom(options, output, { redirect }),
    settings: () => settings,
  });
  const connection = authorizer.connection(endpoint, { account: accountFrom(options), interaction: true, signal });
  const before = await connection.session();
  const granted = before ? grantedScopes(before) : [];
  // A session without what was asked for serves the server, and not the person.
  const isWanted = options.again || (before && settings.scopes?.some((scope) => !granted.includes(scope)));
  // The challenge says what is needed; a server that lets everybody in gives none.
  if (!isWanted) await withClient(endpoint, connection.fetch, signal, async () => {});
  if (isWanted || !(await connection.session())) await connection.signIn();
  const session = await connection.session();
  if (!session) return false;
  const isNew = before?.tokens.accessToken !== session.tokens.accessToken;
  const { issuer } = session.registration;
  output.document({
    endpoint,
    account: accountFrom(options),
    issuer,
    isNew,
    scopes: grantedScopes(session),
    expiresAt: session.tokens.expiresAt,
  });
  output.line(['green', isNew ? 'Signed in' : 'You were signed in already'], ` at ${endpoint}, by ${issuer}.`);
  output.line(`Granted: ${grantedScopes(session).join(' ') || 'no scope'}. ${expiryInWords(session)}`);
  if (options.verbose) output.text(`\n${explain(session.plan)}`);
  return true;
}
