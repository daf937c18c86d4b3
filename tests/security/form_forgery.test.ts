import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { begin, errorOn, shown, signedIn, submitPassword } from '../flows/support.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';

/** Forms that another site submits, and cookies of other people. */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const party = await app.seed.party();
const own = await app.seed.party({ firstParty: true });
const person = await app.seed.person();

test('the password and the consent form need the token of their own visit', async () => {
  const another = formOf((await begin(app, party)).page).fields.csrf ?? '';
  const { browser, page } = await begin(app, party);
  const consent = await submitPassword(browser.clone(), page, person);
  for (const at of [page, consent]) {
    const { action, fields } = formOf(at);
    const real = fields.csrf ?? '';
    for (const csrf of [
      undefined,
      '',
      another,
      real.slice(1),
      `${real}A`,
      real.toUpperCase(),
      randomBytes(32).toString('base64url'),
      '0',
    ]) {
      const form = {
        ...(csrf === undefined ? {} : { csrf }),
        identifier: person.email,
        password: person.password,
        action: 'allow',
      };
      const answer = await browser.clone().post(action, form);
      assert.equal(answer.status, 403, `${csrf}`);
      assert.equal(errorOn(answer), 'form_expired');
      assert.equal(answer.location, undefined);
    }
  }
});

test('a form that the browser marks as sent from another site is refused (Fetch Metadata)', async () => {
  const { browser, page } = await begin(app, own);
  const { action, fields } = formOf(page);
  const form = { ...fields, identifier: person.email, password: person.password };
  for (const site of ['cross-site', 'same-site', 'nonsense', '']) {
    const answer = await browser.clone().post(action, form, { 'sec-fetch-site': site });
    assert.equal(answer.status, 403, site);
    assert.equal(errorOn(answer), 'cross_site_form');
  }
  const answer = await browser.post(action, form, { 'sec-fetch-site': 'same-origin' });
  assert.equal(shown(answer), 'callback');
});

test('a form without the token of the page signs no person out (RP-Initiated Logout §6)', async () => {
  const browser = await signedIn(app, own, person);
  await browser.get('/logout');
  for (const xsrf of [undefined, '', 'x', randomBytes(16).toString('hex')]) {
    const answer = await browser.post('/logout/confirm', { ...(xsrf === undefined ? {} : { xsrf }), logout: 'yes' });
    assert.equal(answer.status, 400);
  }
  const silent = await browser.get(authorizeUrl({ issuer, party: own, params: { prompt: 'none' } }, 'v'.repeat(43)));
  assert.ok(new URL(silent.location ?? '').searchParams.get('code'), 'still signed in');
});

test('a cookie without a valid signature, or with the signature of another cookie, is ignored', async () => {
  const victim = await signedIn(app, own, person);
  const other = await signedIn(app, own, await app.seed.person());
  const value = victim.cookie('cardea_session') ?? '';
  const signature = victim.cookie('cardea_session.sig') ?? '';
  const forged = createHmac('sha256', 'guess').update(`cardea_session=${value}`).digest('base64url');
  const url = authorizeUrl({ issuer, party: own, params: { prompt: 'none' } }, 'v'.repeat(43));
  const signInSilently = async (cookie: string) => {
    const { location } = await browserSession(issuer).get(url, { cookie });
    return new URL(location ?? '').searchParams.get('error');
  };
  assert.equal(
    await signInSilently(`cardea_session=${value}; cardea_session.sig=${signature}`),
    null,
    'with its own signature it is accepted',
  );
  for (const cookie of [
    `cardea_session=${value}`,
    `cardea_session=${value}; cardea_session.sig=`,
    `cardea_session=${value}; cardea_session.sig=${forged}`,
    `cardea_session=${value}; cardea_session.sig=${other.cookie('cardea_session.sig')}`,
    `cardea_session=${value}; cardea_session.sig=${signature.slice(0, -1)}`,
    `cardea_session=${value}x; cardea_session.sig=${signature}`,
    // A signature covers the name too, so that of another cookie is invalid.
    `cardea_session=${value}; cardea_session.sig=${victim.cookie('cardea_interaction.sig')}`,
    `cardea_session=; cardea_session.sig=${signature}`,
    `cardea_session=%00%ff; cardea_session.sig=%00`,
  ]) {
    assert.equal(await signInSilently(cookie), 'login_required', cookie);
  }
});

test('a visit can be opened only with its signed cookie', async () => {
  const { browser, page } = await begin(app, own);
  const uid = new URL(page.url).pathname.split('/').at(-1);
  const signature = browser.cookie('cardea_interaction.sig');
  const elsewhere = (await begin(app, own)).browser.cookie('cardea_interaction.sig');
  for (const cookie of [
    `cardea_interaction=${uid}`,
    `cardea_interaction=${uid}; cardea_interaction.sig=${elsewhere}`,
    `cardea_resume=${uid}; cardea_resume.sig=${signature}`,
  ]) {
    const answer = await browserSession(issuer).get(page.url, { cookie });
    assert.equal(answer.status, 400, cookie);
    assert.equal(errorOn(answer), 'interaction_expired');
  }
});
