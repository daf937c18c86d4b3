import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { softPasskey } from '../helpers/authenticator.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import type { Scope } from '../helpers/scope.ts';
import { setUpCli } from './run_cli.ts';

const ADA = ['users', 'create', '--email', 'ada@example.com', '--no-password', '--json'];

async function withAda(scope: Scope) {
  const cli = await setUpCli(scope);
  const ada = (await cli.cardea(ADA)).json;
  return { ...cli, ada, factors: await createFactorSeeder({ ...cli, issuer: 'http://localhost:3000' }) };
}

const count = async ({ db }: Awaited<ReturnType<typeof withAda>>, table: string) =>
  (await db.run({ name: '', text: `SELECT 1 FROM ${table}` }, [])).length;

describe('users factors', () => {
  test('lists the factors of a person without their secrets', async (t) => {
    const cli = await withAda(t);
    const none = await cli.cardea(['users', 'factors', cli.ada.id, '--json']);
    assert.deepEqual(none.json, { id: cli.ada.id, second_factors: [], recovery_codes: 0, passkeys: [] });
    const secret = await cli.factors.totp(cli.ada.id);
    const [code = ''] = await cli.factors.recoveryCodes(cli.ada.id);
    await cli.factors.passkey(cli.ada.id, softPasskey());
    const { json, stdout } = await cli.cardea(['users', 'factors', 'ADA@example.com', '--full', '--json']);
    assert.deepEqual([json.second_factors, json.recovery_codes], [['totp', 'passkey'], 10]);
    assert.deepEqual([json.passkeys.length, json.passkeys[0].name], [1, 'Test']);
    assert.ok(!stdout.includes(secret) && !stdout.includes(code));
  });

  test('reset-factors removes all factors, ends sessions and locks, and sends the person a mail', async (t) => {
    const cli = await withAda(t);
    const { id } = cli.ada;
    await cli.factors.totp(id);
    await cli.factors.passkey(id, softPasskey());
    await cli.factors.recoveryCodes(id);
    await createRecordSeeder(cli).session(id);
    assert.equal(await count(cli, 'sessions'), 1);
    const reset = await cli.cardea(['users', 'reset-factors', id, '--json']);
    assert.deepEqual([reset.code, reset.json.id, reset.json.removed], [0, id, ['totp', 'passkey']]);
    for (const table of ['totp', 'passkeys', 'recovery_codes', 'sessions'])
      assert.equal(await count(cli, table), 0, table);
    assert.deepEqual((await cli.cardea(['users', 'show', id, '--json'])).json.second_factors, []);
    assert.equal(await count(cli, 'mails'), 2);
    const kinds = await cli.db.run({ name: '', text: 'SELECT kind FROM security_events ORDER BY kind' }, []);
    assert.deepEqual(kinds, [{ kind: 'passkey_removed' }, { kind: 'totp_removed' }]);
  });
});

describe('clients', () => {
  test('may require a second factor, from their creation or later', async (t) => {
    const { cardea } = await setUpCli(t);
    const basic = ['clients', 'create', '--name', 'Shop', '--redirect-uri', 'https://shop.example/cb', '--json'];
    const strict = (await cardea([...basic, '--second-factor', 'required'])).json;
    assert.equal(strict.second_factor_required, true);
    const { client_id: id, second_factor_required: before } = (await cardea(basic)).json;
    assert.equal(before, false);
    const changed = await cardea(['clients', 'update', id, '--second-factor', 'required', '--json']);
    assert.equal(changed.json.second_factor_required, true);
    assert.equal((await cardea(['clients', 'show', id, '--json'])).json.second_factor_required, true);
    const back = await cardea(['clients', 'update', id, '--second-factor', 'optional', '--json']);
    assert.equal(back.json.second_factor_required, false);
    assert.equal((await cardea(['clients', 'update', id])).code, 2);
    assert.equal((await cardea(['clients', 'update', id, '--second-factor', 'sometimes'])).code, 2);
    assert.equal((await cardea(['clients', 'update', 'nobody', '--second-factor', 'optional'])).code, 1);
  });
});
