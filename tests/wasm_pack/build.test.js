// `wasm-pack build`, as people type it, in a copy of a checkout that is built.

import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inline, makeFactory } from '../../scripts/build.js';
import { copyProject } from '../../scripts/copy.js';
import { countTests, filesBelow, hashFiles, mustRun, root, run, targetFolder } from '../../scripts/support.js';
import { startWorld } from '../javascript/world.js';
import { options } from './options.js';

/** @import { World } from '../javascript/world.js' */

const cwd = join(targetFolder, 'wasm-pack');

/** @type {World} */
let world;
before(async () => {
  world = await startWorld();
  await copyProject(cwd);
  cpSync(join(root, 'pkg'), join(cwd, 'pkg'), { recursive: true });
});
after(() => world.close());

/** @param {string[]} words */
function wasmPackBuild(...words) {
  const env = { ...options.env, CARGO_TARGET_DIR: targetFolder };
  return mustRun('wasm-pack', ['build', '--mode', 'no-install', ...words], { ...options, cwd, env });
}

/** How a program gets the package of each target. */
const targets = {
  web: `import { readFile } from 'node:fs/promises';
    import init, * as mcp from './pkg/mcp_oauth_wasm.js';
    await init({ module_or_path: await readFile('pkg/mcp_oauth_wasm_bg.wasm') });`,
  nodejs: `import mcp from './pkg/mcp_oauth_wasm.js';`,
  bundler: `import * as mcp from './pkg/mcp_oauth_wasm.js';`,
};

/** The types, as a program sees them. */
const typed = `
  import type {
    AuthorizationError,
    Begun,
    Challenge,
    Discovery,
    Pkce,
    ScopePlan,
    StepHost,
  } from './pkg/mcp_oauth_wasm.js';
  import { begin, createPkce, discover, plan, readChallenge } from './pkg/mcp_oauth_wasm.js';
  
  const host: StepHost = { timeoutMilliseconds: 1000, fetch: (url, init) => fetch(url, init) };
  const discovery: Discovery = await discover({ endpoint: 'https://mcp.example.com/mcp' }, host);
  const planned: ScopePlan = await plan({ discovery });
  const { codeVerifier }: Pkce = await createPkce();
  const challenge: Challenge | null = await readChallenge(new Headers());
  // @ts-expect-error: an endpoint is text
  discover({ endpoint: 1 });
  // @ts-expect-error: without a client there is no request
  const begun: Promise<Begun> = begin({ discovery, plan: planned });
  const code: AuthorizationError['code'] = 'timed_out';
  console.log(codeVerifier, challenge, begun, code);
`;

for (const [target, imported] of Object.entries(targets)) {
  test(`wasm-pack build --target ${target}: typed functions by the names of the npm package, which the checkout goes on having`, async () => {
    const built = () => hashFiles(filesBelow([join(cwd, 'pkg', 'npm'), join(cwd, 'js')]));
    const before = built();
    await wasmPackBuild('--target', target);
    assert.equal(built(), before);
    const packed = await mustRun('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { ...options, cwd });
    assert.match(packed, /pkg\/npm\/mcp_oauth_wasm_bg\.wasm/);

    writeFileSync(join(cwd, 'types.ts'), typed);
    const tsc = ['node_modules/typescript/bin/tsc', '--ignoreConfig', '--noEmit', '--strict', '--lib', 'es2023,dom'];
    await mustRun(execPath, [...tsc, '--module', 'nodenext', '--target', 'es2023', '--types', '', 'types.ts'], {
      ...options,
      cwd,
    });

    cpSync(join(root, 'tests', 'wasm_pack', 'sign_in.js'), join(cwd, 'sign_in.js'));
    writeFileSync(join(cwd, 'start.js'), `${imported}\nimport { signIn } from './sign_in.js';\nawait signIn(mcp);\n`);
    const program = target === 'bundler' ? await bundled() : 'start.js';
    const userAgent = pathToFileURL(join(root, 'tests', 'servers', 'user_agent.js')).href;
    const said = JSON.parse(await mustRun(execPath, [program, world.server, userAgent], { ...options, cwd }));
    const { functions, pure, refused, called, ...others } = said;
    assert.match(called, /alice@example\.com/);
    assert.deepEqual(others, {
      answered: 401,
      steps: ['register', 'token', 'refresh'],
    });
    assert.deepEqual([refused.isError, refused.code], [true, 'invalid_argument']);
    assert.match(refused.message, /endpoint/);
    assert.deepEqual(pure, {
      hasCode: true,
      pkce: ['codeVerifier', 'codeChallenge', 'codeChallengeMethod'],
      locations: [
        'https://login.example/.well-known/oauth-authorization-server',
        'https://login.example/.well-known/openid-configuration',
      ],
      planned: ['read'],
      challenge: ['read'],
      none: null,
    });
    const ours = await Promise.all(['steps.js', 'functions.js'].map((file) => import(`../../js/connection/${file}`)));
    assert.deepEqual(functions, ours.flatMap(Object.keys).sort());
  });
}

/** What webpack makes of the program. */
async function bundled() {
  const webpack = createRequire(join(root, 'tests', 'package', 'bundlers', 'package.json'))('webpack');
  const compiler = webpack({
    context: cwd,
    mode: 'production',
    target: 'node20',
    entry: './start.js',
    experiments: { asyncWebAssembly: true, outputModule: true },
    output: { path: join(cwd, 'target', 'bundled'), filename: 'start.mjs', module: true },
  });
  const stats = await new Promise((resolve, reject) => {
    compiler.run((/** @type {unknown} */ error, /** @type {unknown} */ done) =>
      error ? reject(error) : resolve(done),
    );
  });
  assert.ok(!stats.hasErrors(), stats.toString());
  return join('target', 'bundled', 'start.mjs');
}

test('what wasm-pack makes without these functions works the same as what npm has: all vectors pass with it', async () => {
  await wasmPackBuild(
    '--target',
    'web',
    '--no-pack',
    '--no-gitignore',
    '--out-dir',
    join('pkg', 'npm'),
    '--',
    '--no-default-features',
  );
  // As scripts/build.js has it: this package takes as many instances as it needs.
  makeFactory(join(cwd, 'pkg', 'npm', 'mcp_oauth_wasm.js'));
  inline(join(cwd, 'pkg', 'npm'));
  const vectors = ['--test', '--test-reporter=spec', 'tests/javascript/vectors.test.js'];
  const { status, output } = await run(execPath, vectors, { ...options, cwd });
  assert.equal(status, 0, output);
  assert.ok(countTests(output).passed > 0);
});
