import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { secretOn, totpCode } from '../helpers/authenticator.ts';
import { deployment } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { redeem, userinfo } from '../helpers/relying_party.ts';
import {
  type Begun,
  begin,
  callbackOf,
  idTokenOf,
  shown,
  signedIn,
  submit,
  submitPassword,
  tokensFor,
} from './support.ts';

/** The `claims` parameter (OpenID Connect Core §5.5), and the defaults of a client's registration. */
const app = await deployment({ after });
const factors = await createFactorSeeder(app, Date.now);
const person = await app.seed.person({ name: 'Ada Lovelace', username: 'ada' });
const party = await app.seed.party();
const own = await app.seed.party({ firstParty: true });
const [ONE, TWO] = ['urn:cardea:acr:1fa', 'urn:cardea:acr:2fa'];
const claims = (value: object) => ({ scope: 'openid', claims: JSON.stringify(value) });

async function tokensOf(begun: Begun, of = own, at = begun.page) {
  const { code = '' } = callbackOf(at);
  const { status, body } = await redeem(app.issuer, of, { code, verifier: begun.verifier });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

// ---- claims by name ----

test('claims are returned where they were requested, and no others (§5.5)', async () => {
  const params = claims({ id_token: { email: { essential: true } }, userinfo: { name: null } });
  const { tokens } = await tokensFor(app, own, person, { params });
  const inToken = idTokenOf(tokens);
  assert.deepEqual([inToken.email, inToken.name], [person.email, undefined]);
  const { body } = await userinfo(app.issuer, tokens.access_token);
  assert.deepEqual([body.name, body.email, body.preferred_username], ['Ada Lovelace', undefined, undefined]);
});

test('the person consents, once, before an app gets a claim that it requests by name', async () => {
  const params = claims({ userinfo: { email: null } });
  const begun = await begin(app, party, params);
  const consent = await submitPassword(begun.browser, begun.page, person);
  assert.equal(shown(consent), 'consent');
  const plain = await begin(app, party, { scope: 'openid' });
  const withoutClaim = await submitPassword(plain.browser, plain.page, person);
  const rows = ({ body }: { body: string }) => body.split('class="scope"').length;
  assert.equal(rows(consent), rows(withoutClaim) + 1, 'the page tells of it');
  const { access_token = '' } = await tokensOf(begun, party, await submit(begun.browser, consent, { action: 'allow' }));
  assert.equal((await userinfo(app.issuer, access_token)).body.email, person.email);
  assert.equal(shown((await begin(app, party, params, begun.browser.clone())).page), 'callback', 'remembered');
  const more = await begin(app, party, claims({ userinfo: { email: null, name: null } }), begun.browser.clone());
  assert.equal(shown(more.page), 'consent', 'for that claim alone');
});

test('an app cannot get a claim by name that it could not get by scope', async () => {
  const narrow = await app.seed.party({ metadata: { scope: 'openid' } });
  const { tokens } = await tokensFor(app, narrow, person, {
    params: claims({ userinfo: { email: { essential: true } } }),
  });
  const { body } = await userinfo(app.issuer, tokens.access_token);
  assert.deepEqual(
    Object.keys(body).sort(),
    ['acr', 'amr', 'sub'].filter((name) => name in body),
  );
  assert.equal(body.email, undefined);
});

test('unknown claims are ignored, and a malformed parameter is refused (§5.5, §3.1.2.6)', async () => {
  const browser = await signedIn(app, own, person);
  const unknown = await begin(
    app,
    own,
    claims({ userinfo: { 'https://example.com/shoe': null, email: { colour: 7 } }, id_token: { name: null } }),
    browser.clone(),
  );
  const { access_token = '' } = await tokensOf(unknown);
  assert.equal((await userinfo(app.issuer, access_token)).body['https://example.com/shoe'], undefined);
  for (const text of [
    '{',
    '[]',
    '1',
    'null',
    '{}',
    '{"userinfo":[]}',
    '{"id_token":{"acr":{"values":"x"}}}',
    '{"id_token":{"acr":{"value":[]}}}',
    '{"id_token":{"sub":"x"}}',
    '{"id_token":{"sub":{"value":{}}}}',
    '{"userinfo":{"email":7}}',
    '{"userinfo":{"email":{"essential":"x"}}}',
    '{"id_token":{"name":{"values":{}}}}',
  ]) {
    const { page } = await begin(app, own, { scope: 'openid', claims: text }, browser.clone());
    assert.equal(callbackOf(page).error, 'invalid_request', text);
  }
});

// ---- acr ----

test('an essential acr causes a step-up (§5.5.1.1)', async () => {
  const someone = await app.seed.person();
  const browser = await signedIn(app, own, someone);
  const secret = await factors.totp(someone.id);
  for (const acr of [
    { essential: true, value: TWO },
    { essential: true, values: [TWO] },
  ]) {
    const begun = await begin(app, own, claims({ id_token: { acr } }), browser.clone());
    assert.equal(shown(begun.page), 'sign-in');
  }
  const begun = await begin(app, own, claims({ id_token: { acr: { essential: true, values: [TWO] } } }), browser);
  const second = await submitPassword(browser, begun.page, someone);
  assert.equal(shown(second), 'second-factor');
  const end = await submit(browser, second, { action: 'code', code: totpCode(secret, Date.now()) });
  assert.equal(idTokenOf(await tokensOf(begun, own, end)).acr, TWO);
  for (const values of [[TWO], [ONE], [ONE, TWO]]) {
    const more = await begin(app, own, claims({ id_token: { acr: { essential: true, values } } }), browser.clone());
    assert.equal(shown(more.page), 'callback', 'a stronger acr is sufficient too');
  }
});

test('an essential acr that is not reached is an error, not a weaker sign-in (§5.5.1.1)', async () => {
  const someone = await app.seed.person();
  const begun = await begin(app, own, claims({ id_token: { acr: { essential: true, value: TWO } } }));
  const enrol = await submitPassword(begun.browser, begun.page, someone);
  assert.equal(shown(enrol), 'enrol');
  assert.ok(secretOn(enrol));
  const declined = await submit(begun.browser, enrol, { action: 'later' });
  assert.equal(callbackOf(declined).error, 'unmet_authentication_requirements');
  assert.equal(callbackOf(declined).code, undefined);
  const never = await begin(app, own, claims({ id_token: { acr: { essential: true, value: 'urn:example:gold' } } }));
  assert.equal(
    callbackOf(never.page).error,
    'unmet_authentication_requirements',
    'the person is not asked, since it could not succeed',
  );
});

test('a voluntary acr is requested, and the reached one returned (§5.5.1.1)', async () => {
  const someone = await app.seed.person();
  const begun = await begin(app, own, claims({ id_token: { acr: { values: [TWO] } } }));
  const enrol = await submitPassword(begun.browser, begun.page, someone);
  assert.equal(shown(enrol), 'enrol');
  const declined = await submit(begun.browser, enrol, { action: 'later' });
  assert.equal(idTokenOf(await tokensOf(begun, own, declined)).acr, ONE);
});

test('acr_values do not weaken an essential acr', async () => {
  const params = { ...claims({ id_token: { acr: { essential: true, value: TWO } } }), acr_values: ONE };
  const browser = await signedIn(app, own, await app.seed.person());
  assert.equal(shown((await begin(app, own, params, browser)).page), 'sign-in');
});

// ---- registered defaults ----

test('default_acr_values, default_max_age and require_auth_time apply when a request does not set them (OpenID Connect Dynamic Client Registration §2)', async () => {
  const someone = await app.seed.person();
  const browser = await signedIn(app, own, someone);
  const make = (metadata: object) => app.seed.party({ firstParty: true, metadata });
  const strong = await make({ default_acr_values: [TWO] });
  assert.equal(shown((await begin(app, strong, {}, browser.clone())).page), 'sign-in');
  assert.equal(
    shown((await begin(app, strong, { acr_values: ONE }, browser.clone())).page),
    'callback',
    'the request counts',
  );
  const fresh = await make({ default_max_age: 0 });
  assert.equal(shown((await begin(app, fresh, {}, browser.clone())).page), 'sign-in');
  const dated = await make({ require_auth_time: true });
  const begun = await begin(app, dated, {}, browser.clone());
  assert.equal(typeof idTokenOf(await tokensOf(begun, dated)).auth_time, 'number');
});
