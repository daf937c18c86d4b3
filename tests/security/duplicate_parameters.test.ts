import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, errorOn, post, shown, signedIn, tokensFor } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization, authorize, authorizeUrl, redeem, refresh } from '../helpers/relying_party.ts';

/** A parameter must not be repeated (RFC 6749 §3.1, §3.2; Keycloak CVE-2026-9689). */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const party = await app.seed.party({ firstParty: true });
const person = await app.seed.person();

test('/authorize: a repeated parameter gets no code and no redirect to another place', async () => {
  const browser = await signedIn(app, party, person);
  const params = {
    nonce: 'n',
    prompt: 'none',
    max_age: '1000',
    login_hint: person.email,
    ui_locales: 'en',
    acr_values: 'x',
    response_mode: 'query',
  };
  const url = new URL(authorizeUrl({ issuer, party, params }, 'v'.repeat(43)));
  const control = await browser.clone().get(url.href);
  assert.ok(new URL(control.location ?? '').searchParams.get('code'), 'once, they give a code');
  for (const [name, value] of [...url.searchParams]) {
    for (const second of [value, 'other', 'https://evil.test/callback', '']) {
      const twice = new URL(url);
      twice.searchParams.append(name, second);
      const answer = await browser.clone().get(twice.href);
      const what = `${name}=${second}`;
      assert.ok([303, 400].includes(answer.status), `${what}: ${answer.status}`);
      if (answer.location !== undefined) {
        const location = new URL(answer.location);
        assert.equal(location.origin + location.pathname, party.redirectUri, what);
        assert.equal(location.searchParams.get('code'), null, what);
        assert.equal(location.searchParams.get('error'), 'invalid_request', what);
      } else assert.equal(errorOn(answer), 'invalid_request', what);
      if (name === 'client_id') assert.equal(answer.location, undefined, what);
    }
  }
});

test('/token: a repeated parameter is refused, and the code and the refresh token stay valid', async () => {
  const granted = await authorize({ issuer, party, person });
  const { tokens } = await tokensFor(app, party, person);
  const requests: Record<string, string>[] = [
    {
      grant_type: 'authorization_code',
      code: granted.code,
      redirect_uri: party.redirectUri,
      code_verifier: granted.verifier,
    },
    { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '', scope: 'openid' },
    { grant_type: 'client_credentials', scope: 'openid' },
  ];
  for (const fields of requests) {
    for (const [name, value] of Object.entries({ ...fields, client_id: party.id })) {
      for (const second of [value, 'other']) {
        const pairs: [string, string][] = [...Object.entries({ ...fields, client_id: party.id }), [name, second]];
        const { status, body } = await post(app, '/token', pairs, authorization(party));
        assert.deepEqual([status, body.error], [400, 'invalid_request'], `${fields.grant_type}: ${name}=${second}`);
      }
    }
  }
  assert.equal((await redeem(issuer, party, granted)).status, 200);
  assert.equal((await refresh(issuer, party, tokens.refresh_token ?? '')).status, 200);
});

test('/token: the query is ignored, and credentials must be sent in one way (RFC 6749 §2.3)', async () => {
  const inQuery = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: party.id,
    client_secret: party.secret ?? '',
  });
  const answer = await post(app, `/token?${inQuery}`, {});
  assert.equal(answer.status, 401);
  const both = await post(
    app,
    '/token',
    { grant_type: 'client_credentials', client_id: party.id, client_secret: party.secret ?? '' },
    authorization(party),
  );
  assert.ok([400, 401].includes(both.status), `${both.status}`);
  const stranger = await app.seed.party();
  const mixed = await post(
    app,
    '/token',
    { grant_type: 'client_credentials', client_id: stranger.id },
    authorization(party),
  );
  assert.ok([400, 401].includes(mixed.status), `${mixed.status}`);
});

test('/introspect and /revoke: a repeated parameter is refused', async () => {
  const { tokens } = await tokensFor(app, party, person);
  for (const path of ['/introspect', '/revoke']) {
    for (const name of ['token', 'token_type_hint', 'client_id']) {
      const fields: [string, string][] = [
        ['token', tokens.access_token],
        ['token_type_hint', 'access_token'],
        ['client_id', party.id],
        [name, 'x'],
      ];
      const { status, body } = await post(app, path, fields, authorization(party));
      assert.deepEqual([status, body.error], [400, 'invalid_request'], `${path} ${name}`);
    }
  }
  const answer = await fetch(`${issuer}/userinfo`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.equal(answer.status, 200, 'nothing was revoked');
});

test('/userinfo: a token must be sent in one way (RFC 6750 §2)', async () => {
  const { tokens } = await tokensFor(app, party, person);
  const bearer = { authorization: `Bearer ${tokens.access_token}` };
  const twice: [string, string][] = [
    ['access_token', tokens.access_token],
    ['access_token', tokens.access_token],
  ];
  assert.equal((await post(app, '/userinfo', twice)).body.error, 'invalid_request');
  assert.equal(
    (await post(app, '/userinfo', { access_token: tokens.access_token }, bearer)).body.error,
    'invalid_request',
  );
  const inQuery = await fetch(`${issuer}/userinfo?access_token=${tokens.access_token}`);
  assert.ok([400, 401].includes(inQuery.status), 'a token in a URL is not accepted');
});

test('/logout: a repeated parameter is refused, and the session stays', async () => {
  const browser = await signedIn(app, party, person);
  for (const name of ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state', 'ui_locales']) {
    const answer = await browser.get(`/logout?${name}=a&${name}=b`);
    assert.equal(answer.status, 400, name);
    assert.equal(errorOn(answer), 'invalid_request', name);
  }
});

test('/login: a repeated field counts as missing', async () => {
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  const cookie = browser.signedCookies('cardea_interaction');
  const one: [string, string][] = [
    ...Object.entries(fields),
    ['identifier', person.email],
    ['password', person.password],
  ];
  for (const name of ['identifier', 'password', 'csrf']) {
    const body = new URLSearchParams([...one, [name, one.find(([key]) => key === name)?.[1] ?? '']]);
    const answer = await fetch(new URL(action, issuer), {
      method: 'POST',
      headers: { cookie, accept: 'text/html' },
      body,
      redirect: 'manual',
    });
    assert.equal(answer.status, name === 'csrf' ? 403 : 400, name);
  }
  assert.equal(shown(await browser.get(action)), 'sign-in');
});
