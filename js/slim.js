import initialise, { codeChallenge } from "../pkg/mcp_oauth_wasm.js";

/**
 * Initialises from bytes, a Response, a URL or a Module that the caller brings.
 *
 * @param {import("../pkg/mcp_oauth_wasm.js").InitInput | Promise<import("../pkg/mcp_oauth_wasm.js").InitInput>} source
 */
export async function init(source) {
  await initialise({ module_or_path: source });
}

export { codeChallenge };
