// `npm run build`: the crate becomes pkg/, the JSDoc types of js/ become types/, and command_line/ becomes bin/.
// With `--quick`: pkg/ and bin/ alone, pkg/ as quickly as it can be had and several times as large, to try a change.

import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { argv, env } from 'node:process';
import { bin, buildCommandLine } from './command_line.js';
import { finished } from './declarations.js';
import { setup, toolPath } from './setup.js';
import { shrink } from './shrink.js';
import {
  Explained,
  filesBelow,
  hashFiles,
  isProgram,
  makeIfStale,
  mustRun,
  mustRunNode,
  progress,
  root,
  runProgram,
  targetFolder,
} from './support.js';

const pkg = join(root, 'pkg');
const wasm = join(pkg, 'mcp_oauth_wasm_bg.wasm');

export async function build() {
  await setup();
  const madeWasm = await buildWasmIfStale({ quick: false });
  const madeTypes = await makeIfStale({
    stamp: join(targetFolder, 'types.made-from'),
    inputs: hashFiles(
      filesBelow([
        join(root, 'js'),
        join(pkg, 'mcp_oauth_wasm.d.ts'),
        join(root, 'tsconfig.json'),
        join(root, 'tsconfig.declarations.json'),
        join(root, 'scripts', 'declarations.js'),
      ]),
    ),
    outputs: [join(root, 'types', 'index.d.ts')],
    make: buildTypes,
  });
  const madeCommandLine = await buildCommandLineIfStale();
  if (!madeWasm && !madeTypes && !madeCommandLine) progress('pkg/, types/ and bin/ are up to date');
}

async function buildQuickly() {
  await setup();
  await buildWasmIfStale({ quick: true });
  await buildCommandLineIfStale();
}

function buildCommandLineIfStale() {
  return makeIfStale({
    stamp: join(targetFolder, 'bin.made-from'),
    inputs: hashFiles(
      filesBelow(['command_line', 'scripts/command_line.js', 'package-lock.json'].map((path) => join(root, path))),
    ),
    outputs: [bin],
    make: buildCommandLine,
  });
}

/** @param {{ quick: boolean }} how */
async function buildWasmIfStale({ quick }) {
  const rustVersion = await mustRun('rustc', ['--version', '--verbose'], { output: 'capture' });
  return makeIfStale({
    stamp: join(targetFolder, 'pkg.made-from'),
    inputs: hashFiles(
      filesBelow(
        ['src', 'Cargo.toml', 'Cargo.lock', '.cargo', 'scripts/build.js', 'scripts/shrink.js', 'package-lock.json'].map(
          (path) => join(root, path),
        ),
      ),
      [rustVersion, ...userRustFlags(), ...(quick ? ['quick'] : [])],
    ),
    outputs: [
      wasm,
      ...['mcp_oauth_wasm.js', 'mcp_oauth_wasm.d.ts', 'inlined.js', 'inlined.d.ts'].map((name) => join(pkg, name)),
    ],
    make: () => buildWasm(quick),
  });
}

/** @param {boolean} quick */
async function buildWasm(quick) {
  const profile = quick ? 'mutants' : 'release';
  progress(`cargo build for wasm32, ${profile}`);
  await mustRun(
    'cargo',
    [
      'build',
      '--lib',
      '--profile',
      profile,
      '--locked',
      '--target',
      'wasm32-unknown-unknown',
      // An array given this way is appended to the one in .cargo/config.toml, where the variable
      // CARGO_ENCODED_RUSTFLAGS would replace it.
      '--config',
      `target.wasm32-unknown-unknown.rustflags=${JSON.stringify([...userRustFlags(), ...(await remapFlags())])}`,
    ],
    { env: { RUSTFLAGS: undefined, CARGO_ENCODED_RUSTFLAGS: undefined } },
  );

  progress('wasm-bindgen');
  for (const file of filesBelow([pkg])) if (!file.endsWith('GENERATED.md')) rmSync(file);
  mkdirSync(pkg, { recursive: true });
  const compiled = join(targetFolder, 'wasm32-unknown-unknown', profile, 'mcp_oauth_wasm.wasm');
  await mustRun(toolPath('wasm-bindgen'), [
    '--target',
    'web',
    '--keep-debug',
    '--omit-default-module-path',
    '--out-dir',
    pkg,
    compiled,
  ]);
  if (!quick) await makeSmall();
  // The glue's own loader warns of its earlier versions' parameters, at half a kilobyte: js/wasm.js loads.
  replace(
    'mcp_oauth_wasm.js',
    /async function __wbg_load\([^]*$/,
    'export { __wbg_get_imports as imports, __wbg_finalize_init as start };\n',
  );
  // Whatever knows references to JavaScript's values in WebAssembly knows this as well.
  replace('mcp_oauth_wasm.js', /^if \(!\('encodeInto' in [^]*?^}\n/m, '');
  replace(
    'mcp_oauth_wasm.d.ts',
    /export type SyncInitInput[^]*$/,
    `/** What the module imports. */
export function imports(): WebAssembly.Imports;

/** Makes the functions above call this instance of the module. */
export function start(instance: WebAssembly.Instance): InitOutput;
`,
  );

  writeFileSync(join(pkg, 'inlined.js'), `export default "${readFileSync(wasm).toString('base64')}";\n`);
  writeFileSync(
    join(pkg, 'inlined.d.ts'),
    '/** The WebAssembly module in base64. */\ndeclare const inlined: string;\nexport default inlined;\n',
  );
  progress(`pkg/mcp_oauth_wasm_bg.wasm has ${readFileSync(wasm).length} bytes`);
}

async function makeSmall() {
  progress('binaryen: for size');
  const shrunk = await shrink(readFileSync(wasm));
  writeFileSync(wasm, shrunk.wasm);
  for (const file of ['mcp_oauth_wasm.js', 'mcp_oauth_wasm_bg.wasm.d.ts', 'mcp_oauth_wasm.d.ts'].map((name) =>
    join(pkg, name),
  )) {
    writeFileSync(file, shrunk.spelling(readFileSync(file, 'utf8')));
  }
}

async function buildTypes() {
  progress('tsc: declarations');
  rmSync(join(root, 'types'), { recursive: true, force: true });
  await mustRunNode('typescript/bin/tsc', ['--project', 'tsconfig.declarations.json']);
  const files = filesBelow([join(root, 'js')]);
  // tsc emits declarations of the .js files, and refers to these as they are.
  for (const file of files.filter((name) => name.endsWith('.d.ts')))
    copyFileSync(file, join(root, 'types', relative(join(root, 'js'), file)));
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const declarations = join(root, 'types', relative(join(root, 'js'), file)).replace(/\.js$/, '.d.ts');
    writeFileSync(declarations, finished(readFileSync(declarations, 'utf8'), readFileSync(file, 'utf8')));
  }
  appendFileSync(join(root, 'types', 'slim.d.ts'), 'export type * from "./records.js";\n');
}

/**
 * Replaces a part of what wasm-bindgen wrote.
 *
 * @param {string} name
 * @param {RegExp} part
 * @param {string} by
 */
function replace(name, part, by) {
  const text = readFileSync(join(pkg, name), 'utf8');
  if (!part.test(text))
    throw new Explained(
      `pkg/${name} does not have \`${part.source}\` any more: wasm-bindgen writes it differently. Adapt scripts/build.js.`,
    );
  writeFileSync(
    join(pkg, name),
    text.replace(part, () => by),
  );
}

/** Flags from the environment, which would otherwise replace those in .cargo/config.toml. */
function userRustFlags() {
  const { CARGO_ENCODED_RUSTFLAGS: encoded, RUSTFLAGS: plain = '' } = env;
  return (encoded === undefined ? plain.split(' ') : encoded.split('\x1f')).filter((flag) => flag !== '');
}

/** Panic locations name source files: without these flags the binary would tell where it was built. */
async function remapFlags() {
  const sysroot = (await mustRun('rustc', ['--print', 'sysroot'], { output: 'capture' })).trim();
  const cargoHome = env.CARGO_HOME ?? join(homedir(), '.cargo');
  return [
    [homedir(), 'home'],
    [cargoHome, 'cargo'],
    [sysroot, 'rust'],
    [root, 'mcp-oauth-wasm'],
  ].map(([path, name]) => `--remap-path-prefix=${path}=/${name}`);
}

if (isProgram(import.meta.url)) await runProgram(argv.includes('--quick') ? buildQuickly : build);
