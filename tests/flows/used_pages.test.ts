import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { cleanUp } from '../../server/jobs/cleanup.ts';
import de from '../../server/views/messages/de.json' with { type: 'json' };
import en from '../../server/views/messages/en.json' with { type: 'json' };
import type { NameUnder } from '../../server/views/messages.ts';
import { browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { attributeOf, has, textOf } from '../helpers/html.ts';
import { partyOf, register } from '../helpers/registration.ts';
import { redeem } from '../helpers/relying_party.ts';
import { begin, callbackOf, errorOn, shown, signedIn, submit, submitPassword } from './support.ts';

/**
 * Sign-in pages that were used, have expired, lack their cookie, or were overtaken by another tab explain that and
 * offer a link.
 */
const clock = { skew: 0 };
const app = await deployment(
  { after },
  {
    env: { CARDEA_REGISTRATION: 'open' },
    now: () => Date.now() + clock.skew,
  },
);
const { issuer } = app;
const person = await app.seed.person();
const other = await app.seed.person();
const metadata = { client_uri: 'https://notes.example.com/', initiate_login_uri: 'https://notes.example.com/in?x=1' };
const party = await app.seed.party({ name: 'Harbour Notes', firstParty: true, metadata });
const asking = await app.seed.party({ name: 'Other Notes' });

const linkOn = (page: Page, id: string) => attributeOf(page, `a#${id}`, 'href');
/** The heading and the explanation of an error page. */
const explanationOn = (page: Page) => [textOf(page, 'h1'), textOf(page, 'p.lead')];
const explanation = (name: NameUnder<'error', '.heading'>) => [en[`error.${name}.heading`], en[`error.${name}.text`]];

test('a used page says that the person is signed in, and links to the app and to the account', async () => {
  const { browser, page } = await begin(app, party);
  assert.equal(shown(await submitPassword(browser, page, person)), 'callback');
  clock.skew += 90_000; // sent_twice.test.ts tests a form that is sent twice at once
  const { action, fields } = formOf(page);
  for (const answer of [await browser.get(page.url), await browser.post(action, { ...fields, action: 'signin' })]) {
    assert.deepEqual(
      [answer.status, errorOn(answer), explanationOn(answer)],
      [400, 'interaction_expired', explanation('done')],
    );
    assert.equal(linkOn(answer, 'back'), 'https://notes.example.com/');
    const begins = new URL(linkOn(answer, 'begin') ?? '');
    assert.deepEqual(
      [...begins.searchParams],
      [
        ['x', '1'],
        ['iss', issuer],
      ],
      'OpenID Connect Core §4',
    );
    assert.equal(linkOn(answer, 'account'), '/account');
  }
});

test('after a refusal and after a sign-out it says that the sign-in has ended', async () => {
  const refused = await begin(app, party, { prompt: 'login' }, await signedIn(app, party, person));
  assert.equal(callbackOf(await submit(refused.browser, refused.page, { action: 'cancel' })).error, 'access_denied');
  const done = await begin(app, party);
  assert.equal(shown(await submitPassword(done.browser, done.page, person)), 'callback');
  clock.skew += 90_000;
  for (const answer of [await refused.browser.get(refused.page.url), await browserSession(issuer).get(done.page.url)]) {
    assert.deepEqual(
      [explanationOn(answer), linkOn(answer, 'back')],
      [explanation('used'), 'https://notes.example.com/'],
    );
  }
  assert.deepEqual(explanationOn(await done.browser.get(done.page.url)), explanation('done'));
});

test('without its cookie it says so, in any browser; when it is too old, it links to the account', async () => {
  const { browser, page } = await begin(app, party);
  const elsewhere = await browserSession(issuer).get(page.url);
  assert.deepEqual([elsewhere.status, explanationOn(elsewhere)], [400, explanation('no_cookie')]);
  assert.equal(linkOn(elsewhere, 'back'), 'https://notes.example.com/');
  clock.skew += 2 * 3_600_000;
  await cleanUp({ db: app.db, now: () => Date.now() + clock.skew });
  const late = await browser.get(page.url);
  assert.deepEqual(
    [explanationOn(late), linkOn(late, 'account'), linkOn(late, 'back')],
    [explanation('expired'), '/account', undefined],
  );
  const german = await browser.get(page.url, { 'accept-language': 'de' });
  assert.equal(attributeOf(german, 'html', 'lang'), 'de');
});

test('only apps that the operator registered are linked (RFC 9700 §4.11.2)', async () => {
  const redirect_uris = ['https://notes.example.com/callback'];
  const stranger = partyOf((await register(app, { client_name: 'Stranger', redirect_uris, ...metadata })).body);
  const stored = (await app.seed.clients.find(stranger.id))?.metadata;
  assert.deepEqual({ ...stored, ...metadata }, stored);
  const { page } = await begin(app, stranger);
  const answer = await browserSession(issuer).get(page.url);
  assert.equal(answer.status, 400);
  assert.deepEqual([linkOn(answer, 'back'), linkOn(answer, 'begin')], [undefined, undefined]);
  assert.ok(!answer.body.includes('notes.example.com'));
});

test('only the app is stored of a sign-in that has ended', async () => {
  const { browser, page } = await begin(app, party, { login_hint: person.email, state: 's'.repeat(2_000) });
  const held = await sizes();
  assert.ok(held.some((size) => size > 2_000));
  await submitPassword(browser, page, person);
  assert.ok((await sizes()).every((size) => size < 2_000));
});

async function sizes(): Promise<number[]> {
  const text = "SELECT length(sealed) AS size FROM records WHERE model = 'Interaction'";
  return (await app.db.run<{ size: number }>({ name: '', text }, [])).map(({ size }) => size);
}

test('two tabs that ask for the password (prompt=login) continue in one session, although the first changes its id', async () => {
  const somebody = await app.seed.person();
  const own = await app.seed.party({ firstParty: true });
  const browser = await signedIn(app, own, somebody);
  const first = await begin(app, own, { prompt: 'login' }, browser.clone());
  const second = await begin(app, own, { prompt: 'login' }, browser.clone());
  const foreign = await begin(app, own, { prompt: 'login' }, browser.clone());
  const ended = await begin(app, own, { prompt: 'login' }, browser.clone());
  for (const tab of [first, second]) {
    const done = await submitPassword(tab.browser, tab.page, somebody);
    assert.ok(callbackOf(done).code, done.body);
  }
  const text = 'SELECT count(*)::int AS n FROM sessions WHERE account_id = $1';
  assert.deepEqual(await app.db.run({ name: '', text }, [somebody.id]), [{ n: 1 }]);

  const foreigner = await submitPassword(foreign.browser, foreign.page, person);
  assert.deepEqual(
    [foreigner.status, errorOn(foreigner)],
    [400, 'interaction_expired'],
    'another person cannot continue in that session',
  );
  await submit(second.browser, await second.browser.get('/logout'), { logout: 'yes' });
  const late = await submitPassword(ended.browser, ended.page, somebody);
  assert.deepEqual([late.status, errorOn(late)], [400, 'interaction_expired'], 'a session that has ended stays ended');
});

test('a second tab continues without a password after the first has signed in: by its page and by its form', async () => {
  const first = await begin(app, party);
  const [byPage, byForm, byOther, byWish] = [
    await begin(app, party),
    await begin(app, party),
    await begin(app, party),
    await begin(app, party, { prompt: 'login' }),
  ];
  await submitPassword(first.browser, first.page, person);
  let session = first.browser.signedCookies('cardea_session');
  const cookiesOf = ({ browser }: typeof first) => `${browser.signedCookies('cardea_interaction')}; ${session}`;
  const codeOf = ({ location }: Page) => new URL(location ?? 'about:blank').searchParams.get('code') ?? '';

  // The session id changes with each sign-in, so each tab is tried with its own copy of the browser.
  const another = browserSession(issuer);
  const shownAgain = await another.get(byPage.page.url, { cookie: cookiesOf(byPage) });
  assert.equal((await redeem(issuer, party, { code: codeOf(shownAgain), verifier: byPage.verifier })).status, 200);
  session = another.signedCookies('cardea_session');

  const named = formOf(byOther.page);
  const asAnother = { ...named.fields, identifier: other.email, password: 'wrong', action: 'signin' };
  const judged = await browserSession(issuer).post(named.action, asAnother, { cookie: cookiesOf(byOther) });
  assert.equal(judged.status, 400, 'for another identifier the password is asked');

  const wished = await browserSession(issuer).get(byWish.page.url, { cookie: cookiesOf(byWish) });
  assert.equal(shown(wished), 'sign-in', 'prompt=login always asks (OpenID Connect Core §3.1.2.1)');

  const form = formOf(byForm.page);
  const typed = { ...form.fields, identifier: person.email, password: 'mistyped', action: 'signin' };
  const sent = await browserSession(issuer).post(form.action, typed, { cookie: cookiesOf(byForm) });
  assert.equal((await redeem(issuer, party, { code: codeOf(sent), verifier: byForm.verifier })).status, 200);
});

test('when the session is not strong enough, the person is asked all the same', async () => {
  const browser = browserSession(issuer);
  const late = await begin(app, asking, {}, browser);
  const { browser: signed } = await begin(app, party, {}, browser);
  const again = await begin(app, party, {}, signed);
  await submitPassword(signed, again.page, person);
  const page = await browser.follow(await browser.get(late.page.url));
  assert.equal(shown(page), 'consent');
  assert.equal(
    shown(await begin(app, asking, {}, await signedIn(app, party, person)).then((one) => one.page)),
    'consent',
  );
});

test('a person who signs in where another one has signed in meanwhile sees a page about the change of account', async () => {
  const first = await begin(app, party);
  const late = await begin(app, party, { ui_locales: 'de' });
  await submitPassword(first.browser, first.page, person);
  const cookie = `${first.browser.signedCookies('cardea_session')}; ${late.browser.signedCookies('cardea_interaction')}`;
  const { action, fields } = formOf(late.page);
  const typed = { ...fields, identifier: other.email, password: other.password, action: 'signin' };
  const page = await browserSession(issuer).post(action, typed, { cookie });
  assert.equal(page.status, 200);
  assert.ok(has(page, 'html[lang="de"][dir="ltr"]'));
  assert.equal(textOf(page, 'h1'), de['onward.switch.title']);
  assert.equal(new URL(formOf(page).action).pathname, '/logout/confirm');
  assert.ok(has(page, 'button[type="submit"]'));
  assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self';/);
});
