/** What `failure` says of the codes that JavaScript and its hosts have. */

/** @import { Row } from './failure_rows.js' */

/** The person said no at the authorization server, or the server in their name (RFC 6749 §4.1.2.1, `access_denied`). @type {Row} */
export const denied = {
  title: 'Access was denied',
  party: 'authorization-server',
  by: 'person',
  setting: 'what you agree to',
  words:
    'Sign in again, and agree, if it is what you want. If you did agree, the operator of the server has to permit it to you.',
};

/** What only the calling code can correct. @type {(title: string, setting: string, words: string) => Row} */
const forApplication = (title, setting, words) => ({ title, party: 'client', by: 'application', setting, words });

/** What the person can do. @type {(title: string, setting: string, words: string) => Row} */
const forPerson = (title, setting, words) => ({ title, party: 'client', by: 'person', setting, words });

/** @type {Record<string, Row>} */
export const rowsOfHosts = {
  wasm_missing: forApplication(
    'There is nothing to load the module from',
    'init(source)',
    'Call `init` with the WebAssembly module before anything else, or use `mcp-oauth-wasm`.',
  ),
  wasm_failed: forApplication(
    'The WebAssembly module cannot be loaded',
    'the platform, or the file',
    'Use a platform with WebAssembly, and serve the file of this very version.',
  ),
  foreign_url: forApplication(
    'A signed-in `fetch` was used for another URL',
    'the URL of the request',
    'Use one connection for each MCP server; `wholeOrigin` allows other paths of its origin.',
  ),
  redirect_port_taken: forApplication(
    'The port of the redirect is in use',
    'port',
    'Choose another port, or 0 for any that is free.',
  ),
  redirect_unavailable: forApplication(
    'The redirect cannot listen',
    'the loopback interface',
    'Let the program listen at 127.0.0.1, or use another redirect.',
  ),
  redirect_uri_invalid: forApplication(
    'The redirect URI cannot be used',
    'redirectUri',
    'Give an https URL (http on this machine) without a fragment.',
  ),
  redirect_host_not_loopback: forApplication(
    'The redirect does not listen on loopback',
    'host',
    'Use 127.0.0.1, ::1 or localhost.',
  ),
  redirect_port_invalid: forApplication('The port of the redirect is none', 'port', 'Give a number from 0 to 65535.'),
  redirect_path_invalid: forApplication(
    'The path of the redirect cannot be used',
    'path',
    'Give a path that starts with one "/", without query and fragment.',
  ),
  redirect_scheme_invalid: forApplication(
    'The scheme of the redirect cannot be used',
    'scheme',
    'Use a domain name that is yours, in reverse.',
  ),
  inspector_port_taken: forApplication(
    'The port of the inspector is in use',
    'port',
    'Choose another port, or 0 for any that is free.',
  ),
  electron_missing: forApplication(
    'This is not the main process of Electron',
    'electron',
    'Pass Electron as the option `electron`, or tell the bundler that it is external.',
  ),
  electron_unsupported: forApplication(
    'This Electron is too old',
    'the version of Electron',
    'Update Electron to the version that the message names, or newer.',
  ),
  keyring_missing: forApplication(
    'The package for the keyring is not installed',
    '@napi-rs/keyring',
    'Install `@napi-rs/keyring` beside this package.',
  ),
  bridge_page_invalid: forApplication('A page of the bridge is no URL', 'pages', 'Name the URLs of your own pages.'),
  bridge_page_refused: forApplication(
    'This page may not use the bridge',
    'pages',
    'Name the page among `pages` of serveBridge; frames within a page are not served.',
  ),
  bridge_request_refused: forApplication(
    'The bridge does not know the connection, or the request',
    'connection',
    'Use a name that serveBridge knows, and a request of MCP.',
  ),
  bridge_missing: forApplication(
    'The preload script of the bridge was not loaded',
    'serveBridge, partitions',
    'Await `serveBridge` before the window loads its page, and give it the `partitions` of windows that have one.',
  ),
  callback_awaited: forApplication(
    'The receiver waits already',
    'authorize',
    'Wait for the first, or prepare another receiver.',
  ),
  url_not_openable: forApplication(
    'A URL that is no web page was to be opened',
    'the authorization URL',
    'Pass the authorization URL as it came.',
  ),
  invalid_private_key: forApplication(
    'The private key cannot sign as it should',
    'privateKey',
    'Give a key of the algorithm that is named.',
  ),
  invalid_key_pair: forApplication('The key pair is none', 'keyPair', 'Give the key pair of `generateKey`.'),
  id_token_of_other_issuer: forApplication(
    'The ID Token is of another identity provider',
    'idToken',
    'Give one of the identity provider that is configured.',
  ),
  invalid_client_metadata: forApplication(
    'The client metadata document would not be accepted',
    'the members that the message names',
    'Correct them.',
  ),
  session_of_other_issuer: forApplication(
    'The session to be imported is of another authorization server',
    'the imported session',
    'Sign in anew at this server.',
  ),
  foreign_tokens: forApplication(
    'The provider was given tokens of somebody else',
    'createAuthProvider',
    'Let the connection sign in; it keeps the tokens.',
  ),
  no_web_crypto: forApplication(
    'The page has no cryptography',
    'https',
    'Serve the page by https, or from this machine.',
  ),
  dpop_missing: forApplication(
    'The key that the session is bound to is missing',
    'dpop',
    'Give the host the `dpop` that it had, or sign out and in again.',
  ),
  token_needs_proof: forApplication(
    'The token needs a proof that this way of sending it cannot give',
    'the `fetch` of the connection',
    'Give the transport the `fetch` of the connection.',
  ),
  sdk_unsupported: forApplication(
    'The MCP SDK calls its provider in an unknown way',
    'the version of the SDK',
    'Use the `fetch` of the connection, or a version of the SDK that is supported.',
  ),
  store_corrupted: forApplication(
    'The store cannot be read',
    'the store',
    'It was left as it is. Move it aside to sign in anew.',
  ),
  store_not_private: forApplication(
    'Others of this machine can read or change the store',
    'the folder of the store',
    'Keep the store in a folder that belongs to this user alone, as the message says.',
  ),
  store_newer: forApplication(
    'The store is of a newer version',
    'the version of this package',
    'Update this package, or use another store.',
  ),
  store_unavailable: forApplication(
    'The store cannot be reached or written',
    'the store',
    'Make it writable, and try again.',
  ),
  record_invalid: forApplication(
    'A stored record is damaged',
    'the store',
    'It was left as it is. Move it aside to sign in anew.',
  ),
  record_newer: forApplication(
    'A stored record is of a newer version',
    'the version of this package',
    'Update this package, or use another store.',
  ),
  lock_timeout: forApplication(
    'Another process holds the store',
    'the process that holds the lock',
    'End it, or try again when it is through.',
  ),
  popup_blocked: forPerson(
    'The browser opened no window',
    'the click',
    'Press "sign in" again, and allow this page to open windows. The application can sign in within the click, or on the page itself.',
  ),
  proxy_refused: forPerson(
    'The proxy does not know this page',
    'the address of this page',
    'Start the proxy again, and open the page by the address that it gives.',
  ),
  callback_aborted: forPerson(
    'The sign-in was left',
    'nothing',
    'The window was closed, or the wait ended. Start again when you are ready.',
  ),
  callback_not_pasted: forPerson(
    'The pasted address was not that of the sign-in',
    'the pasted address',
    'Start again, and paste the whole address of the page at which the browser ended.',
  ),
  browser_not_opened: forPerson(
    'No browser could be opened',
    'the default browser',
    'Choose a default browser, or open the address of the sign-in by hand.',
  ),
  interaction_required: forPerson(
    'A person is needed',
    'signing in',
    'Sign in: the application continues with `resume`, or by `signIn` of the connection.',
  ),
  store_unencrypted: forPerson(
    'The key of the operating system is locked, or there is none',
    'the keychain',
    'Unlock the keychain, and try again. On Linux a secret service may have to be installed.',
  ),
  keyring_unavailable: forPerson(
    'The keyring is locked, refuses, or is not there',
    'the keyring',
    'Unlock the keyring, and try again.',
  ),
  identity_provider_refused: {
    title: "The company's identity provider refused",
    party: 'authorization-server',
    by: 'person',
    setting: 'the sign-in at the company',
    words: 'Sign in at the company again; if that does not help, its administrator has to permit this MCP server.',
  },
  device_authorization_denied: denied,
  device_code_expired: {
    title: 'The code was not entered in time',
    party: 'authorization-server',
    by: 'person',
    setting: 'nothing',
    words: 'Start again, and enter the new code on the other device.',
  },
};
