import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import pg from 'pg';
import { createDb } from '../../server/platform/db.ts';
import { createSealer, hashToken } from '../../server/platform/sealing.ts';
import type { ModelName } from '../../server/records/models.ts';
import { refusalOf } from '../../server/records/refusals.ts';
import { createUnits } from '../../server/records/units.ts';
import { dumpDatabase, formsOf } from '../helpers/secrets.ts';
import { freePort } from '../helpers/waiting.ts';
import { bench, exchange, HOUR, issued, newGrant, newId, newSingleUse, open, readRecord, request } from './fixtures.ts';

/** A single unit of work: what it reads, and what it commits. */
const own = await bench({ after });
const [node] = own.nodes;
const under = (grantId: string) => ({ grantId, accountId: own.accountId });

describe('a unit of work', () => {
  test('reads its own writes before they are committed', async () => {
    const grantId = await newGrant(own);
    const [kept, dropped] = [newId(), newId()];
    const unit = await open(node);
    unit.save('AccessToken', kept, issued('AccessToken', kept, under(grantId)), HOUR);
    unit.save('AccessToken', dropped, issued('AccessToken', dropped, under(grantId)), HOUR);
    unit.destroy('AccessToken', dropped);
    assert.deepEqual(await unit.find('AccessToken', kept), issued('AccessToken', kept, under(grantId)));
    assert.equal(await unit.find('AccessToken', dropped), undefined);
    assert.equal(await readRecord(node, 'AccessToken', kept), undefined, 'nothing is written before the commit');
    await unit.commit();
    assert.deepEqual(await readRecord(node, 'AccessToken', kept), issued('AccessToken', kept, under(grantId)));
    assert.equal(await readRecord(node, 'AccessToken', dropped), undefined);
  });

  test('sees a record as used after it has used it', async () => {
    const { id } = await newSingleUse(own);
    const unit = await open(node);
    await unit.consume('AuthorizationCode', id);
    assert.equal(typeof (await unit.find('AuthorizationCode', id))?.consumed, 'number');
    assert.equal((await readRecord(node, 'AuthorizationCode', id))?.consumed, undefined);
  });

  test('sends no statement before it commits, and one for any number of records', async () => {
    const { id, grantId } = await newSingleUse(own);
    const unit = await open(node);
    await unit.find('AuthorizationCode', id);
    own.statements.length = 0;
    await unit.consume('AuthorizationCode', id);
    for (const model of ['AccessToken', 'RefreshToken'] as const) {
      const token = newId();
      unit.save(model, token, issued(model, token, under(grantId)), HOUR);
    }
    assert.equal(own.statements.length, 0);
    await unit.commit();
    assert.equal(own.statements.length, 1);
  });

  test('sends for a grant alone no statement about records', async () => {
    own.statements.length = 0;
    await newGrant(own);
    assert.equal(own.statements.filter((text) => text.includes('INSERT INTO records')).length, 0);
    assert.equal(own.statements.filter((text) => text.includes('INSERT INTO grants')).length, 1);
  });

  test('counts as unfinished what it creates before anybody has signed in, and not what was stored before', async () => {
    const [id, token] = [newId(), newId()];
    const unit = await open(node);
    unit.save('Interaction', id, issued('Interaction', id, {}), HOUR);
    unit.save('ClientCredentials', token, issued('ClientCredentials', token, {}), HOUR);
    const [first, ...others] = unit.unfinished();
    assert.deepEqual([first?.model, others], ['Interaction', []]);
    assert.ok(first && first.bytes > 50);
    await unit.commit();
    const later = await open(node);
    await later.find('Interaction', id);
    later.save('Interaction', id, issued('Interaction', id, {}), HOUR);
    assert.deepEqual(later.unfinished(), []);
  });

  test('sends nothing when it is discarded or has changed nothing', async () => {
    const id = newId();
    const unit = await open(node);
    own.statements.length = 0;
    unit.save('ClientCredentials', id, issued('ClientCredentials', id, {}), HOUR);
    unit.discard();
    await unit.commit();
    assert.equal(own.statements.length, 0);
    assert.equal(await readRecord(node, 'ClientCredentials', id), undefined);
  });

  test('stores nothing for more than ten years, or until an invalid date', async () => {
    for (const lifetime of [11 * 365 * 24 * HOUR, 9e12, Number.POSITIVE_INFINITY, Number.NaN]) {
      const id = newId();
      const saving = request(node, (unit) => unit.save('ReplayDetection', id, {}, lifetime));
      await assert.rejects(saving, { code: 'out_of_range', status: 400 }, String(lifetime));
      await request(node, (unit) => unit.save('ReplayDetection', id, {}, HOUR));
    }
  });

  test('returns copies: a payload that is changed afterwards changes nothing', async () => {
    const id = newId();
    const payload = { ...issued('ClientCredentials', id, {}), extra: { a: 1 } };
    const unit = await open(node);
    unit.save('ClientCredentials', id, payload, HOUR);
    payload.extra.a = 2;
    const read = await unit.find('ClientCredentials', id);
    assert.deepEqual(read?.extra, { a: 1 });
    Object.assign(read ?? {}, { extra: 3 });
    assert.deepEqual((await unit.find('ClientCredentials', id))?.extra, { a: 1 });
  });

  test('writes all or nothing, over all stores', async () => {
    const id = newId();
    const [grantId, session, replay] = [newId(), newId(), newId()];
    await assert.rejects(
      request(node, (unit) => {
        const grant = { jti: grantId, accountId: own.accountId, clientId: own.clientId };
        unit.save('Grant', grantId, grant, HOUR);
        unit.save('Session', session, { jti: session, uid: newId(), accountId: own.accountId }, HOUR);
        unit.save('ReplayDetection', replay, {}, HOUR);
        unit.save('AccessToken', id, issued('AccessToken', id, under(newId())), HOUR);
      }),
      { code: 'grant_revoked', status: 400 },
    );
    assert.equal(await readRecord(node, 'Grant', grantId), undefined);
    assert.equal(await readRecord(node, 'Session', session), undefined);
    assert.equal(await readRecord(node, 'AccessToken', id), undefined);
    await request(node, (unit) => unit.save('ReplayDetection', replay, {}, HOUR));
  });

  test('finds a used record with the time of its use, which no later save clears', async () => {
    const used = await newSingleUse(own, 'RefreshToken');
    await exchange(node, own, { ...used, model: 'RefreshToken' });
    const first = await readRecord(node, 'RefreshToken', used.id);
    assert.equal(first?.consumed, Math.floor(own.clock.ms / 1000));
    await request(node, async (unit) => {
      const { consumed, ...payload } = (await unit.find('RefreshToken', used.id)) ?? {};
      assert.equal(typeof consumed, 'number');
      unit.save('RefreshToken', used.id, { ...payload, extra: true }, HOUR);
    });
    assert.deepEqual(await readRecord(node, 'RefreshToken', used.id), { ...first, extra: true });
    await assert.rejects(exchange(node, own, { ...used, model: 'RefreshToken' }), { code: 'already_used' });
  });

  test('keeps models that share a table apart: a code is not found as a token', async () => {
    const { id } = await newSingleUse(own);
    assert.equal(await readRecord(node, 'RefreshToken', id), undefined);
    assert.notEqual(await readRecord(node, 'AuthorizationCode', id), undefined);
  });

  test('revokes a grant with everything that was issued for it, and saves nothing for it in the same commit', async () => {
    const { grantId, id } = await newSingleUse(own);
    const late = newId();
    await request(node, (unit) => {
      unit.save('AccessToken', late, issued('AccessToken', late, under(grantId)), HOUR);
      unit.revokeTokensOf(grantId);
      unit.destroy('Grant', grantId);
    });
    for (const [model, one] of [
      ['Grant', grantId],
      ['AuthorizationCode', id],
      ['AccessToken', late],
    ] as const) {
      assert.equal(await readRecord(node, model, one), undefined, model);
    }
  });

  test('revokes the tokens of a grant without the grant', async () => {
    const { grantId, id } = await newSingleUse(own);
    await request(node, (unit) => unit.revokeTokensOf(grantId));
    assert.equal(await readRecord(node, 'AuthorizationCode', id), undefined);
    assert.notEqual(await readRecord(node, 'Grant', grantId), undefined);
  });
});

describe('a stored row', () => {
  test('contains no id and no payload in clear: bearer secrets are hashed, everything else is sealed', async () => {
    const { grantId, id } = await newSingleUse(own);
    const [session, interaction] = [newId(), newId()];
    const marked = { note: 'payload-text-that-nobody-may-read' };
    await request(node, (unit) => {
      unit.save('Session', session, { jti: session, uid: newId(), accountId: own.accountId, ...marked }, HOUR);
      unit.save('Interaction', interaction, { jti: interaction, ...marked }, HOUR);
    });
    const token = await exchange(node, own, { grantId, id });
    const dump = await dumpDatabase(own.url);
    assert.ok(dump.includes(grantId), 'the dump has the row, as the id of a grant is not secret');
    for (const secret of [id, token, session, interaction, marked.note]) {
      for (const form of formsOf(secret)) assert.ok(!dump.includes(form), `${secret} appears as ${form}`);
    }
    assert.ok(dump.includes(hashToken(token).toString('hex')));
  });

  test('cannot be opened in another row, or under another model of the same table', async () => {
    const [mine, theirs] = [await newSingleUse(own), await newSingleUse(own)];
    const copied = 'UPDATE records SET sealed = (SELECT sealed FROM records WHERE id_hash = $2) WHERE id_hash = $1';
    await own.query(copied, [hashToken(mine.id), hashToken(theirs.id)]);
    const unit = await open(node);
    await assert.rejects(unit.find('AuthorizationCode', mine.id), { code: 'sealed_value_unreadable' });
    assert.notEqual(unit.failure, undefined, 'it must not count as "not found"');
    assert.notEqual(await readRecord(node, 'AuthorizationCode', theirs.id), undefined);
  });

  test('belongs to its account: an interaction to the account that has signed in in it', async () => {
    const id = newId();
    await request(node, (unit) =>
      unit.save('Interaction', id, { lastSubmission: { login: { accountId: own.accountId } } }, HOUR),
    );
    const rows = await own.query('SELECT account_id FROM records WHERE id_hash = $1', [hashToken(id)]);
    assert.deepEqual(rows, [{ account_id: own.accountId }]);
  });
});

describe('without its database', () => {
  test('a unit answers 503 and reports the failure, for every call', async (t) => {
    const gone = createDb({ url: `postgres://nobody:nothing@127.0.0.1:${await freePort()}/none`, timeoutMs: 500 });
    t.after(() => gone.close());
    const options = {
      sealer: createSealer([Buffer.alloc(32, 1)]),
      now: Date.now,
      accountColumns: 'a.id AS account_id',
      lifetimes: { sessionAbsolute: 60 },
    };
    const units = createUnits({ db: gone, ...options });
    const asked: readonly ModelName[] = ['AccessToken', 'Session', 'Grant'];
    for (const model of asked) {
      const unit = await open(units);
      await assert.rejects(unit.find(model, newId()), { status: 503, code: 'temporarily_unavailable' });
      assert.equal((unit.failure as { status?: number }).status, 503);
    }
    const unit = await open(units);
    unit.save('ClientCredentials', newId(), { kind: 'ClientCredentials' }, HOUR);
    await assert.rejects(unit.commit(), { status: 503, code: 'temporarily_unavailable' });
    assert.equal((unit.failure as { status?: number }).status, 503);
  });

  test('what the database refuses has an error of its own, and a failure of the database has none', () => {
    const refused = (code: string) =>
      refusalOf(Object.assign(new pg.DatabaseError('refused', 1, 'error'), { code }))?.code;
    assert.deepEqual(['CD001', 'CD002', '23503', '23505', '57P01'].map(refused), [
      'already_used',
      'credentials_changed',
      'grant_revoked',
      'replayed',
      undefined,
    ]);
  });

  test('a record that does not exist is not a failure', async () => {
    const unit = await open(node);
    assert.equal(await unit.find('AccessToken', newId()), undefined);
    await unit.consume('AuthorizationCode', newId());
    await unit.commit();
    assert.equal(unit.failure, undefined);
  });

  test('records can be reached only inside a unit', () => {
    assert.throws(() => node.current());
  });
});
