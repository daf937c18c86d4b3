import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { codesOn, secretOn, totpCode } from '../helpers/authenticator.ts';
import { type Deployment, deployment, type Party } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { has } from '../helpers/html.ts';
import { redeem } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { begin, callbackOf, idTokenOf, shown, submit, submitPassword } from './support.ts';

const scope = { after };
const TWO_FACTORS = 'urn:cardea:acr:2fa';
const clock = { ms: Date.now() };
const now = () => clock.ms;

const all = await deployment(scope, { now, env: { CARDEA_SECOND_FACTOR: 'required', CARDEA_NAME: 'Harbour' } });
const allParty = await all.seed.party({ firstParty: true });
const group = await deployment(scope, { now, env: { CARDEA_SECOND_FACTOR_GROUPS: 'admins,staff' } });
const groupParty = await group.seed.party({ firstParty: true });
const trusting = await deployment(scope, {
  now,
  env: { CARDEA_TRUST_DEVICE: '30d', CARDEA_SECOND_FACTOR: 'required' },
});
const factors = await createFactorSeeder(trusting, now);
const trustingParty = await trusting.seed.party({ firstParty: true });

async function acrOf(
  app: Deployment,
  client: Party,
  begun: { verifier: string },
  page: Parameters<typeof callbackOf>[0],
) {
  const { body } = await redeem(app.issuer, client, { code: callbackOf(page).code ?? '', verifier: begun.verifier });
  return idTokenOf(body).acr;
}

test('required of all: everybody sets one up during the sign-in, under the configured name', async () => {
  const person = await all.seed.person();
  const begun = await begin(all, allParty);
  const enrol = await submitPassword(begun.browser, begun.page, person);
  assert.ok(has(enrol, 'a[href^="otpauth://totp/Harbour:"]'));
  const secret = remember('totp_secret', secretOn(enrol));
  const codes = await submit(begun.browser, enrol, { action: 'enrol', code: totpCode(secret, now()) });
  for (const code of codesOn(codes)) remember('recovery_code', code);
  const page = await begun.browser.follow(await begun.browser.get(new URL(enrol.url).pathname));
  assert.equal(await acrOf(all, allParty, begun, page), TWO_FACTORS);
});

test('required of all: cancelling does not avoid it', async () => {
  const person = await all.seed.person();
  const begun = await begin(all, allParty);
  const enrol = await submitPassword(begun.browser, begun.page, person);
  assert.equal(callbackOf(await submit(begun.browser, enrol, { action: 'cancel' })).error, 'access_denied');
  assert.equal(shown((await begin(all, allParty, {}, begun.browser)).page), 'sign-in');
});

test('required of a group: its members need one, others do not, and a session with one factor is not enough for a new member', async () => {
  const person = await group.seed.person();
  const begun = await begin(group, groupParty);
  assert.equal(shown(await submitPassword(begun.browser, begun.page, person)), 'callback');
  assert.equal(shown((await begin(group, groupParty, {}, begun.browser)).page), 'callback');
  await group.seed.accounts.setGroups(person.id, ['staff']);
  const again = await begin(group, groupParty, {}, begun.browser);
  assert.equal(shown(again.page), 'sign-in');
  assert.equal(shown(await submitPassword(again.browser, again.page, person)), 'enrol');
});

test('a trusted browser is not asked for the second factor, for a limited time and for that person', async () => {
  const person = await trusting.seed.person();
  const other = await trusting.seed.person();
  const secret = await factors.totp(person.id);
  await factors.totp(other.id);
  const { browser, page } = await begin(trusting, trustingParty);
  const asked = await submitPassword(browser, page, person);
  assert.ok(has(asked, '[name="trust_device"]'));
  const form = { action: 'code', code: totpCode(secret, now()), trust_device: 'yes' };
  assert.equal(shown(await submit(browser, asked, form)), 'callback');

  const again = await begin(trusting, trustingParty, { prompt: 'login' }, browser);
  const straight = await submitPassword(browser, again.page, person);
  assert.equal(
    await acrOf(trusting, trustingParty, again, straight),
    'urn:cardea:acr:1fa',
    'and acr does not claim the second factor',
  );
  assert.equal(
    shown((await begin(trusting, trustingParty, {}, browser)).page),
    'callback',
    'nor is it asked for again in the session',
  );

  const stepUp = await begin(trusting, trustingParty, { acr_values: TWO_FACTORS }, browser);
  assert.equal(shown(await submitPassword(browser, stepUp.page, person)), 'second-factor', 'unless an app requires it');
  const strict = await trusting.seed.party({ firstParty: true, secondFactorRequired: true });
  const required = await begin(trusting, strict, {}, browser);
  assert.equal(shown(await submitPassword(browser, required.page, person)), 'second-factor', 'or requires it');
  const theirs = await begin(trusting, trustingParty, { prompt: 'login' }, browser);
  assert.equal(
    shown(await submitPassword(browser, theirs.page, other)),
    'second-factor',
    'it is not trusted for another person',
  );
  const elsewhere = await begin(trusting, trustingParty);
  assert.equal(shown(await submitPassword(elsewhere.browser, elsewhere.page, person)), 'second-factor');

  clock.ms += 31 * 86_400_000;
  const later = await begin(trusting, trustingParty, { prompt: 'login' }, browser);
  assert.equal(shown(await submitPassword(browser, later.page, person)), 'second-factor', 'not for ever');
});

test('a browser does not become trusted by a recovery code, or without the person’s choice', async () => {
  const person = await trusting.seed.person();
  const secret = await factors.totp(person.id);
  const [code = ''] = await factors.recoveryCodes(person.id);
  const { browser, page } = await begin(trusting, trustingParty);
  const form = { action: 'recovery', recovery_code: code, trust_device: 'yes' };
  await submit(browser, await submitPassword(browser, page, person), form);
  const second = await begin(trusting, trustingParty, { prompt: 'login' }, browser);
  const asked = await submitPassword(browser, second.page, person);
  assert.equal(shown(asked), 'second-factor');
  await submit(browser, asked, { action: 'code', code: totpCode(secret, now()) });
  const third = await begin(trusting, trustingParty, { prompt: 'login' }, browser);
  assert.equal(shown(await submitPassword(browser, third.page, person)), 'second-factor');
});

test('without the setting no browser can be trusted', async (t) => {
  const app = await deployment(t, { now });
  const factors = await createFactorSeeder(app, now);
  const party = await app.seed.party({ firstParty: true });
  const person = await app.seed.person();
  const secret = await factors.totp(person.id);
  const { browser, page } = await begin(app, party);
  const asked = await submitPassword(browser, page, person);
  assert.ok(!asked.body.includes('trust_device'));
  await submit(browser, asked, { action: 'code', code: totpCode(secret, now()), trust_device: 'yes' });
  const again = await begin(app, party, { prompt: 'login' }, browser);
  assert.equal(shown(await submitPassword(browser, again.page, person)), 'second-factor');
});
