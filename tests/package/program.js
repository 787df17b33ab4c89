/** A small program that uses the package, and what it has to say. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes the program: `use.js`, which exports `use`, and `main.js`, which says what that gives, on a page, to the page of a
 * worker, or on standard output.
 *
 * @param {string} folder
 * @param {string} entry `mcp-oauth-wasm` or below it
 * @param {string} [source] for the entry that carries no module: a program that exports by default what `init` takes
 */
export function writeProgram(folder, entry, source) {
  mkdirSync(folder, { recursive: true });
  if (source) writeFileSync(join(folder, 'source.js'), source);
  const start = source
    ? { import: "import source from './source.js';", call: 'await init(source);' }
    : { import: '', call: 'await init();' };
  writeFileSync(
    join(folder, 'use.js'),
    `
    import { createPkce, init, planScopes } from '${entry}';
    ${start.import}
    export async function use() {
      ${start.call}
      const { codeVerifier, codeChallenge } = await createPkce();
      const { scopes } = await planScopes({ challenge: ['email'], protectedResource: ['openid', 'email'] });
      return JSON.stringify({ codeVerifier, codeChallenge, requested: scopes.filter(({ requested }) => requested).map(({ scope }) => scope) });
    }`,
  );
  writeFileSync(
    join(folder, 'main.js'),
    `
    import { use } from './use.js';
    const say = (said) => {
      if (globalThis.document) document.body.textContent = said;
      else if (globalThis.process) console.log(said);
      else postMessage(said);
    };
    use().then(say, (error) => say(\`\${error.code} \${error.stack}\`));`,
  );
}

/**
 * Judges what the program said.
 *
 * @param {string} said
 * @param {string} by what it was bundled by
 */
export function assertKnownResult(said, by) {
  assert.match(said, /^\{.*\}\s*$/, `${by}: the program said ${said}`);
  const { codeVerifier, codeChallenge, requested } = JSON.parse(said);
  assert.equal(codeChallenge, createHash('sha256').update(codeVerifier).digest('base64url'), by);
  assert.deepEqual(requested, ['email'], by);
}
