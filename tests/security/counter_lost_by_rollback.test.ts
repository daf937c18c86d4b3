import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { databaseUrl } from '../helpers/postgres.ts';
import { until } from '../helpers/waiting.ts';

/** A guess counts even when its request fails later (Vikunja CVE-2026-35597), and after a restart. */
const scope = { after };
const clock = { ms: Date.now() };
const url = await databaseUrl(scope);
const first = await deployment(scope, { now: () => clock.ms, databaseUrl: url });
const party = await first.seed.party();
const sql = (text: string) => first.db.run({ name: '', text }, []);

async function guess(app: typeof first, email: string, password: string): Promise<number> {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  return (await browser.post(action, { ...fields, identifier: email, password, action: 'signin' })).status;
}

test('a guess counts when its request fails afterwards', async () => {
  const person = await first.seed.person();
  await sql(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`);
  await sql(`CREATE TRIGGER refuse BEFORE UPDATE ON attempts FOR EACH ROW
             WHEN (NEW.failures > OLD.failures AND NEW.in_flight < OLD.in_flight) EXECUTE FUNCTION refuse()`);
  for (let i = 0; i < 3; i += 1) assert.equal(await guess(first, person.email, `wrong ${i}`), 500);
  await sql('DROP TRIGGER refuse ON attempts');
  assert.equal(await guess(first, person.email, person.password), 503, 'those three may still be in progress');
  clock.ms += 60_000;
  assert.equal(await guess(first, person.email, person.password), 400, 'they have ended, and counted as three guesses');
});

test('a guess counts when the client disconnects', async () => {
  const person = await first.seed.person();
  for (let i = 1; i <= 3; i += 1) {
    const { browser, page } = await begin(first, party);
    const { action, fields } = formOf(page);
    const ended = new AbortController();
    const answer = fetch(new URL(action, first.issuer), {
      method: 'POST',
      headers: { cookie: browser.signedCookies('cardea_interaction') },
      body: new URLSearchParams({ ...fields, identifier: person.email, password: 'wrong', action: 'signin' }),
      signal: ended.signal,
      redirect: 'manual',
    }).catch(() => undefined);
    await taken(person.id, i);
    ended.abort();
    await answer;
  }
  clock.ms += 60_000;
  assert.equal(await guess(first, person.email, person.password), 400);
});

test('guesses are still counted after a restart', async () => {
  const person = await first.seed.person();
  assert.equal(await guess(first, person.email, 'wrong 1'), 400);
  assert.equal(await guess(first, person.email, 'wrong 2'), 400);
  const restarted = await deployment(scope, { now: () => clock.ms, databaseUrl: url, masterKey: first.masterKey });
  assert.equal(await guess(restarted, person.email, 'wrong 3'), 400);
  assert.equal(await guess(restarted, person.email, person.password), 400, 'that was the fourth');
  assert.equal(await guess(first, person.email, person.password), 400);
});

/** Waits until that many guesses at the account's password have been taken. */
async function taken(accountId: string, wanted: number): Promise<void> {
  await until(`guess ${wanted} was taken`, async () => {
    const [row] = await first.db.run<{ n: number }>(
      { name: '', text: 'SELECT coalesce(sum(in_flight + failures), 0)::int AS n FROM attempts WHERE account_id = $1' },
      [accountId],
    );
    return row?.n === wanted;
  });
}
