/** `rmcp`, through the small application in `rmcp/`: this side only passes lines, and opens the browser. */

/** @import { Surroundings, ZooClient } from '../zoo/world.js' */

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * @param {string} program the application, built
 * @returns {(surroundings: Surroundings) => Promise<ZooClient>}
 */
export function startRmcp(program) {
  return async ({ endpoint, memory, settings, visit, redirectUri, clientMetadataUrl, interaction, approves }) => {
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const say = (/** @type {object} */ message) => child.stdin.write(`${JSON.stringify(message)}\n`);
    say({
      endpoint,
      redirectUri,
      clientMetadataUrl,
      scopes: [...(settings.scopes ?? []), ...(settings.optionalScopes ?? [])],
      clientId: settings.client?.clientId,
      clientSecret: settings.client?.clientSecret,
      interaction,
      approves,
      credentials: memory.get('credentials'),
    });

    /** @param {{ do: string, operation?: string }} command */
    async function perform(command) {
      say({ ...command, now: Math.floor(Date.now() / 1000) });
      for (;;) {
        const { done, value } = await lines.next();
        if (done) throw new Error('The application around rmcp ended.');
        const message = JSON.parse(value);
        if ('credentials' in message) memory.set('credentials', message.credentials);
        if (message.done === null) return;
        if (message.done !== undefined) throw new Error(message.done);
        if (message.visit === undefined) continue;
        say(
          await visit(message.visit).then(
            (callback) => ({ callback }),
            (error) => ({ lost: error.message }),
          ),
        );
      }
    }

    return {
      connect: () => perform({ do: 'connect' }),
      call: (operation) => perform({ do: 'call', operation }),
      signIn: () => perform({ do: 'signIn' }),
      signOut: () => perform({ do: 'signOut' }),
      refresh: () => perform({ do: 'refresh' }),
      forget: () => perform({ do: 'forget' }),
      close: async () => {
        child.stdin.end();
        if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
      },
    };
  };
}
