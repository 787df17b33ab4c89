// `npm run package`: target/package, the package as it is published: `npm publish target/package`. On Node its entries are
// bundles of js/, since every module that a program loads takes it a while (tests/bench/start.js); all else is as it is here.

import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build } from './build.js';
import { isProgram, mustRunNpm, progress, root, runProgram, targetFolder } from './support.js';

/** @typedef {{ types: string, node?: string, default: string }} Entry */

/** Where the bundles are in the package. */
const bundles = 'dist';

/**
 * Makes the package as it is published.
 *
 * @param {string} folder emptied
 */
export async function makePackage(folder) {
  await build();
  const listing = await mustRunNpm(['pack', '--dry-run', '--json', '--ignore-scripts', '--loglevel=error'], {
    output: 'capture',
  });
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { path } of JSON.parse(listing)[0].files) cpSync(join(root, path), join(folder, path));

  const description = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  /** The module of each entry that has code on Node, and its bundle. @type {Map<string, string>} */
  const bundleOf = new Map();
  for (const entry of /** @type {(string | Entry)[]} */ (Object.values(description.exports))) {
    if (typeof entry === 'string') continue;
    const { types, node: module = entry.default, default: elsewhere } = entry;
    bundleOf.set(module, `./${bundles}/${basename(module)}`);
    // The first condition that holds counts.
    for (const condition of /** @type {const} */ (['types', 'node', 'default'])) delete entry[condition];
    Object.assign(entry, { types, node: bundleOf.get(module), default: elsewhere });
  }
  description.files.push(bundles);
  description.sideEffects.push(
    ...description.sideEffects.flatMap((/** @type {string} */ module) => bundleOf.get(module) ?? []),
  );
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
  await bundle([...bundleOf.keys()], folder);
}

/**
 * Bundles them together, so that what several have in common is there once: state, and the classes of errors.
 *
 * @param {string[]} modules
 * @param {string} folder of the package
 */
async function bundle(modules, folder) {
  const { build: esbuild } = await import('esbuild');
  const entries = modules.map((module) => join(root, module));
  const { outputFiles } = await esbuild({
    absWorkingDir: root,
    entryPoints: entries,
    plugins: [{ name: 'core', setup: ({ onLoad }) => onLoad({ filter: /\.js$/ }, withCore) }],
    outbase: 'js',
    // Files that are external are named as they are seen from here.
    outdir: bundles,
    bundle: true,
    splitting: true,
    chunkNames: 'shared/[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    external: ['./pkg/npm/inlined.js'],
    // An import of which no name is used counts too.
    treeShaking: false,
    ignoreAnnotations: true,
    legalComments: 'none',
    write: false,
  });
  mkdirSync(join(folder, bundles, 'shared'), { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, relative(root, path)), contents);

  /**
   * Has each entry import what nearly all programs need, whatever it needs of that itself: esbuild makes a file of what the
   * same entries import, and so a single one of all this.
   *
   * @param {{ path: string }} module
   */
  function withCore({ path }) {
    if (!entries.includes(path)) return undefined;
    return { contents: `${readFileSync(path, 'utf8')}\nimport './slim.js';\n`, resolveDir: dirname(path) };
  }
}

if (isProgram(import.meta.url))
  await runProgram(async () => {
    const folder = join(targetFolder, 'package');
    await makePackage(folder);
    progress(`${folder} is what \`npm publish\` takes`);
  });
