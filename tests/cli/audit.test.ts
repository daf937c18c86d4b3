import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type AuditRow, canonical, canonicalEvent } from '../../server/audit/canonical.ts';
import { leafHash } from '../../server/audit/merkle.ts';
import { proveEvent } from '../../server/audit/proofs.ts';
import { auditLog, event } from '../helpers/audit.ts';
import { setUpCli } from './run_cli.ts';

/** The output and the exit codes of the verbs of the audit. */
const { cardea, db, masterKey, folder } = await setUpCli({ after });
const DAY = '2026-11-20';
const NEXT_DAY = '2026-11-21';
const log = await auditLog({ db, masterKey }, () => Date.parse(`${DAY}T12:00:00Z`));
// Two at a time: heads are signed for 2 and for 4 entries.
const [first = '', , third = ''] = await log.fill(4, 2);
const KEY_ID = log.keys.newest.publicKey.kid;

async function kept(name: string, ...args: readonly string[]): Promise<string> {
  const file = join(folder, name);
  const { stdout, code, stderr } = await cardea(args);
  assert.equal(code, 0, stderr);
  writeFileSync(file, stdout);
  return file;
}

const head = await kept('head.json', 'audit', 'heads', '--newest');
const heads = await kept('heads.json', 'audit', 'heads', '--json');
const proof = await kept('proof.json', 'audit', 'prove', first);
const text = join(folder, 'text.txt');
writeFileSync(text, 'no JSON');

/** Exit code, and what the message has. */
const REFUSED: Readonly<Record<string, readonly [readonly string[], 1 | 2, RegExp]>> = {
  'a time that is none': [['list', '--from', 'zz'], 2, /--from: must be a day, such as .*, or a time/],
  'a day that does not exist': [['list', '--to', '2026-02-30'], 2, /--to: must be a day/],
  'a time to verify from that is none': [['verify', '--since', 'yesterday'], 2, /--since: must be a day/],
  'a first event that is neither an index nor a time': [
    ['destinations', 'replay', first, '--from', 'zz'],
    2,
    /--from: must be .* 2026-11-01T08:00:00Z/,
  ],
  'a format that there is not': [['export', '--format', 'xml'], 2, /--format: must be jsonl or csv/],
  'a size without a head': [['consistency', '--from', '3'], 1, /from: .* 3 entries; there are for 2 and 4/],
  'a later size without a head': [
    ['consistency', '--from', '2', '--to', '9'],
    1,
    /to: .* 9 entries; there is one for 4/,
  ],
  'the size of an empty log': [
    ['consistency', '--from', '0'],
    2,
    /--from: must be the size of a log, a whole number from 1/,
  ],
  'a head in place of a proof': [['check-proof', head], 1, /it is a signed head.*verify --head/],
  'heads in place of a proof': [['check-proof', heads], 1, /it is a list/],
  'a text in place of a proof': [['check-proof', text], 1, /text\.txt: is not JSON/],
  'a proof in place of a head': [
    ['verify', '--head', proof],
    1,
    /proof\.json: is a proof of an entry: .*heads --newest/,
  ],
  'heads in place of one': [['verify', '--head', heads], 1, /heads\.json: is a list: .*heads --newest/],
};

for (const [what, [args, code, said]] of Object.entries(REFUSED)) {
  test(`${what} is refused with what to do`, async () => {
    const ran = await cardea(['audit', ...args]);
    assert.deepEqual([ran.code, ran.stdout], [code, ''], ran.stderr);
    assert.match(ran.stderr, said);
  });
}

test('a day is its midnight in UTC: entries of a period are listed and exported', async () => {
  const filter = ['--filter', 'target_kind eq "user"'];
  for (const [from, to, count] of [
    [DAY, NEXT_DAY, 4],
    [DAY, `${NEXT_DAY}T00:00:00Z`, 4],
    [NEXT_DAY, '2999-01-01', 0],
    ['2020-01-01', '2020-02-01', 0],
  ] as const) {
    const period = [...filter, '--from', from, '--to', to];
    assert.equal((await cardea(['audit', 'list', ...period, '--json'])).json.length, count, `${from} ${to}`);
    const lines = (await cardea(['audit', 'export', ...period])).stdout.split('\n').length - 1;
    assert.equal(lines, count, `${from} ${to}, exported`);
  }
});

test('a proof that is right is shown as JSON, with whether the key is trusted', async () => {
  const check = async (...more: readonly string[]) =>
    (await cardea(['audit', 'check-proof', proof, '--json', ...more])).json;
  const { head, event } = await proveEvent(db, log.keys, first);
  const { tree_size, time } = head;
  const entry = { id: first, at: event.at, action: 'sessions.begin', index: 0 };
  const shown = { valid: true, type: 'cardea-audit-proof', ...entry, key_id: KEY_ID, tree_size, signed_at: time };
  assert.deepEqual(await check(), { ...shown, trusted: false });
  assert.deepEqual(await check('--key-id', KEY_ID), { ...shown, trusted: true });
});

test('what was changed makes the exit code 3, which wrong usage never has', async () => {
  const since = await cardea(['audit', 'verify', '--head', head, '--since', DAY]);
  assert.deepEqual([since.code, since.stdout], [0, `Nothing since ${DAY} was changed.\n`]);
  assert.equal((await cardea(['audit', 'verify', '--heads'])).code, 2);
  await log.tamper(`UPDATE audit SET target_id = 'other' WHERE id = '${third}'`);
  assert.doesNotMatch((await cardea(['audit', 'verify', '--help'])).stdout, /default: \[/);
  const { code, stdout } = await cardea(['audit', 'verify']);
  assert.equal(code, 3);
  assert.match(stdout, new RegExp(`^changed +${third}`, 'm'));
});

test('an entry that was changed in the database is marked wherever it is shown, and no other one is', async () => {
  const period = ['--from', DAY, '--to', NEXT_DAY];
  const marks = (entries: readonly { id: string; intact: boolean }[]) =>
    entries.flatMap(({ id, intact }) => (intact ? [] : [id]));
  const list = await cardea(['audit', 'list', ...period, '--json']);
  assert.deepEqual([list.json.length, marks(list.json)], [4, [third]]);
  assert.match(list.stderr, /^1 of these are not as Cardea has written them .*audit verify/);
  const exported = await cardea(['audit', 'export', ...period]);
  const lines = exported.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(marks(lines), [third]);
  assert.match(exported.stderr, /1 of these are not/);
  assert.match((await cardea(['audit', 'show', third])).stdout, /^intact +no$/m);
  const other = await cardea(['audit', 'show', first, '--json']);
  assert.deepEqual([other.json.intact, other.stderr], [true, '']);
  const table = (await cardea(['audit', 'list', ...period, '--full'])).stdout;
  assert.match(table, /^ID .* ADDRESS +INTACT$/m);
  assert.match(table, new RegExp(`^${third} `, 'm'));
});

test('an entry that waits for its place is marked by its MAC, and one that was written by somebody else', async () => {
  const waiting = event(log.audit, 9);
  const [waits, forged] = [String(waiting.values[0]), '019a9b00-0000-7000-8000-000000000000'];
  await db.query(waiting);
  const intact = async (id: string) => (await cardea(['audit', 'show', id, '--json'])).json.intact;
  assert.equal(await intact(waits), true);
  await log.tamper(
    `UPDATE audit SET outcome = 'denied' WHERE id = '${waits}'`,
    `INSERT INTO audit (id, at, actor_kind, actor_id, action, target_kind, target_id, outcome, changes, request_id, mac)
     SELECT '${forged}', at, actor_kind, actor_id, action, target_kind, target_id, outcome, changes, request_id, mac
       FROM audit WHERE id = '${first}'`,
    `UPDATE audit SET at = at + interval '1 microsecond' WHERE id = '${first}'`,
  );
  for (const id of [waits, forged, first]) assert.equal(await intact(id), false, id);
});

test('an entry without a MAC is marked, whether it fits its leaf or has none', async () => {
  const [placed = ''] = await log.fill(1);
  const unwritten = '019a9b00-0000-7000-8000-000000000001';
  await log.tamper(
    `UPDATE audit SET outcome = 'denied', mac = NULL WHERE id = '${placed}'`,
    `INSERT INTO audit (id, at, actor_kind, actor_id, action, target_kind, target_id, outcome, changes, request_id)
     SELECT '${unwritten}', at, actor_kind, actor_id, action, target_kind, target_id, outcome, changes, request_id
       FROM audit WHERE id = '${placed}'`,
  );
  const [row] = await db.run<AuditRow>({ text: `SELECT * FROM audit WHERE id = '${placed}'` }, []);
  assert.ok(row);
  const hash = leafHash(canonical(canonicalEvent(row))).toString('hex');
  await log.tamper(`UPDATE audit_leaves SET hash = '\\x${hash}' WHERE event_id = '${placed}'`);
  for (const id of [placed, unwritten]) {
    assert.equal((await cardea(['audit', 'show', id, '--json'])).json.intact, false, id);
  }
});
