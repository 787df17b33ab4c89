/**
 * When scopes are needed: the ways in which an MCP server says so. `connect` is what every request needs, `edit` what
 * one tool needs on top.
 */

/** @import { ResourcePolicy } from '../protected_resource.js' */

/** @satisfies {Record<string, ResourcePolicy>} */
export const triggers = {
  /** A 401 that demands less than what is listed, and a tool within that list. */
  demanded: { demands: 'read', lists: 'read write admin', needs: { connect: 'read', edit: 'write', rule: 'admin' } },
  /** A 401 without scope, so that the list is all there is to go by. */
  listed: { demands: null, lists: 'read write', needs: { connect: 'read', edit: 'write' } },
  /** A list with a scope that no server here registers. */
  listedTooMuch: { demands: null, lists: 'read write internal', needs: { connect: 'read', edit: 'write' } },
  /** Nothing is said, and nothing needed. */
  silent: { demands: null, lists: null, needs: { edit: 'write' } },
  /** A 401 that demands, no list, and a tool that needs what nobody named before. */
  demandedOnly: { demands: 'read', lists: null, needs: { connect: 'read', edit: 'write', rule: 'admin' } },
  /** A 401 that demands what no server here registers. */
  demandedTooMuch: { demands: 'read internal', lists: null, needs: { connect: 'read internal' } },
};
