import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { failedGuard } from '../../server/platform/db_errors.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { createOverview } from '../../server/records/overview.ts';
import { begin, callbackOf, shown, signedIn, submit, submitPassword, tokensFor } from '../flows/support.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { redeem, refresh, userinfo } from '../helpers/relying_party.ts';

const clock = { ms: Date.now() };
const app = await deployment({ after }, { now: () => clock.ms });
const overviewWith = (sessionAbsolute: number) =>
  createOverview({
    db: app.db,
    sealer: createSealer([Buffer.from(app.masterKey, 'base64')]),
    now: () => clock.ms,
    lifetimes: { sessionAbsolute },
  });
const overview = overviewWith(30 * 86_400);
const party = await app.seed.party();
const ours = await app.seed.party({ firstParty: true });
const OFFLINE = { params: { scope: 'openid email offline_access', prompt: 'consent' } };

describe('sessionsOf', () => {
  test('returns when and how each session was signed in, and its clients, the latest first', async () => {
    const person = await app.seed.person();
    await signedIn(app, ours, person);
    clock.ms += 60_000;
    const browser = await signedIn(app, ours, person);
    await begin(app, ours, {}, browser);
    const sessions = await overview.sessionsOf(person.id);
    assert.equal(sessions.length, 2);
    const [later, earlier] = sessions;
    assert.equal((later?.authTime?.getTime() ?? 0) - (earlier?.authTime?.getTime() ?? 0), 60_000);
    assert.equal(later?.authTime?.getTime(), Math.floor(clock.ms / 1000) * 1000);
    assert.deepEqual(later?.amr, ['pwd']);
    assert.deepEqual(later?.clientIds, [ours.id]);
    assert.notEqual(later?.uid, earlier?.uid);
  });

  test('omits sessions that have reached their absolute end', async () => {
    const person = await app.seed.person();
    const began = Math.floor(clock.ms / 1_000) * 1_000;
    await signedIn(app, ours, person);
    const ends = overviewWith(600);
    clock.ms = began + 599_999;
    assert.equal((await ends.sessionsOf(person.id))[0]?.endsAt?.getTime(), began + 600_000);
    clock.ms = began + 600_000;
    assert.deepEqual(await ends.sessionsOf(person.id), []);
    assert.equal((await overview.sessionsOf(person.id)).length, 1);
  });

  test('omits expired sessions, and those of other accounts', async () => {
    const person = await app.seed.person();
    await signedIn(app, ours, person);
    const then = clock.ms;
    clock.ms += 400 * 86_400_000;
    assert.deepEqual(await overview.sessionsOf(person.id), []);
    assert.deepEqual(await overview.grantsOf(person.id), []);
    clock.ms = then;
    assert.deepEqual(await overview.sessionsOf((await app.seed.person()).id), []);
  });
});

describe('grantsOf', () => {
  test('has one entry for each app, with all of its permissions and its last token', async () => {
    const person = await app.seed.person();
    // The provider's own clock decides when a record was issued, and the one of the app when it was first written.
    const began = Math.floor(Date.now() / 1000) * 1000;
    await tokensFor(app, party, person, { params: { scope: 'openid profile' } });
    const { tokens } = await tokensFor(app, party, person, OFFLINE);
    await refresh(app.issuer, party, String(tokens.refresh_token));
    const apps = await overview.grantsOf(person.id);
    assert.equal(apps.length, 1);
    assert.equal(apps[0]?.clientId, party.id);
    assert.deepEqual([...(apps[0]?.scopes ?? [])].sort(), ['email', 'offline_access', 'openid', 'profile']);
    assert.deepEqual(apps[0]?.resources, {});
    const [since = 0, lastUsed = 0] = [apps[0]?.since?.getTime(), apps[0]?.lastUsedAt?.getTime()];
    assert.equal(since, Math.floor(clock.ms / 1000) * 1000);
    assert.ok(began <= lastUsed && lastUsed <= Date.now());
  });

  test('has the permissions at resource servers', async () => {
    const identifier = 'https://api.example.com/v1';
    await app.seed.resourceServer({ identifier, name: 'Letters', scopes: ['letters:read', 'letters:send'] });
    const client = await app.seed.party({
      firstParty: true,
      metadata: { scope: 'openid letters:read letters:send' },
    });
    const person = await app.seed.person();
    await tokensFor(app, client, person, { params: { scope: 'openid letters:read', resource: identifier } });
    const [entry] = await overview.grantsOf(person.id);
    assert.deepEqual(entry?.resources, { [identifier]: ['letters:read'] });
  });
});

describe('ending', () => {
  test('one session also ends what was issued in it, and leaves the others', async () => {
    const person = await app.seed.person();
    const first = await tokensFor(app, party, person, OFFLINE);
    const [session] = await overview.sessionsOf(person.id);
    const second = await tokensFor(app, party, person, OFFLINE);
    await app.db.transact(overview.endSession(person.id, session?.uid ?? ''));
    assert.equal((await userinfo(app.issuer, first.tokens.access_token)).status, 401);
    assert.equal((await refresh(app.issuer, party, String(first.tokens.refresh_token))).body.error, 'invalid_grant');
    assert.equal(await isSignedIn(first.browser), false);
    assert.equal((await userinfo(app.issuer, second.tokens.access_token)).status, 200);
    assert.equal((await refresh(app.issuer, party, String(second.tokens.refresh_token))).status, 200);
    assert.equal(await isSignedIn(second.browser), true);
  });

  test('a session of another account ends nothing', async () => {
    const [person, stranger] = [await app.seed.person(), await app.seed.person()];
    const { tokens, browser } = await tokensFor(app, party, person, OFFLINE);
    const [session] = await overview.sessionsOf(person.id);
    const end = app.db.transact(overview.endSession(stranger.id, session?.uid ?? ''));
    await assert.rejects(end, (error) => failedGuard(error) === 'require_rows');
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 200);
    assert.equal(await isSignedIn(browser), true);
  });

  test('all sessions but one keeps that one with its apps, and nothing else of the account', async () => {
    const person = await app.seed.person();
    const kept = await tokensFor(app, party, person, OFFLINE);
    const [session] = await overview.sessionsOf(person.id);
    const other = await tokensFor(app, party, person, OFFLINE);
    const code = await begin(app, ours, {}, other.browser);
    await app.db.transact(overview.endSessions(person.id, { sessionUid: session?.uid }));
    assert.equal(await isSignedIn(kept.browser), true);
    assert.equal((await userinfo(app.issuer, kept.tokens.access_token)).status, 200);
    assert.equal((await refresh(app.issuer, party, String(kept.tokens.refresh_token))).status, 200);
    assert.equal(await isSignedIn(other.browser), false);
    assert.equal((await userinfo(app.issuer, other.tokens.access_token)).status, 401);
    assert.equal((await refresh(app.issuer, party, String(other.tokens.refresh_token))).body.error, 'invalid_grant');
    const late = await redeem(app.issuer, ours, {
      code: callbackOf(code.page).code ?? '',
      verifier: code.verifier,
    });
    assert.equal(late.body.error, 'invalid_grant');
  });

  test('also ends offline access of ended sessions', async () => {
    const person = await app.seed.person();
    const { tokens, browser } = await tokensFor(app, party, person, OFFLINE);
    await submit(browser, await browser.get('/logout'), { logout: 'yes' });
    assert.deepEqual(await overview.sessionsOf(person.id), []);
    const kept = await tokensFor(app, party, person);
    const [session] = await overview.sessionsOf(person.id);
    await app.db.transact(overview.endSessions(person.id, { sessionUid: session?.uid }));
    assert.equal((await refresh(app.issuer, party, String(tokens.refresh_token))).body.error, 'invalid_grant');
    assert.equal((await userinfo(app.issuer, kept.tokens.access_token)).status, 200);
  });

  test('a sign-in in progress fails afterwards', async () => {
    const person = await app.seed.person();
    const fresh = await app.seed.party();
    const browser = browserSession(app.issuer);
    const begun = await begin(app, fresh, {}, browser);
    const consent = await submitPassword(browser, begun.page, person);
    assert.equal(shown(consent), 'consent');
    await app.db.transact(overview.endSessions(person.id));
    const page = await submit(browser, consent, { action: 'allow' });
    assert.equal(shown(page), 'error');
    assert.deepEqual(await overview.sessionsOf(person.id), []);
  });

  test('the access of one app ends nothing else', async () => {
    const person = await app.seed.person();
    const { tokens, browser } = await tokensFor(app, party, person, OFFLINE);
    const { tokens: others } = await tokensFor(app, ours, person, { browser });
    const stranger = await tokensFor(app, party, await app.seed.person(), OFFLINE);
    await app.db.transact(overview.revokeApp(person.id, party.id));
    assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);
    assert.equal((await refresh(app.issuer, party, String(tokens.refresh_token))).body.error, 'invalid_grant');
    assert.equal((await userinfo(app.issuer, others.access_token)).status, 200);
    assert.equal((await userinfo(app.issuer, stranger.tokens.access_token)).status, 200);
    assert.deepEqual(
      (await overview.grantsOf(person.id)).map(({ clientId }) => clientId),
      [ours.id],
    );
    assert.equal(await isSignedIn(browser), true);
    // Consent is asked for again, although it was given before.
    assert.equal(shown((await begin(app, party, {}, browser)).page), 'consent');
  });
});

async function isSignedIn(browser: ReturnType<typeof browserSession>): Promise<boolean> {
  const { page } = await begin(app, ours, { prompt: 'none' }, browser.clone());
  return callbackOf(page).error === undefined;
}
