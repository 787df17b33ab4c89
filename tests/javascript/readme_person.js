// Stands in for the person and the disk, in the process that runs the README's example.

import { createMachine } from './world.js';

Object.assign(globalThis, { person: createMachine().host });
