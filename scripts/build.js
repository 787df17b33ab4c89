// `npm run build`: the crate becomes pkg/npm/, the JSDoc types of js/ become types/, and command_line/ becomes bin/.
// With `--quick`: pkg/npm/ and bin/ alone, pkg/npm/ as quickly as it can be had and several times as large, to try a change.

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

const moduleFolder = join(root, 'pkg', 'npm');
const wasm = join(moduleFolder, 'mcp_oauth_wasm_bg.wasm');
const javascript = join(moduleFolder, 'javascript.js');

/** What decides a result: the files at and below these paths. */
const inputs = (/** @type {string[]} */ ...paths) => filesBelow(paths.map((path) => join(root, path)));

export async function build({ quick = false } = {}) {
  await setup();
  const rust = await mustRun('rustc', ['--version', '--verbose'], { output: 'capture' });
  const sources = ['src', 'Cargo.toml', 'Cargo.lock', '.cargo', 'scripts/build.js', 'package-lock.json'];
  const made = [
    await makeIfStale({
      stamp: join(targetFolder, 'wasm.made-from'),
      inputs: hashFiles(inputs(...sources), [rust, `${quick}`]),
      outputs: [wasm, ...['mcp_oauth_wasm.js', 'inlined.js'].map((name) => join(moduleFolder, name))],
      make: () => buildWasm(quick),
    }),
    !quick &&
      (await makeIfStale({
        stamp: join(targetFolder, 'javascript.made-from'),
        inputs: hashFiles(inputs(...sources), [rust]),
        outputs: [javascript],
        make: buildJavaScript,
      })),
    !quick &&
      (await makeIfStale({
        stamp: join(targetFolder, 'types.made-from'),
        inputs: hashFiles(
          inputs(
            'js',
            'pkg/npm/mcp_oauth_wasm.d.ts',
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
  if (!made.includes(true)) progress('pkg/npm/, types/ and bin/ are up to date');
}

/** @param {boolean} quick */
async function buildWasm(quick) {
  const profile = quick ? 'mutants' : 'release';
  progress(`cargo build for wasm32, ${profile}`);
  const compiled = await compile(profile, targetFolder, await remapFlags());
  for (const file of filesBelow([moduleFolder])) if (!file.endsWith('GENERATED.md')) rmSync(file);
  await bind(compiled, moduleFolder);
  if (!quick) {
    progress('wasm-opt');
    await trapPanics(wasm);
    await binaryenTool('wasm-opt', [...optimisations, wasm, '-o', wasm]);
  }
  inline(moduleFolder);
  writeFileSync(join(moduleFolder, 'javascript.d.ts'), "export { default } from './mcp_oauth_wasm.js';\n");
  // What wasm-pack writes beside it is about its own package: what kind of modules it has, and that npm is to pack none.
  writeFileSync(join(moduleFolder, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(root, 'pkg', '.npmignore'), '');
  progress(`pkg/npm/mcp_oauth_wasm_bg.wasm has ${readFileSync(wasm).length} bytes`);
}

/**
 * @param {string} profile
 * @param {string} folder of cargo
 * @param {string[]} flags
 */
async function compile(profile, folder, flags) {
  // Variables would replace the flags of .cargo/config.toml; an array given this way is appended to them.
  const config = `target.wasm32-unknown-unknown.rustflags=${JSON.stringify(flags)}`;
  const options = ['--profile', profile, '--target', 'wasm32-unknown-unknown', '--target-dir', folder];
  await mustRun('cargo', ['build', '--lib', '--no-default-features', '--locked', ...options, '--config', config], {
    env: { RUSTFLAGS: undefined, CARGO_ENCODED_RUSTFLAGS: undefined },
  });
  return join(folder, 'wasm32-unknown-unknown', profile, 'mcp_oauth_wasm.wasm');
}

/**
 * @param {string} compiled
 * @param {string} folder that gets the module and its glue
 */
async function bind(compiled, folder) {
  progress('wasm-bindgen');
  mkdirSync(folder, { recursive: true });
  const form = ['--target', 'web', '--omit-default-module-path', '--encode-into', 'always', '--keep-debug'];
  await mustRun(toolPath('wasm-bindgen'), [...form, '--out-name', 'mcp_oauth_wasm', '--out-dir', folder, compiled]);
  makeFactory(join(folder, 'mcp_oauth_wasm.js'));
}

/** @param {string} tool @param {string[]} args */
function binaryenTool(tool, args) {
  return mustRun(execPath, [`node_modules/binaryen/bin/${tool}`, ...args]);
}

/** The same module as JavaScript, for pages whose content security policy forbids WebAssembly. */
async function buildJavaScript() {
  progress('wasm2js');
  const folder = join(targetFolder, 'javascript');
  mkdirSync(folder, { recursive: true });
  const plain = join(folder, 'plain.wasm');
  const module = join(folder, 'mcp_oauth_wasm_bg.wasm');
  const script = join(folder, 'module.js');
  // wasm2js knows one table, and wasm-bindgen uses a second where the module says that it may.
  const compiled = await compile('release', folder, [...(await remapFlags()), '-Ctarget-feature=-reference-types']);
  await binaryenTool('wasm-opt', [...features, '-g', '--strip-target-features', compiled, '-o', plain]);
  await bind(plain, folder);
  await trapPanics(module);
  await binaryenTool('wasm-opt', [...features, ...lowerings, ...optimisations, module, '-o', module]);
  await binaryenTool('wasm2js', ['--emscripten', '-Oz', module, '-o', script]);
  // The glue sees by its end that memory has a new buffer, as WebAssembly has it.
  const detaching = 'structuredClone(buffer, { transfer: [buffer] });\n  buffer = newBuffer;';
  const written = readFileSync(script, 'utf8').split('buffer = newBuffer;');
  if (written.length !== 2) throw new Error('wasm2js writes something else now: see scripts/build.js');
  // It is a function that takes the imports and gives the exports.
  const asWebAssembly = 'const made = async (_, imports) => ({ exports: instantiate(imports) });';
  const exported = "export { made as 'WebAssembly.instantiate' };\n";
  writeFileSync(script, [written.join(detaching), asWebAssembly, exported].join('\n'));
  const { build: esbuild } = await import('esbuild');
  await esbuild({
    entryPoints: [join(folder, 'mcp_oauth_wasm.js')],
    inject: [script],
    outfile: javascript,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
  });
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
  wasm.__wbindgen_start?.();
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
  ...['-Oz', '--low-memory-unused', '--one-caller-inline-max-function-size=20', '--merge-similar-functions', '-Oz'],
  ...['--skip-pass=local-cse', '--skip-pass=memory-packing', '--strip-producers', '--strip-target-features'],
];

/** What rustc uses of WebAssembly, and what it takes to do without. */
const features = [
  ...['-mvp', '--enable-bulk-memory', '--enable-sign-ext', '--enable-nontrapping-float-to-int', '--enable-multivalue'],
  ...['--enable-mutable-globals', '--enable-reference-types', '--enable-call-indirect-overlong'],
];
const lowerings = ['--llvm-nontrapping-fptoint-lowering', '--signext-lowering', '--llvm-memory-copy-fill-lowering'];

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
async function trapPanics(/** @type {string} */ file) {
  const { default: binaryen } = await import('binaryen');
  const bytes = readFileSync(file);
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
  writeFileSync(file, (isFormatting ? trapped(false) : least).emitBinary());
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
