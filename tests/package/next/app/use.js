/** Uses the package, on a page as in a route handler. */
export async function use({ createPkce, planScopes }) {
  const { codeVerifier, codeChallenge } = await createPkce();
  const { scopes } = await planScopes({ challenge: ['email'], protectedResource: ['openid', 'email'] });
  return JSON.stringify({
    codeVerifier,
    codeChallenge,
    requested: scopes.filter(({ requested }) => requested).map(({ scope }) => scope),
  });
}
