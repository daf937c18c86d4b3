import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { hashToken } from '../../server/platform/sealing.ts';
import { createRegistrationTokens } from '../helpers/client_stores.ts';
import { remember } from '../helpers/secrets.ts';
import { setUpCli } from './run_cli.ts';

const { cardea, db } = await setUpCli({ after });
const tokens = createRegistrationTokens({ db, now: Date.now });

test('registration token create prints the token once, and stores its hash', async () => {
  const made = await cardea([
    ...['registration', 'token', 'create', '--uses', '3', '--expires', '12h', '--scope', 'openid mcp:read', '--json'],
    ...['--redirect-host', 'agent.example', '--redirect-host', '*.apps.example'],
  ]);
  assert.deepEqual([made.code, made.stderr], [0, '']);
  const { id, token, created_at, expires_at, ...rest } = made.json;
  remember('other', token);
  assert.match(token, /^[\w-]{43}$/);
  assert.equal(Date.parse(expires_at) - Date.parse(created_at), 12 * 3_600_000);
  assert.deepEqual(rest, {
    uses_left: 3,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_hosts: ['agent.example', '*.apps.example'],
    scope: 'openid mcp:read',
  });
  const rows = await db.run({ name: '', text: 'SELECT token_hash FROM registration_tokens WHERE id = $1' }, [id]);
  assert.deepEqual(rows, [{ token_hash: hashToken(token) }]);
  assert.equal((await tokens.find(token))?.id, id);

  const listed = await cardea(['registration', 'token', 'list', '--json']);
  assert.deepEqual(listed.json, [{ id, ...rest, created_at, expires_at }]);
  assert.equal(listed.stdout.includes(token), false);

  assert.equal((await cardea(['registration', 'token', 'revoke', id])).code, 0);
  assert.equal(await tokens.find(token), undefined);
  assert.equal((await cardea(['registration', 'token', 'revoke', id])).code, 1);
});

for (const [why, code, args] of [
  ['a number of uses', 1, ['--uses', '0']],
  ['a duration', 2, ['--expires', 'soon']],
  ['a host', 1, ['--redirect-host', 'https://agent.example/']],
  ['a grant type', 1, ['--grant-type', 'password']],
] as const) {
  test(`registration token create refuses an argument that is not ${why}`, async () => {
    const ran = await cardea(['registration', 'token', 'create', ...args]);
    assert.equal(ran.code, code, ran.stderr);
    assert.match(ran.stderr, new RegExp(args[0].slice(2).replace('-', '.')));
  });
}
