import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import { hashToken } from '../../server/platform/sealing.ts';
import type { Units } from '../../server/records/unit.ts';
import { bench, HOUR, issued, newId, newSingleUse, open, readRecord, request } from './fixtures.ts';

/** The response to a refresh, stored for a repeated request (records/stored_responses.ts). */
const own = await bench({ after });
const [here, there] = own.nodes;
const WINDOW_MS = 10_000;

/** Uses up a refresh token as the token endpoint does. */
function use(units: Units, used: { id: string; grantId: string }, asked = 'the same', answer = newId()) {
  return units.run(async (unit) => {
    await unit.find('RefreshToken', used.id);
    await unit.consume('RefreshToken', used.id);
    const successor = newId();
    const under = { grantId: used.grantId, accountId: own.accountId };
    unit.save('RefreshToken', successor, issued('RefreshToken', successor, under), HOUR);
    const expiresAt = new Date(own.clock.ms + WINDOW_MS);
    unit.storeResponse(used.id, { requestFingerprint: asked, response: answer, successor, expiresAt });
    return { told: (await unit.commit()) ?? answer, successor };
  });
}

const repeat = (units: Units, id: string, asked = 'the same') =>
  units.run((unit) => unit.findStoredResponse(id, asked));

test('of 40 parallel uses on two nodes one happens, and all get the same response', async () => {
  const used = await newSingleUse(own, 'RefreshToken');
  const all = await Promise.all(Array.from({ length: 40 }, (_, i) => use(i % 2 ? here : there, used)));
  assert.equal(new Set(all.map(({ told }) => told)).size, 1);
  const alive = await Promise.all(all.map(({ successor }) => readRecord(there, 'RefreshToken', successor)));
  assert.equal(alive.filter((one) => one !== undefined).length, 1, 'one successor');
  assert.ok(await readRecord(there, 'Grant', used.grantId));
});

test('a different request meanwhile revokes the grant', async () => {
  const used = await newSingleUse(own, 'RefreshToken');
  const slow = await open(there);
  await slow.find('RefreshToken', used.id);
  await slow.consume('RefreshToken', used.id);
  slow.storeResponse(used.id, {
    requestFingerprint: 'other',
    response: 'x',
    successor: newId(),
    expiresAt: new Date(),
  });
  await use(here, used);
  await assert.rejects(slow.commit(), { code: 'already_used', status: 400 });
  assert.equal(await readRecord(here, 'Grant', used.grantId), undefined);
});

test('a response is available until it expires, for the same request, while its successor is unused', async () => {
  const used = await newSingleUse(own, 'RefreshToken');
  assert.equal(await repeat(here, used.id), undefined, 'not used yet');
  const { told, successor } = await use(here, used);
  assert.equal(await repeat(there, used.id), told);
  assert.equal(await repeat(there, used.id, 'something else'), undefined);
  own.clock.ms += WINDOW_MS - 1;
  assert.equal(await repeat(there, used.id), told);
  own.clock.ms += 1;
  assert.equal(await repeat(there, used.id), undefined);
  own.clock.ms -= WINDOW_MS;
  await use(there, { id: successor, grantId: used.grantId });
  assert.equal(await repeat(here, used.id), undefined, 'the successor was used');
});

test('a response is not available when its successor was revoked or has ended', async () => {
  for (const end of ['gone', 'over'] as const) {
    const used = await newSingleUse(own, 'RefreshToken');
    const { told, successor } = await use(here, used);
    assert.equal(await repeat(there, used.id), told);
    if (end === 'gone') await request(there, (unit) => unit.destroy('RefreshToken', successor));
    else {
      await request(there, async (unit) => {
        unit.save('RefreshToken', successor, (await unit.find('RefreshToken', successor)) ?? assert.fail(), 0);
      });
    }
    assert.equal(await repeat(there, used.id), undefined, end);
  }
});

test('a repetition undoes the revocation, and nothing else that was gathered', async () => {
  const used = await newSingleUse(own, 'RefreshToken');
  const [bystander, replay] = [await newSingleUse(own, 'RefreshToken'), newId()];
  const { told } = await use(here, used);
  const present = (asked: string) =>
    request(there, async (unit) => {
      await unit.find('RefreshToken', used.id);
      unit.save('ReplayDetection', replay + asked, {}, HOUR);
      // as the provider does for any used token
      unit.destroy('RefreshToken', used.id);
      unit.revokeTokensOf(used.grantId);
      unit.destroy('Grant', used.grantId);
      unit.destroy('RefreshToken', bystander.id);
      return unit.findStoredResponse(used.id, asked);
    });
  assert.equal(await present('the same'), told);
  assert.ok(await readRecord(here, 'Grant', used.grantId));
  assert.ok(await readRecord(here, 'RefreshToken', used.id));
  assert.equal(await readRecord(here, 'RefreshToken', bystander.id), undefined);
  await assert.rejects(present('the same'), { code: 'replayed' });
  assert.equal(await present('something else'), undefined);
  assert.equal(await readRecord(here, 'Grant', used.grantId), undefined);
});

test('a token that was used in its last moment is available for as long as its response', async () => {
  const used = await newSingleUse(own, 'RefreshToken');
  const [START, END] = [own.clock.ms, own.clock.ms + HOUR * 1000];
  await request(here, async (unit) => {
    const payload = (await unit.find('RefreshToken', used.id)) ?? {};
    unit.save('RefreshToken', used.id, { ...payload, exp: Math.floor(END / 1000) }, HOUR);
  });
  own.clock.ms = END - 1000;
  await request(here, async (unit) => {
    unit.save('Grant', used.grantId, (await unit.find('Grant', used.grantId)) ?? assert.fail(), 24 * HOUR);
  });
  const { told } = await use(here, used);
  own.clock.ms = END + 5_000;
  await cleanUp({ db: own.db, now: () => own.clock.ms });
  assert.equal(await repeat(there, used.id), told);
  assert.ok(Number((await readRecord(there, 'RefreshToken', used.id))?.exp) * 1000 > own.clock.ms);
  own.clock.ms = END + WINDOW_MS;
  await cleanUp({ db: own.db, now: () => own.clock.ms });
  assert.equal(await readRecord(there, 'RefreshToken', used.id), undefined);
  own.clock.ms = START;
});

test('the expiry of a token that lives longer does not change', async () => {
  const used = await newSingleUse(own, 'RefreshToken');
  const text = 'SELECT expires_at FROM records WHERE id_hash = $1';
  const before = await own.query(text, [hashToken(used.id)]);
  await use(here, used);
  assert.deepEqual(await own.query(text, [hashToken(used.id)]), before);
});
