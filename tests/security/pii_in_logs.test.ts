import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, post, submitPassword, tokensFor } from '../flows/support.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorization, authorizeUrl, introspect, refresh, userinfo } from '../helpers/relying_party.ts';
import { concrete, routesOf, send, sendRaw } from './wire.ts';

/** No personal data and no secret is in a log, at any level (KEYCLOAK-13160). */

const scope = { after };
const app = await deployment(scope, { env: { CARDEA_TRUSTED_PROXIES: '127.0.0.1', CARDEA_LOG_LEVEL: 'trace' } });
const { issuer } = app;
const party = await app.seed.party({ metadata: { scope: 'openid profile email offline_access' } });
const person = await app.seed.person({ name: 'Ada Unmistakable Lovelace', email: 'ada.unmistakable@example.com' });
/** Marks personal values, so that they can be searched for. */
const MARK = 'swordfish';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test('the log of a whole sign-in with all its errors contains routes and statuses, and no personal data', async () => {
  const { browser, tokens } = await tokensFor(app, party, person, {
    params: { nonce: `${MARK}nonce`, login_hint: person.email },
  });
  await userinfo(issuer, tokens.access_token);
  await introspect(issuer, party, tokens.access_token);
  const refreshed = await refresh(issuer, party, tokens.refresh_token ?? '');
  await refresh(issuer, party, tokens.refresh_token ?? '');
  await post(app, '/revoke', { token: tokens.access_token }, authorization(party));
  const { browser: failing, page } = await begin(app, party);
  await submitPassword(failing, page, { ...person, password: `${MARK}-Password-1` });
  await failing.post(formOf(page).action, { csrf: MARK, identifier: person.email, password: person.password });
  await browser.get(`/logout?id_token_hint=${tokens.id_token}`);

  const params = new URLSearchParams(
    [
      'code',
      'state',
      'login_hint',
      'id_token_hint',
      'client_secret',
      'code_verifier',
      'token',
      'access_token',
      'refresh_token',
      'client_assertion',
      'request',
      'request_uri',
      'resource',
      'scope',
      'grant_type',
      'client_id',
      'redirect_uri',
      'email',
      'password',
    ].map((name) => [name, `${MARK}@example.com`] as [string, string]),
  ).toString();
  const headers = {
    ...FORM,
    authorization: `Bearer ${MARK}`,
    cookie: `cardea_session=${MARK}; cardea_interaction=${MARK}`,
    'user-agent': MARK,
    referer: `https://rp.example.com/?code=${MARK}`,
    origin: `https://${MARK}.test`,
    'x-forwarded-for': '192.0.2.123',
  };
  for (const route of routesOf(app)) {
    for (const method of ['GET', 'POST', 'PUT']) {
      await send(issuer, {
        method,
        target: `${concrete(route)}?${params}`,
        headers,
        body: method === 'GET' ? '' : params,
      });
      await send(issuer, {
        method,
        target: concrete(route),
        headers: { ...headers, authorization: `Basic ${Buffer.from(`${MARK}:${MARK}`).toString('base64')}` },
        body: method === 'GET' ? '' : params,
      });
    }
  }
  await send(issuer, { target: `/${MARK}/%zz?${MARK}` });
  await send(issuer, { target: '/', headers: { 'x-forwarded-for': MARK } });
  await sendRaw(issuer, `${MARK} / HTTP/1.1\r\n${MARK}\r\n\r\n`);
  // A row that cannot be decrypted causes an error of the server itself.
  await app.db.run({ name: 'spoil', text: "UPDATE accounts SET sealed_profile = '\\x00' WHERE id = $1" }, [person.id]);
  await userinfo(issuer, String(refreshed.body.access_token ?? tokens.access_token));
  const stumbling = browserSession(issuer);
  const login = await stumbling.follow(await stumbling.get(authorizeUrl({ issuer, party }, 'v'.repeat(43))));
  const stumbled = await stumbling.post(formOf(login).action, {
    ...formOf(login).fields,
    identifier: person.email,
    password: person.password,
  });
  assert.equal(stumbled.status, 500);
  assert.doesNotMatch(stumbled.body, /\n\s+at |sealed|\.ts/);

  const log = app.logLines.join('\n');
  const requests = app.logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'request');
  assert.ok(requests.length > 100, 'requests are logged');
  assert.ok(
    app.logLines.some((line) => line.includes('"level":"error"')),
    'the error is logged',
  );
  const secrets = [
    person.email,
    person.password,
    'Unmistakable',
    'unmistakable',
    MARK,
    MARK.toUpperCase(),
    party.secret,
    ...Object.values(tokens).filter((one) => typeof one === 'string' && one.length > 40),
  ]
    .concat(browser.cookies(), failing.cookies())
    .filter((one): one is string => typeof one === 'string' && one.length > 5);
  for (const secret of secrets) {
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')]) {
      const line = app.logLines.find((one) => one.includes(form));
      assert.equal(line, undefined, `a secret is in the log: ${line?.slice(0, 300)}`);
    }
  }
  // Apart from file paths in stacks, the log contains nothing that looks like one of these.
  const withoutStacks = log.replace(/"stack":"(?:[^"\\]|\\.)*"/g, '').replaceAll(issuer, '');
  assert.doesNotMatch(withoutStacks, /[\w.+-]+@[\w-]+\.[a-z]{2,}/i, 'an e-mail address');
  assert.doesNotMatch(withoutStacks, /\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b/, 'an IP address');
  assert.doesNotMatch(withoutStacks, /\/[\w/.-]*\?/, 'a URL with a query');
  assert.doesNotMatch(withoutStacks, /eyJ[\w-]{10,}/, 'a JWT');
  assert.doesNotMatch(withoutStacks, /Bearer |Basic [A-Za-z0-9+/]{8}|cardea_(session|interaction)=/i);
});
