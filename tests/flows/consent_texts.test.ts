import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createTexts, missingOf, type Text } from '../../server/accounts/texts.ts';
import { failedGuard } from '../../server/platform/db_errors.ts';
import { openAccount, press } from '../helpers/account.ts';
import { apiOf, bearer, machine } from '../helpers/admin_api.ts';
import { browserSession } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { attributeOf, has, textsOf } from '../helpers/html.ts';
import { authorize, authorizeUrl, redeem, refresh, token } from '../helpers/relying_party.ts';
import { until } from '../helpers/waiting.ts';

/** The texts that people accept when they sign in. */

const clock = { ms: Date.now() };
const app = await deployment({ after }, { now: () => clock.ms });
const texts = createTexts({ db: app.db, now: () => clock.ms });
const person = await app.seed.person();
const other = await app.seed.person();
const signedIn = await app.seed.person();
const early = await app.seed.person();
const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access' } });
const OPERATING = 'cardea:users:read cardea:grants:read cardea:audit:read cardea:privacy:read cardea:privacy:write';
const client = await machine(app, OPERATING);

const text = (version: string, rest: Partial<Text> = {}): Text => ({
  kind: 'terms',
  version,
  language: 'en',
  title: `Terms ${version}`,
  url: `https://example.com/terms/${version}`,
  askAgain: true,
  effectiveFrom: new Date(clock.ms),
  ...rest,
});

async function publish(...some: Text[]): Promise<void> {
  await app.db.transact(some.flatMap(texts.publishing));
  // Nodes read the texts once a minute.
  clock.ms += 61_000;
}

const signIn = (who = person) => openAccount(app, who, '/account', browserSession(app.issuer));

/** A request of an operator. */
async function operated(path: string, method = 'GET', sent?: object) {
  const issued = { grant_type: 'client_credentials', resource: apiOf(app), scope: OPERATING };
  const { body } = await token(app.issuer, client, issued);
  const headers = { ...bearer(body.access_token ?? ''), ...(sent ? { 'content-type': 'application/json' } : {}) };
  const answer = await fetch(`${apiOf(app)}${path}`, {
    method,
    headers,
    ...(sent ? { body: JSON.stringify(sent) } : {}),
  });
  return { status: answer.status, body: (await answer.json()) as Readonly<Record<string, unknown>> };
}
const asked = (page: { body: string }) => has(page, '#accept');

test('without texts nobody is asked for anything', async () => {
  const { page } = await signIn();
  assert.equal(page.status, 200);
  assert.ok(!asked(page) && page.url.endsWith('/account'));
});

test('a person accepts the text in force to sign in, and is not asked for that version again', async () => {
  await publish(text('1'), text('1', { language: 'de', title: 'Bedingungen' }));
  const { browser, page } = await signIn();
  assert.ok(asked(page));
  assert.deepEqual(textsOf(page, 'li a'), ['Terms 1']);
  assert.equal(attributeOf(page, 'li a', 'href'), 'https://example.com/terms/1');
  // The step cannot be skipped: without the answer there is no session.
  assert.ok(asked(await browser.follow(await browser.get(page.url))));
  const done = await browser.follow(await press(browser, page, 'accept'));
  assert.ok(done.url.endsWith('/account'), done.url);
  assert.ok(!asked((await signIn()).page));
  const [accepted] = await texts.acceptedBy(person.id);
  assert.deepEqual([accepted?.kind, accepted?.version], ['terms', '1']);
  const entries = await app.db.run(
    { name: '', text: "SELECT 1 FROM audit WHERE action = 'texts.accept' AND actor_id = $1" },
    [person.id],
  );
  assert.equal(entries.length, 1);
});

test('a person who does not accept is not signed in', async () => {
  const { browser, page } = await openAccount(app, other);
  assert.ok(asked(page));
  await browser.follow(await press(browser, page, 'cancel'));
  assert.deepEqual(await texts.acceptedBy(other.id), []);
  assert.notEqual((await browser.get('/account')).status, 200);
});

test('a version that asks again is asked for, one that does not is not, and one of the future is not yet', async () => {
  await publish(text('2', { askAgain: false }), text('9', { effectiveFrom: new Date(clock.ms + 3_600_000) }));
  assert.ok(!asked((await signIn()).page));
  await publish(text('3'));
  const { browser, page } = await signIn();
  assert.deepEqual(textsOf(page, 'li a'), ['Terms 3']);
  await browser.follow(await press(browser, page, 'accept'));
  assert.ok(!asked((await signIn()).page));
});

test('the acceptance of a version that was not shown is not taken', async () => {
  await publish(text('4'));
  const { browser, page } = await signIn();
  const again = await browser.follow(await press(browser, page, 'accept', { texts: 'terms:3 privacy:1' }));
  assert.ok(asked(again));
  await browser.follow(await press(browser, again, 'accept'));
});

test('the person sees what was accepted, and is asked again after a withdrawal', async () => {
  const { browser } = await signIn();
  const page = await browser.get('/account/consents');
  assert.equal(textsOf(page, 'h2').length, 3);
  await browser.follow(await press(browser, page, 'withdraw-0'));
  assert.ok((await texts.acceptedBy(person.id)).every(({ withdrawnAt }) => withdrawnAt !== undefined));
  assert.ok(asked((await signIn()).page));
});

test('a live session gets a code only after the person has accepted a new version; refresh tokens go on', async () => {
  const first = await openAccount(app, signedIn);
  await first.browser.follow(await press(first.browser, first.page, 'accept'));
  const { browser } = first;
  const scope = { scope: 'openid profile email offline_access', prompt: 'consent' };
  const granted = await authorize({ issuer: app.issuer, party, person: signedIn, browser, params: scope });
  const tokens = await redeem(app.issuer, party, granted);
  await publish(text('5'));

  const ask = async (prompt?: string) =>
    browser.follow(
      await browser.get(authorizeUrl({ issuer: app.issuer, party, params: { prompt } }, granted.verifier)),
    );
  const silent = new URL((await ask('none')).location ?? '').searchParams;
  assert.equal(silent.get('error'), 'interaction_required');
  assert.equal(silent.get('code'), null);
  assert.ok(silent.get('error_description'));

  // Another sign-in in the same browser does not avoid it, and the password is not asked for again.
  for (const prompt of [undefined, undefined]) assert.ok(asked(await ask(prompt)));
  const refused = await browser.follow(await press(browser, await ask(), 'cancel'));
  assert.equal(new URL(refused.location ?? '').searchParams.get('error'), 'access_denied');
  const renewed = await refresh(app.issuer, party, tokens.body.refresh_token ?? '');
  assert.equal(renewed.status, 200);

  // The access of the app is shown with the version that was accepted then, also after another was accepted.
  const [before] = (await texts.acceptedBy(signedIn.id)).map(({ acceptedAt }) => acceptedAt.toISOString());
  const textsOfApp = async () => textsOf(await browser.get('/account/apps'), 'dd li');
  assert.match((await textsOfApp()).join(), /\(4\)/);
  assert.equal(attributeOf(await browser.get('/account/apps'), 'dd li time', 'datetime'), before);

  const accepted = await browser.follow(await press(browser, await ask(), 'accept'));
  assert.ok(new URL(accepted.location ?? '').searchParams.get('code'));
  for (const prompt of [undefined, 'none'])
    assert.ok(new URL((await ask(prompt)).location ?? '').searchParams.get('code'));
  assert.match((await textsOfApp()).join(), /\(4\)/);
  const consent = await ask('consent');
  assert.deepEqual(textsOf(consent, '#texts a'), ['Terms 5 (5)']);
  assert.ok(has(consent, 'time'));
});

test('an operator sees which versions a person has accepted, and when', async () => {
  const accepted = (await operated(`/users/${person.id}`)).body.accepted_texts as Record<string, string>[];
  assert.deepEqual(new Set(accepted.map(({ kind }) => kind)), new Set(['terms']));
  assert.deepEqual(accepted.map(({ version }) => version).sort(), ['1', '3', '4']);
  assert.ok(accepted.every(({ accepted_at: at = '', withdrawn_at: withdrawn = '' }) => at <= withdrawn));
});

test('an operator sees which versions applied when an app got its access, and when they were accepted', async () => {
  const { items } = (await operated(`/users/${signedIn.id}/grants`)).body as { items: Record<string, unknown>[] };
  const [accepted] = (await texts.acceptedBy(signedIn.id)).filter(({ version }) => version === '4');
  assert.deepEqual(items.find((one) => one.client_id === party.id)?.accepted_texts, [
    { kind: 'terms', version: '4', accepted_at: accepted?.acceptedAt.toISOString() },
  ]);
});

test('a withdrawn version is not asked for: the one before it is in force again, for who has not accepted it', async () => {
  await app.db.transact(texts.accepting(early.id, [text('4')]));
  assert.deepEqual(textsOf((await signIn(early)).page, 'li a'), ['Terms 5']);
  const withdraw = (version: string) => operated(`/privacy/texts/terms/${version}/withdraw`, 'POST');
  const { body, status } = await withdraw('5');
  assert.deepEqual([status, body.in_force], [200, '4']);
  // Another language that was under way meanwhile does not bring the version back.
  await assert.rejects(publish(text('5', { language: 'de' })), (error) => failedGuard(error) === 'require_as_read');
  clock.ms += 61_000;
  assert.ok(!asked((await signIn(early)).page));
  assert.deepEqual(textsOf((await signIn(other)).page, 'li a'), ['Terms 4']);

  // The record of its acceptance stays, and the one before is not asked for: they had accepted that too.
  const { browser, page } = await signIn(signedIn);
  assert.ok(!asked(page));
  assert.match(textsOf(await browser.get('/account/consents'), 'h2').join(), /\(5\).*\(4\)/);
  const consent = await browser.get(authorizeUrl({ issuer: app.issuer, party, params: { prompt: 'consent' } }, 'x'));
  assert.deepEqual(textsOf(await browser.follow(consent), '#texts a'), ['Terms 4 (4)']);

  const { items: published } = (await operated('/privacy/texts')).body as { items: Record<string, string>[] };
  assert.deepEqual(
    published.filter((one) => one.withdrawn_at !== undefined).map(({ version, language }) => `${version} ${language}`),
    ['5 en'],
  );
  assert.equal(published.find(({ version }) => version === '5')?.withdrawn_at, body.withdrawn_at);
  const { items: entries } = (await operated('/audit?filter=action%20eq%20%22privacy.withdraw_text%22')).body;
  const [entry, ...more] = entries as Record<string, unknown>[];
  assert.deepEqual([entry?.target_id, entry?.outcome, more], ['terms 5', 'done', []]);

  for (const version of ['4', '3', '2', '1', '9']) assert.equal((await withdraw(version)).status, 200);
  clock.ms += 61_000;
  assert.ok(!asked((await signIn(other)).page), 'nothing is left to accept');
});

test('who withdraws one text keeps the others, and an app that gets access then is shown with those alone', async () => {
  await app.db.transact(texts.accepting(early.id, [{ kind: 'privacy', version: '1' }]));
  const { browser } = await signIn(early);
  const page = await browser.get('/account/consents');
  const index = textsOf(page, 'h2').findIndex((one) => one.includes('(4)'));
  await browser.follow(await press(browser, page, `withdraw-${index}`));
  const accepted = await texts.acceptedBy(early.id);
  assert.deepEqual(
    accepted.filter(({ withdrawnAt }) => withdrawnAt === undefined).map(({ kind }) => kind),
    ['privacy'],
  );
  const entries = (await operated('/audit?filter=action%20eq%20%22texts.withdraw%22')).body.items;
  assert.equal((entries as Record<string, unknown>[])[0]?.actor_id, early.id);

  await authorize({ issuer: app.issuer, party, person: early, browser, params: { prompt: 'consent' } });
  const { items } = (await operated(`/users/${early.id}/grants`)).body as { items: Record<string, unknown>[] };
  const shown = items.find((one) => one.client_id === party.id)?.accepted_texts as Record<string, unknown>[];
  assert.deepEqual(
    shown.map(({ kind, version }) => [kind, version]),
    [['privacy', '1']],
  );
});

const sent = { kind: 'privacy', version: 'both', language: 'en', title: 'Privacy', url: 'https://example.com/' };
const publishByApi = (rest: Partial<typeof sent> & { ask_again?: boolean }) =>
  operated('/privacy/texts', 'POST', { ...sent, ...rest });

test('of two who publish the same text at once, one is told that it was published already', async () => {
  const answers = await Promise.all(['en', 'EN', 'en', 'En'].map((language) => publishByApi({ language })));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409, 409]);
  assert.equal(answers.find(({ status }) => status === 200)?.body.language, 'en');
});

test('a language has one name, however it is written (RFC 5646 §2.1.1), and is a language', async () => {
  const first = await publishByApi({ version: 'tags', language: 'DE-ch' });
  assert.deepEqual([first.status, first.body.language], [200, 'de-CH']);
  assert.equal((await publishByApi({ version: 'tags', language: 'de-Ch' })).status, 409);
  const { status, body } = await publishByApi({ version: 'tags', language: 'en-a' });
  assert.deepEqual([status, (body.errors as { pointer: string }[])[0]?.pointer], [400, '/language']);
});

test('two languages that are published at once have one rule, and the other is told why it is refused', async () => {
  for (const version of ['a', 'b', 'c']) {
    const [en, de] = [
      { language: 'en', ask_again: true },
      { language: 'de', ask_again: false },
    ];
    const answers = await Promise.all([en, de].map((one) => publishByApi({ version, ...one })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409], JSON.stringify(answers));
  }
  // Planned while the version was not there.
  const [ours, theirs] = ['en', 'de'].map((language) => texts.publishing(text('rule', { language })));
  const later = texts.publishing(text('rule', { language: 'fr', effectiveFrom: new Date(clock.ms + 1) }));
  await app.db.transact([...(ours ?? []), ...(theirs ?? [])]);
  await assert.rejects(app.db.transact(later), (error) => failedGuard(error) === 'require_as_read');
});

test('a publication beside the withdrawal of the same version waits for it, and is refused', async () => {
  const published = { kind: 'privacy', version: 'both' } as const;
  const waiting = await app.db.transaction(async (send) => {
    await send(texts.withdrawingVersion(published, new Date(clock.ms)));
    const other = publishByApi({ language: 'de' });
    await until('the publication waits', async () => {
      const waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      return (await app.db.run({ text: waits }, [])).length > 0;
    });
    return { other };
  });
  const { status, body } = await waiting.other;
  assert.equal(status, 409);
  assert.match(String(body.detail), /withdrawn/);
});

test('a new person accepts the current version alone', () => {
  const at = clock.ms + 1;
  const some = [text('a', { effectiveFrom: new Date(1) }), text('b', { askAgain: false, effectiveFrom: new Date(2) })];
  const versions = (accepted: string[]) =>
    missingOf(
      some,
      accepted.map((version) => ({ kind: 'terms', version })),
      at,
    ).map((one) => one.version);
  assert.deepEqual(versions([]), ['b']);
  assert.deepEqual(versions(['a']), []);
  assert.deepEqual(versions(['b']), []);
  assert.deepEqual(versions(['other']), ['b']);
});
