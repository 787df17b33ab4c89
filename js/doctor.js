/**
 * Examines an MCP server and its authorization server without signing in: what a sign-in would meet, and what stands in
 * its way. Findings are data, for command lines, pages and tests; docs/findings.md explains them all.
 *
 * It uses the WebAssembly module that `mcp-oauth-wasm` brings, or `init` of `mcp-oauth-wasm/slim`: import one of them too.
 *
 * @module
 */

/**
 * @typedef {import('./doctor/examine.js').Examination} Examination
 * @typedef {import('./doctor/examine.js').Judged} Judged
 * @typedef {import('./doctor/gather.js').ExamineInput} ExamineInput
 * @typedef {import('./doctor/probe.js').ProbeInput} ProbeInput
 * @typedef {import('./doctor/probe.js').ProbeResult} ProbeResult
 * @typedef {import('./doctor/finding.js').ThrowawayClient} ThrowawayClient
 * @typedef {import('./doctor/finding.js').ProbeEvidence} ProbeEvidence
 * @typedef {import('./doctor/finding.js').ProbeRule} ProbeRule
 * @typedef {import('./doctor/finding.js').ProbeLook} ProbeLook
 * @typedef {import('./doctor/finding.js').Trial} Trial
 * @typedef {import('./doctor/finding.js').Answer} Answer
 * @typedef {import('./doctor/finding.js').RegistrationRefusal} RegistrationRefusal
 * @typedef {import('./doctor/finding.js').Evidence} Evidence
 * @typedef {import('./doctor/finding.js').Finding} Finding
 * @typedef {import('./doctor/finding.js').Severity} Severity
 * @typedef {import('./doctor/finding.js').Rule} Rule
 * @typedef {import('./doctor/finding.js').Look} Look
 * @typedef {import('./doctor/finding.js').Seen} Seen
 * @typedef {import('./doctor/finding.js').Exchange} Exchange
 * @typedef {import('./doctor/finding.js').Purpose} Purpose
 * @typedef {import('./doctor/finding.js').Failure} Failure
 */

export { examine, findingsOf, rules } from './doctor/examine.js';
export { probe } from './doctor/probe.js';
export { probeRules } from './doctor/rules/probe.js';
