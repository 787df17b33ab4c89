/** All scenarios, by what they are about. */

/** @import { Scenario } from '../scenario.js' */

import * as authorization from './authorization.js';
import * as clients from './clients.js';
import * as decides from './registration_decides.js';
import * as echoes from './registration_echoes.js';
import * as management from './registration_management.js';
import * as narrows from './registration_narrows.js';
import * as refuses from './registration_refuses.js';
import * as stepUp from './step_up.js';
import * as tokens from './tokens.js';

/** @type {Scenario[]} */
export const scenarios = [echoes, decides, narrows, refuses, management, clients, authorization, tokens, stepUp].flatMap((file) =>
  Object.values(file).flat(),
);
