// Errors that cross to another process, as by `ipcMain.handle`, which keeps nothing of an error but its message.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from 'mcp-oauth-wasm';
import { rejectionOf } from './world.js';

const parts = {
  code: 'a_code',
  message: 'What happened.',
  step: /** @type {const} */ ('token'),
  details: { url: 'u' },
};

test('an error of every class comes out of another process as it was', () => {
  const { MisuseError, TransportError, RefusedError, IncompatibleError, MisbehavedError, StorageError } = errors;
  for (const Class of [MisuseError, TransportError, RefusedError, IncompatibleError, MisbehavedError, StorageError]) {
    const error = new Class({ ...parts, cause: new Error('left out') });
    const crossed = errors.errorFromJSON(structuredClone(error.toJSON()));
    assert.ok(crossed instanceof Class && crossed instanceof Error);
    const { name, kind, code, message, step, details } = crossed;
    assert.deepEqual({ code, message, step, details }, parts);
    assert.deepEqual([name, kind], [error.name, error.kind]);
    assert.deepEqual(JSON.parse(JSON.stringify(error)), error.toJSON());
  }
});

test('what needs a person says so in another process, and cannot be resumed there', async () => {
  const error = new errors.InteractionRequiredError({ ...parts, resume: async () => 'signed in' });
  const crossed = errors.errorFromJSON(JSON.parse(JSON.stringify(error)));
  assert.ok(crossed instanceof errors.InteractionRequiredError);
  assert.equal(await rejectionOf(crossed.resume()), crossed);
});

test('what is no such error is refused', () => {
  for (const told of [undefined, null, 'text', {}, { kind: 'toString' }, { kind: 'nobody', code: 'x', message: 'y' }])
    assert.throws(() => errors.errorFromJSON(/** @type {any} */ (told)), { code: 'invalid_argument' });
});
