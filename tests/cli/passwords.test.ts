import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { hashSync } from '@node-rs/argon2';
import bcrypt from '@node-rs/bcrypt';
import { ARGON2, ARGON2ID } from '../../server/accounts/argon2.ts';
import { remember } from '../helpers/secrets.ts';
import { setUpCli } from './run_cli.ts';

const ADA = ['users', 'create', '--email', 'ada@example.com', '--password-stdin'];
const PASSWORD = remember('password', 'Kestrel-Fjord-7');

describe('passwords blocklist', () => {
  test('is built from a list, and then refuses the passwords on the list', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const list = join(folder, 'leaked.txt');
    writeFileSync(list, `${PASSWORD}\nanother\n`);
    const built = await cardea(['passwords', 'blocklist', 'build', list, '--json']);
    assert.equal(built.code, 0, built.stderr);
    const { file, entries, false_positives, checksum } = built.json;
    assert.deepEqual([file, entries, false_positives], [`${list}.blocklist`, 2, 0.001]);
    assert.match(checksum, /^[0-9a-f]{64}$/);
    assert.match(built.stderr, /^2 passwords added$/m);

    const env = { CARDEA_PASSWORD_BLOCKLIST: file };
    const check = async (input: string, more = {}) => {
      const asked = ['passwords', 'blocklist', 'check', '--password-stdin', '--json'];
      const { listed, guessable } = (await cardea(asked, { input, env: more })).json;
      return [listed, guessable];
    };
    assert.deepEqual(
      [await check(PASSWORD, env), await check(`${PASSWORD}x`, env), await check('Password1!')],
      [
        [true, false],
        [false, false],
        [false, true],
      ],
    );
    const refused = await cardea(ADA, { input: PASSWORD, env });
    assert.deepEqual([refused.code, /^cardea: password: /.test(refused.stderr)], [1, true]);
    assert.equal((await cardea(ADA, { input: PASSWORD })).code, 0);
  });

  test('is built from SHA-1 digests, with a chosen false-positive rate and path', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const [list, out] = [join(folder, 'hashes'), join(folder, 'out')];
    writeFileSync(list, `${'0123456789ABCDEF'.repeat(3).slice(0, 40)}:5\n`);
    const args = ['passwords', 'blocklist', 'build', list, '--sha1', '--false-positives', '0.00001', '--out', out];
    const built = await cardea([...args, '--json']);
    assert.deepEqual([built.json.entries, built.json.bits, existsSync(out)], [1, 17, true]);
    writeFileSync(list, 'password\n');
    const { code, stderr } = await cardea(args);
    assert.deepEqual([code, stderr], [1, 'cardea: line 1 is no SHA-1 digest in hex, with or without :count\n']);
  });

  test('a damaged file is reported in one line', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const [list, out] = [join(folder, 'list'), join(folder, 'out')];
    writeFileSync(list, 'x\n');
    await cardea(['passwords', 'blocklist', 'build', list, '--out', out]);
    const bytes = readFileSync(out);
    bytes[5_000] = (bytes[5_000] ?? 0) ^ 1;
    writeFileSync(out, bytes);
    for (const args of [['passwords', 'blocklist', 'check', '--password-stdin'], ADA]) {
      const { code, stderr } = await cardea(args, { input: PASSWORD, env: { CARDEA_PASSWORD_BLOCKLIST: out } });
      assert.equal(code, 1);
      assert.match(stderr, /^cardea: the password blocklist [^\n]+ cannot be used: its checksum is wrong\n$/);
    }
  });
});

describe('passwords status', () => {
  test('counts how passwords are stored, and fails when some cannot be verified', async (t) => {
    const { cardea, folder } = await setUpCli(t);
    const pepper = remember('other', randomBytes(32).toString('base64'));
    const env = { CARDEA_PASSWORD_PEPPER: pepper };
    const { memory, iterations, parallelism } = ARGON2;
    const cost = { algorithm: ARGON2ID, memoryCost: memory, timeCost: iterations, parallelism };
    const people = [
      { email: 'plain@example.com', password_hash: hashSync(PASSWORD, cost) },
      { email: 'bcrypt@example.com', password_hash: bcrypt.hashSync(PASSWORD, 4) },
      { email: 'none@example.com' },
    ];
    const file = join(folder, 'people');
    writeFileSync(file, people.map((one) => JSON.stringify(one)).join('\n'));
    assert.equal((await cardea(['users', 'import', file])).code, 0);
    assert.equal((await cardea(ADA, { input: PASSWORD, env })).code, 0);
    const good = await cardea(['passwords', 'status', '--json'], { env });
    assert.equal(good.code, 0, good.stderr);
    const rows = (items: { kind: string; pepper: string | null; state: string; people: number }[]) =>
      items.map((one) => [one.kind, one.pepper !== null, one.state, one.people].join(' ')).sort();
    assert.deepEqual(rows(good.json), [
      'argon2 false renewed_at_sign_in 1',
      'argon2 true current 1',
      'bcrypt false renewed_at_sign_in 1',
    ]);
    const bad = await cardea(['passwords', 'status', '--json']);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /^cardea: 1 people cannot sign in/);
    assert.deepEqual(rows(JSON.parse(bad.stdout)), [
      'argon2 false current 1',
      'argon2 true pepper_unknown 1',
      'bcrypt false renewed_at_sign_in 1',
    ]);
  });
});
