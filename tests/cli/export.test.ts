import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { main } from '../../server/cli/main.ts';
import { BCRYPT } from '../accounts/exported_users.ts';
import { inherited } from '../helpers/processes.ts';
import { jsonLines, linesIn } from '../helpers/streams.ts';
import { Collected, setUpCli, startCli } from './run_cli.ts';

const scope = { after };
const [here, there] = await Promise.all([setUpCli(scope), setUpCli(scope)]);

const PEOPLE = [
  {
    sub: 'auth0|1',
    email: 'ada@example.com',
    email_verified: true,
    username: 'ada',
    name: 'Ada Lovelace',
    birthdate: '1815-12-10',
    address: { street_address: '12 St James’s Square', locality: 'London' },
    groups: ['Büro "München"', 'back\\slash', '{braces}'],
    roles: ['reader'],
    password_hash: BCRYPT,
    password_set_at: '2025-01-31T12:00:00.000Z',
    totp_secret: 'GEZDGNBVGY3TQOJQ',
  },
  { sub: '3c1b4a0e-0000-4000-8000-000000000001', email: 'bob@example.com', email_verified: false, disabled: true },
];

async function importInto({ cardea, folder }: typeof here, text: string) {
  const file = join(folder, 'people.jsonl');
  writeFileSync(file, text);
  return cardea(['users', 'import', file, '--json']);
}

test('an export with credentials and its import are the same people', async () => {
  assert.equal((await importInto(here, jsonLines(...PEOPLE))).code, 0);
  const exported = await here.cardea(['users', 'export', '--credentials']);
  assert.deepEqual([exported.code, linesIn(exported.stdout)], [0, PEOPLE]);
  const imported = await importInto(there, exported.stdout);
  assert.deepEqual([imported.code, imported.json.imported], [0, 2]);
  const again = await there.cardea(['users', 'export', '--credentials']);
  assert.equal(again.stdout, exported.stdout);
});

test('an export into a file shows its progress beside it, and one on a terminal shows the people alone', async () => {
  const { stderr } = await here.cardea(['users', 'export']);
  assert.match(stderr, /\b2\b/);
  const shown = async (terminal: Partial<Record<'stdout' | 'stderr', true>>) => {
    const [stdout, stderr] = [new Collected(), new Collected()];
    for (const [name, stream] of Object.entries({ stdout, stderr }))
      Object.assign(stream, { isTTY: Object.hasOwn(terminal, name) });
    const streams = { stdin: Readable.from([]), stdout, stderr };
    await main(['users', 'export'], { env: { ...inherited(), ...here.env }, ...streams, once() {}, off() {} });
    return { people: linesIn(stdout.text()).length, stderr: stderr.text() };
  };
  assert.deepEqual(await shown({ stdout: true, stderr: true }), { people: 2, stderr: '' });
  const beside = await shown({ stderr: true });
  assert.equal(beside.people, 2);
  assert.ok(beside.stderr.startsWith('\r'), 'one line that changes');
});

test('an export has no credentials unless they are asked for, and the members and people that are', async () => {
  const all = linesIn((await here.cardea(['users', 'export'])).stdout);
  const open = PEOPLE.map(({ password_hash: _, password_set_at: __, totp_secret: ___, ...person }) => person);
  assert.deepEqual(all, open);
  const some = await here.cardea(['users', 'export', '--fields', 'email, name', '--filter', 'roles eq "reader"']);
  assert.deepEqual(linesIn(some.stdout), [{ email: 'ada@example.com', name: 'Ada Lovelace' }]);
  const refused = await here.cardea(['users', 'export', '--fields', 'password_hash']);
  assert.equal(refused.code, 1);
});

test('an export ends when nobody reads it any more', async () => {
  // More than pipes and buffers take.
  const url = `https://example.com/${'x'.repeat(1_900)}`;
  const long = { picture: url, profile: url, website: url };
  const many = Array.from({ length: 400 }, (_, i) => ({ email: `p${i}@example.com`, ...long }));
  await importInto(here, jsonLines(...many));
  const child = startCli(['users', 'export'], here.env);
  child.stderr?.resume();
  await once(child.stdout ?? child, 'data');
  child.stdout?.destroy();
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});
