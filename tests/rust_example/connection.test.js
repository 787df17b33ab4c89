// A connection of examples/rust, at real servers: tests/rust_example/calls.rs is the host. `npm run test:rust-example` builds it.

import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { refreshes } from '../javascript/single_flight_processes.js';
import { temporaryFolder } from '../javascript/temporary_folder.js';
import { startWorld } from '../javascript/world.js';
import { runProgram } from './program.js';

/** @type {import('../javascript/world.js').World} */
let world;
before(async () => {
  world = await startWorld({ protectedResource: { furtherTools: { edit: ['private_metadata'] } } });
});
after(() => world.close());

const program = join('examples', 'calls');

/** @param {string} folder @param {string[]} commands */
const calls = (folder, ...commands) => runProgram(program, [world.server, folder, ...commands]);

test('fifty callers at once, none of whom is signed in, send one person away once', async () => {
  const { lines, trips } = await calls(await temporaryFolder(), 'whoami*50');
  assert.deepEqual(lines, Array(50).fill('whoami 200'));
  assert.equal(trips.length, 1);
});

test('where no person may be asked, nobody is sent away, and the failure says where one would have to be', async () => {
  const { lines, trips } = await runProgram(program, [world.server, await temporaryFolder(), 'whoami*1'], {
    environment: { UNATTENDED: '1' },
  });
  assert.deepEqual(lines, [`whoami A person has to sign in at ${world.issuer}.`]);
  assert.equal(trips.length, 0);
});

for (const [what, spoil] of Object.entries({
  'whose token has expired': (/** @type {string} */ folder) =>
    changeTokens(folder, (tokens) => ({
      ...tokens,
      receivedAt: tokens.receivedAt - 7200,
      expiresAt: tokens.expiresAt - 7200,
    })),
  'whose token the server does not take any more': (/** @type {string} */ folder) =>
    changeTokens(folder, async (tokens) => {
      await (await world.authorizationServer.provider.AccessToken.find(tokens.accessToken))?.destroy();
      return tokens;
    }),
})) {
  test(`after a restart, fifty callers at once ${what} refresh once`, async () => {
    const folder = await temporaryFolder();
    await calls(folder, 'whoami*1');
    await spoil(folder);
    const before = refreshes(world).length;
    const { lines, trips } = await calls(folder, 'whoami*50');
    assert.deepEqual(lines, Array(50).fill('whoami 200'));
    assert.equal(trips.length, 0);
    assert.deepEqual(refreshes(world).slice(before), [200]);
  });
}

test('two processes at once refresh once', async () => {
  const folder = await temporaryFolder();
  await calls(folder, 'whoami*1');
  await changeTokens(folder, (tokens) => ({
    ...tokens,
    receivedAt: tokens.receivedAt - 7200,
    expiresAt: tokens.expiresAt - 7200,
  }));
  const before = refreshes(world).length;
  const both = await Promise.all([calls(folder, 'whoami*25'), calls(folder, 'whoami*25')]);
  for (const { lines } of both) assert.deepEqual(lines, Array(25).fill('whoami 200'));
  assert.deepEqual(refreshes(world).slice(before), [200]);
});

test('callers who need more scopes step up once, and keep what they had', async () => {
  const folder = await temporaryFolder();
  await calls(folder, 'whoami*1');
  const { lines, trips } = await calls(folder, 'edit*10', 'whoami*1');
  assert.deepEqual(lines, [...Array(10).fill('edit 200'), 'whoami 200']);
  assert.equal(trips.length, 1);
  const requested = String(trips[0]?.searchParams.get('scope')).split(' ');
  for (const scope of ['email', 'private_metadata']) assert.ok(requested.includes(scope), `${scope} in ${requested}`);
});

test('a refresh and a sign-in that are asked for happen, and a sign-out revokes the tokens', async () => {
  const folder = await temporaryFolder();
  const before = refreshes(world).length;
  const { lines, trips } = await calls(folder, 'sign-in', 'refresh', 'whoami*1', 'sign-in', 'sign-out');
  assert.deepEqual(lines, ['whoami 200', 'revoked: true']);
  assert.equal(trips.length, 2);
  assert.deepEqual(refreshes(world).slice(before), [200]);
  assert.equal(await sessionFile(folder), undefined);
});

test('after a restart the person comes back to the redirect URI that is registered, with the same client', async () => {
  const folder = await temporaryFolder();
  const trips = [...(await calls(folder, 'sign-in')).trips, ...(await calls(folder, 'sign-in')).trips];
  assert.equal(trips.length, 2);
  for (const name of ['redirect_uri', 'client_id']) {
    assert.equal(trips[1]?.searchParams.get(name), trips[0]?.searchParams.get(name));
  }
});

test('an ID Token that nobody checked is not kept, and an application that asks for one is told', async () => {
  const folder = await temporaryFolder();
  await calls(folder, 'whoami*1');
  const { tokens, plan } = JSON.parse(await readFile(String(await sessionFile(folder)), 'utf8')).value;
  assert.ok(plan.scopes.some((/** @type {any} */ { scope, granted }) => scope === 'openid' && granted));
  assert.equal(tokens.idToken, undefined);

  const { lines } = await runProgram(program, [world.server, await temporaryFolder(), 'whoami*1'], {
    environment: { SCOPES: 'openid' },
  });
  assert.match(String(lines), /^whoami The ID Token .* \(id_token_invalid\)$/);
});

test('a sign-in that fails fails for all who wait for it, and is not tried again for each of them', async () => {
  const refusals = () => world.protectedResource.requests.filter(({ status }) => status === 401).length;
  const before = refusals();
  const first = async () => {
    while (refusals() < before + 50) await pause(10);
  };
  const { lines, trips } = await runProgram(program, [world.server, await temporaryFolder(), 'whoami*50'], {
    first,
    environment: { SCOPES: 'openid' },
  });
  assert.equal(lines.filter((line) => line.endsWith('(id_token_invalid)')).length, 50);
  assert.equal(trips.length, 1);
});

test('what is kept can be read by its owner alone', {
  skip: process.platform === 'win32' && 'Windows has no modes',
}, async () => {
  const folder = join(await temporaryFolder(), 'sessions');
  await calls(folder, 'whoami*1');
  const mode = async (/** @type {string} */ path) => (await stat(path)).mode & 0o777;
  assert.equal(await mode(folder), 0o700);
  assert.equal(await mode(String(await sessionFile(folder))), 0o600);
});

/** @param {string} folder */
async function sessionFile(folder) {
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json')) continue;
    const path = join(folder, name);
    if (String(JSON.parse(await readFile(path, 'utf8')).value.key).startsWith('session ')) return path;
  }
  return undefined;
}

/**
 * Changes the tokens of the stored session behind everybody's back.
 *
 * @param {string} folder
 * @param {(tokens: any) => any} change
 */
async function changeTokens(folder, change) {
  const path = String(await sessionFile(folder));
  const record = JSON.parse(await readFile(path, 'utf8'));
  record.value.tokens = await change(record.value.tokens);
  await writeFile(path, JSON.stringify(record));
}
