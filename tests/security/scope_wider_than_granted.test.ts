import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, callbackOf, shown, submit, submitPassword } from '../flows/support.ts';
import { deployment } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { authorize, introspect, type TokenAnswer, token, userinfo } from '../helpers/relying_party.ts';

/**
 * authentik CVE-2024-52287: with client credentials and the device grant a client got every scope that it requested,
 * such as one for the admin API. Here no grant gives more than the operator registered, or than the person allowed.
 */
const app = await deployment({ after });
const API = 'https://api.example.com';
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
await app.seed.resourceServer({ identifier: API, name: 'API', scopes: ['api:read', 'api:admin'] });
const person = await app.seed.person({ email: 'ada@example.com' });
const registered = 'openid offline_access api:read';
const party = await app.seed.party({
  metadata: {
    scope: registered,
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_GRANT, EXCHANGE],
  },
});
/** An API whose own scopes have names of Cardea's. */
const MAIL = 'https://mail.example.com';
await app.seed.resourceServer({ identifier: MAIL, name: 'Mail', scopes: ['email', 'openid', 'api:read'] });
const reader = await app.seed.party({
  metadata: { scope: 'openid email api:read', grant_types: ['authorization_code', EXCHANGE] },
});
await app.seed.clients.update(reader.id, {
  tokenExchange: { subject_clients: [reader.id], targets: [MAIL], impersonation: true },
});
const policy = { subject_clients: [party.id], targets: [API], delegation: true };
await app.seed.clients.update(party.id, { tokenExchange: policy });
const GREEDY = 'openid email profile groups api:read api:admin admin *';

/** Refused, or granted without the wider scope. */
async function assertNarrow({ status, body }: TokenAnswer, most: string, why: string): Promise<void> {
  if (status !== 200) {
    assert.deepEqual([status, body.error], [400, 'invalid_scope'], why);
    return;
  }
  const scopes = String(body.scope ?? '')
    .split(' ')
    .filter((one) => one !== '');
  for (const scope of scopes) assert.ok(most.split(' ').includes(scope), `${why}: ${scope}`);
  const known = await introspect(app.issuer, party, body.access_token ?? '');
  assert.equal(known.active, true, why);
  assert.equal(known.scope ?? '', scopes.join(' '), 'and the token has the same scope');
}

for (const resource of [{}, { resource: API }]) {
  const where = 'resource' in resource ? 'at a resource server' : 'at Cardea';

  test(`client credentials ${where}`, async () => {
    for (const scope of [GREEDY, 'api:admin', 'admin']) {
      const answer = await token(app.issuer, party, { grant_type: 'client_credentials', scope, ...resource });
      await assertNarrow(answer, registered, scope);
    }
  });

  test(`the device grant ${where}`, async () => {
    for (const scope of [GREEDY, 'openid api:admin', 'openid admin']) {
      const { body, status } = await askForCode(app.issuer, party, { scope, ...resource });
      if (status !== 200) {
        assert.equal(body.error, 'invalid_scope', scope);
        continue;
      }
      const { browser } = await begin(app, party, { scope: 'openid' });
      let page = await decide(browser, await typeCode(browser, body.user_code), 'confirm');
      if (shown(page) === 'sign-in') page = await submitPassword(browser, page, person);
      assert.doesNotMatch(page.body, /api:admin/, 'not even asked for');
      await submit(browser, page, { action: 'allow' });
      await assertNarrow(await poll(app.issuer, party, body.device_code), registered, scope);
    }
  });
}

test('a code, its refresh and its exchange', async () => {
  const refused = await begin(app, party, { scope: GREEDY });
  assert.equal(callbackOf(refused.page).error, 'invalid_scope');
  const wider = await begin(app, party, { scope: 'openid offline_access api:read api:admin', resource: API });
  assert.equal(callbackOf(wider.page).error, 'invalid_scope');
  const params = { scope: 'openid offline_access api:read', resource: API };
  const { code, verifier } = await authorize({
    issuer: app.issuer,
    party,
    person,
    params: { ...params, prompt: 'consent' },
  });
  const fields = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: party.redirectUri };
  const first = await token(app.issuer, party, { ...fields, scope: GREEDY, resource: API });
  // With openid the token is for /userinfo as well.
  await assertNarrow(first, 'openid api:read', 'the code');
  let refresh_token = first.body.refresh_token ?? '';
  for (const scope of [GREEDY, 'api:admin', 'email', 'openid offline_access api:read']) {
    const answer = await token(app.issuer, party, { grant_type: 'refresh_token', refresh_token, scope, resource: API });
    await assertNarrow(answer, 'openid api:read', scope);
    refresh_token = answer.body.refresh_token ?? refresh_token;
  }
  const own = await token(app.issuer, party, { grant_type: 'refresh_token', refresh_token });
  const { body } = await userinfo(app.issuer, own.body.access_token ?? '');
  assert.deepEqual(body, { sub: person.id });
  const subject = {
    subject_token: first.body.access_token ?? '',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  };
  for (const scope of ['api:admin', 'api:read api:admin', 'openid', 'admin']) {
    const answer = await token(app.issuer, party, { grant_type: EXCHANGE, ...subject, resource: API, scope });
    assert.equal(answer.body.error, 'invalid_scope', scope);
  }
});

for (const [params, fields, mayHave] of [
  [{ scope: 'openid email' }, {}, ''],
  [{ scope: 'openid email api:read', resource: API }, { resource: API }, 'api:read'],
] as const) {
  test(`a scope of Cardea in a token for ${mayHave === '' ? 'userinfo' : 'an API and userinfo'} is no scope of that name at another API`, async () => {
    const { code, verifier } = await authorize({ issuer: app.issuer, party: reader, person, params });
    const redeemed = { code, code_verifier: verifier, redirect_uri: reader.redirectUri, ...fields };
    const first = await token(app.issuer, reader, { grant_type: 'authorization_code', ...redeemed });
    assert.ok(String(first.body.scope).split(' ').includes('email'), JSON.stringify(first.body));
    const exchange = {
      grant_type: EXCHANGE,
      subject_token: first.body.access_token ?? '',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: MAIL,
    };
    for (const scope of ['email', 'openid', 'api:read email']) {
      const answer = await token(app.issuer, reader, { ...exchange, scope });
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_scope'], scope);
    }
    const answer = await token(app.issuer, reader, exchange);
    assert.deepEqual(
      [answer.body.scope, answer.body.error],
      mayHave === '' ? [undefined, 'invalid_target'] : [mayHave, undefined],
    );
  });
}
