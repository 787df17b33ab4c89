/** What steps and parties are called where people read of them. */

/** @import { Party, Step } from '../core/records.js' */

/** The parties from left to right. @type {Record<Party, string>} */
export const partyNames = {
  browser: 'Browser',
  client: 'Client',
  'protected-resource': 'MCP server',
  'authorization-server': 'Authorization server',
};

/** @type {Record<Step, string>} */
export const stepNames = {
  discover: 'Discover',
  plan: 'Plan',
  register: 'Register',
  authorize: 'Authorize',
  callback: 'Come back',
  token: 'Token',
  refresh: 'Refresh',
  call: 'Call',
  'step-up': 'Step up',
  revoke: 'Revoke',
};
