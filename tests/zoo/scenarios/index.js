/** All scenarios, by what they are about. */

/** @import { Scenario } from '../scenario.js' */

import { echoed, ignored } from './registration_echoes.js';

/** @type {Scenario[]} */
export const scenarios = [...ignored, ...echoed];
