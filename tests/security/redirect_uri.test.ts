import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { refusal } from '../flows/support.ts';
import { deployment, REDIRECT_URI } from '../helpers/deployment.ts';
import { authorize, authorizeUrl, redeem, token } from '../helpers/relying_party.ts';

/**
 * A redirect URI is compared character by character (RFC 9700 §4.1.3): not as a pattern (authentik CVE-2024-52289),
 * not by its beginning, not as a browser would correct it (Pocket ID CVE-2026-28512), not as a servlet container would
 * (Keycloak CVE-2026-3872: `..;/`), not by one of several `@` (Keycloak CVE-2026-7504), and it is never executed
 * (authentik CVE-2024-21637).
 */

const scope = { after };
const app = await deployment(scope);
const { issuer } = app;
const person = await app.seed.person();

/** URIs that other software reads as the registered URI, or as one below it. */
const MISREAD = [
  'https://rp.example.com/callback/..;/evil',
  'https://rp.example.com/callback/..;x=y/evil',
  'https://rp.example.com/evil/..;/callback',
  'https://rp.example.com/evil/%2e%2e;/callback',
  'https://rp.example.com/evil/..%3b/callback',
  'https://rp.example.com/evil/%252e%252e;/callback',
  'https://rp.example.com/.;/callback',
  'https://rp.example.com/;/callback',
  'https://rp.example.com/callback;',
  'https://rp.example.com/callback;jsessionid=1',
  'https://rp.example.com;@evil.test/callback',
  'https://rp.example.com@evil.test@rp.example.com/callback',
  'https://rp.example.com@rp.example.com@evil.test/callback',
  'https://evil.test@rp.example.com/callback',
  'https://evil.test@@rp.example.com/callback',
  'https://a:b@c:d@rp.example.com/callback',
  'https://rp.example.com%40evil.test@rp.example.com/callback',
  'https://evil.test/@rp.example.com/callback',
  'https://evil.test?@rp.example.com/callback',
  'https://@rp.example.com/callback',
  'https://:@rp.example.com/callback',
];

const REJECTED = [
  ...MISREAD,
  'https://rp.example.com/callback/',
  'https://rp.example.com/callback/../evil',
  'https://rp.example.com/callback/evil',
  'https://rp.example.com/callbackevil',
  'https://rp.example.com/callback?x=1',
  'https://rp.example.com/callback?',
  'https://rp.example.com/callback#',
  'https://rp.example.com/callback#evil',
  'https://rp.example.com/Callback',
  'https://RP.example.com/callback',
  'HTTPS://rp.example.com/callback',
  'https://rp.example.com:443/callback',
  'https://rp.example.com./callback',
  'https://rp.example.com/%63allback',
  'https://rp.example.com//callback',
  'https://rp.example.com\\callback',
  'https://rp.example.com/callback ',
  ' https://rp.example.com/callback',
  'https://rp.example.com/callback\u0000',
  'https://rp.example.com/callback\r\nLocation: https://evil.test',
  'http://rp.example.com/callback',
  'https://rp.example.com@evil.test/callback',
  'https://rp.example.com%40evil.test/callback',
  'https://rp.example.com:x@evil.test/callback',
  'https://user@rp.example.com/callback',
  'https://user:pass@rp.example.com/callback',
  'https://evil.test\\@rp.example.com/callback',
  'https://evil.test#@rp.example.com/callback',
  'https://rp.example.com.evil.test/callback',
  'https://evil.test/https://rp.example.com/callback',
  'https://rpxexample.com/callback',
  '//rp.example.com/callback',
  '/callback',
  'callback',
  'javascript:alert(1)//https://rp.example.com/callback',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
];

async function attempt(uri: string, mode: string | undefined, party: { id: string }) {
  const url = authorizeUrl(
    { issuer, party: { ...(await template), id: party.id }, params: { redirect_uri: uri, response_mode: mode } },
    'v'.repeat(43),
  );
  return fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } });
}
const template = app.seed.party();

for (const mode of [undefined, 'query', 'form_post', 'fragment', 'web_message']) {
  test(`any URI but the registered one gets an error page (response_mode ${mode ?? 'by default'}; RFC 6749 §3.1.2.4)`, async () => {
    const party = await app.seed.party();
    for (const uri of REJECTED) {
      const answer = await attempt(uri, mode, party);
      const body = await answer.text();
      assert.equal(answer.status, 400, `${uri}: ${answer.status} ${answer.headers.get('location')}`);
      assert.equal(answer.headers.get('location'), null, uri);
      assert.doesNotMatch(
        body,
        /<form|<script(?! type="module" src="\/assets\/)|http-equiv|href="(?!\/assets\/)/i,
        uri,
      );
    }
  });
}

test('characters of patterns in a registered URI are compared literally (authentik CVE-2024-52289)', async () => {
  const party = await app.seed.party({
    metadata: { redirect_uris: ['https://rp.example.com/.+', 'https://rp.example.com/c.llback$'] },
  });
  for (const uri of [
    'https://rp.example.com/x',
    'https://rp.example.com/callback',
    'https://rp.example.com/.',
    'https://rpXexample.com/.+',
  ]) {
    assert.equal((await attempt(uri, undefined, party)).status, 400, uri);
  }
  assert.equal((await attempt('https://rp.example.com/.+', undefined, party)).status, 303);
});

test('a wildcard is refused with a word about it, in every list of redirect URIs', async () => {
  for (const uri of [
    'https://*.example.com/callback',
    'https://rp.example.com/*',
    'https://rp.example.com/callback?*',
    'com.example.app:/*',
    'http://localhost:*/callback',
    'http://127.0.0.1/*',
    '*',
    'https://*',
  ]) {
    for (const field of ['redirect_uris', 'post_logout_redirect_uris']) {
      await assert.rejects(
        app.seed.party({ metadata: { application_type: 'native', redirect_uris: [REDIRECT_URI], [field]: [uri] } }),
        (error: { code?: string; field?: string; message: string }) =>
          error.code === 'invalid_input' && error.field === field && /wildcard/.test(error.message),
        `${field} ${uri}`,
      );
    }
  }
  const encoded = 'https://rp.example.com/callback?a=%2A';
  await app.seed.party({ metadata: { redirect_uris: [encoded] } });
});

test('a URI that a browser would execute or correct cannot be registered', async () => {
  for (const uri of [
    'javascript:alert(1)',
    'JavaScript://rp.example.com/%0aalert(1)',
    'data:text/html,x',
    'vbscript:x',
    'blob:https://rp.example.com/x',
    'file:///etc/passwd',
    'https://user@rp.example.com/callback',
    'https://rp.example.com/callback#x',
    'https://rp.example.com/call back',
    'https:\\\\rp.example.com\\callback',
    'https:rp.example.com/callback',
    'http://rp.example.com/callback',
    'https://*.example.com/callback\n',
    '//rp.example.com/callback',
    // With an `@` before the path, which separates user information; in a path it has no meaning.
    ...MISREAD.filter((one) => /^https:\/\/[^/?]*@/.test(one)),
  ]) {
    await assert.rejects(
      app.seed.party({ metadata: { redirect_uris: [uri] } }),
      { code: 'invalid_input', field: 'redirect_uris' },
      uri,
    );
  }
});

test('a sign-out redirects only to a registered URI (RP-Initiated Logout §3)', async () => {
  const registered = 'https://rp.example.com/callback';
  const party = await app.seed.party({ metadata: { post_logout_redirect_uris: [registered] } });
  const logout = (uri: string) => {
    const query = new URLSearchParams({ client_id: party.id, post_logout_redirect_uri: uri, state: 's' });
    return fetch(`${issuer}/logout?${query}`, { redirect: 'manual', headers: { accept: 'text/html' } });
  };
  for (const uri of REJECTED) {
    const answer = await logout(uri);
    assert.equal(answer.headers.get('location'), null, uri);
    assert.doesNotMatch(await answer.text(), /evil/, uri);
  }
});

test('only the port of a loopback redirect is free, nothing else (RFC 8252 §7.3, Keycloak CVE-2026-7504)', async () => {
  const party = await app.seed.party({
    public: true,
    metadata: { application_type: 'native', redirect_uris: ['http://127.0.0.1/callback'] },
  });
  assert.equal((await attempt('http://127.0.0.1:49152/callback', undefined, party)).status, 303);
  for (const uri of [
    'http://127.0.0.1:1@evil.test/callback',
    'http://127.0.0.1:1@evil.test:2@127.0.0.1:3/callback',
    'http://evil.test@127.0.0.1:1/callback',
    'http://evil.test:1@127.0.0.1/callback',
    'http://@127.0.0.1:1/callback',
    'http://127.0.0.1:1/evil/..;/callback',
    'http://127.0.0.1:1/callback/..;/evil',
    'http://127.0.0.1:1/callback;x',
    'http://127.0.0.1:1:2/callback',
    'http://127.0.0.1:/\\evil.test/callback',
    'http://127.0.0.1.evil.test:1/callback',
    'http://0x7f000001:1/callback',
    'http://2130706433:1/callback',
    'https://127.0.0.1:1/callback',
  ]) {
    const answer = await attempt(uri, undefined, party);
    assert.equal(answer.status, 400, uri);
    assert.equal(answer.headers.get('location'), null, uri);
  }
});

test('each of several registered URIs works, and a code is redeemed only with the URI that it was sent to (RFC 6749 §4.1.3)', async () => {
  const other = 'https://rp.example.com/other';
  const party = await app.seed.party({ firstParty: true, metadata: { redirect_uris: [REDIRECT_URI, other] } });
  const granted = await authorize({ issuer, party, person, params: { redirect_uri: other } });
  assert.equal(granted.callback.origin + granted.callback.pathname, other);
  for (const redirect_uri of [REDIRECT_URI, `${other}/`, `${other}?x`, '']) {
    const answer = await token(issuer, party, {
      grant_type: 'authorization_code',
      code: (await authorize({ issuer, party, person, params: { redirect_uri: other }, browser: granted.browser }))
        .code,
      code_verifier: granted.verifier,
      redirect_uri,
    });
    const error = redirect_uri === '' ? 'invalid_request' : 'invalid_grant';
    assert.deepEqual(refusal(answer), { status: 400, error }, redirect_uri);
  }
  assert.equal((await redeem(issuer, { ...party, redirectUri: other }, granted)).status, 200);
});

test('an error is not sent to a URI that is not registered (RFC 9700 §4.11.2)', async () => {
  const party = await app.seed.party();
  const params = { redirect_uri: 'https://evil.test/callback', response_type: 'nonsense', prompt: 'none' };
  const answer = await fetch(authorizeUrl({ issuer, party, params }, 'v'.repeat(43)), { redirect: 'manual' });
  assert.equal(answer.status, 400);
  assert.equal(answer.headers.get('location'), null);
});
