import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { SessionAuthorization } from '../../server/records/payload.ts';
import type { Unit } from '../../server/records/unit.ts';
import { bench, HOUR, newId, open, readRecord, request } from './fixtures.ts';

/** A browser has many tabs, and all of them save the same session. */
const own = await bench({ after });
const [here, there] = own.nodes;
const clients = await Promise.all(Array.from({ length: 8 }, () => own.client()));
const [one = '', two = ''] = clients;

/** Seconds since the epoch: a session ends a fixed time after its sign-in. */
const LOGIN_TS = Math.floor(Date.now() / 1_000);

async function newSession(authorizations: Record<string, SessionAuthorization> = {}, loginTs = LOGIN_TS) {
  const [id, uid] = [newId(), newId()];
  await request(here, (unit) =>
    unit.save('Session', id, { jti: id, uid, accountId: own.accountId, loginTs, authorizations }, HOUR),
  );
  return { id, uid };
}

/** Reads and changes the session without committing yet. */
async function changing(unit: Unit, id: string, change: Record<string, SessionAuthorization | undefined>) {
  const session = await unit.find('Session', id);
  assert.ok(session);
  const merged = Object.entries({ ...session.authorizations, ...change });
  const authorizations = Object.fromEntries(
    merged.flatMap(([client, authorization]) => (authorization ? [[client, authorization] as const] : [])),
  );
  unit.save('Session', id, { ...session, authorizations }, HOUR);
}

/**
 * Changes a session's id as the provider does: destroyed under the old id, saved under the new one with the same uid.
 */
async function renaming(unit: Unit, oldId: string): Promise<string> {
  const session = await unit.find('Session', oldId);
  assert.ok(session);
  const id = newId();
  unit.destroy('Session', oldId);
  unit.save('Session', id, { ...session, jti: id }, HOUR);
  return id;
}

const authorizationsOf = async (id: string) => (await readRecord(here, 'Session', id))?.authorizations ?? {};

describe('a session', () => {
  test('is found by its id and by its uid, as it was saved', async () => {
    const { id, uid } = await newSession({ [one]: { sid: 'sid-1', grantId: 'grant-1', persistsLogout: true } });
    const expected = {
      uid,
      jti: id,
      accountId: own.accountId,
      loginTs: LOGIN_TS,
      authorizations: { [one]: { sid: 'sid-1', grantId: 'grant-1', persistsLogout: true } },
    };
    assert.deepEqual(await readRecord(there, 'Session', id), expected);
    assert.deepEqual(await there.run((unit) => unit.findSessionByUid(uid)), expected);
  });

  test('is not found from its absolute end on, by its id or by its uid', async () => {
    const limit = 30 * 86_400;
    const now = Math.floor(own.clock.ms / 1_000);
    for (const [loginTs, isFound] of [
      [now - limit, false],
      [now - limit + 1, true],
    ] as const) {
      const { id, uid } = await newSession({}, loginTs);
      assert.equal((await readRecord(here, 'Session', id)) !== undefined, isFound);
      assert.equal((await there.run((unit) => unit.findSessionByUid(uid))) !== undefined, isFound);
    }
  });

  test('is counted for its origin until a person has signed in in it', async () => {
    const origin = Buffer.alloc(32, 1);
    for (const [accountId, expected] of [
      [undefined, origin],
      [own.accountId, null],
    ] as const) {
      const [id, uid] = [newId(), newId()];
      await request(here, (unit) => {
        const person = accountId === undefined ? {} : { accountId };
        unit.save('Session', id, { jti: id, uid, ...person }, HOUR);
        unit.countForOrigin('Session', origin);
        assert.deepEqual(
          unit.unfinished().map(({ model }) => model),
          accountId === undefined ? ['Session'] : [],
        );
      });
      const [row] = await own.query('SELECT origin FROM sessions WHERE uid = $1', [uid]);
      assert.deepEqual(row?.origin, expected);
    }
  });

  test('has what a client has last: another id of its session, another grant', async () => {
    const { id } = await newSession({ [one]: { sid: 'first', grantId: 'grant' } });
    for (const changed of [
      { sid: 'second', grantId: 'grant' },
      { sid: 'second', grantId: 'other' },
      { sid: 'second', grantId: 'other', persistsLogout: true },
    ]) {
      const unit = await open(here);
      await changing(unit, id, { [one]: changed });
      await unit.commit();
      assert.deepEqual(await authorizationsOf(id), { [one]: changed });
    }
  });

  test('keeps the clients of all parallel requests (OpenID Connect Back-Channel Logout needs every one)', async () => {
    const { id } = await newSession();
    const units = await Promise.all(clients.map((_, index) => open(index % 2 === 0 ? here : there)));
    await Promise.all(units.map((unit, index) => changing(unit, id, { [clients[index] ?? '']: { sid: `s${index}` } })));
    await Promise.all(units.map((unit) => unit.commit()));
    const expected = Object.fromEntries(clients.map((client, index) => [client, { sid: `s${index}` }]));
    assert.deepEqual(await authorizationsOf(id), expected);
  });

  test('loses the client that a request removes, and keeps those that others add meanwhile', async () => {
    const { id } = await newSession({ [one]: { sid: 'gone' } });
    const [removing, adding] = [await open(here), await open(there)];
    await changing(adding, id, { [two]: { sid: 'added' } });
    await changing(removing, id, { [one]: undefined });
    await removing.commit();
    await adding.commit();
    assert.deepEqual(await authorizationsOf(id), { [two]: { sid: 'added' } });
  });

  test('that has ended stays ended, also when a parallel request saves it', async () => {
    const { id, uid } = await newSession({ [one]: { sid: 's' } });
    const slow = await open(there);
    await changing(slow, id, { [two]: { sid: 'late' } });
    await request(here, async (unit) => {
      await unit.find('Session', id);
      unit.destroy('Session', id);
    });
    await slow.commit();
    assert.equal(await readRecord(here, 'Session', id), undefined);
    assert.equal(await here.run((unit) => unit.findSessionByUid(uid)), undefined);
    assert.deepEqual(await own.query('SELECT 1 FROM session_authorizations WHERE session_uid = $1', [uid]), []);
  });

  test('keeps its uid and its clients when it gets a new id, and its old id becomes invalid', async () => {
    const { id, uid } = await newSession({ [one]: { sid: 's' } });
    const newOne = await request(here, (unit) => renaming(unit, id));
    assert.equal(await readRecord(there, 'Session', id), undefined);
    const session = await readRecord(there, 'Session', newOne);
    assert.equal(session?.uid, uid);
    assert.equal(session?.jti, newOne);
    assert.deepEqual(session?.authorizations, { [one]: { sid: 's' } });
  });

  test('does not get its old id back from a request that read it before the change', async () => {
    const { id } = await newSession();
    const slow = await open(there);
    await changing(slow, id, { [two]: { sid: 'late' } });
    const newOne = await request(here, (unit) => renaming(unit, id));
    await slow.commit();
    assert.equal(await readRecord(here, 'Session', id), undefined);
    const session = await readRecord(here, 'Session', newOne);
    assert.equal(session?.jti, newOne, 'its id is the presented one');
    assert.deepEqual(session?.authorizations, { [two]: { sid: 'late' } });
  });

  test('that gets two new ids at once keeps one of them', async () => {
    const { id, uid } = await newSession();
    const units = [await open(here), await open(there)];
    const [first, second] = await Promise.all(units.map((unit) => renaming(unit, id)));
    await Promise.all(units.map((unit) => unit.commit()));
    const alive = await Promise.all([id, first ?? '', second ?? ''].map((name) => readRecord(here, 'Session', name)));
    assert.equal(alive.filter(Boolean).length, 1);
    assert.equal(alive[0], undefined);
    assert.equal(alive.find(Boolean)?.uid, uid);
  });

  test('is read with what the same unit has just saved', async () => {
    const { id, uid } = await newSession();
    const unit = await open(here);
    await changing(unit, id, { [one]: { sid: 'new' } });
    assert.deepEqual((await unit.find('Session', id))?.authorizations, { [one]: { sid: 'new' } });
    assert.deepEqual((await unit.findSessionByUid(uid))?.authorizations, { [one]: { sid: 'new' } });
  });
});
