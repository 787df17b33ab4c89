/**
 * By what words servers refuse registrations, which policy of theirs it is, and where their operators change it. Data: a
 * server that is missing is one more entry. The first whose words match counts.
 */

/**
 * @typedef {object} RegistrationPolicy
 * @property {RegExp} words What the server answers; its first group, where it has one, is the name of the policy.
 * @property {string} [policy] The name, where the words do not say it.
 * @property {string} where Where the operator finds it.
 * @property {string} change What has to be changed there.
 */

/** @param {string} name */
const keycloak = (name) => ({
  words: new RegExp(`Policy '(${name})' rejected`),
  where: 'Keycloak: Admin console → Clients → Client registration → Client registration policies (anonymous access)',
});

/** @type {RegistrationPolicy[]} */
export const registrationPolicies = [
  {
    ...keycloak('Trusted Hosts'),
    change:
      'add the hosts that registrations come from and those of their redirect URIs, or switch off "Host Sending Client Registration Request Must Match" and "Client URIs Must Match"',
  },
  {
    ...keycloak('Allowed Client Scopes'),
    change:
      'add the scopes that the MCP server names, or make them default or optional client scopes of the realm; `openid` counts only once a client scope of that name is created',
  },
  { ...keycloak('Max Clients Limit'), change: 'raise the limit, or delete clients that nobody uses' },
  { ...keycloak('Allowed Registration Web Origins'), change: 'add the origins of the pages that register' },
  { ...keycloak("[^']{1,80}"), change: 'permit there what the words name' },
  {
    words: /Dynamic registration is not enabled/,
    policy: 'oidc.dynamic_client_registration.enabled',
    where: 'Ory Hydra: its configuration',
    change: 'set it to true',
  },
  {
    words: /^401\b/,
    policy: 'initial access token',
    where: 'the settings of the authorization server for client registration (RFC 7591 §3)',
    change: 'permit registration without one, or give people a `client_id`',
  },
  {
    words: /^30[12378]\b/,
    policy: 'registration by a signed-in operator',
    where: 'the settings of the authorization server for client registration',
    change: 'permit registration without signing in, or give people a `client_id`',
  },
];

/**
 * What an operator changes so that registrations refused by these words pass.
 *
 * @param {string[]} refusals the answers as the server gave them
 * @returns {string | undefined} undefined where no policy is recognized
 */
export function changeFor(refusals) {
  const found = refusals.flatMap((refusal) => {
    const policy = registrationPolicies.find(({ words }) => words.test(refusal));
    return policy ? [{ ...policy, policy: policy.words.exec(refusal)?.[1] ?? policy.policy }] : [];
  });
  const changes = found.map(({ policy, change }) => `Policy "${policy}": ${change}.`);
  const places = found.map(({ where }) => where);
  return found.length > 0 ? `${[...new Set(changes)].join(' ')} Where: ${[...new Set(places)].join('; ')}.` : undefined;
}
