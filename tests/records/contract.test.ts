import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { hashToken } from '../../server/platform/sealing.ts';
import type { Units } from '../../server/records/unit.ts';
import { until } from '../helpers/waiting.ts';
import { bench, exchange, HOUR, issued, newGrant, newId, newSingleUse, open, readRecord, request } from './fixtures.ts';

/** Guarantees between parallel units on any number of nodes, here with two pools on one database. */
const own = await bench({ after });
const [here, there] = own.nodes;
const nodeOf = (index: number): Units => (index % 2 === 0 ? here : there);

interface Race<T> {
  readonly winners: T[];
  /** The error codes. */
  readonly losers: string[];
}

async function race<T>(count: number, run: (units: Units, index: number) => Promise<T>): Promise<Race<T>> {
  const settled = await Promise.allSettled(Array.from({ length: count }, (_, index) => run(nodeOf(index), index)));
  return {
    winners: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    losers: settled.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : [])),
  };
}

const WAITING = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;

/** Another authorization in a session with an existing grant. */
async function signIn(units: Units, session: string, { grantId }: { grantId: string }): Promise<void> {
  await request(units, async (unit) => {
    const before = await unit.find('Session', session);
    const code = newId();
    if (!before || !(await unit.find('Grant', grantId))) return;
    unit.save('Session', session, { ...before, authorizations: { [own.clientId]: {} } }, HOUR);
    unit.save('AuthorizationCode', code, issued('AuthorizationCode', code, { grantId }), HOUR);
  });
}

describe('a single-use record', () => {
  for (const model of ['AuthorizationCode', 'RefreshToken'] as const) {
    test(`is used once by 100 parallel requests, and a ${model} that is presented twice revokes its grant (RFC 6749 §4.1.2, RFC 9700 §4.14.2)`, async () => {
      const used = await newSingleUse(own, model);
      const { winners, losers } = await race(100, (units) => exchange(units, own, { ...used, model }));
      assert.equal(winners.length, 1);
      assert.equal(losers.length, 99);
      // A request that comes after the grant was revoked finds no record.
      assert.deepEqual(new Set(losers).difference(new Set(['already_used', 'not_found'])), new Set());
      assert.equal(
        await readRecord(there, 'RefreshToken', winners[0] ?? ''),
        undefined,
        'the tokens of the winner are revoked',
      );
      assert.equal(await readRecord(here, 'Grant', used.grantId), undefined);
      assert.deepEqual(await own.query('SELECT 1 FROM records WHERE grant_id = $1', [used.grantId]), []);
    });
  }

  test('is refused to a request that read it before another one used it', async () => {
    const used = await newSingleUse(own);
    const slow = await open(there);
    assert.equal((await slow.find('AuthorizationCode', used.id))?.consumed, undefined);
    await exchange(here, own, used);
    await slow.consume('AuthorizationCode', used.id);
    await assert.rejects(slow.commit(), { code: 'already_used', status: 400 });
    assert.equal(slow.failure, undefined, 'this is a decision, not a failure');
  });
});

describe('ReplayDetection', () => {
  test('accepts an assertion once, on any number of nodes (RFC 7523 §3)', async () => {
    const id = newId();
    const { winners, losers } = await race(20, (units) =>
      request(units, async (unit) => {
        assert.equal(await unit.find('ReplayDetection', id), undefined, 'the insertion decides, not a read before it');
        unit.save('ReplayDetection', id, {}, HOUR);
        return true;
      }),
    );
    assert.equal(winners.length, 1);
    assert.deepEqual(losers, Array(19).fill('replayed'));
  });
});

describe('a grant', () => {
  test('that was revoked meanwhile gets no further token', async () => {
    const { grantId, id } = await newSingleUse(own);
    const slow = await open(there);
    assert.notEqual(await slow.find('AuthorizationCode', id), undefined);
    await request(here, (unit) => unit.destroy('Grant', grantId));
    const token = newId();
    slow.save('AccessToken', token, issued('AccessToken', token, { grantId, accountId: own.accountId }), HOUR);
    await assert.rejects(slow.commit(), { code: 'grant_revoked', status: 400 });
    assert.equal(await readRecord(here, 'AccessToken', token), undefined);
  });

  test('that was revoked meanwhile is not restored by a request that extends it', async () => {
    const grantId = await newGrant(own);
    const slow = await open(there);
    const grant = await slow.find('Grant', grantId);
    await request(here, (unit) => unit.destroy('Grant', grantId));
    slow.save('Grant', grantId, { ...grant, openid: { scope: 'openid email' } }, HOUR);
    await slow.commit();
    assert.equal(await readRecord(here, 'Grant', grantId), undefined);
  });

  for (const [what, table, column] of [
    ['refresh', 'records', 'id_hash'],
    ['sign-in', 'sessions', 'id_hash'],
  ] as const) {
    test(`is locked before its records: a ${what} that waits for a revocation holds no lock that the revocation needs`, async () => {
      const used = await newSingleUse(own, 'RefreshToken');
      const session = newId();
      await request(here, (unit) => unit.save('Session', session, { jti: session, uid: newId() }, HOUR));
      const revocation = await own.db.connect();
      try {
        await revocation.query('BEGIN');
        await revocation.query('SELECT 1 FROM grants WHERE id = $1 FOR UPDATE', [used.grantId]);
        const waiting =
          what === 'refresh' ? exchange(there, own, { ...used, model: 'RefreshToken' }) : signIn(there, session, used);
        await until('it waits', async () => (await own.query(WAITING)).length > 0);
        const wanted = `SELECT 1 FROM ${table} WHERE ${column} = $1 FOR UPDATE NOWAIT`;
        await revocation.query(wanted, [hashToken(what === 'refresh' ? used.id : session)]);
        await revocation.query('ROLLBACK');
        await waiting;
      } finally {
        await revocation.end();
      }
    });
  }

  // A refresh, a revocation and a sign-out all lock the token and its grant, in the same order.
  test('can be revoked while its tokens are used: there is no deadlock', async () => {
    const outcomes = new Set<string>();
    for (let round = 0; round < 20; round += 1) {
      const used = await newSingleUse(own, 'RefreshToken');
      const session = newId();
      const uid = newId();
      await request(here, (unit) => unit.save('Session', session, { jti: session, uid }, HOUR));
      const work: readonly ((units: Units) => Promise<unknown>)[] = [
        (units) => exchange(units, own, { ...used, model: 'RefreshToken' }),
        (units) => exchange(units, own, { ...used, model: 'RefreshToken' }),
        (units) =>
          request(units, (unit) => {
            unit.destroy('RefreshToken', used.id);
            unit.revokeTokensOf(used.grantId);
            unit.destroy('Grant', used.grantId);
          }),
        (units) =>
          request(units, async (unit) => {
            await unit.find('Session', session);
            unit.destroy('Session', session);
            unit.destroy('Grant', used.grantId);
          }),
        (units) => signIn(units, session, used),
      ];
      const { losers } = await race(work.length, (units, index) => (work[index] as (typeof work)[0])(units));
      for (const code of losers) outcomes.add(code);
      assert.deepEqual(await own.query('SELECT 1 FROM records WHERE grant_id = $1', [used.grantId]), []);
    }
    assert.deepEqual(outcomes.difference(new Set(['already_used', 'grant_revoked', 'not_found'])), new Set());
  });
});

describe('an interaction', () => {
  test('that was ended stays ended when a parallel request saves it', async () => {
    const id = newId();
    await request(here, (unit) => unit.save('Interaction', id, { jti: id, prompt: 'login' }, HOUR));
    const slow = await open(there);
    const read = await slow.find('Interaction', id);
    await request(here, (unit) => unit.destroy('Interaction', id));
    slow.save('Interaction', id, { ...read, result: { login: { accountId: own.accountId } } }, HOUR);
    await slow.commit();
    assert.equal(await readRecord(here, 'Interaction', id), undefined);
  });
});
