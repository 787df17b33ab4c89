// The packed package as tools see it that read package.json and types.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { root, run } from '../../scripts/support.js';
import { installed } from './installed.js';

const tools = fileURLToPath(new URL('bundlers/node_modules', import.meta.url));

/** @type {import('./installed.js').Installed} */
let there;
before(async () => {
  there = await installed();
});
after(() => there.remove());

test('publint has nothing to say', async () => {
  const { publint } = await import(pathToFileURL(join(tools, 'publint', 'src', 'index-node.js')).href);
  const { messages } = await publint({ pkgDir: there.packageFolder, pack: false, strict: true });
  assert.deepEqual(messages, []);
});

test('the types are those of the code, wherever an entry is resolved', async () => {
  const attw = join(tools, '@arethetypeswrong', 'cli', 'dist', 'index.js');
  const exceptions = [
    // Left out is `node10`: TypeScript's resolution for Nodes that know no `exports`. None of those is supported.
    '--profile',
    'node16',
    // It says that `require()` of an ES module fails. It does not on any Node that is supported: node.test.js requires every entry.
    '--ignore-rules',
    'cjs-resolves-to-esm',
    // Nobody imports these: their addresses are what is used.
    '--exclude-entrypoints',
    'wasm',
    'electron-preload',
  ];
  const { status, output } = await run(
    process.execPath,
    [attw, there.tarball, '--format', 'ascii', '--no-emoji', ...exceptions],
    { output: 'capture' },
  );
  assert.equal(status, 0, output);
});

describe('a program in TypeScript uses every entry', () => {
  const entries = () =>
    Object.entries(there.description.exports)
      .filter(([, entry]) => typeof entry !== 'string')
      .map(([path], index) => [`entry${index}`, `mcp-oauth-wasm${path.slice('.'.length)}`]);
  const imports = () => entries().map(([name, entry]) => `import * as ${name} from '${entry}';`);
  const requires = () => entries().map(([name, entry]) => `import ${name} = require('${entry}');`);

  for (const [name, file, module, moduleResolution, lines] of /** @type {const} */ ([
    ['an ES module, node16', 'node16.mts', 'node16', 'node16', imports],
    ['an ES module, nodenext', 'nodenext.mts', 'nodenext', 'nodenext', imports],
    ['CommonJS, nodenext', 'nodenext.cts', 'nodenext', 'nodenext', requires],
    ['for a bundler', 'bundler.ts', 'esnext', 'bundler', imports],
  ])) {
    test(name, async () => {
      const program = [
        ...lines(),
        `console.log(${entries()
          .map(([name]) => name)
          .join(', ')});`,
        'export type Plan = entry0.ScopePlan;',
      ];
      writeFileSync(join(there.folder, file), program.join('\n'));
      const options = {
        // Without `skipLibCheck`: the declarations themselves are checked.
        strict: true,
        noEmit: true,
        target: 'es2023',
        lib: ['es2023', 'dom', 'dom.iterable'],
        module,
        moduleResolution,
        typeRoots: [join(root, 'node_modules', '@types')],
        types: ['node'],
      };
      writeFileSync(join(there.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: [file] }));
      const { status, output } = await run(
        process.execPath,
        [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', there.folder],
        { output: 'capture' },
      );
      assert.equal(status, 0, output);
    });
  }
});
