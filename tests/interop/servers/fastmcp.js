import { createUserAgent } from '../../servers/user_agent.js';
import { startPythonProgram } from './python_program.js';

/** @import { InteropServer } from './interop_server.js' */

/**
 * @returns {Promise<InteropServer>}
 */
export async function startFastmcp() {
  const { listening, authorizationRequests, close } = await startPythonProgram('fastmcp_server.py');
  const { url = '', issuer = '' } = listening;
  return {
    url,
    issuer,
    authorizationRequests,
    signIn: createUserAgent().signIn,
    close,
  };
}
