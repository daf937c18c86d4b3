import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { has } from '../helpers/html.ts';
import { redeem, userinfo } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { begin, callbackOf, idTokenOf, shown, signedIn, submit, submitPassword, tokensFor } from './support.ts';

const app = await deployment({ after });
const person = await app.seed.person();
const other = await app.seed.person();
const party = await app.seed.party();
const ours = await app.seed.party({ firstParty: true });
const COOKIE = 'cardea_session';

test('the session id changes at sign-in: a planted one is worthless (session fixation)', async () => {
  // Without a sign-in there is no session, so the attacker plants their own in the victim's browser.
  const attacker = await signedIn(app, ours, await app.seed.person());
  const planted = attacker.cookie(COOKIE);
  assert.ok(planted);
  const victim = attacker.clone();
  const begun = await begin(app, ours, { prompt: 'login' }, victim);
  let page = await submitPassword(victim, begun.page, person);
  for (let steps = 0; page.location === undefined && steps < 3; steps += 1) page = await submit(victim, page, {});
  assert.ok(callbackOf(page).code);
  const issued = victim.cookie(COOKIE) ?? '';
  remember('session_id', issued);
  assert.notEqual(issued, planted);
  const { page: tried } = await begin(app, ours, { prompt: 'none' }, attacker);
  assert.equal(callbackOf(tried).error, 'login_required');
});

test('it changes at a renewed sign-in as well, and the old one ends', async () => {
  const browser = await signedIn(app, ours, person);
  const before = browser.clone();
  const asked = await begin(app, ours, { prompt: 'login' }, browser);
  await submitPassword(browser, asked.page, person);
  assert.notEqual(browser.cookie(COOKIE), before.cookie(COOKIE));
  const { page } = await begin(app, ours, { prompt: 'none' }, before);
  assert.equal(callbackOf(page).error, 'login_required');
  assert.ok(callbackOf((await begin(app, ours, { prompt: 'none' }, browser)).page).code);
});

test('neither an unfinished sign-in nor an invented session cookie is a session', async () => {
  const browser = browserSession(app.issuer);
  const begun = await begin(app, party, {}, browser);
  const consent = await submitPassword(browser, begun.page, person);
  assert.equal(shown(consent), 'consent');
  const { page } = await begin(app, ours, { prompt: 'none' }, browser);
  assert.equal(callbackOf(page).error, 'login_required');
  const forged = await fetch(new URL('/authorize?prompt=none', app.issuer), {
    headers: { cookie: `${COOKIE}=${'x'.repeat(43)}; ${COOKIE}.sig=${'y'.repeat(27)}` },
    redirect: 'manual',
  });
  assert.equal(forged.status, 400);
});

test('identifiers of sessions have 256 random bits (ASVS 7.2.3)', async () => {
  const ids = await Promise.all([1, 2, 3].map(async () => (await signedIn(app, ours, person)).cookie(COOKIE) ?? ''));
  for (const id of ids) {
    remember('session_id', id);
    assert.match(id, /^[\w-]{43}$/, '43 characters of 6 bits');
  }
  // Of two random texts, about one place in 64 has the same character.
  const [first = '', second = '', third = ''] = ids;
  for (const other of [second, third]) {
    assert.ok([...first].filter((letter, at) => other[at] === letter).length < 10, 'no part is fixed');
  }
});

test('two accounts in one browser, one after the other: the second gets nothing of the first', async () => {
  const someone = await app.seed.person();
  const { tokens, browser } = await tokensFor(app, party, someone);
  assert.equal((await sessionsOf(someone.id)).length, 1);
  const asked = await begin(app, party, { prompt: 'login' }, browser);
  let page = await submitPassword(browser, asked.page, other);
  for (let steps = 0; page.location === undefined && steps < 3; steps += 1) {
    page = await submit(browser, page, has(page, '#allow') ? { action: 'allow' } : {});
  }
  const code = callbackOf(page).code ?? '';
  const { body } = await redeem(app.issuer, party, { code, verifier: asked.verifier });
  assert.equal(idTokenOf(body).sub, other.id);
  assert.equal((await userinfo(app.issuer, body.access_token ?? '')).body.sub, other.id);
  // The first person's session has ended, and its tokens with it.
  assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
  assert.equal((await sessionsOf(someone.id)).length, 0);
  const quiet = await begin(app, party, { prompt: 'none' }, browser);
  const again = await redeem(app.issuer, party, { code: callbackOf(quiet.page).code ?? '', verifier: quiet.verifier });
  assert.equal(idTokenOf(again.body).sub, other.id);
});

test('two sign-ins at once in one browser, of different accounts: one session, and each app gets its own person', async () => {
  const browser = browserSession(app.issuer);
  const first = await begin(app, ours, {}, browser);
  const second = await begin(app, party, {}, browser);
  const firstPage = await submitPassword(browser, first.page, person);
  const one = await redeem(app.issuer, ours, { code: callbackOf(firstPage).code ?? '', verifier: first.verifier });
  assert.equal(idTokenOf(one.body).sub, person.id);
  // The other tab was opened without a session, and another person completes its sign-in.
  let page = await submitPassword(browser, second.page, other);
  for (let steps = 0; page.location === undefined && page.status === 200 && steps < 3; steps += 1) {
    page = await submit(browser, page, has(page, '#allow') ? { action: 'allow' } : {});
  }
  const two = await redeem(app.issuer, party, { code: callbackOf(page).code ?? '', verifier: second.verifier });
  assert.equal(idTokenOf(two.body).sub, other.id);
  assert.equal((await userinfo(app.issuer, one.body.access_token ?? '')).status, 401);
});

test('50 parallel /authorize requests of different clients in one session leave all 50 in it', async () => {
  const someone = await app.seed.person();
  const browser = await signedIn(app, ours, someone);
  const parties = await Promise.all(Array.from({ length: 50 }, () => app.seed.party({ firstParty: true })));
  const begun = await Promise.all(parties.map((one) => begin(app, one, {}, browser.clone())));
  const codes = begun.map(({ page }) => callbackOf(page).code);
  assert.equal(new Set(codes.filter(Boolean)).size, 50);
  const rows = await sessionsOf(someone.id);
  assert.equal(rows.length, 1, 'still one session');
  const text = 'SELECT client_id, sid, grant_id FROM session_authorizations WHERE session_uid = $1';
  const kept = await app.db.run<{ client_id: string; sid: string; grant_id: string }>({ name: 'kept', text }, [
    rows[0]?.uid,
  ]);
  const clients = kept.map(({ client_id }) => client_id).sort();
  assert.deepEqual(clients, [ours.id, ...parties.map(({ id }) => id)].sort());
  assert.equal(new Set(kept.map(({ sid }) => sid)).size, 51, 'each has its own sid');
  assert.equal(new Set(kept.map(({ grant_id }) => grant_id)).size, 51, 'and its own grant');
  // Each code works, and each token ends with that one session.
  const tokens = await Promise.all(
    parties.map((one, index) =>
      redeem(app.issuer, one, { code: codes[index] ?? '', verifier: begun[index]?.verifier ?? '' }),
    ),
  );
  assert.ok(tokens.every(({ status }) => status === 200));
  await submit(browser, await browser.get('/logout'), { logout: 'yes' });
  const left = await Promise.all(tokens.map(({ body }) => userinfo(app.issuer, body.access_token ?? '')));
  assert.ok(left.every(({ status }) => status === 401));
});

test('the session cookie is HttpOnly, SameSite=Lax and for the whole host', async () => {
  const browser = browserSession(app.issuer);
  const begun = await begin(app, ours, {}, browser);
  const page = await submitPassword(browser, begun.page, person);
  const lines = page.headers.getSetCookie().filter((line) => line.startsWith(`${COOKIE}=`));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /httponly/i);
  assert.match(lines[0] ?? '', /samesite=lax/i);
  assert.match(lines[0] ?? '', /path=\/(;|$)/i);
  assert.doesNotMatch(lines[0] ?? '', /domain=/i);
});

async function sessionsOf(accountId: string): Promise<{ uid: string }[]> {
  const text = 'SELECT uid FROM sessions WHERE account_id = $1';
  return app.db.run<{ uid: string }>({ name: 'sessions_of', text }, [accountId]);
}
