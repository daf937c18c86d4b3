import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { auditKey } from '../../server/audit/keys.ts';
import { problemOfProof, proveConsistency, proveEvent } from '../../server/audit/proofs.ts';
import { auditLog, event } from '../helpers/audit.ts';
import { database } from '../helpers/postgres.ts';
import { needPython } from '../helpers/python.ts';
import { defer } from '../helpers/scope.ts';
import { remember } from '../helpers/secrets.ts';
import { proofVerdicts } from './verdicts.ts';

/** Proofs that somebody without the database can check: by `cardea audit check-proof`, and by another program. */
const scope = { after };
needPython('cryptography');
const masterKey = remember('master_key', Buffer.alloc(32, 9).toString('base64'));
const { db } = await database(scope);
const log = await auditLog({ db, masterKey });
const ids = await log.fill(700, 140);
const folder = mkdtempSync(join(tmpdir(), 'cardea-test-proof-'));
defer(scope, () => rmSync(folder, { recursive: true, force: true }));

const KEY_ID = log.keys.newest.publicKey.kid;
const verdicts = proofVerdicts(scope);

test('the proof of an entry is right for all who check it, wherever it is in the log', async () => {
  const proofs: Record<string, unknown> = {};
  for (const i of [0, 255, 256, 511, 699]) proofs[`place ${i}`] = await proveEvent(db, log.keys, ids[i] as string);
  await verdicts.assert(true, proofs, KEY_ID);
});

test('a proof that was changed anywhere is wrong for all who check it', async () => {
  const proof = await proveEvent(db, log.keys, ids[300] as string);
  const { head, key } = proof;
  const other = await proveEvent(db, log.keys, ids[301] as string);
  const changed: Readonly<Record<string, unknown>> = {
    'another target': { ...proof, event: { ...proof.event, target_id: 'somebody-else' } },
    'another event': { ...proof, event: other.event },
    'another place': { ...proof, leaf_index: 301 },
    'a place between two': { ...proof, leaf_index: 300.5 },
    'a place that is no number': { ...proof, leaf_index: '300' },
    'a shorter path': { ...proof, path: proof.path.slice(1) },
    'a longer path': { ...proof, path: [...proof.path, ...proof.path.slice(-1)] },
    'another root': { ...proof, head: { ...head, root_hash: key.x } },
    'another size': { ...proof, head: { ...head, tree_size: head.tree_size - 1 } },
    'another signature': { ...proof, signature: `A${proof.signature.slice(1)}` },
    'another key': { ...proof, key: { ...key, x: head.root_hash } },
    'no key': { ...proof, key: undefined },
    'no path': { ...proof, path: undefined },
    'no event': { ...proof, event: undefined },
    'another type': { ...proof, type: 'cardea-audit-consistency' },
    nothing: null,
    'a text': 'proof',
  };
  await verdicts.assert(false, changed, KEY_ID);
  await verdicts.assert(false, { 'a key that is not the trusted one': proof }, 'another-key');
});

test('a log is the continuation of each earlier one, for all who check it', async () => {
  const forged = await auditLog({ db: (await database(scope)).db, masterKey });
  await forged.fill(280, 140);
  const right: Record<string, unknown> = {};
  const wrong: Record<string, unknown> = {};
  for (const from of [140, 280, 560, 700]) {
    const proof = await proveConsistency(db, log.keys, { from });
    Object.assign(right, { [`from ${from}`]: proof });
    if (from === 700) continue;
    const [first = '', ...rest] = proof.path;
    Object.assign(wrong, { [`${from} shorter`]: { ...proof, path: rest } });
    Object.assign(wrong, { [`${from} in another order`]: { ...proof, path: [...rest, first] } });
  }
  const own = await proveConsistency(db, log.keys, { from: 280 });
  const other = (await forged.verify()).newest;
  await verdicts.assert(true, right, KEY_ID);
  await verdicts.assert(
    false,
    {
      ...wrong,
      'the head of a log with the same key and other entries': { ...own, from: other },
      'another version': { ...own, version: 2 },
      'an unknown type': { ...own, type: 'cardea-audit-other' },
    },
    KEY_ID,
  );
});

test('a secret gives the same keys in each version, since logs of earlier ones are checked with them', () => {
  const key = auditKey(Buffer.alloc(32, 9));
  assert.equal(key.publicKey.kid, 'IpEfjUwXTBrBnXgIL8Emj1-4WT-NfaG3XwBxjdCye7s');
  assert.equal(
    key.mac(Buffer.from('x')).toString('hex'),
    '96076364065636238649250e04e10103f9e871a4149b2ed181d5cef3a516323e',
  );
});

test('what is no proof is told from a proof that is wrong', async () => {
  const proof = await proveConsistency(db, log.keys, { from: 140, to: 280 });
  assert.equal(problemOfProof(proof), undefined);
  const wrong = { ...proof, path: [] };
  for (const [given, why] of [
    [wrong, /^the later log is not a continuation/],
    [{ ...proof, version: 2 }, /^its version is unknown/],
    [{ ...proof, type: 'cardea-audit-other' }, /its type is unknown$/],
    [{ ...proof, from: undefined }, /members are missing or have the wrong type$/],
  ] as const) {
    assert.match(problemOfProof(given) ?? '', why);
  }
});

test('there is a proof between two heads that there are, and from the earlier one', async () => {
  await assert.rejects(proveConsistency(db, log.keys, { from: 141 }), { code: 'not_found' });
  await assert.rejects(proveConsistency(db, log.keys, { from: 140, to: 281 }), { code: 'not_found' });
  await assert.rejects(proveConsistency(db, log.keys, { from: 701 }), { code: 'not_found' });
  await assert.rejects(proveConsistency(db, log.keys, { from: 280, to: 140 }), {
    code: 'invalid_input',
    message: 'to: is smaller than from',
  });
});

test('an entry that was changed or removed has no proof, and the error says so', async () => {
  const { db: own } = await database(scope);
  const tampered = await auditLog({ db: own, masterKey });
  const [first = '', second = ''] = await tampered.fill(3);
  await tampered.tamper(
    `UPDATE audit SET target_id = 'other' WHERE id = '${first}'`,
    `DELETE FROM audit WHERE id = '${second}'`,
  );
  for (const id of [first, second]) await assert.rejects(proveEvent(own, tampered.keys, id), { code: 'conflict' }, id);
});

test('an entry that no head covers yet has no proof', async () => {
  const { db: own } = await database(scope);
  const late = await auditLog({ db: own, masterKey });
  const statement = event(late.audit, 1);
  const id = String(statement.values[0]);
  await assert.rejects(proveEvent(own, late.keys, id), { code: 'not_found' });
  await own.query(statement);
  await assert.rejects(proveEvent(own, late.keys, id), { code: 'audit_not_sealed' });
  await late.seal();
  assert.equal((await proveEvent(own, late.keys, id)).leaf_index, 0);
});
