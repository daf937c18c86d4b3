import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { begin, callbackOf, signedIn } from './support.ts';

/** The issuer is in every response, so that a client cannot mistake one server's response for another's (RFC 9207). */
const app = await deployment({ after });
const person = await app.seed.person();
const party = await app.seed.party({ firstParty: true });
const browser = await signedIn(app, party, person);

test('discovery announces it (RFC 9207 §3)', async () => {
  const response = await fetch(new URL('/.well-known/oauth-authorization-server', app.issuer));
  const document = (await response.json()) as Record<string, unknown>;
  assert.equal(document.authorization_response_iss_parameter_supported, true);
  assert.equal(document.issuer, app.issuer);
});

test('codes and errors have iss, in every response mode (RFC 9207 §2, §2.1)', async () => {
  for (const response_mode of ['query', 'fragment']) {
    for (const params of [{}, { scope: 'openid unknown' }, { prompt: 'none', max_age: '0' }]) {
      const { page } = await begin(app, party, { response_mode, ...params }, browser.clone());
      const callback = callbackOf(page);
      assert.ok(callback.code ?? callback.error);
      assert.equal(callback.iss, app.issuer, JSON.stringify({ response_mode, ...params }));
    }
  }
  const { page } = await begin(app, party, { response_mode: 'form_post' }, browser.clone());
  assert.equal(formOf(page).fields.iss, app.issuer);
});

test('it is exactly the issuer, once (RFC 9207 §2.3, §2.4)', async () => {
  const { page } = await begin(app, party, {}, browser.clone());
  assert.deepEqual(new URL(page.location ?? '').searchParams.getAll('iss'), [app.issuer]);
});
