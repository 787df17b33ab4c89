/** All scenarios, by what they are about. */

/** @import { Scenario } from '../scenario.js' */

import * as authorization from './authorization.js';
import * as clients from './clients.js';
import { crossings } from './crossings.js';
import * as field from './discovery_and_registration.js';
import * as life from './life.js';
import { preflight } from './preflight.js';
import * as decides from './registration_decides.js';
import * as echoes from './registration_echoes.js';
import * as management from './registration_management.js';
import * as narrows from './registration_narrows.js';
import * as refuses from './registration_refuses.js';
import * as silent from './registration_silent.js';
import * as stepUp from './step_up.js';
import * as tokens from './tokens.js';

/** @type {Record<string, Scenario[]>} */
export const groups = {
  'ignores scope at registration': echoes.ignored,
  'registers what is sent, and enforces it': echoes.echoed,
  'registers a default where no scope is sent': decides.defaulted,
  'requires scope at registration': decides.required,
  'registers a list of its own': decides.substituted,
  'registers less, and tells': narrows.narrowedAndTold,
  'registers less, silently': narrows.narrowedSilently,
  'registers less, and tells the opposite': narrows.narrowedWithALie,
  'refuses the registration for one scope': refuses.refusedAsAWhole,
  'refuses any scope at registration': refuses.refusedForAnyScope,
  'permits more than registration names': silent.notNamed,
  'wants a scope that nobody names': silent.nobodyNames,
  'lets registrations be managed (RFC 7592)': management.managed,
  'forgets clients, lets secrets expire': management.forgotten,
  'policies crossed with triggers': crossings,
  'registers in odd ways': clients.oddRegistration,
  'registered by hand': clients.preRegistered,
  'client metadata documents': clients.byMetadataDocument,
  'promises iss': authorization.issuerOfErrors,
  'refuses requests without scope': authorization.scopeNeeded,
  'demands a nonce with openid': authorization.nonceDemanded,
  'drops or refuses scopes at authorization': authorization.droppedOrRefused,
  'looks first (opt-in preflight)': preflight,
  'grants more, less, or without saying': tokens.granted,
  offline_access: tokens.offlineAccess,
  refresh: tokens.refreshed,
  'refuses a refresh in its own words': life.refusedRefreshes,
  'moves, or is off': life.moved,
  'forgets clients, and says so in odd words': life.forgottenInOddWords,
  'refuses fresh codes': life.refusedCodes,
  'exactly these scopes': life.exactly,
  'odd tokens': life.oddTokens,
  'step-up': stepUp.widened,
  'step-up that must stop': stepUp.stopped,
  'refuses prompt=consent': field.promptRefused,
  'is elsewhere than it should be': field.moved,
  'registers in ways of its own': field.oddities,
  'refuses client metadata documents': field.documentsRefused,
  'who is asked first': stepUp.asked,
  'what a step-up added is taken away': stepUp.takenAway,
};

export const scenarios = Object.values(groups).flat();
