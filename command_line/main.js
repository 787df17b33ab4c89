#!/usr/bin/env node
/** `mcp-oauth-wasm`: examines MCP servers, and signs in at them, from a terminal. */

import { readFileSync } from 'node:fs';
import http from 'node:http';
import { InteractionRequiredError } from 'mcp-oauth-wasm';
import { help, read, UsageError } from './arguments.js';
import { createOutput } from './output.js';

/** @import { Output } from './output.js' */

/** Documented in docs/command_line.md. */
const exitCodes = { fine: 0, failed: 1, usage: 2, interaction: 3, interrupted: 130, terminated: 143 };

/**
 * @typedef {object} Run
 * @property {string[]} parameters
 * @property {Record<string, string | boolean | undefined>} options
 * @property {Output} output
 * @property {AbortSignal} signal
 */

/** @type {Record<string, () => Promise<{ run: (given: Run) => Promise<boolean> }>>} each loads what it needs; false: failed */
const programs = {
  doctor: () => import('./doctor.js'),
  login: () => import('./login.js'),
  call: () => import('./call.js'),
  token: () => import('./token.js'),
  sessions: () => import('./sessions.js'),
  logout: () => import('./logout.js'),
  inspect: () => import('./inspect.js'),
};

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main(args) {
  const { stdout, stderr, env: variables } = process;
  const output = createOutput({ stdout, stderr, variables, json: args.includes('--json') });
  const ending = new AbortController();
  let interrupted = exitCodes.interrupted;
  process.once('SIGTERM', () => {
    interrupted = exitCodes.terminated;
    ending.abort();
  });
  process.once('SIGINT', () => ending.abort());
  try {
    const { command, parameters, options } = read(args);
    if (command === 'help') output.text(help(parameters[0]), '');
    if (command === 'version') output.line(version());
    const program = await programs[command]?.();
    const isFine = !program || (await program.run({ parameters, options, output, signal: ending.signal }));
    return ending.signal.aborted ? interrupted : isFine ? exitCodes.fine : exitCodes.failed;
  } catch (error) {
    if (ending.signal.aborted) {
      output.progress('Interrupted.');
      return interrupted;
    }
    return report(error, output);
  }
}

/**
 * @param {unknown} error
 * @param {Output} output
 */
function report(error, output) {
  if (error instanceof UsageError) {
    output.document({ error: { code: 'usage', message: error.message } });
    output.progress(error.message);
    return exitCodes.usage;
  }
  const {
    code = 'failed',
    step,
    details,
    command = 'mcp-oauth-wasm login',
  } = /** @type {Partial<import('mcp-oauth-wasm').AuthorizationError & { command: string }>} */ (Object(error));
  const isForPerson = error instanceof InteractionRequiredError;
  const message = isForPerson
    ? `A person has to sign in first: \`${command}\`.`
    : error instanceof Error
      ? error.message
      : String(error);
  output.document({ error: { code, message, step, details } });
  if (isForPerson) output.progress(message);
  else output.progress(['red', 'Failed'], step ? ` at the step ${step}: ` : ': ', message, ['dim', ` (${code})`]);
  return isForPerson ? exitCodes.interaction : exitCodes.failed;
}

function version() {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

// Where this Node can, the program uses the proxy that HTTPS_PROXY names; elsewhere its errors say how that is had.
/** @type {{ setGlobalProxyFromEnv?: () => void }} */ (http).setGlobalProxyFromEnv?.();
const status = await main(process.argv.slice(2));
// What nobody needs any more (a kept connection, a prompt) does not hold the program.
process.exitCode = status;
process.stdout.write('', () => process.stderr.write('', () => process.exit(status)));
