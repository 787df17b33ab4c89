// What the package says that it uses of Electron, held against Electron's own types. Nothing here is run.

import * as electron from 'electron';
import type { ElectronModules } from '../../js/electron.js';
import { electronHost, schemeRedirect, serveBridge } from '../../js/electron.js';

const modules: ElectronModules = electron;
electronHost({ electron });
serveBridge({ electron, pages: [], connection: () => undefined });
schemeRedirect({ electron, scheme: 'com.example.app' });

// @ts-expect-error: this is not Electron
const none: ElectronModules = { app: electron.app };
void [modules, none];
