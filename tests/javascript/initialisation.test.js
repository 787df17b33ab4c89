// Each test runs in a process of its own, since a module is loaded once in a process.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Counts instantiations, and fails them when a program wants that. */
const preamble = `
  let instantiated = 0;
  let failure;
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (source, imports) => {
    // Node's own fetch has a module, with these imports, that is instantiated when it is first touched.
    if (imports.env) return instantiate(source, imports);
    instantiated += 1;
    if (failure) throw failure;
    return instantiate(source, imports);
  };
  const told = (error) => ({ name: error.name, kind: error.kind, code: error.code, message: error.message });
  const outcome = (promise) => promise.then(() => 'fulfilled', told);
  const say = (answer) => console.log(JSON.stringify(answer));
`;

/** @param {string} program @returns {Promise<any>} what it said */
async function run(program) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', preamble + program],
    { cwd: root },
  );
  return JSON.parse(stdout);
}

test('importing instantiates nothing', async () => {
  const said = await run(`
    const entries = await Promise.all(['mcp-oauth-wasm', 'mcp-oauth-wasm/slim', 'mcp-oauth-wasm/node'].map((entry) => import(entry)));
    const [{ createAuthorizer }, , { nodeHost }] = entries;
    createAuthorizer({ host: nodeHost() }).connection('https://mcp.example/mcp');
    await new Promise((resolve) => setTimeout(resolve, 50));
    say(instantiated);`);
  assert.equal(said, 0);
});

test('the first use instantiates once, for all who come at the same time', async () => {
  const said = await run(`
    const { createPkce, planScopes, wellKnownLocations } = await import('mcp-oauth-wasm');
    await Promise.all([createPkce(), createPkce(), planScopes({}), wellKnownLocations({ issuer: 'https://as.example' })]);
    await createPkce();
    say(instantiated);`);
  assert.equal(said, 1);
});

test('`init()` is optional, and may be called any number of times', async () => {
  const said = await run(`
    const { createPkce, init } = await import('mcp-oauth-wasm');
    await Promise.all([init(), createPkce(), init()]);
    await init();
    await init(new Uint8Array(4));
    say([instantiated, (await createPkce()).codeChallengeMethod]);`);
  assert.deepEqual(said, [1, 'S256']);
});

test('after a failure the next use tries again', async () => {
  const said = await run(`
    const { createPkce, init } = await import('mcp-oauth-wasm');
    failure = new RangeError('out of memory');
    const failed = await Promise.all([createPkce(), init(), createPkce()].map(outcome));
    failure = undefined;
    const then = await Promise.all([createPkce(), init()].map(outcome));
    say({ failed, then, instantiated });`);
  const error = {
    name: 'IncompatibleError',
    kind: 'incompatible',
    code: 'wasm_failed',
    message: 'The WebAssembly module could not be loaded: out of memory',
  };
  assert.deepEqual(said, { failed: [error, error, error], then: ['fulfilled', 'fulfilled'], instantiated: 2 });
});

const policies = {
  Chromium:
    "Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not an allowed source of script in the following Content Security Policy directive: \"script-src 'self'\"",
  Firefox: 'call to WebAssembly.instantiate() blocked by CSP',
  Safari:
    "Refused to create a WebAssembly object because 'unsafe-eval' or 'wasm-unsafe-eval' is not an allowed source of script in the following Content Security Policy directive",
};
for (const [browser, words] of Object.entries(policies)) {
  test(`a content security policy that forbids WebAssembly is named, with its remedy (${browser})`, async () => {
    const said = await run(`
      const { createPkce } = await import('mcp-oauth-wasm');
      failure = new WebAssembly.CompileError(${JSON.stringify(words)});
      say(await outcome(createPkce()));`);
    assert.deepEqual([said.code, said.kind], ['wasm_blocked', 'incompatible']);
    assert.match(said.message, /'wasm-unsafe-eval'.*script-src/);
  });
}

test('a platform without WebAssembly is an error like any other', async () => {
  const said = await run(`
    import { once } from 'node:events';
    import { createServer } from 'node:http';
    const { createPkce } = await import('mcp-oauth-wasm');
    // Node's own fetch loads its module before there is none.
    const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    await (await fetch('http://127.0.0.1:' + server.address().port)).text();
    server.closeAllConnections();
    server.close();
    delete globalThis.WebAssembly;
    say(await outcome(createPkce()));`);
  assert.deepEqual([said.code, said.kind], ['wasm_failed', 'incompatible']);
});

test('slim: says what is missing, takes bytes, and may be told again after a failure', async () => {
  const said = await run(`
    import { readFile } from 'node:fs/promises';
    import { createRequire } from 'node:module';
    const { createPkce, init } = await import('mcp-oauth-wasm/slim');
    const wasm = createRequire(import.meta.url).resolve('mcp-oauth-wasm/wasm');
    const missing = await outcome(createPkce());
    const broken = await outcome(init(new Uint8Array([0, 97, 115, 109, 9])));
    const rejected = await outcome(init(Promise.reject(new Error('404'))));
    const still = await outcome(createPkce());
    await init(readFile(wasm));
    say({ codes: [missing, broken, rejected, still].map(({ code }) => code), message: missing.message, then: await outcome(createPkce()) });`);
  assert.deepEqual(said.codes, ['wasm_missing', 'wasm_failed', 'wasm_failed', 'wasm_missing']);
  assert.match(said.message, /init\(source\)/);
  assert.equal(said.then, 'fulfilled');
});

for (const [what, source] of Object.entries({
  'compiled bytes': 'WebAssembly.compile(bytes)',
  'an answer': 'new Response(bytes)',
  'an answer that declares what it is': "new Response(bytes, { headers: { 'content-type': 'application/wasm' } })",
  'where they are': "'data:application/wasm;base64,' + bytes.toString('base64')",
})) {
  test(`slim: takes ${what}`, async () => {
    const said = await run(`
      import { readFile } from 'node:fs/promises';
      import { createRequire } from 'node:module';
      const { createPkce, init } = await import('mcp-oauth-wasm/slim');
      const bytes = await readFile(createRequire(import.meta.url).resolve('mcp-oauth-wasm/wasm'));
      const refused = await outcome(init(new Response('no such file', { status: 404 })));
      await init(${source});
      say({ refused: refused.message, then: await outcome(createPkce()) });`);
    assert.deepEqual(said, {
      refused: 'The WebAssembly module could not be loaded: its server answered 404',
      then: 'fulfilled',
    });
  });
}

test('both entries in one program share one module and one set of error classes', async () => {
  const said = await run(`
    const [whole, slim] = await Promise.all([import('mcp-oauth-wasm'), import('mcp-oauth-wasm/slim')]);
    await Promise.all([whole.createPkce(), slim.createPkce()]);
    say([instantiated, whole.AuthorizationError === slim.AuthorizationError]);`);
  assert.deepEqual(said, [1, true]);
});
