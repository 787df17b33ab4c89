// `npm run build`: the crate becomes pkg/, the JSDoc types of js/ become types/, and command_line/ becomes bin/.
// With `--quick`: pkg/ and bin/ alone, pkg/ as quickly as it can be had and several times as large, to try a change.

import { appendFileSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { argv, env, execPath } from 'node:process';
import { bin, buildCommandLine } from './command_line.js';
import { finished } from './declarations.js';
import { setup, toolPath } from './setup.js';
import {
  filesBelow,
  hashFiles,
  isProgram,
  makeIfStale,
  mustRun,
  progress,
  root,
  runProgram,
  targetFolder,
} from './support.js';

const pkg = join(root, 'pkg');
const wasm = join(pkg, 'mcp_oauth_wasm_bg.wasm');

/** What decides a result: the files at and below these paths. */
const inputs = (/** @type {string[]} */ ...paths) => filesBelow(paths.map((path) => join(root, path)));

export async function build({ quick = false } = {}) {
  await setup();
  const rust = await mustRun('rustc', ['--version', '--verbose'], { output: 'capture' });
  const sources = ['src', 'Cargo.toml', 'Cargo.lock', '.cargo', 'scripts/build.js', 'package-lock.json'];
  const made = [
    await makeIfStale({
      stamp: join(targetFolder, 'pkg.made-from'),
      inputs: hashFiles(inputs(...sources), [rust, `${quick}`]),
      outputs: [wasm, ...['mcp_oauth_wasm.js', 'inlined.js'].map((name) => join(pkg, name))],
      make: () => buildWasm(quick),
    }),
    !quick &&
      (await makeIfStale({
        stamp: join(targetFolder, 'types.made-from'),
        inputs: hashFiles(
          inputs(
            'js',
            'pkg/mcp_oauth_wasm.d.ts',
            'tsconfig.json',
            'tsconfig.declarations.json',
            'scripts/declarations.js',
          ),
        ),
        outputs: [join(root, 'types', 'index.d.ts')],
        make: buildTypes,
      })),
    await makeIfStale({
      stamp: join(targetFolder, 'bin.made-from'),
      inputs: hashFiles(inputs('command_line', 'scripts/command_line.js', 'package-lock.json')),
      outputs: [bin],
      make: buildCommandLine,
    }),
  ];
  if (!made.includes(true)) progress('pkg/, types/ and bin/ are up to date');
}

/** @param {boolean} quick */
async function buildWasm(quick) {
  const profile = quick ? 'mutants' : 'release';
  progress(`cargo build for wasm32, ${profile}`);
  // Variables would replace the flags of .cargo/config.toml; an array given this way is appended to them.
  const flags = `target.wasm32-unknown-unknown.rustflags=${JSON.stringify(await remapFlags())}`;
  const options = ['--profile', profile, '--target', 'wasm32-unknown-unknown', '--config', flags];
  await mustRun('cargo', ['build', '--lib', '--locked', ...options], {
    env: { RUSTFLAGS: undefined, CARGO_ENCODED_RUSTFLAGS: undefined },
  });

  progress('wasm-bindgen');
  for (const file of filesBelow([pkg])) if (!file.endsWith('GENERATED.md')) rmSync(file);
  mkdirSync(pkg, { recursive: true });
  const compiled = join(targetFolder, 'wasm32-unknown-unknown', profile, 'mcp_oauth_wasm.wasm');
  const form = ['--target', 'web', '--omit-default-module-path', '--encode-into', 'always', '--keep-debug'];
  await mustRun(toolPath('wasm-bindgen'), [...form, '--out-dir', pkg, compiled]);
  makeFactory(join(pkg, 'mcp_oauth_wasm.js'));
  if (!quick) {
    progress('wasm-opt');
    await trapPanics();
    await mustRun(execPath, ['node_modules/binaryen/bin/wasm-opt', ...optimisations, wasm, '-o', wasm]);
  }
  inline(pkg);
  progress(`pkg/mcp_oauth_wasm_bg.wasm has ${readFileSync(wasm).length} bytes`);
}

/**
 * Makes the glue a function that gives an instance, as often as it is called: as wasm-bindgen writes it, the glue has one for
 * the life of the program, and an exception out of it in a callback is nobody's. Every way in is handed to the caller first.
 *
 * @param {string} file
 */
export function makeFactory(file) {
  const glue = readFileSync(file, 'utf8');
  const cut = glue.indexOf('let wasmModule, wasmInstance, wasm;');
  const exported = glue.replace(/^export function call/m, 'function call');
  if (cut < 0 || exported === glue) throw new Error(`${file} is not as it was: see scripts/build.js`);
  const body = exported.slice(0, cut - 'export '.length).replace(/^(?=.)/gm, '  ');
  const isEntry = String.raw`/^call$|__invoke__|^__wbindgen_destroy_closure$/`;
  writeFileSync(
    file,
    `export default async function instantiate(module, guarded) {
  const isEntry = ${isEntry};
  // Each is the end of a request that is under way.
  const timers = new Map();
  const setTimeout = (end, milliseconds) => {
    const timer = globalThis.setTimeout(end, milliseconds);
    timers.set(timer, end);
    return timer;
  };
  const clearTimeout = (timer) => {
    timers.delete(timer);
    globalThis.clearTimeout(timer);
  };
${body}
  const { exports } = await WebAssembly.instantiate(module, __wbg_get_imports());
  const wasm = Object.fromEntries(
    Object.entries(exports).map(([name, own]) => [name, isEntry.test(name) ? guarded(own) : own]),
  );
  wasm.__wbindgen_start();
  const stop = () => {
    for (const [timer, end] of timers) {
      clearTimeout(timer);
      end();
    }
  };
  return { call, size: () => wasm.memory.buffer.byteLength, stop };
}
`,
  );
  writeFileSync(
    file.replace(/\.js$/, '.d.ts'),
    `/** An instance of the module. \`guarded\` is given each way in, and gives what is called in its place. */
export default function instantiate(
  module: object,
  guarded: (entry: (...given: any[]) => any) => (...given: any[]) => any,
): Promise<{ call: (name: string, input: unknown, host: unknown) => Promise<unknown>; size: () => number; stop: () => void }>;
`,
  );
}

/** @param {string} folder in which the module gets a copy in base64, for those that cannot load a file beside them */
export function inline(folder) {
  const base64 = readFileSync(join(folder, 'mcp_oauth_wasm_bg.wasm')).toString('base64');
  writeFileSync(join(folder, 'inlined.js'), `export default "${base64}";\n`);
  const declared =
    '/** The WebAssembly module in base64. */\ndeclare const inlined: string;\nexport default inlined;\n';
  writeFileSync(join(folder, 'inlined.d.ts'), declared);
}

/**
 * The first page holds the end of the stack: no address of anything. What is skipped makes a smaller module, but one that
 * compresses worse; so does more inlining.
 */
const optimisations = [
  ...['--merge-similar-functions', '-Oz', '--low-memory-unused', '--one-caller-inline-max-function-size=20'],
  ...['--skip-pass=local-cse', '--skip-pass=memory-packing', '--strip-producers', '--strip-target-features'],
];

/**
 * Functions that do nothing but panic. On wasm32-unknown-unknown a panic ends in a trap and is printed nowhere, so these
 * can be the trap: putting the message together takes a tenth of the download.
 */
const panics =
  /^(std::panicking|core::panicking|core::(option|result|cell)::\w*(failed|panic\w*)|core::(str|slice)::.*_fail|alloc::raw_vec::(handle_error|capacity_overflow)|alloc::alloc::handle_alloc_error|__rustc::rust_(begin_unwind|panic))(::|$)/;

/** Methods that are reached through a pointer, and only by what formats text or keeps the text of a panic. */
const formatters = /^<.* as core::(fmt::\w+|panic::PanicPayload)>::\w+$/;

/**
 * Makes every panic the trap in which it ends anyway: the one step that no tool offers for a stable compiler, whose
 * standard library is compiled already.
 */
async function trapPanics() {
  const { default: binaryen } = await import('binaryen');
  const bytes = readFileSync(wasm);
  const functionsOf = (/** @type {import('binaryen').default.Module} */ module) =>
    Array.from({ length: module.getNumFunctions() }, (_, index) => {
      const { name, ...info } = binaryen.getFunctionInfo(module.getFunctionByIndex(index));
      return { ...info, name, source: readable(name) };
    });
  const trapped = (/** @type {boolean} */ alsoFormatters) => {
    const module = binaryen.readBinary(bytes);
    for (const { name, source, params, results, body } of functionsOf(module)) {
      const returns = body === 0 || binaryen.getExpressionType(body) !== binaryen.unreachable;
      if (!(!returns && panics.test(source)) && !(alsoFormatters && formatters.test(source))) continue;
      module.removeFunction(name);
      module.addFunction(name, params, results, [], module.unreachable());
    }
    module.runPasses(['remove-unused-module-elements']);
    return module;
  };
  const least = trapped(true);
  // What else formats text has kept what it calls for that: then it needs the formatters.
  const isFormatting = functionsOf(least).some(({ source }) => /^<?(core|alloc)::fmt::(?!.* as )/.test(source));
  writeFileSync(wasm, (isFormatting ? trapped(false) : least).emitBinary());
}

/**
 * A function's name as it is in the source: binaryen escapes it, rustc adds hashes.
 *
 * @param {string} name
 */
function readable(name) {
  const plain = name.replace(/\\([0-9a-f]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
  return plain.replace(/\[[0-9a-f]{16}\]|::h[0-9a-f]{16}$/g, '');
}

async function buildTypes() {
  progress('tsc: declarations');
  rmSync(join(root, 'types'), { recursive: true, force: true });
  await mustRun(execPath, ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.declarations.json']);
  const files = filesBelow([join(root, 'js')]);
  const typesOf = (/** @type {string} */ file) => join(root, 'types', relative(join(root, 'js'), file));
  // tsc emits declarations of the .js files, and refers to these as they are.
  for (const file of files.filter((name) => name.endsWith('.d.ts'))) copyFileSync(file, typesOf(file));
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const declarations = typesOf(file).replace(/\.js$/, '.d.ts');
    writeFileSync(declarations, finished(readFileSync(declarations, 'utf8'), readFileSync(file, 'utf8')));
  }
  appendFileSync(join(root, 'types', 'slim.d.ts'), 'export type * from "./core/records.js";\n');
}

/** Panic locations name source files: without these flags the binary would tell where it was built. */
async function remapFlags() {
  const sysroot = (await mustRun('rustc', ['--print', 'sysroot'], { output: 'capture' })).trim();
  const cargoHome = env.CARGO_HOME ?? join(homedir(), '.cargo');
  const names = { [homedir()]: 'home', [cargoHome]: 'cargo', [sysroot]: 'rust', [root]: 'mcp-oauth-wasm' };
  return Object.entries(names).map(([path, name]) => `--remap-path-prefix=${path}=/${name}`);
}

if (isProgram(import.meta.url)) await runProgram(() => build({ quick: argv.includes('--quick') }));
