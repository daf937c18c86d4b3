import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { standsFor } from '../../server/login/failures.ts';
import { begin, submitPassword } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';

/** A stranger who fails to sign in again and again does not fill the audit. */
const clock = { ms: Date.now() };
const app = await deployment(
  { after },
  { now: () => clock.ms, env: { CARDEA_LIMITS: 'failed-sign-ins.address=4', CARDEA_RATE_LIMIT: '100' } },
);
const party = await app.seed.party({ firstParty: true });

test('of a million failures of one address the entries are few, and stand for nearly all of them', () => {
  let [written, told, last] = [0, 0, 0];
  for (let count = 1; count <= 1_000_000; count += 1) {
    const stands = standsFor(count, 30);
    if (stands > 0) [written, told, last] = [written + 1, told + stands, count];
  }
  assert.equal(told, last, 'each failure up to the last entry is told of once');
  assert.ok(written <= 30 + Math.log2(1_000_000 / 30) + 1);
  assert.ok(last >= 500_000);
});

test('by HTTP: after the first ones an entry says how many it stands for', async () => {
  const begun = await begin(app, party);
  for (let i = 0; i < 20; i += 1) {
    await submitPassword(begun.browser, begun.page, { id: '', email: `nobody-${i}@example.com`, password: 'x' });
  }
  const text = `SELECT changes->'failures'->'after' AS failures FROM audit WHERE action = 'sessions.begin' ORDER BY id`;
  const rows = await app.db.run<{ failures: number | null }>({ text }, []);
  assert.deepEqual(
    rows.map(({ failures }) => failures),
    [null, null, null, null, 4, 8],
  );
});
