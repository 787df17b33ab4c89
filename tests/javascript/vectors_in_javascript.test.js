// The vectors with the module as JavaScript, for pages without WebAssembly: the same code, made by another compiler.

import { init } from '../../js/javascript.js';

await init();
await import('./vectors.test.js');
