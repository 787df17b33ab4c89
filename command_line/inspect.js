/** `inspect`: the page that shows a sign-in step by step. */

/** @import { Run } from './main.js' */

import { startInspector } from '../inspector/server.js';

/** @param {Run} run */
export async function run({ parameters: [url], options, output, signal }) {
  const inspector = await startInspector({ url });
  try {
    output.document({ url: inspector.url, origin: inspector.origin });
    output.progress('The inspector is at ', ['bold', inspector.url]);
    output.progress('The address is good for one browser, once. Ctrl-C ends the inspector.');
    if (!options['no-open']) await inspector.open().catch((error) => output.progress(['yellow', error.message]));
    await new Promise((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    return true;
  } finally {
    await inspector.close();
  }
}
