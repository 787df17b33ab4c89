// The authorization servers of `npm run engines`, unmodified, from the registries of their languages: below target/, once.
// Built-in modules only: `npm run demo` asks for one before anything is installed.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { platform } from 'node:process';
import {
  ensureNestedPackage,
  filesBelow,
  hashFiles,
  makeIfStale,
  mustBeThere,
  mustRun,
  progress,
  root,
  targetFolder,
} from '../../scripts/support.js';

const folder = join(targetFolder, 'engines');
const sources = join(root, 'tests', 'engines');
const suffix = platform === 'win32' ? '.exe' : '';

const installGo =
  'Ory Hydra is built by Go 1.21 or newer, which fetches the Go that it needs. Debian 13 and Ubuntu: apt-get install golang-go. ' +
  'macOS: brew install go. Windows: winget install GoLang.Go. Any other: https://go.dev/dl. Then run this again, or `npm run engines -- keycloak` for Keycloak alone.';

/** Ory Hydra, with the replacement that Hydra's own `go.mod` has, without which it does not build. */
export async function ensureHydra() {
  const module = join(sources, 'hydra');
  const program = join(folder, `hydra${suffix}`);
  await makeIfStale({
    stamp: join(folder, 'hydra.made-from'),
    inputs: hashFiles(['go.mod', 'go.sum'].map((name) => join(module, name))),
    outputs: [program],
    make: async () => {
      await mustBeThere('go', ['version'], installGo);
      progress('go build of Ory Hydra (two to five minutes, once)');
      mkdirSync(folder, { recursive: true });
      const options = ['-buildvcs=false', '-tags', 'sqlite,json1', '-o', program];
      await mustRun('go', ['build', ...options, 'github.com/ory/hydra/v2'], { cwd: module });
    },
  });
  return { program, version: '2.3.0' };
}

const installJava =
  'Keycloak and Spring Authorization Server need Java 17 or newer (to build Spring: the JDK), and Maven, which fetches them. Debian and Ubuntu: apt-get install default-jdk-headless maven. ' +
  'macOS: brew install openjdk maven. Windows: winget install EclipseAdoptium.Temurin.21.JDK, and Maven from https://maven.apache.org. ' +
  'Then run this again, or `npm run engines -- hydra` for Ory Hydra alone.';

/** @param {string[]} args */
async function maven(...args) {
  await mustBeThere('mvn', ['-version'], installJava);
  const quietly = ['--quiet', '--batch-mode', '--strict-checksums'];
  await mustRun('mvn', [...quietly, ...args], { shell: platform === 'win32' });
}

/** Keycloak, as Maven Central has it. */
export async function ensureKeycloak() {
  const version = '26.7.3';
  const keycloak = join(folder, `keycloak-${version}`);
  await mustBeThere('java', ['-version'], installJava);
  await makeIfStale({
    stamp: join(folder, 'keycloak.made-from'),
    inputs: version,
    outputs: [join(keycloak, 'version.txt'), join(keycloak, 'bin', platform === 'win32' ? 'kc.bat' : 'kc.sh')],
    make: async () => {
      progress(`mvn of Keycloak ${version} (170 MB, once)`);
      rmSync(keycloak, { recursive: true, force: true });
      await maven(
        'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack',
        `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:zip`,
        `-DoutputDirectory=${folder}`,
        '-Dmdep.overWriteReleases=true',
      );
    },
  });
  return { folder: keycloak, version };
}

/** Spring Authorization Server, as a program around it. */
export async function ensureSpring() {
  const project = join(sources, 'spring');
  const program = join(folder, 'spring', 'spring.jar');
  await mustBeThere('java', ['-version'], installJava);
  await makeIfStale({
    stamp: join(folder, 'spring.made-from'),
    inputs: hashFiles(filesBelow(['pom.xml', 'src'].map((name) => join(project, name)))),
    outputs: [program],
    make: async () => {
      progress('mvn of Spring Authorization Server (a minute, once)');
      await maven('-f', project, `-Dfolder=${join(folder, 'spring')}`, 'clean', 'package');
    },
  });
  return { program, version: '7.0.6' };
}

/** Solid Community Server, from npm. */
export async function ensureSolid() {
  const solid = join(sources, 'solid');
  await ensureNestedPackage(solid);
  const { dependencies } = JSON.parse(readFileSync(join(solid, 'package.json'), 'utf8'));
  return { version: String(dependencies['@solid/community-server']) };
}
