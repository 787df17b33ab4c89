/** `call`: lists tools, or calls one. */

/** @import { Client } from '@modelcontextprotocol/client' */
/** @import { Run } from './main.js' */

import { createAuthorizer, explain } from 'mcp-oauth-wasm';
import { advising } from './advice.js';
import { UsageError } from './arguments.js';
import { withClient } from './mcp.js';
import { accountFrom, client, hostFrom, settingsFrom } from './settings.js';

/** @param {Run} run */
export async function run({ parameters: [endpoint = '', tool, json = '{}'], options, output, signal }) {
  const given = argumentsFrom(json);
  const host = hostFrom(options, output, {
    async approve({ reason, issuer, plan }) {
      output.progress(
        reason === 'step-up' ? 'More scopes are needed:' : `Another authorization server is in charge now: ${issuer}`,
      );
      for (const line of explain(plan).split('\n')) output.progress(line);
      return true;
    },
  });
  const settings = settingsFrom(options);
  const authorizer = createAuthorizer({ client, host, settings: () => settings });
  const connection = authorizer.connection(endpoint, {
    account: accountFrom(options),
    interaction: options['sign-in'] === true,
    signal,
  });
  const work = async (/** @type {Client} */ mcp) => {
    if (tool === undefined) {
      const { tools } = await mcp.listTools(undefined, { signal });
      output.document(tools);
      for (const { name, description = '' } of tools)
        output.line(['bold', name], description === '' ? '' : `  ${description.split('\n')[0]}`);
      if (tools.length === 0) output.line('There are no tools.');
      return true;
    }
    const result = await mcp.callTool({ name: tool, arguments: given }, { signal });
    output.document(result);
    for (const part of result.content) output.text(part.type === 'text' ? part.text : `[${part.type}]`, '');
    return !result.isError;
  };
  return advising(connection, options, () => withClient(endpoint, connection.fetch, signal, work));
}

/** @param {string} json */
function argumentsFrom(json) {
  try {
    const value = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw new UsageError(`The arguments of a tool are a JSON object, such as '{"name":"value"}'.`);
}
