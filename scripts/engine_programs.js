// The authorization servers of `npm run engines`, unmodified, from the registries of their languages: below target/, once.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import {
  Explained,
  ensureNestedPackage,
  filesBelow,
  hashFiles,
  makeIfStale,
  mustRun,
  progress,
  root,
  run,
  targetFolder,
} from './support.js';

const folder = join(targetFolder, 'engines');

const hydraVersion = '2.3.0';

/**
 * Ory Hydra, built by Go as `tests/engines/hydra` says: with the replacement that Hydra's own `go.mod` has, without which
 * it does not build.
 *
 * @returns {Promise<{ program: string, version: string }>}
 */
export async function ensureHydra() {
  const module = join(root, 'tests', 'engines', 'hydra');
  const program = join(folder, platform === 'win32' ? 'hydra.exe' : 'hydra');
  await makeIfStale({
    stamp: join(folder, 'hydra.made-from'),
    inputs: hashFiles(['go.mod', 'go.sum'].map((name) => join(module, name))),
    outputs: [program],
    make: async () => {
      await mustBeThere('go', ['version'], installGo);
      progress('go build of Ory Hydra (two to five minutes, once)');
      mkdirSync(folder, { recursive: true });
      const build = ['build', '-buildvcs=false', '-tags', 'sqlite,json1', '-o', program, 'github.com/ory/hydra/v2'];
      await mustRun('go', build, { cwd: module });
    },
  });
  return { program, version: hydraVersion };
}

const keycloakVersion = '26.7.3';

/**
 * Keycloak, as Maven Central has it.
 *
 * @returns {Promise<{ folder: string, version: string }>}
 */
export async function ensureKeycloak() {
  const keycloak = join(folder, `keycloak-${keycloakVersion}`);
  await mustBeThere('java', ['-version'], installJava);
  await makeIfStale({
    stamp: join(folder, 'keycloak.made-from'),
    inputs: keycloakVersion,
    outputs: [join(keycloak, 'version.txt'), join(keycloak, 'bin', platform === 'win32' ? 'kc.bat' : 'kc.sh')],
    make: async () => {
      await mustBeThere('mvn', ['-version'], installJava);
      progress(`mvn of Keycloak ${keycloakVersion} (170 MB, once)`);
      rmSync(keycloak, { recursive: true, force: true });
      await mustRun(
        'mvn',
        [
          '--quiet',
          '--batch-mode',
          '--strict-checksums',
          'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack',
          `-Dartifact=org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`,
          `-DoutputDirectory=${folder}`,
          '-Dmdep.overWriteReleases=true',
        ],
        { shell: platform === 'win32' },
      );
    },
  });
  return { folder: keycloak, version: keycloakVersion };
}

const springVersion = '7.0.6';

/**
 * Spring Authorization Server, as a program around it: `tests/engines/spring`.
 *
 * @returns {Promise<{ program: string, version: string }>}
 */
export async function ensureSpring() {
  const project = join(root, 'tests', 'engines', 'spring');
  const program = join(folder, 'spring', 'spring.jar');
  await mustBeThere('java', ['-version'], installJava);
  await makeIfStale({
    stamp: join(folder, 'spring.made-from'),
    inputs: hashFiles([join(project, 'pom.xml'), ...filesBelow([join(project, 'src')])]),
    outputs: [program],
    make: async () => {
      await mustBeThere('mvn', ['-version'], installJava);
      progress('mvn of Spring Authorization Server (a minute, once)');
      await mustRun(
        'mvn',
        [
          '--quiet',
          '--batch-mode',
          '--strict-checksums',
          '-f',
          project,
          `-Dfolder=${join(folder, 'spring')}`,
          'clean',
          'package',
        ],
        { shell: platform === 'win32' },
      );
    },
  });
  return { program, version: springVersion };
}

/**
 * Solid Community Server, from npm.
 *
 * @returns {Promise<{ version: string }>}
 */
export async function ensureSolid() {
  const solid = join(root, 'tests', 'engines', 'solid');
  await ensureNestedPackage(solid);
  return {
    version: JSON.parse(readFileSync(join(solid, 'package.json'), 'utf8')).dependencies['@solid/community-server'],
  };
}

/**
 * @param {string} command
 * @param {string[]} args with which it does nothing
 * @param {string} remedy
 */
export async function mustBeThere(command, args, remedy) {
  const { status } = await run(command, args, { output: 'capture', shell: platform === 'win32' }).catch(() => ({
    status: 1,
  }));
  if (status !== 0) throw new Explained(`The command '${command}' was not found. ${remedy}`);
}

const installGo =
  'Ory Hydra is built by Go 1.21 or newer, which fetches the Go that it needs. Debian 13 and Ubuntu: apt-get install golang-go. ' +
  'macOS: brew install go. Windows: winget install GoLang.Go. Any other: https://go.dev/dl. Then run this again, or `npm run engines -- keycloak` for Keycloak alone.';

const installJava =
  'Keycloak and Spring Authorization Server need Java 17 or newer (to build Spring: the JDK), and Maven, which fetches them. Debian and Ubuntu: apt-get install default-jdk-headless maven. ' +
  'macOS: brew install openjdk maven. Windows: winget install EclipseAdoptium.Temurin.21.JDK, and Maven from https://maven.apache.org. ' +
  'Then run this again, or `npm run engines -- hydra` for Ory Hydra alone.';
