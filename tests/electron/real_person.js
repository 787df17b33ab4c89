// Plays the person, within the example in Electron itself: in place of the system browser, and in the window.

import { env } from 'node:process';
import { app, shell } from 'electron';

/** @import { UserAgent } from '../servers/user_agent.js' */

/** What happens in the window. */
const inWindow = `(async () => {
  const until = async (condition) => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const find = (selector) => document.querySelector(selector);
  find('input').value = ${JSON.stringify(env.MCP_SERVER)};
  find('form button').click();
  await until(() => !/^(|Connecting.*)$/.test(find('[role=status]').textContent));
  if (find('[role=status]').textContent !== 'Connected.') throw new Error(find('[role=status]').textContent);
  find('ul button').click();
  await until(() => find('pre').textContent !== '');
  return find('table').innerText + find('pre').textContent;
})()`;

/** @param {UserAgent} userAgent */
export function playPerson(userAgent) {
  app.setPath('userData', String(env.USER_DATA));
  shell.openExternal = async (url) => void userAgent.browse(url);
  app.on('browser-window-created', (_event, window) => {
    window.webContents.once('did-finish-load', async () => {
      try {
        const seen = await window.webContents.executeJavaScript(inWindow);
        console.log(`signed in: ${seen.replace(/\s+/g, ' ')}`);
        app.exit(0);
      } catch (error) {
        console.error(error);
        app.exit(1);
      }
    });
  });
}
