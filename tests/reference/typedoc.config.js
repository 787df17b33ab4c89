// How docs/reference is made from the types: a page for each entry of the package.

import { readFileSync } from 'node:fs';

/** @type {{ name: string, exports: Record<string, string | { types: string }> }} */
const { name, exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

export default {
  tsconfig: 'tsconfig.json',
  plugin: ['typedoc-plugin-markdown', './plugin.js'],
  entryPoints: Object.values(exports).flatMap((entry) => (typeof entry === 'string' ? [] : [`../../${entry.types}`])),
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
  requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias', 'Property', 'Method', 'Accessor'],
  validation: {
    notExported: true,
    invalidLink: true,
    rewrittenLink: true,
    notDocumented: true,
    unusedMergeModuleWith: true,
  },

  outputFileStrategy: 'modules',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  pageTitleTemplates: { index: `The public API of ${name}`, module: '{name}' },
};
