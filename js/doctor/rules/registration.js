/** How clients become known to the authorization server (RFC 7591, client ID metadata documents). */

/** @import { Evidence, Rule } from '../finding.js' */

import { textOf } from '../evidence.js';

const mine = { step: /** @type {const} */ ('register'), party: /** @type {const} */ ('authorization-server') };

/** @param {Evidence} evidence */
const registers = ({ serverMetadata }) => textOf(serverMetadata, 'registration_endpoint') !== undefined;

/** @param {Evidence} evidence */
const takesDocuments = ({ serverMetadata }) => serverMetadata?.client_id_metadata_document_supported === true;

/** @type {Rule[]} */
export const registrationRules = [
  {
    ...mine,
    id: 'no-registration',
    severity: 'warning',
    title: 'Clients cannot become known by themselves',
    standard: 'MCP, client registration',
    effect: 'Every user of every client has to get a `client_id` by hand.',
    change: 'Support client ID metadata documents, or dynamic registration (RFC 7591).',
    setting: 'client',
    look: (evidence) =>
      evidence.serverMetadata !== undefined &&
      !registers(evidence) &&
      !takesDocuments(evidence) && {
        found: 'neither `registration_endpoint` nor `client_id_metadata_document_supported`',
      },
  },
  {
    ...mine,
    id: 'no-metadata-documents',
    severity: 'advice',
    title: 'Client ID metadata documents are not supported',
    standard: 'MCP, client registration; draft-ietf-oauth-client-id-metadata-document',
    effect: 'Every installation of every client registers anew, and the registrations pile up.',
    change: 'Support them, and state `"client_id_metadata_document_supported": true`.',
    look: (evidence) =>
      registers(evidence) &&
      !takesDocuments(evidence) && { found: '`client_id_metadata_document_supported` is not true' },
  },
  {
    ...mine,
    id: 'only-metadata-documents',
    severity: 'advice',
    title: 'Clients without a metadata document cannot become known',
    standard: 'MCP, client registration',
    effect: 'Older clients, and those without a web site, need a `client_id` by hand.',
    change: 'Offer dynamic registration (RFC 7591) for them.',
    setting: 'client',
    look: (evidence) => takesDocuments(evidence) && !registers(evidence) && { found: 'no `registration_endpoint`' },
  },
];
