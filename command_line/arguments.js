/** What can be typed: commands, their arguments and options. */

import { parseArgs } from 'node:util';

/** The arguments are wrong: the message says how. */
export class UsageError extends Error {}

/**
 * @typedef {object} Option
 * @property {'boolean' | 'string'} type
 * @property {string} [value] what stands for its value in the help
 * @property {string} about
 */

/** @type {Record<string, Option>} */
const everywhere = {
  json: { type: 'boolean', about: 'one JSON document on standard output, progress on standard error' },
  help: { type: 'boolean', about: 'this text' },
};

/** @type {Record<string, Option>} */
const known = {
  scope: { type: 'string', value: '"a b"', about: 'further scopes to request' },
  'client-id': {
    type: 'string',
    value: 'ID',
    about: 'a client registered by hand; its secret is read from MCP_OAUTH_CLIENT_SECRET, and needs --issuer',
  },
  issuer: {
    type: 'string',
    value: 'URL',
    about: 'the authorization server at which that client is registered: it is used at no other',
  },
  'assume-s256': { type: 'boolean', about: 'the authorization server does PKCE with S256 though it does not say so' },
  'omit-resource': { type: 'boolean', about: 'leave out the `resource` parameter' },
  'allow-private-addresses': { type: 'boolean', about: 'a public server may name addresses of private networks' },
};

/** @type {Record<string, Option>} */
const stored = {
  store: { type: 'string', value: 'FILE', about: "where sessions are kept; default: this user's folder for state" },
};

/** @type {Record<string, Option>} */
const account = {
  account: { type: 'string', value: 'NAME', about: 'tells several accounts at one server apart' },
};

/** @type {Record<string, Option>} */
const person = {
  'no-browser': {
    type: 'boolean',
    about: 'show the address to sign in at, and ask for the one where the browser ended',
  },
  device: { type: 'boolean', about: 'sign in on another device, with a code (RFC 8628)' },
};

/** @type {Record<string, Option>} */
const verbose = { verbose: { type: 'boolean', about: 'every detail' } };

/**
 * @typedef {object} Command
 * @property {string[]} parameters those in brackets may be left out
 * @property {string} about
 * @property {Record<string, Option>} options
 */

/** @type {Record<string, Command>} */
export const commands = {
  doctor: {
    parameters: ['URL'],
    about: 'what stands in the way of a sign-in at an MCP server; signs nobody in, and registers nothing',
    options: {
      probe: {
        type: 'boolean',
        about: 'registers throwaway clients, looks at how they are answered, and deletes them',
      },
      ...verbose,
      ...known,
      ...stored,
    },
  },
  login: {
    parameters: ['URL'],
    about: 'signs you in',
    options: {
      again: { type: 'boolean', about: 'though there is a session' },
      ...person,
      ...account,
      ...known,
      ...stored,
      ...verbose,
    },
  },
  call: {
    parameters: ['URL', '[TOOL]', '[JSON]'],
    about: 'calls a tool with JSON arguments; without one, lists the tools',
    options: {
      'sign-in': { type: 'boolean', about: 'open a browser where that is needed, also for more scopes' },
      ...account,
      ...known,
      ...stored,
      ...verbose,
    },
  },
  token: {
    parameters: ['URL'],
    about: 'what the access token is good for',
    options: {
      print: { type: 'boolean', about: 'print the token itself, renewed where needed: whoever has it is you' },
      ...account,
      ...known,
      ...stored,
    },
  },
  sessions: { parameters: [], about: 'where you are signed in', options: { ...stored } },
  logout: {
    parameters: ['URL'],
    about: 'forgets the session, and has its tokens revoked',
    options: {
      'forget-client': { type: 'boolean', about: 'forget the registered client too, and have it deleted' },
      ...account,
      ...stored,
    },
  },
  inspect: {
    parameters: ['[URL]'],
    about: 'opens a page that shows a sign-in step by step',
    options: { 'no-open': { type: 'boolean', about: 'print the address of the page, and open no browser' } },
  },
};

/**
 * @typedef {object} Typed
 * @property {'help' | 'version' | string} command
 * @property {string[]} parameters
 * @property {Record<string, string | boolean | undefined>} options
 */

/**
 * @param {string[]} args what was typed behind the program's name
 * @returns {Typed}
 */
export function read(args) {
  const [name = '', ...rest] = args;
  if (['', 'help', '--help', '-h'].includes(name))
    return { command: 'help', parameters: rest.slice(0, 1), options: {} };
  if (name === '--version') return { command: 'version', parameters: [], options: {} };
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw noCommand(name);
  const { values, positionals } = parsed(name, rest, { ...command.options, ...everywhere });
  if (values.help) return { command: 'help', parameters: [name], options: values };
  const needed = command.parameters.filter((parameter) => !parameter.startsWith('['));
  if (positionals.length < needed.length)
    throw new UsageError(`${needed[positionals.length]} is missing. ${hint(name)}`);
  if (positionals.length > command.parameters.length)
    throw new UsageError(`"${positionals[command.parameters.length]}" is one argument too many. ${hint(name)}`);
  const parameters = positionals.map((text, at) => (command.parameters[at]?.includes('URL') ? endpointOf(text) : text));
  return { command: name, parameters, options: values };
}

/**
 * @param {string} name
 * @param {string[]} args
 * @param {Record<string, Option>} options
 */
function parsed(name, args, options) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${/** @type {Error} */ (error).message.split('. ')[0]}. ${hint(name)}`);
  }
}

/** @param {string} name */
function noCommand(name) {
  const names = Object.keys(commands).join(', ');
  return new UsageError(`There is no command ${name}. There are ${names}; \`mcp-oauth-wasm help\` says what they do.`);
}

/** @param {string} name */
function hint(name) {
  return `\`mcp-oauth-wasm help ${name}\` says more.`;
}

/** @param {string} text */
function endpointOf(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
    const lacksScheme = /^[\w.-]+\.[a-z]+(:\d+)?(\/|$)/i.test(text);
    const example = lacksScheme ? `https://${text}` : 'https://mcp.example.com/mcp';
    throw new UsageError(`"${text}" is no URL of an MCP server, such as ${example}.`);
  }
  return url.href;
}

/**
 * @param {string} [name] of one command; all without
 * @returns {string}
 */
export function help(name) {
  const command = name === undefined ? undefined : commands[name];
  if (name !== undefined && !command) throw noCommand(name);
  if (command) {
    const options = Object.entries({ ...command.options, ...everywhere });
    return `mcp-oauth-wasm ${[name, ...command.parameters].join(' ')}\n\n${command.about}\n\n${table(options.map(([option, { value, about }]) => [`--${[option, value].filter(Boolean).join(' ')}`, about]))}`;
  }
  const lines = Object.entries(commands).map(([command, { parameters, about }]) => [
    [command, ...parameters].join(' '),
    about,
  ]);
  return (
    `mcp-oauth-wasm COMMAND\n\n${table([...lines, ['help [COMMAND]', 'says more about a command'], ['--version', 'the version']])}\n\n` +
    'Exit codes: 0 fine; 1 failed, or findings that are errors; 2 wrong arguments;\n3 a person has to sign in first; 130 interrupted.'
  );
}

/** @param {string[][]} rows */
function table(rows) {
  const width = Math.max(...rows.map(([first = '']) => first.length)) + 2;
  return rows.map(([first = '', second]) => `  ${first.padEnd(width)}${second}`).join('\n');
}
