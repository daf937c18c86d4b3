import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, idTokenOf, submit, submitPassword } from '../flows/support.ts';
import { openAccount } from '../helpers/account.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { has } from '../helpers/html.ts';
import { redeem, userinfo } from '../helpers/relying_party.ts';

/** Additional fields of a form change nothing (Zitadel CVE-2026-27946; authentik CVE-2024-52287). */

const scope = { after };
const app = await deployment(scope);
await app.seed.resourceServer({ identifier: 'https://orders.example.com', name: 'Orders', scopes: ['orders:write'] });
const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access orders:write' } });
const person = await app.seed.person();
const other = await app.seed.person();

const EXTRA: Record<string, string> = {
  scope: 'openid profile email offline_access orders:write',
  scopes: 'email',
  'scopes[]': 'email',
  'scopes[0]': 'email',
  resource: 'https://orders.example.com',
  'resources[https://orders.example.com][]': 'orders:write',
  consent: '{"scopes":["email"],"resources":{}}',
  'consent[scopes][]': 'email',
  accountId: other.id,
  account_id: other.id,
  sub: other.id,
  login: JSON.stringify({ accountId: other.id, acr: 'urn:cardea:acr:9fa', amr: ['hwk'] }),
  'login[accountId]': other.id,
  acr: 'urn:cardea:acr:9fa',
  amr: 'hwk',
  ts: '0',
  auth_time: '0',
  client_id: 'another',
  redirect_uri: 'https://evil.test/',
  grantId: 'x',
  uid: 'x',
  firstParty: 'true',
  remember: 'false',
  emailVerified: 'true',
  role: 'admin',
  __proto__: 'x',
  '__proto__[accountId]': other.id,
  'constructor[prototype][accountId]': other.id,
};

test('the password form and the consent form accept only the fields that they show', async () => {
  const { browser, page, verifier } = await begin(app, party, { scope: 'openid', acr_values: 'urn:cardea:acr:1fa' });
  const { action, fields } = formOf(page);
  const credentials = { ...EXTRA, ...fields, identifier: person.email, password: person.password, action: 'signin' };
  const consent = await browser.follow(await browser.post(action, credentials));
  const { code = '', ...rest } = callbackOf(await submit(browser, consent, { ...EXTRA, action: 'allow' }));
  assert.equal(rest.error, undefined);
  const { body } = await redeem(app.issuer, party, { code, verifier });
  assert.equal(body.scope, 'openid');
  const claims = idTokenOf(body);
  assert.equal(claims.sub, person.id);
  assert.equal(claims.acr, 'urn:cardea:acr:1fa');
  assert.ok(!JSON.stringify(claims.amr ?? []).includes('hwk'));
  assert.ok(Number(claims.auth_time ?? claims.iat) > 1_600_000_000);
  assert.deepEqual((await userinfo(app.issuer, body.access_token ?? '')).body, { sub: person.id });
  assert.equal(({} as { accountId?: unknown }).accountId, undefined, 'no prototype was polluted');
});

test('consent is stored for the scopes that were shown; another scope is asked for again (authentik CVE-2024-52287)', async () => {
  const first = await begin(app, party, { scope: 'openid' });
  const consent = await submitPassword(first.browser, first.page, other);
  await submit(first.browser, consent, { ...EXTRA, action: 'allow' });
  const { page } = await begin(app, party, { scope: 'openid email' }, first.browser);
  assert.ok(has(page, '#allow'));
});

test('JSON in place of a form is refused (415)', async () => {
  const { browser, page } = await begin(app, party, { scope: 'openid' });
  const { action, fields } = formOf(page);
  const cookie = browser.signedCookies('cardea_interaction');
  const body = JSON.stringify({ ...fields, identifier: person.email, password: person.password });
  for (const type of [
    'application/json',
    'text/plain',
    'application/vnd.api+json',
    'multipart/form-data; boundary=x',
  ]) {
    const answer = await fetch(new URL(action, app.issuer), {
      method: 'POST',
      headers: { cookie, 'content-type': type },
      body,
      redirect: 'manual',
    });
    assert.equal(answer.status, 415, type);
    assert.equal(((await answer.json()) as { error: string }).error, 'unsupported_media_type');
  }
});

test('the account’s forms accept only the fields that they show', async () => {
  const owner = await app.seed.person({ name: 'Ada Lovelace' });
  const before = await app.seed.accounts.findById(owner.id);
  const { browser, page } = await openAccount(app, owner, '/account/profile');
  const extra = {
    ...EXTRA,
    id: other.id,
    email: other.email,
    email_verified: 'false',
    username: 'root',
    groups: 'admins',
    'groups[]': 'admins',
    disabled: 'true',
    epoch: '0',
    password: 'x',
    password_hash: 'x',
    passwordHash: 'x',
    second_factors: '',
    phoneNumberVerified: 'true',
  };
  const saved = await submit(browser, page, { ...extra, name: 'Ada King', action: 'save' });
  assert.equal(saved.status, 200);
  const after = await app.seed.accounts.findById(owner.id);
  assert.equal(after?.name, 'Ada King');
  assert.deepEqual({ ...after, name: before?.name, updatedAt: before?.updatedAt, version: before?.version }, before);
});
