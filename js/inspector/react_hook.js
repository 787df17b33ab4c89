/** @import { Authorizer } from '../connection/authorizer.js' */
/** @import { ConnectionState } from '../connection/state.js' */
/** @import { Fetch } from '../core/host.js' */
/** @import { ScopePlan } from '../core/records.js' */

// @ts-ignore: whoever calls this has it
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';

import { withState } from '../connection/state.js';
import { errorFromJSON } from '../core/error_json.js';
import { failure } from './failure.js';

/**
 * A connection as the hook takes it: one of an authorizer, or `bridgedConnection` of `mcp-oauth-wasm/electron-renderer`.
 *
 * @typedef {object} ShownConnection
 * @property {Fetch} fetch A `fetch` that is signed in.
 * @property {() => Promise<void>} signIn Signs in.
 * @property {() => Promise<void>} cancel Ends the sign-in that waits for the person.
 * @property {() => Promise<boolean>} signOut Signs out.
 * @property {() => Promise<ScopePlan | null>} plan The scopes.
 * @property {() => ConnectionState} state What it is doing.
 * @property {(listener: (state: ConnectionState) => void) => () => void} onState Tells when that changes.
 */

/**
 * How a client presents itself to the MCP server.
 *
 * @typedef {object} ClientInfo
 * @property {string} name Its name.
 * @property {string} version Its version.
 */

/**
 * As much as is used of the official client: `import * as sdk from '@modelcontextprotocol/client'`.
 *
 * @typedef {object} McpSdk
 * @property {any} Client The class of the client.
 * @property {any} StreamableHTTPClientTransport The class of its transport.
 */

/**
 * Which MCP server, and by what.
 *
 * @typedef {object} McpConnectionOptions
 * @property {string | URL} url The MCP server's URL.
 * @property {Authorizer} [authorizer] Makes the connection: one for the whole page, made outside of all components.
 * @property {ShownConnection} [connection] The connection itself, with a state (`withState`), in place of an authorizer's, kept outside of all components.
 * @property {string} [account] Tells several accounts at one server apart. Default: `default`.
 * @property {McpSdk} [sdk] The official client, by which the server's tools are listed once the person is signed in. Default:
 *   they are not.
 * @property {ClientInfo} [clientInfo] How that client presents itself. Default: the name `react`.
 */

/**
 * What there is to show, and to press.
 *
 * @typedef {object} McpConnection
 * @property {ConnectionState['status']} status What the connection is doing.
 * @property {string} [authorizationUrl] While it waits: where the person is, to be shown as a link.
 * @property {ScopePlan} [plan] When signed in: the scopes.
 * @property {string} [code] When it failed: the stable code.
 * @property {string} [message] When it failed: what happened. May have text of a server in it.
 * @property {string} [advice] When it failed: what to do, and who can, in words for people.
 * @property {any[]} [tools] When signed in, with `sdk`: the server's tools, once they are listed.
 * @property {any} [client] When signed in, with `sdk`: the official client, for `callTool`.
 * @property {Fetch} fetch A `fetch` that is signed in. It opens no window by itself.
 * @property {() => void} signIn Signs in, or opens the window again: for a button. What comes of it is in `status`.
 * @property {() => void} cancel Ends the sign-in that waits: for a button.
 * @property {() => void} signOut Signs out: for a button.
 */

/** @type {ConnectionState} */
const onServer = { status: 'idle' };
const nothing = {};

/**
 * A connection to an MCP server, for a component of React 18 or newer (MCP, Authorization). All components of a page that show
 * the same server and account of one authorizer show the same state, and their sign-ins are one. It may be rendered on a
 * server, where it is `idle`.
 *
 * @param {McpConnectionOptions} options which MCP server, and by what
 * @returns {McpConnection} what there is to show, and to press
 * @throws {MisuseError} `invalid_url`, `invalid_argument`: as `connection` of the authorizer
 */
export function useMcpConnection({ url, authorizer, connection: given, account, sdk, clientInfo }) {
  const { name, version } = clientInfo ?? { name: 'react', version: '1.0.0' };
  const endpoint = String(url);
  const connection = /** @type {ShownConnection} */ (
    useMemo(
      () => given ?? withState(/** @type {Authorizer} */ (authorizer).connection(endpoint, { account })),
      [given, authorizer, endpoint, account],
    )
  );
  const state = /** @type {ConnectionState} */ (
    useSyncExternalStore(connection.onState, connection.state, () => onServer)
  );
  const isSignedIn = state.status === 'signed-in';
  const { Client, StreamableHTTPClientTransport } = sdk ?? {};
  const [mcp, setMcp] = useState(nothing);

  useEffect(() => {
    // Other tabs sign in and out too.
    const look = () => void connection.plan().catch(() => {});
    window.addEventListener('focus', look);
    return () => window.removeEventListener('focus', look);
  }, [connection]);

  useEffect(() => {
    if (!isSignedIn || !Client || !StreamableHTTPClientTransport) return;
    let isLeft = false;
    const show = (/** @type {object} */ what) => isLeft || setMcp(what);
    const client = new Client({ name, version });
    client
      .connect(new StreamableHTTPClientTransport(new URL(endpoint), { fetch: connection.fetch }))
      .then(() => client.listTools())
      .then(
        (/** @type {{ tools: any[] }} */ { tools }) => show({ client, tools }),
        (/** @type {unknown} */ error) => show({ error }),
      );
    return () => {
      isLeft = true;
      setMcp(nothing);
      client.close().catch(() => {});
    };
  }, [connection, endpoint, isSignedIn, Client, StreamableHTTPClientTransport, name, version]);

  const buttons = useMemo(() => {
    // What comes of it is in the state.
    const pressing = (/** @type {'signIn' | 'cancel' | 'signOut'} */ name) => () =>
      void connection[name]().catch(() => {});
    return {
      fetch: connection.fetch,
      signIn: pressing('signIn'),
      cancel: pressing('cancel'),
      signOut: pressing('signOut'),
    };
  }, [connection]);

  const { error, ...client } = /** @type {{ error?: unknown }} */ (mcp);
  return { ...shown(state), ...(isSignedIn && (error === undefined ? client : failed(error))), ...buttons };
}

/**
 * @param {ConnectionState} state
 * @returns {Pick<McpConnection, 'status' | 'authorizationUrl' | 'plan' | 'code' | 'message' | 'advice'>}
 */
function shown({ error, ...state }) {
  return error ? failed(errorFromJSON(error)) : state;
}

/** @param {unknown} error */
function failed(error) {
  const { code, message, title, change } = failure(/** @type {Error} */ (error));
  return { status: /** @type {const} */ ('failed'), code, message, advice: `${title}. ${change.words}` };
}
