// How docs/reference is made from the types: a page for each entry of the package.

import { entries, packageName } from './entries.js';

export default {
  tsconfig: 'tsconfig.json',
  plugin: ['typedoc-plugin-markdown', './plugin.js'],
  entryPoints: entries.map(({ types }) => `../../${types}`),
  readme: 'none',
  disableSources: true,
  excludeExternals: true,
  excludeReferences: true,
  preservedTypeAnnotationTags: ['@throws'],
  sort: ['source-order'],
  groupOrder: ['Functions', 'Classes', 'Type Aliases', 'Interfaces'],
  treatWarningsAsErrors: true,
  // The platform's own, for where TypeScript knows no DOM.
  intentionallyNotExported: ['WasmModule', 'Key', 'JsonWebKey'],
  requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias'],
  validation: { notExported: true, invalidLink: true, rewrittenLink: true, notDocumented: true, unusedMergeModuleWith: true },

  outputFileStrategy: 'modules',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  pageTitleTemplates: { index: `The public API of ${packageName}`, module: '{name}' },
};
