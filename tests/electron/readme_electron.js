// Stands in for the npm package `electron`, in a program that runs on Node: what `import … from 'electron'` gives.

import { tmpdir } from 'node:os';
import { env } from 'node:process';
import { createUserAgent } from '../servers/user_agent.js';
import { createElectron } from './electron.js';

const userAgent = createUserAgent();
const electron = createElectron({
  userData: env.USER_DATA ?? tmpdir(),
  isReady: false,
  browse: (url) => userAgent.browse(url),
});

/** The whole of it, for what Electron's module does not have. */
export const standIn = electron;
export const { app, shell, session, net, ipcMain, safeStorage, becomeReady } = electron;
