/**
 * A hook for React: what to show of a connection to an MCP server, and what to press. React is the application's own.
 *
 * @module
 */

/**
 * @typedef {import('./connection/state.js').ConnectionState} ConnectionState
 * @typedef {import('./inspector/react_hook.js').ClientInfo} ClientInfo
 * @typedef {import('./inspector/react_hook.js').McpConnection} McpConnection
 * @typedef {import('./inspector/react_hook.js').McpConnectionOptions} McpConnectionOptions
 * @typedef {import('./inspector/react_hook.js').McpSdk} McpSdk
 * @typedef {import('./inspector/react_hook.js').ShownConnection} ShownConnection
 */

export { useMcpConnection } from './inspector/react_hook.js';
