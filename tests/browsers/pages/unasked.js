// Signs in when it is loaded, which browsers let no page do in a window: it asks for a click, or does not.

/** @import { BlockedPopup } from 'mcp-oauth-wasm/browser' */

const [act, paste, pasted, output] = ['act', 'paste', 'pasted', 'outcome'].map(
  (id) => /** @type {HTMLInputElement} */ (document.getElementById(id)),
);
const given = new URLSearchParams(location.search);
const server = String(given.get('server'));

/** @param {BlockedPopup} blocked */
const onBlocked = ({ open }) =>
  new Promise((/** @type {(clicked?: undefined) => void} */ resolve) => {
    say('blocked');
    if (act) act.onclick = () => open() && resolve();
  });

/** @returns {Promise<string>} */
const ask = () =>
  new Promise((resolve) => {
    if (paste) paste.onclick = () => resolve(String(pasted?.value));
  });

/** @param {string} text */
function say(text) {
  console.log(text);
  if (output) output.textContent = text;
}

const ways = { plain: {}, asks: { onBlocked }, pastes: { onBlocked, ask } };
const redirect = lab.popupRedirect({
  redirectUri: '/callback.html',
  ...ways[/** @type {keyof typeof ways} */ (given.get('way'))],
});
const { fetch } = lab
  .createAuthorizer({ host: lab.browserHost({ redirect }) })
  .connection(server, { interaction: true });
say(JSON.stringify(await lab.outcome(() => lab.whoAmI(fetch, server))));
