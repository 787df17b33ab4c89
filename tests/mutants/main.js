// `npm run mutants:js -- js/redirect.js tests/javascript/loopback_redirect.test.js`: Stryker changes the files of js/ in
// every small way, and the files of tests have to notice. It lists the changes that none does; about a second for each
// change and file of tests.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { ensureNestedPackage, run, targetFolder, UserError } from '../../scripts/support.js';

/** @param {string[]} args */
export async function main(args) {
  const mutate = args.filter((file) => file.startsWith('js/'));
  const testFiles = args.filter((file) => file.startsWith('tests/'));
  if (mutate.length === 0 || testFiles.length === 0) {
    throw new UserError('Name files below js/ to change, and files below tests/ that have to notice.');
  }
  await ensureNestedPackage(import.meta.dirname);
  const config = join(targetFolder, 'stryker.json');
  mkdirSync(targetFolder, { recursive: true });
  writeFileSync(
    config,
    JSON.stringify({
      testRunner: 'tap',
      plugins: ['@stryker-mutator/tap-runner'],
      coverageAnalysis: 'perTest',
      mutate,
      tap: { testFiles, nodeArgs: ['--test-reporter=tap', '-r', '{{hookFile}}', '{{testFile}}'] },
      // What is said of errors is for people: no test has it word by word.
      mutator: { excludedMutations: ['StringLiteral'] },
      ignorePatterns: [
        'target',
        'src',
        'fuzz',
        'docs',
        ...['package', 'engines', 'mutants'].map((name) => `tests/${name}`),
      ],
      tempDirName: join('target', 'stryker'),
      // TypeScript 7 has no functions that it could call.
      tsconfigFile: 'none',
      disableTypeChecks: false,
      reporters: ['clear-text', 'progress-append-only'],
      clearTextReporter: { allowEmojis: false, logTests: false, reportTests: false },
    }),
  );
  const stryker = join(import.meta.dirname, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  return (await run(execPath, [stryker, 'run', config])).status;
}
