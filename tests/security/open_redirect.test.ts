import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, signedIn } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { send } from './wire.ts';

/** No link makes Cardea redirect to another site (RFC 9700 §4.11). */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const RETURN = 'https://rp.example.com/bye';
const party = await app.seed.party({
  firstParty: true,
  metadata: { redirect_uris: ['https://rp.example.com/callback'], post_logout_redirect_uris: [RETURN] },
});
const person = await app.seed.person();
const EVIL = [
  'https://evil.test/',
  '//evil.test',
  '/\\evil.test',
  'javascript:alert(1)',
  `${RETURN}/../evil`,
  `${RETURN}@evil.test`,
  `${RETURN}#evil`,
  'https://rp.example.com/callback',
];

async function logOut(browser: Awaited<ReturnType<typeof signedIn>>, params: Record<string, string>) {
  const page = await browser.get(`/logout?${new URLSearchParams(params)}`);
  if (page.status !== 200) return page;
  const { action, fields } = formOf(page);
  return browser.post(action, { ...fields, logout: 'yes' });
}

test('logging out redirects to registered URIs only (RP-Initiated Logout §3)', async () => {
  for (const uri of EVIL) {
    const browser = await signedIn(app, party, person);
    const refused = await logOut(browser, { client_id: party.id, post_logout_redirect_uri: uri, state: 'x' });
    assert.equal(refused.status, 400, uri);
    assert.equal(refused.location, undefined, uri);
  }
  const browser = await signedIn(app, party, person);
  const done = await logOut(browser, { client_id: party.id, post_logout_redirect_uri: RETURN, state: 'x' });
  assert.equal(done.location, `${RETURN}?state=x`);
});

test('a logout without a client redirects nowhere', async () => {
  for (const uri of [...EVIL, RETURN]) {
    const browser = await signedIn(app, party, person);
    const done = await logOut(browser, { post_logout_redirect_uri: uri });
    assert.deepEqual([done.status, done.location], [303, `${issuer}/logout/success`], uri);
  }
});

test('the sign-in pages do not redirect to a target from their URL', async () => {
  const names = ['next', 'return_to', 'redirect', 'redirect_uri', 'url', 'continue', 'goto'];
  const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, 'https://evil.test/'])));
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(await browser.get(`${page.url}?${query}`));
  assert.equal(new URL(action, issuer).href, page.url);
  const done = await browser.post(`${action}?${query}`, {
    ...Object.fromEntries(query),
    ...fields,
    identifier: person.email,
    password: person.password,
  });
  assert.ok(done.location?.startsWith(`${party.redirectUri}?`), done.location);
});

test('a path that begins with two slashes is not redirected to as another host', async () => {
  for (const target of [
    '//evil.test',
    '//evil.test/%2e%2e',
    '/\\evil.test',
    '///evil.test/login/abc',
    '/%2f%2fevil.test',
  ]) {
    const answer = await send(issuer, { target, headers: { accept: 'text/html' } });
    assert.ok([400, 404].includes(answer.status), `${target} ${answer.status}`);
    assert.equal(answer.headers.get('location'), null);
  }
});
