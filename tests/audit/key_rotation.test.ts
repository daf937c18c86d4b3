import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type AuditRow, canonical, canonicalEvent } from '../../server/audit/canonical.ts';
import { signHead } from '../../server/audit/heads.ts';
import { type AuditKey, auditKey } from '../../server/audit/keys.ts';
import { proveConsistency, proveEvent } from '../../server/audit/proofs.ts';
import { addAuditMonths, removeOldAudit } from '../../server/audit/retention.ts';
import { signSuccession } from '../../server/audit/successions.ts';
import type { Finding } from '../../server/audit/verify.ts';
import { auditKeys } from '../../server/operations/audit_keys.ts';
import type { Db } from '../../server/platform/db.ts';
import { auditLog, event } from '../helpers/audit.ts';
import { deployment } from '../helpers/deployment.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { database } from '../helpers/postgres.ts';
import { needPython } from '../helpers/python.ts';
import { remember } from '../helpers/secrets.ts';
import { proofVerdicts } from './verdicts.ts';

/** The key of the audit is replaced, also because somebody has stolen it: then it must not help them any more. */
const scope = { after };
needPython('cryptography');
const masterKey = remember('master_key', Buffer.alloc(32, 5).toString('base64'));
const verdicts = proofVerdicts(scope);
const HOUR = 3_600_000;
const ISSUER = 'https://id.example.com';

const kinds = (findings: readonly Finding[]) => [...new Set(findings.map(({ kind }) => kind))].toSorted();

/** A log of 20 entries by the first key, and 20 by the second; and the secret of the first key, for its thief. */
async function rotated() {
  const { db } = await database(scope);
  const time = { ms: Date.now() };
  const log = await auditLog({ db, masterKey }, () => time.ms);
  const ids = await log.fill(20, 10);
  const stolen = log.keys.newest;
  await log.rotate();
  ids.push(...(await log.fill(20, 10)));
  return { db, log, ids, stolen, time };
}

const world = await rotated();
const KEY = world.log.keys.newest;

test('a node that does not know the new key yet goes on, and all entries have their place', async () => {
  const { db } = await database(scope);
  const [here, there] = [await auditLog({ db, masterKey }), await auditLog({ db, masterKey })];
  await here.fill(3);
  await here.rotate();
  await db.transact([event(there.audit, 1), event(here.audit, 2)]);
  await there.seal();
  assert.equal(there.keys.periods.length, 2, 'it has learned of it');
  await here.fill(3);
  const { findings, events, waiting, newest } = await there.verify();
  assert.deepEqual([findings, events, waiting], [[], 8, 0]);
  assert.equal(newest?.head.key_id, here.keys.newest.publicKey.kid);
});

test('rotations at the same time as entries and their sealing make one chain of keys', async () => {
  const app = await deployment(scope);
  const { runner } = await operationsOf(scope, app);
  const logs = [await auditLog(app), await auditLog(app)];
  const call = { actor: actor(), requestId: 'rotation' };
  const input = { params: undefined, query: undefined, body: undefined };
  const rotations = Array.from({ length: 6 }, () => runner.run(auditKeys.rotate, input, call));
  const [made] = await Promise.all([Promise.all(rotations), ...logs.map((log) => log.fill(60, 3))]);
  assert.equal(new Set(made.map(({ key_id: id }) => id)).size, 6);
  const { items } = await runner.run(auditKeys.list, input, call);
  assert.deepEqual(
    items.map(({ key, signs }) => [key.kid, signs]),
    items.map(({ key }, i) => [i === 0 ? key.kid : items[i]?.signed?.succession.key.kid, i === 6]),
  );
  await logs[0]?.seal();
  assert.deepEqual((await logs[1]?.verify())?.findings, []);
});

test('who trusts any of the keys can check proofs of all times', async () => {
  const { db, log, ids, stolen } = world;
  const proofs = {
    'of an entry from before': await proveEvent(db, log.keys, ids[3] as string),
    'of an entry from after': await proveEvent(db, log.keys, ids[33] as string),
    'of a continuation across the rotation': await proveConsistency(db, log.keys, { from: 10 }),
    'of a continuation that ends before it': await proveConsistency(db, log.keys, { from: 10, to: 20 }),
  };
  for (const { publicKey } of [stolen, KEY]) await verdicts.assert(true, proofs, publicKey.kid);
});

test('a proof with a statement about its keys that was changed is wrong, and so is one by a key from another time', async () => {
  const { db, log, ids, stolen } = world;
  const proof = await proveEvent(db, log.keys, ids[33] as string);
  const [signed] = proof.successions;
  assert.ok(signed);
  const { succession } = signed;
  const thief = auditKey(Buffer.alloc(32, 99));
  const byThief = signSuccession({ previous: stolen, next: thief }, succession);
  const { type: _, version: __, key: ___, previous_key: ____, ...about } = succession;
  const resigned = signSuccession({ previous: stolen, next: KEY }, { ...about, tree_size: 1_000 });
  const oldHead = signHead(
    stolen,
    { issuer: about.issuer, size: 40, root: Buffer.from(proof.head.root_hash, 'base64url'), at: new Date() },
    undefined,
  );
  const parsed = (text: string) => JSON.parse(text) as typeof succession;
  await verdicts.assert(
    false,
    {
      'no successions': { ...proof, successions: [] },
      'a later replacement': {
        ...proof,
        successions: [{ ...signed, succession: { ...succession, tree_size: 1_000 } }],
      },
      'a signature by the key before alone': {
        ...proof,
        successions: [{ ...signed, own_signature: signed.signature }],
      },
      'a signature by the new key alone': { ...proof, successions: [{ ...signed, signature: signed.own_signature }] },
      'a statement of the thief about the new key': {
        ...proof,
        successions: [
          {
            succession: parsed(resigned.text),
            signature: resigned.signature.toString('base64url'),
            own_signature: signed.own_signature,
          },
        ],
      },
      'a key of the thief': {
        ...proof,
        successions: [
          {
            succession: parsed(byThief.text),
            signature: byThief.signature.toString('base64url'),
            own_signature: byThief.ownSignature.toString('base64url'),
          },
        ],
      },
      'a head by the key before': {
        ...proof,
        head: JSON.parse(oldHead.text),
        signature: oldHead.signature.toString('base64url'),
      },
    },
    stolen.publicKey.kid,
  );
});

/** Changes by somebody who has the first key and all rights in the database. */
const forgeries: readonly {
  readonly about: string;
  do(db: Db, stolen: AuditKey): Promise<readonly string[]>;
  readonly found: readonly Finding['kind'][];
}[] = [
  {
    about: 'a leaf of another entry, with the MACs after it',
    async do(db, stolen) {
      const leaves = await db.run<{ index: string; event_id: string; hash: Buffer; mac: Buffer }>(
        { text: 'SELECT * FROM audit_leaves WHERE index >= 29 ORDER BY index' },
        [],
      );
      let previous = leaves[0]?.mac ?? Buffer.alloc(0);
      return leaves.slice(1).map(({ index, event_id: id, hash }) => {
        previous = stolen.mac(previous, hash, Buffer.from(`written ${id}`));
        return `UPDATE audit_leaves SET mac = '\\x${previous.toString('hex')}' WHERE index = ${index}`;
      });
    },
    found: ['leaf_changed'],
  },
  {
    about: 'a head of the whole log',
    async do(_db, stolen) {
      const at = new Date();
      const head = signHead(stolen, { issuer: ISSUER, size: 40, root: Buffer.alloc(32), at }, undefined);
      return [
        `UPDATE audit_heads SET head = '${head.text}', signature = '\\x${head.signature.toString('hex')}' WHERE tree_size = 40`,
      ];
    },
    found: ['head_changed'],
  },
  {
    about: 'an anchor that explains away what is gone',
    async do(_db, stolen) {
      const { text, signature } = stolen.sign({
        type: 'cardea-audit-anchor',
        version: 1,
        issuer: ISSUER,
        key_id: stolen.publicKey.kid,
        before: new Date().toISOString(),
        before_id: 'ffffffff-0000-7000-8000-000000000000',
        tree_size: 0,
        root_hash: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU',
        time: new Date().toISOString(),
      });
      return [
        `INSERT INTO audit_anchors VALUES (gen_random_uuid(), 'ffffffff-0000-7000-8000-000000000000', '${text}', '\\x${signature.toString('hex')}', now())`,
        'DELETE FROM audit WHERE id = (SELECT event_id FROM audit_leaves WHERE index = 35)',
      ];
    },
    found: ['anchor_changed', 'removed'],
  },
  {
    about: 'a later replacement of the key, signed by it',
    async do(db, stolen) {
      const [row] = await db.run<{ succession: string }>({ text: 'SELECT succession FROM audit_keys' }, []);
      const later = { ...JSON.parse(row?.succession ?? ''), tree_size: 1_000 };
      const { text, signature } = stolen.sign(later);
      return [`UPDATE audit_keys SET succession = '${text}', signature = '\\x${signature.toString('hex')}'`];
    },
    found: ['head_changed', 'key_changed', 'leaf_changed'],
  },
  {
    about: 'another signature in place of that of the key before',
    async do(_db, _stolen) {
      return ['UPDATE audit_keys SET signature = own_signature'];
    },
    found: ['key_changed'],
  },
  {
    about: 'no replacement of the key',
    async do(_db, _stolen) {
      return ['DELETE FROM audit_keys'];
    },
    found: ['head_changed', 'leaf_changed'],
  },
  {
    about: 'one more key, of the thief',
    async do(_db, stolen) {
      const thief = auditKey(Buffer.alloc(32, 99));
      const { text, signature, ownSignature } = signSuccession(
        { previous: stolen, next: thief },
        {
          issuer: ISSUER,
          generation: 3,
          tree_size: 40,
          root_hash: '',
          removed_before: '00000000-0000-0000-0000-000000000000',
          time: new Date().toISOString(),
        },
      );
      return [
        `INSERT INTO audit_keys VALUES (3, '${thief.publicKey.kid}', '${text}', '\\x${signature.toString('hex')}', '\\x${ownSignature.toString('hex')}', now())`,
      ];
    },
    found: ['key_changed'],
  },
];

test('who has stolen a key that was replaced can change nothing unseen', async (t) => {
  for (const { about, do: forge, found } of forgeries) {
    await t.test(about, async () => {
      const { db, log, stolen } = await rotated();
      await log.tamper(...(await forge(db, stolen)));
      // As a process that is started afterwards.
      const { findings } = await (await auditLog({ db, masterKey })).verify();
      assert.deepEqual(kinds(findings), found);
    });
  }
});

test('an entry with a MAC of the replaced key is taken in for a day, and then no more', async () => {
  const { db, log, stolen, time } = await rotated();
  async function forged(): Promise<string> {
    const statement = event(log.audit, 1);
    const id = String(statement.values[0]);
    await db.query(statement);
    const [row] = await db.run<AuditRow>({ text: `SELECT * FROM audit WHERE id = '${id}'` }, []);
    assert.ok(row);
    await log.tamper(
      `UPDATE audit SET mac = '\\x${stolen.mac(canonical(canonicalEvent(row))).toString('hex')}' WHERE id = '${id}'`,
    );
    return id;
  }
  time.ms += 23 * HOUR;
  await forged();
  await log.seal();
  assert.deepEqual((await log.verify()).findings, []);
  time.ms += 2 * HOUR;
  const late = await forged();
  await log.seal();
  assert.deepEqual(
    (await log.verify()).findings.map(({ kind, eventId }) => [kind, eventId]),
    [['not_sealed', late]],
  );
});

test('the MAC of a replaced key counts for exactly a day, that of the newest one always', () => {
  const { stolen, log } = world;
  const bytes = Buffer.from('an entry');
  const until = (log.keys.periods[1]?.since ?? 0) + 24 * HOUR;
  assert.equal(log.keys.isEntryMac(stolen.mac(bytes), bytes, until), true);
  assert.equal(log.keys.isEntryMac(stolen.mac(bytes), bytes, until + 1), false);
  assert.equal(log.keys.isEntryMac(KEY.mac(bytes), bytes, until + 1), true);
});

test('a server is not led back to a replaced key by changes of the row of the new one', async () => {
  const { db, log } = await rotated();
  await log.tamper(
    "UPDATE audit_keys SET own_signature = '\\x00'",
    "INSERT INTO audit_keys VALUES (3, 'x', '{}', '\\x00', '\\x00', now())",
  );
  await db.query(event(log.audit, 1));
  await assert.rejects(log.seal(), /was changed or removed/);
  await log.tamper('DELETE FROM audit_keys', "DELETE FROM server_secrets WHERE name LIKE 'audit-key-%'");
  await assert.rejects(log.seal(), /was changed or removed/);
  assert.deepEqual(kinds((await log.verify()).findings), ['key_changed']);
});

test('a server that finds the secret of a key gone does not seal by the key before, and no other key follows', async () => {
  const { db, log } = await rotated();
  await log.tamper("DELETE FROM server_secrets WHERE name LIKE 'audit-key-%'");
  const later = await auditLog({ db, masterKey });
  await assert.rejects(later.seal(), /was changed or removed/);
  await assert.rejects(later.audit.successor(), { code: 'conflict' });
  assert.ok(kinds((await later.verify()).findings).includes('key_changed'));
});

test('a process that finds the first key gone makes no other one in its place', async () => {
  const { db, log } = await rotated();
  await log.tamper("DELETE FROM server_secrets WHERE name = 'audit'");
  await assert.rejects(auditLog({ db, masterKey }), { code: 'audit_key_missing' });
  assert.deepEqual((await log.verify()).findings, []);
});

test('an anchor is signed by the newest key, also on a node that does not know it yet', async () => {
  const { db } = await database(scope);
  const time = { ms: Date.UTC(2027, 0, 15) };
  const now = () => time.ms;
  const [here, there] = [await auditLog({ db, masterKey }, now), await auditLog({ db, masterKey }, now)];
  await addAuditMonths(db, now);
  await here.fill(10);
  time.ms = Date.UTC(2027, 6, 15);
  await addAuditMonths(db, now);
  await here.audit.prepare();
  const [entry, { statements }] = [event(here.audit, 1), await here.audit.successor()];
  await here.fill(1);
  await assert.rejects(db.transact(statements), 'the log has grown since the statement was signed');
  await there.rotate();
  await db.query(entry);
  const { statements: earlier } = await there.audit.successor();
  const removed = await removeOldAudit({ db, audit: here.audit, issuer: ISSUER, now, months: 1 });
  assert.ok(removed);
  await assert.rejects(db.transact(earlier), 'entries were removed since');
  await here.seal();
  assert.deepEqual((await here.verify()).findings, []);
});

test('a server that has seen a key does not go on without it until it is there again, and its verification finds that it is gone', async () => {
  const { log } = await rotated();
  await log.tamper('CREATE TABLE kept AS SELECT * FROM audit_keys', 'DELETE FROM audit_keys');
  assert.deepEqual(kinds((await log.verify()).findings), ['key_changed']);
  await assert.rejects(log.seal(), /was changed or removed/);
  await log.tamper('INSERT INTO audit_keys SELECT * FROM kept');
  await log.seal();
  assert.deepEqual((await log.verify()).findings, []);
});
