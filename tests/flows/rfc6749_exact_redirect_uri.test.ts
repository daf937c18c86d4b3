import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorize, authorizeUrl, redeem } from '../helpers/relying_party.ts';
import { remember } from '../helpers/secrets.ts';
import { submit, tokensFor } from './support.ts';

/** A redirect URI is used as it is registered, byte for byte (RFC 6749 §3.1.2, RFC 9700 §4.1.3). */

const app = await deployment({ after });
const { issuer } = app;
const WEB = [
  'https://rp.example.com/cb',
  'https://rp.example.com/cb?flag',
  'https://rp.example.com/cb?flag&other',
  'https://rp.example.com/cb?a=~b',
  'https://rp.example.com/cb?a=x%20y',
  'https://rp.example.com/cb?a=x+y',
  'https://rp.example.com/cb?a=%7e%2f/',
  "https://rp.example.com/cb?a='(x)'!",
  'https://rp.example.com/cb?a=1&a=2;b[]=3',
  'https://rp.example.com/cb?a=b?c',
  'https://rp.example.com/cb?',
  'https://rp.example.com/cb?a=1&',
  'https://rp.example.com/a~b/%7Ec/cb',
  'https://rp.example.com',
  'https://rp.example.com:443/cb?flag',
  'https://RP.example.com/cb?flag',
  'https://rp.example.com/x/../cb?flag',
];
const NATIVE = ['com.example.app:/cb?flag', 'com.example.app://cb?a=~%20', 'http://127.0.0.1/cb?flag&a=~'];
const web = await app.seed.party({
  firstParty: true,
  metadata: { redirect_uris: WEB, post_logout_redirect_uris: WEB },
});
const native = await app.seed.party({
  public: true,
  firstParty: true,
  metadata: { application_type: 'native', redirect_uris: NATIVE, post_logout_redirect_uris: NATIVE },
});
const person = await app.seed.person();
const { browser } = await authorize({ issuer, party: web, person, params: { redirect_uri: WEB[0] } });

const cases = [
  ...WEB.map((uri) => [web, uri] as const),
  ...NATIVE.map((uri) => [native, uri] as const),
  [native, 'http://127.0.0.1:49152/cb?flag&a=~'] as const,
];

/** What was added to the URI, which must be there unchanged. */
function addedTo(uri: string, location: string | null | undefined, part: 'query' | 'fragment'): URLSearchParams {
  assert.ok(location);
  assert.ok(location.startsWith(uri), `${uri}: ${location}`);
  const rest = location.slice(uri.length);
  const joint = part === 'fragment' ? '#' : !uri.includes('?') ? '?' : /[?&]$/.test(uri) ? '' : '&';
  assert.equal(rest.slice(0, joint.length), joint, `${uri}: ${location}`);
  return new URLSearchParams(rest.slice(joint.length));
}

const partOf = (mode: string) => (mode.startsWith('fragment') ? 'fragment' : 'query');
const VERIFIER = 'v'.repeat(43);

for (const mode of ['query', 'fragment', 'jwt', 'query.jwt', 'fragment.jwt']) {
  test(`${mode}: the answer is added to the URI, which stays as it is; codes and errors`, async () => {
    for (const [party, uri] of cases) {
      const params = { redirect_uri: uri, response_mode: mode, state: 'a b&c' };
      const refused = await fetch(authorizeUrl({ issuer, party, params: { ...params, prompt: 'none' } }, VERIFIER), {
        redirect: 'manual',
      });
      const error = addedTo(uri, refused.headers.get('location'), partOf(mode));
      const isSigned = mode.endsWith('jwt');
      if (isSigned) assert.deepEqual([...error.keys()], ['response']);
      else assert.deepEqual([error.get('error'), error.get('state')], ['login_required', 'a b&c']);
      // A native app gets no code without a page (RFC 8252 §8.6).
      if (party === native) continue;
      const page = await browser.get(authorizeUrl({ issuer, party, params }, VERIFIER));
      const code = addedTo(uri, page.location, partOf(mode));
      if (isSigned) assert.deepEqual([...code.keys()], ['response']);
      else assert.equal(code.get('state'), 'a b&c');
      if (!isSigned) remember('code', code.get('code') ?? '');
    }
  });
}

for (const mode of ['form_post', 'form_post.jwt']) {
  test(`${mode}: the form goes to the URI as it is`, async () => {
    for (const uri of WEB) {
      const params = { redirect_uri: uri, response_mode: mode, prompt: 'none' };
      const page = await browser.get(authorizeUrl({ issuer, party: web, params }, VERIFIER));
      const { action, fields } = formOf(page);
      assert.equal(action, uri);
      assert.ok(fields.code ?? fields.response, uri);
      if (fields.code) remember('code', fields.code);
    }
  });
}

test('a code is redeemed with the same spelling, and with no other (RFC 6749 §4.1.3)', async () => {
  const uri = 'https://rp.example.com/cb?a=x%20y';
  for (const [sent, status] of [
    ['https://rp.example.com/cb?a=x+y', 400],
    [uri, 200],
  ] as const) {
    const granted = await authorize({ issuer, party: web, person, browser, params: { redirect_uri: uri } });
    assert.equal((await redeem(issuer, { ...web, redirectUri: sent }, granted)).status, status, sent);
  }
});

test('another spelling of a registered URI is not registered', async () => {
  for (const uri of [
    'https://rp.example.com/cb?flag=',
    'https://rp.example.com/cb?a=%7Eb',
    'https://rp.example.com/',
  ]) {
    const params = { redirect_uri: uri, prompt: 'none' };
    const answer = await fetch(authorizeUrl({ issuer, party: web, params }, VERIFIER), { redirect: 'manual' });
    assert.deepEqual([answer.status, answer.headers.get('location')], [400, null], uri);
  }
});

test('signing out leads to the registered URI as it is, with a session and without (RP-Initiated Logout §3)', async () => {
  for (const [party, uri] of cases) {
    const query = new URLSearchParams({ client_id: party.id, post_logout_redirect_uri: uri, state: 'a b' });
    const empty = await browserSession(issuer).get(`/logout?${query}`);
    assert.deepEqual([...addedTo(uri, empty.location, 'query')], [['state', 'a b']]);
    query.delete('state');
    assert.equal((await browserSession(issuer).get(`/logout?${query}`)).location, uri);
  }
  for (const uri of ['https://rp.example.com/cb?flag', 'https://rp.example.com/cb?a=x%20y', 'https://rp.example.com']) {
    const { browser: own } = await tokensFor(app, { ...web, redirectUri: WEB[0] as string }, person);
    const query = new URLSearchParams({ client_id: web.id, post_logout_redirect_uri: uri, state: 'a b' });
    const left = await submit(own, await own.get(`/logout?${query}`), { logout: 'yes' });
    assert.deepEqual([...addedTo(uri, left.location, 'query')], [['state', 'a b']]);
  }
});
