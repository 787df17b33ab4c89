// `npm run test:weakened`: each patch in this folder removes one check, and every attack that it names must
// succeed without it. A patch begins with lines before its diff:
//
//   Removes: <which check, in words>
//   Test: javascript tests/<attacks or javascript>/<file> <pattern that the names of its attacks match>
//
// An attack that hangs without the check is ended, and has succeeded. Arguments choose among the patches by a part of
// their names.

import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { copyProject } from '../../scripts/copy.js';
import {
  countTests,
  ensureTestPackages,
  filesBelow,
  mustRun,
  nodeTestArguments,
  progress,
  root,
  run,
  targetFolder,
  UserError,
} from '../../scripts/support.js';

// Always the same folder: its own target/ makes every build after the first one incremental.
const copy = join(targetFolder, 'weakened');
// It lies inside a git repository but is none: git must not look for one above it.
const inCopy = { cwd: copy, env: { CARGO_TARGET_DIR: undefined, GIT_CEILING_DIRECTORIES: dirname(copy) } };
const quietly = { ...inCopy, output: /** @type {const} */ ('capture') };

/** @typedef {{ file: string, pattern: string }} Attacks */

/** @param {string} path */
function readPatch(path) {
  const text = readFileSync(path, 'utf8');
  const removes = /^Removes: (.+)$/m.exec(text)?.[1];
  const lines = [...text.matchAll(/^Test: javascript (tests\/(?:attacks|javascript)\/\S+) (.+)$/gm)];
  const attacks = lines.map(([, file = '', pattern = '']) => ({ file, pattern }));
  if (!removes || attacks.length === 0)
    throw new UserError(`${path} must begin with the lines that ${import.meta.filename} names.`);
  return { path, name: basename(path, '.patch'), removes, attacks, changesRust: /^\+\+\+ b\/src\//m.test(text) };
}

/**
 * Plays attacks in the copy as it is.
 *
 * @param {Attacks} attacks
 */
async function play({ file, pattern }) {
  const args = nodeTestArguments([join(root, file)], [`--test-name-pattern=${pattern}`]);
  const { output, timedOut } = await run(execPath, args, { ...quietly, limitMilliseconds: 120_000 });
  const { passed, failed } = countTests(output);
  // A file that cannot be loaded is reported as one failed test that has the file's name.
  const names = [...output.matchAll(/^\s*✖ (.+?) \(\d/gm)].map((match) => String(match[1]));
  const isPlayed = passed > 0 || timedOut || names.some((name) => new RegExp(pattern).test(name));
  return { passed, failed: timedOut ? failed + 1 : failed, output: isPlayed ? '' : output };
}

const buildQuickly = () => mustRun(execPath, ['scripts/build.js', '--quick'], quietly);

/** @param {ReturnType<typeof readPatch>} patch */
async function complaintsAbout({ path, attacks, changesRust }) {
  await mustRun('git', ['apply', '--whitespace=nowarn', path], quietly);
  try {
    if (changesRust) await buildQuickly();
    const complaints = [];
    for (const one of attacks) {
      const { passed, failed, output } = await play(one);
      if (output !== '') complaints.push(`${one.file} ${one.pattern} cannot be played:\n${output}`);
      else if (passed > 0 || failed === 0) complaints.push(`${passed} of ${one.file} ${one.pattern} do not succeed`);
    }
    return complaints;
  } finally {
    await mustRun('git', ['apply', '-R', '--whitespace=nowarn', path], quietly);
  }
}

/** @param {string[]} args */
export async function main(args) {
  const chosen = filesBelow([import.meta.dirname])
    .filter(
      (file) => file.endsWith('.patch') && (args.length === 0 || args.some((part) => basename(file).includes(part))),
    )
    .map(readPatch)
    // Those in JavaScript first: they need no build.
    .sort((one, other) => Number(one.changesRust) - Number(other.changesRust));
  if (chosen.length === 0) throw new UserError('No patch has that in its name.');
  await ensureTestPackages();
  await copyProject(copy);
  progress('without a patch: builds, and every attack fails');
  await buildQuickly();
  for (const one of chosen.flatMap(({ attacks }) => attacks)) {
    const { passed, failed, output } = await play(one);
    if (failed > 0 || passed === 0)
      throw new UserError(`Wrong without any patch: ${one.file} ${one.pattern}\n${output}`);
  }
  let wrong = 0;
  for (const patch of chosen) {
    const complaints = await complaintsAbout(patch).catch((error) => [String(error.message)]);
    progress(`${complaints.length > 0 ? 'FAILED ' : 'noticed'} ${patch.name}: ${patch.removes}`);
    for (const complaint of complaints) console.error(complaint);
    if (complaints.length > 0) wrong += 1;
  }
  console.log(`${chosen.length - wrong} passed, ${wrong} failed`);
  return wrong === 0 ? 0 : 1;
}
