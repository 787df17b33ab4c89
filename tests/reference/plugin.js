// What the reference has to say beyond what TypeDoc asks for: units, errors, and the section of a standard.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

import { Application, Comment, CommentTag, Converter, ReflectionKind } from 'typedoc';

/** @import { CommentDisplayPart, DeclarationReflection, ProjectReflection, Reflection } from 'typedoc' */

/** Exports of which no standard speaks. */
const ours = [
  'Authorizer',
  'KeptDiscovery',
  'KeptSignIn',
  'Owner',
  'UnderWay',
  'TokenOrigin',
  'InteractionRequired',
  'SignInOutcome',
  'Renewal',
  'ConnectionOptions',
  'RequestToSign',
  'ResponseToJudge',
  'AuthorizationError',
  'ErrorJSON',
  'errorFromJSON',
  'Reserved',
  'ProcessPort',
  'ElectronAuthInfo',
  'ElectronCredentials',
  'MisuseError',
  'TransportError',
  'RefusedError',
  'IncompatibleError',
  'MisbehavedError',
  'InteractionRequiredError',
  'StorageError',
  'ErrorParts',
  'HostCode',
  'Kind',
  'Examination',
  'Judged',
  'rules',
  'findingsOf',
  'Severity',
  'Exchange',
  'Failure',
  'Seen',
  'Look',
  'Rule',
  'ProbeRule',
  'ProbeLook',
  'ProbeInput',
  'ProbeResult',
  'ProbeEvidence',
  'Trial',
  'probeRules',
  'FileStore',
  'Listing',
  'defaultStorePath',
  'Step',
  'Store',
  'StoredRecord',
  'LockOptions',
  'FileStoreOptions',
  'createMemoryStore',
  'createFileStore',
  'Outcome',
  'Environment',
  'StepHost',
  'Event',
  'EventKind',
  'Party',
  'TraceEvent',
  'TracePlace',
  'Source',
  'Purpose',
  'Outright',
  'Answer',
  'RegistrationRefusal',
  'Attempts',
  'Consent',
  'Question',
  'Doubt',
  'WasmSource',
  'init',
  'AuthProviderOptions',
  'ErrorClass',
  'createAuthorizer',
  'CompletedSignIn',
  'ConnectionSettings',
  'KeyPair',
  'Clock',
  'FetchContext',
  'Sequence',
  'Lane',
  'Section',
  'Arrow',
  'Tone',
  'ScopeFacts',
  'ScopeColumn',
  'ScopeHeading',
  'ScopeMatrix',
  'ScopeCell',
  'ScopeState',
  'ScopeRow',
  'FailureReport',
  'FailureFacts',
  'Change',
  'Remedy',
  'Report',
  'ReportInput',
  'ElectronModules',
  'ElectronApp',
  'ElectronEvents',
  'ElectronNet',
  'ElectronRequest',
  'ElectronRequestOptions',
  'ElectronSafeStorage',
  'ElectronPreloadScript',
  'ElectronSession',
  'ElectronSessions',
  'ElectronDecrypted',
  'ElectronResolvedHost',
  'ElectronResolvedEndpoint',
  'ElectronShell',
  'ElectronFetchOptions',
  'SafeStorageStoreOptions',
  'createSafeStorageStore',
  'BridgeOptions',
  'ClientInfo',
  'ConnectionState',
  'Shown',
  'SignInChange',
  'withState',
  'McpConnection',
  'McpConnectionOptions',
  'McpSdk',
  'ShownConnection',
  'useMcpConnection',
  'InspectorProxy',
  'InspectorProxyOptions',
  'ProxiedFetchOptions',
  'ContractCase',
  'StoreContractOptions',
  'FetchContractOptions',
  'RedirectContractOptions',
  'storeContract',
  'fetchContract',
  'HostContractOptions',
  'hostContract',
  'redirectContract',
  'FetchTestServer',
  'startFetchTestServer',
  'createRedisStore',
  'RedisStoreOptions',
  'RedisClient',
  'createKeyringStore',
  'KeyringStoreOptions',
  'KeyringModule',
  'KeyringEntryClass',
  'KeyringEntry',
  'BlockedPopup',
  'BrowserHostOptions',
  'browserHost',
  'PageReturn',
  'IndexedDBStoreOptions',
  'createIndexedDBStore',
  'CallbackText',
];

/** By the file of its types, how each entry is imported. @type {Map<string, string>} */
const entries = new Map(
  Object.entries(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).exports).map(
    ([specifier, entry]) => [basename(entry.types ?? '', '.d.ts'), specifier.slice('.'.length)],
  ),
);

const standards = /RFC \d+|OpenID Connect|MCP, |Fetch Standard/;
const units = /seconds|bytes|how often|how many|\bport\b|HTTP status|version|counts from/i;

/** @param {Application} application */
export function load(application) {
  application.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const entry of project.children ?? []) entry.name = `${project.name}${entries.get(entry.name)}`;
    for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
      if (reflection.isDeclaration() && reflection.inheritedFrom) project.removeReflection(reflection);
      else if (reflection.comment) complete(reflection, reflection.comment);
    }
  });
  application.on(Application.EVENT_VALIDATE_PROJECT, (project) => {
    for (const complaint of complaints(project, application.serializer)) application.logger.warn(complaint);
  });
}

/**
 * Tells what TypeDoc knows and its Markdown leaves out: what each word of a union means, and the classes of errors.
 *
 * @param {Reflection} reflection
 * @param {Comment} comment
 */
function complete(reflection, comment) {
  const union = reflection.isDeclaration() && reflection.type?.type === 'union' ? reflection.type : undefined;
  if (union?.elementSummaries && union.types.every(({ type }) => type === 'literal')) {
    const words = union.types.map((word, index) => `- \`${word}\`: ${text(union.elementSummaries?.[index])}`);
    comment.summary.push({ kind: 'text', text: `\n\n${words.join('\n')}` });
  }
  const thrown = comment.getTags('@throws').map(({ typeAnnotation, content }) => {
    const errors = typeAnnotation?.slice(1, -1);
    return errors ? `- \`${errors}\`: ${text(content)}` : text(content);
  });
  if (thrown.length === 0) return;
  comment.removeTags('@throws');
  comment.blockTags.push(new CommentTag('@throws', [{ kind: 'text', text: thrown.join('\n') }]));
}

/**
 * @param {ProjectReflection} project
 * @param {Application['serializer']} serializer
 * @returns {string[]}
 */
function complaints(project, serializer) {
  const exported = (project.children ?? []).flatMap(({ children }) => children ?? []);
  const numbers = project.getReflectionsByKind(ReflectionKind.Property | ReflectionKind.Parameter).filter(isNumber);
  const functions = exported.flatMap(({ signatures }) => signatures ?? []);
  const cites = (/** @type {DeclarationReflection} */ declaration) =>
    standards.test(JSON.stringify(serializer.toObject(declaration)));
  const all = (/** @type {Reflection[]} */ reflections, /** @type {string} */ complaint) =>
    reflections.map((reflection) => `${reflection.getFriendlyFullName()} ${complaint}`);
  return [
    ...all(
      numbers.filter(({ name, comment }) => !units.test(`${name} ${text(comment?.summary)}`)),
      'is a number, and does not say of what.',
    ),
    ...all(
      functions.flatMap(({ parameters }) => parameters ?? []).filter(({ comment }) => !comment),
      'is not described, by `@param`.',
    ),
    ...all(
      functions.filter(({ comment }) => !saysHowItFails(comment)),
      'does not say how it fails: by `@throws`, or by what it `@returns`.',
    ),
    ...all(
      exported.filter((one) => !ours.includes(one.name) && !cites(one)),
      'names no section of a standard, and is not among `ours` in plugin.js.',
    ),
    ...ours
      .filter((name) => !exported.some((one) => one.name === name))
      .map((name) => `${name} is among \`ours\` in plugin.js, and is not exported.`),
  ];
}

/** @param {Comment} [comment] */
function saysHowItFails(comment) {
  return comment?.getTag('@throws') || /\brejects?\b/.test(text(comment?.getTag('@returns')?.content));
}

/** @param {Reflection} reflection */
function isNumber(reflection) {
  const { type } = /** @type {DeclarationReflection} */ (reflection);
  return (type?.type === 'union' ? type.types : [type]).some(
    (one) => one?.type === 'intrinsic' && one.name === 'number',
  );
}

/** @param {readonly CommentDisplayPart[]} [parts] */
function text(parts) {
  return Comment.combineDisplayParts(parts);
}
