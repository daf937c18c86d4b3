import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import de from '../../server/views/messages/de.json' with { type: 'json' };
import { openAccount, pathOf, press } from '../helpers/account.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { type BrowserSession, browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { type Deployment, deployment, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { attributeOf, has } from '../helpers/html.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { askForMail, enqueue, followLink, useLink } from './mailed_links.ts';
import { begin, callbackOf, type Params, shown, submit, submitPassword, tokensFor } from './support.ts';

/** The language of pages and mails: that of the app's request, then of the account, then of the browser. */
const scope = { after };
const post = await mailbox(scope);
const app: Deployment = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true' } });
const BACK = 'https://rp.example.com/signed-out';
const party = await app.seed.party({ metadata: { post_logout_redirect_uris: [BACK] } });
const factors = await createFactorSeeder(app);

async function personSpeaking(locale: string | undefined): Promise<Person> {
  const person = await app.seed.person();
  await app.seed.accounts.update(await app.seed.accounts.resolve(person.id), { locale });
  return person;
}

/** A browser that sends Accept-Language with every request. */
function browserSpeaking(languages: string): BrowserSession {
  const plain = browserSession(app.issuer);
  const speaking: BrowserSession = {
    ...plain,
    get: (url, headers) => plain.get(url, { 'accept-language': languages, ...headers }),
    post: (url, fields, headers) => plain.post(url, fields, { 'accept-language': languages, ...headers }),
    async follow(page) {
      let at = page;
      while (at.location?.startsWith(`${app.issuer}/`)) at = await speaking.get(at.location);
      return at;
    },
  };
  return speaking;
}

/** The language that a page declares. tests/views/catalogues.test.ts checks that its texts are in that language. */
function languageOf(page: Pick<Page, 'body'>): string {
  assert.match(page.body, /^<!doctype html>\n<html /);
  const lang = attributeOf(page, 'html', 'lang');
  assert.equal(attributeOf(page, 'html', 'dir'), lang === 'ar' ? 'rtl' : 'ltr', page.body.slice(0, 200));
  return lang ?? '';
}

interface Wishes {
  readonly app?: string;
  readonly account?: string;
  readonly browser?: string;
}

/** The languages of the sign-in page and of the page after the password, when the account is known. */
async function languagesAtSignIn(wishes: Wishes): Promise<{ before: string; after: string }> {
  const person = await personSpeaking(wishes.account);
  const browser = browserSpeaking(wishes.browser ?? '*');
  const params: Params = { ui_locales: wishes.app };
  const { page } = await begin(app, party, params, browser);
  assert.equal(shown(page), 'sign-in');
  const consent = await submitPassword(browser, page, person);
  assert.equal(shown(consent), 'consent');
  return { before: languageOf(page), after: languageOf(consent) };
}

describe('the sign-in uses', () => {
  test('English by default', async () => {
    assert.deepEqual(await languagesAtSignIn({}), { before: 'en', after: 'en' });
  });

  test('the language of the browser (RFC 9110 §12.5.4)', async () => {
    assert.deepEqual(await languagesAtSignIn({ browser: 'tlh, de-AT;q=0.8, en;q=0.5' }), { before: 'de', after: 'de' });
  });

  test('the account’s language before the browser’s, once the account is known', async () => {
    assert.deepEqual(await languagesAtSignIn({ account: 'de-CH', browser: 'ar' }), { before: 'ar', after: 'de' });
    assert.deepEqual(await languagesAtSignIn({ account: 'ar_EG', browser: 'de' }), { before: 'de', after: 'ar' });
  });

  test('the app’s ui_locales before both (OpenID Connect Core §3.1.2.1)', async () => {
    const wishes = { app: 'de', account: 'ar', browser: 'en' };
    assert.deepEqual(await languagesAtSignIn(wishes), { before: 'de', after: 'de' });
    assert.deepEqual(await languagesAtSignIn({ ...wishes, app: 'tlh en-GB de' }), { before: 'en', after: 'en' });
  });

  test('the next best available language, and English otherwise', async () => {
    assert.deepEqual(await languagesAtSignIn({ app: 'tlh', account: 'xx', browser: 'de' }), {
      before: 'de',
      after: 'de',
    });
    assert.deepEqual(await languagesAtSignIn({ app: 'tlh', account: 'ar' }), { before: 'en', after: 'ar' });
    assert.deepEqual(await languagesAtSignIn({ app: 'tlh', account: 'xx', browser: 'yy' }), {
      before: 'en',
      after: 'en',
    });
  });

  test('the same language at the second factor, and when an account is chosen', async () => {
    const person = await personSpeaking('de');
    const secret = await factors.totp(person.id);
    const browser = browserSpeaking('ar');
    const { page } = await begin(app, party, {}, browser);
    const factor = await submitPassword(browser, page, person);
    assert.deepEqual([shown(factor), languageOf(factor)], ['second-factor', 'de']);
    const again = await submit(browser, factor, { action: 'code', code: '000000' });
    assert.deepEqual([again.status, languageOf(again)], [400, 'de']);
    const consent = await submit(browser, again, { action: 'code', code: totpCode(secret, Date.now()) });
    callbackOf(await submit(browser, consent, { action: 'allow' }));
    const choice = await begin(app, party, { prompt: 'select_account' }, browser);
    assert.deepEqual([shown(choice.page), languageOf(choice.page)], ['select-account', 'de']);
  });
});

describe('an error page uses', () => {
  test('the language of the browser, when nothing else is known', async () => {
    const missing = await browserSpeaking('de').get('/nowhere');
    assert.deepEqual([missing.status, languageOf(missing)], [404, 'de']);
    assert.equal(languageOf(await browserSpeaking('tlh').get('/nowhere')), 'en');
    assert.equal(languageOf(await browserSpeaking('de').get('/login/x')), 'de');
  });

  test('the app’s ui_locales, when its request is refused', async () => {
    const { page } = await begin(app, { ...party, id: 'nobody' }, { ui_locales: 'de' }, browserSpeaking('ar'));
    assert.deepEqual([shown(page), page.status, languageOf(page)], ['error', 400, 'de']);
    const unnamed = await begin(app, { ...party, id: 'nobody' }, {}, browserSpeaking('ar'));
    assert.equal(languageOf(unnamed.page), 'ar');
  });

  test('the language of the page whose form is refused', async () => {
    const browser = browserSpeaking('ar');
    const { page } = await begin(app, party, { ui_locales: 'de' }, browser);
    const refused = await browser.post(formOf(page).action, { csrf: 'x' });
    assert.deepEqual([shown(refused), refused.status, languageOf(refused)], ['error', 403, 'de']);
  });
});

describe('the account pages use', () => {
  const PATHS = ['', '/profile', '/email', '/username', '/password', '/second-factor', '/authenticator', '/passkeys'];
  const MORE = ['/sessions', '/apps', '/events'];

  test("the account's language", async () => {
    const { browser } = await openAccount(app, await personSpeaking('de'), '/account', browserSpeaking('ar'));
    for (const path of [...PATHS, ...MORE]) {
      const page = await browser.get(`/account${path}`);
      assert.deepEqual([page.status, languageOf(page)], [200, 'de'], path);
    }
    const refused = await browser.post('/account/profile', { csrf: 'x' });
    assert.deepEqual([refused.status, languageOf(refused)], [403, 'de']);
  });

  test('the browser’s language while the account has none, and the chosen one from then on', async () => {
    const person = await personSpeaking(undefined);
    const { browser, page } = await openAccount(app, person, '/account/profile', browserSpeaking('ar'));
    assert.equal(languageOf(page), 'ar');
    for (const tag of ['en', 'de', 'ar']) assert.ok(has(page, `option[value="${tag}"][lang="${tag}"]`));
    const saved = await browser.follow(await press(browser, page, 'save', { locale: 'de' }));
    assert.deepEqual([pathOf(saved), languageOf(saved)], ['/account/profile?done=profile', 'de']);
    const back = await browser.follow(await press(browser, saved, 'save', { locale: '' }));
    assert.equal(languageOf(back), 'ar');
  });

  test('the account’s language, although the sign-in page used that of the browser', async () => {
    const person = await personSpeaking('de');
    await factors.totp(person.id);
    const { page } = await openAccount(app, person, '/account', browserSpeaking('ar'));
    assert.deepEqual([shown(page), languageOf(page)], ['second-factor', 'de']);
  });

  test('English for a language that does not exist', async () => {
    const { page } = await openAccount(app, await personSpeaking('tlh'), '/account', browserSpeaking('xx'));
    assert.equal(languageOf(page), 'en');
  });
});

describe('the pages and mails of a forgotten password use', () => {
  test('the app’s ui_locales of the sign-in before, also in the mail', async () => {
    const person = await personSpeaking(undefined);
    const browser = browserSpeaking('ar');
    const { page } = await begin(app, party, { ui_locales: 'de' }, browser);
    const [forgot = '', signUp = ''] = ['#forgot', '#sign-up'].map((link) => attributeOf(page, link, 'href'));
    assert.equal(languageOf(await browser.get(signUp)), 'de');
    const asked = await browser.get(forgot);
    assert.equal(languageOf(asked), 'de');
    const { action, fields } = formOf(asked);
    const refused = await browser.post(action, { ...fields, identifier: '' });
    assert.deepEqual([refused.status, languageOf(refused)], [400, 'de']);
    assert.equal(languageOf(await browser.post(action, { ...fields, identifier: person.email })), 'de');
    const mail = await post.next(person.email);
    assert.equal(languageOf({ body: mail.html }), 'de');
    assert.equal(mail.headers.get('content-language'), 'de');
    assert.equal(mail.subject, de['mail.reset.subject']);
  });

  test('otherwise the browser’s language for the page, and the account’s for the mail and its link', async () => {
    const person = await personSpeaking('de');
    const browser = browserSpeaking('ar');
    const page = await browser.get('/account/forgot');
    assert.equal(languageOf(page), 'ar');
    assert.equal(formOf(page).action, '/account/forgot');
    assert.equal(languageOf(await askForMail(app, '/account/forgot', person.email, browser)), 'ar');
    const mail = await post.next(person.email);
    assert.equal(languageOf({ body: mail.html }), 'de');
    const followed = await followLink(app, mail.link, browser);
    assert.deepEqual([followed.page.status, languageOf(followed.page)], [200, 'de']);
    const refused = await useLink(app, mail.link, { new_password: 'x' }, browser);
    assert.deepEqual([refused.status, languageOf(refused)], [400, 'de']);
    const done = await useLink(app, mail.link, { new_password: 'Harpsichord-Meadow-41' }, browser);
    assert.deepEqual([done.status, languageOf(done)], [200, 'de']);
    assert.equal(languageOf({ body: (await post.next(person.email)).html }), 'de');
    const gone = await followLink(app, mail.link, browser);
    assert.deepEqual([gone.page.status, languageOf(gone.page)], [410, 'ar']);
  });

  test('a new account keeps the language in which it was opened', async () => {
    const email = 'ada.byron@example.com';
    const browser = browserSpeaking('de-AT');
    assert.equal(languageOf(await askForMail(app, '/account/sign-up', email, browser)), 'de');
    const mail = await post.next(email);
    assert.equal(languageOf({ body: mail.html }), 'de');
    const made = await useLink(app, mail.link, { name: 'Ada', new_password: 'Harpsichord-Meadow-41' }, browser);
    assert.deepEqual([made.status, languageOf(made)], [200, 'de']);
    assert.equal((await app.seed.accounts.findByIdentifier(email))?.locale, 'de');
  });

  test('an account that is opened in an unknown language uses English', async () => {
    const person = await personSpeaking('tlh');
    assert.equal(languageOf(await askForMail(app, '/account/forgot', person.email, browserSpeaking('xx'))), 'en');
    assert.equal(languageOf({ body: (await post.next(person.email)).html }), 'en');
  });
});

test('a notice uses the account’s language, and English for an account without one', async () => {
  for (const [locale, expected] of [
    ['de-AT', 'de'],
    ['ar', 'ar'],
    ['tlh', 'en'],
    [undefined, 'en'],
  ] as const) {
    const person = await personSpeaking(locale);
    await enqueue(app, { kind: 'password_changed', accountId: person.id });
    const mail = await post.next(person.email);
    assert.deepEqual([languageOf({ body: mail.html }), mail.headers.get('content-language')], [expected, expected]);
  }
});

describe('signing out uses', () => {
  const logout = (browser: BrowserSession, params: Record<string, string> = {}) =>
    browser.get(`/logout?${new URLSearchParams(params)}`);

  test('the account’s language, also on the last page, after the session has ended', async () => {
    const browser = browserSpeaking('ar');
    await tokensFor(app, party, await personSpeaking('de'), { browser });
    const page = await logout(browser);
    assert.deepEqual([shown(page), languageOf(page)], ['sign-out', 'de']);
    const left = await submit(browser, page, { logout: 'yes' });
    assert.deepEqual([shown(left), languageOf(left)], ['signed-out', 'de']);
  });

  test('the same on the last page when nothing is asked', async () => {
    const browser = browserSpeaking('ar');
    const { tokens } = await tokensFor(app, party, await personSpeaking('de'), { browser });
    const left = await browser.follow(await logout(browser, { id_token_hint: tokens.id_token }));
    assert.deepEqual([shown(left), languageOf(left)], ['signed-out', 'de']);
  });

  test('the app’s ui_locales before that (RP-Initiated Logout §2)', async () => {
    const browser = browserSpeaking('en');
    await tokensFor(app, party, await personSpeaking('de'), { browser });
    const page = await logout(browser, { ui_locales: 'ar' });
    assert.equal(languageOf(page), 'ar');
    assert.equal(languageOf(await submit(browser, page, { logout: 'yes' })), 'ar');
    // The session has ended, so no question is shown, in the same language.
    const again = await browser.follow(await logout(browser, { ui_locales: 'ar' }));
    assert.deepEqual([shown(again), languageOf(again)], ['signed-out', 'ar']);
  });

  test('the language of the browser otherwise; an app’s own page does not get it', async () => {
    const browser = browserSpeaking('de');
    await tokensFor(app, party, await personSpeaking('ar'), { browser });
    assert.equal(languageOf(await browserSpeaking('de').get('/logout/success')), 'de');
    const page = await logout(browser, { client_id: party.id, post_logout_redirect_uri: BACK, state: 's' });
    assert.equal(languageOf(page), 'ar');
    const left = await submit(browser, page, { logout: 'yes' });
    assert.equal(left.location, `${BACK}?state=s`);
    assert.deepEqual(callbackOf(left), { state: 's' });
  });
});
