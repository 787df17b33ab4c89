// docs/findings.md, made from the rules. `UPDATE=1 node --test tests/doctor/documentation.test.js` writes it anew.

/** @typedef {Omit<import("mcp-oauth-wasm/doctor").Finding, "found" | "scopes">} Documented */

/**
 * @param {Documented[]} rules
 * @param {Documented[]} probeRules
 */
export function findingsDocument(rules, probeRules) {
  return (
    [
      '# Findings',
      'What `mcp-oauth-wasm doctor` and `examine` of `mcp-oauth-wasm/doctor` say about a server. Made from the rules by `UPDATE=1 node --test tests/doctor/documentation.test.js`.',
      '- **error**: a client that does everything right cannot sign in.\n- **warning**: many clients fail, or a MUST or SHOULD of a standard is not kept.\n- **advice**: it would go better, or further.',
      '## Without signing in, and without registering anything',
      ...rules.map(section),
      '## With throwaway clients: `doctor --probe`',
      ...probeRules.map(section),
    ].join('\n\n') + '\n'
  );
}

/** @param {Documented} rule */
function section({ id, severity, step, party, title, standard, effect, change, setting }) {
  return [
    `### ${id}`,
    `**${severity}**: ${title}. Step \`${step}\`, ${party.replaceAll('-', ' ')}; ${standard}.`,
    `- Effect: ${effect}\n- Change: ${change}${setting ? `\n- This package gets along with the setting [\`${setting}\`](settings.md).` : ''}`,
  ].join('\n\n');
}
