import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, submitPassword, tokensFor } from '../flows/support.ts';
import { browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { authorizeUrl } from '../helpers/relying_party.ts';
import { freePort } from '../helpers/waiting.ts';

/** Security headers of responses: framing, scripts, content types, caching, and attributes of cookies. */

const scope = { after };
const plain = await deployment(scope);
const port = await freePort();
const PUBLIC = 'https://id.example.com';
const secure = await deployment(scope, { env: { CARDEA_ISSUER: PUBLIC, CARDEA_PORT: String(port) } });
const reach = `http://localhost:${port}`;

function assertHeaders(page: Page, what: string, isSecure: boolean): void {
  const { headers } = page;
  const policy = headers.get('content-security-policy') ?? '';
  assert.match(policy, /default-src 'none'/, what);
  assert.match(policy, /frame-ancestors 'none'/, what);
  assert.match(policy, /base-uri 'none'/, what);
  assert.doesNotMatch(policy, /unsafe-inline|unsafe-eval|\*|form-action/, what);
  assert.equal(headers.get('x-frame-options'), 'DENY', what);
  assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
  assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
  assert.match(headers.get('cache-control') ?? '', /\bno-store\b/, what);
  assert.equal(headers.get('server'), null, what);
  assert.equal(headers.get('x-powered-by'), null, what);
  if (isSecure) assert.match(headers.get('strict-transport-security') ?? '', /max-age=\d{8,}/, what);
  else assert.equal(headers.get('strict-transport-security'), null, `${what}: has no effect over http`);
  for (const line of headers.getSetCookie()) {
    assert.match(line, /; ?httponly/i, line);
    assert.match(line, /; ?samesite=lax/i, line);
    assert.doesNotMatch(line, /domain=/i, line);
    assert.equal(/; ?secure/i.test(line), isSecure, line);
    if (isSecure && /session/.test(line)) assert.match(line, /^__Host-/, line);
    if (/^__Host-/.test(line)) assert.match(line, /; ?path=\/(;|$)/i, line);
  }
}

for (const [name, app, at] of [
  ['http', plain, plain.issuer],
  ['https', secure, reach],
] as const) {
  test(`security headers are on every step of a sign-in and on every error, with an ${name} issuer`, async () => {
    const party = await app.seed.party();
    const person = await app.seed.person();
    const browser = browserSession(app.issuer, at);
    const pages: Record<string, Page> = {};
    pages.redirect = await browser.get(authorizeUrl({ issuer: app.issuer, party }, 'v'.repeat(43)));
    pages.login = await browser.follow(pages.redirect);
    pages.wrong = await submitPassword(browser.clone(), pages.login, { ...person, password: 'wrong' });
    pages.consent = await submitPassword(browser, pages.login, person);
    const { page } = await begin({ issuer: app.issuer }, party, { prompt: 'none' }, browser.clone());
    pages.silent = page;
    const { action, fields } = formOf(pages.consent);
    pages.callback = await browser.post(action, { ...fields, action: 'allow' });
    assert.ok(new URL(pages.callback.location ?? '').searchParams.get('code'));
    assert.ok(pages.callback.headers.getSetCookie().length > 0, 'a session begins');
    pages.logout = await browser.get('/logout');
    for (const path of [
      '/',
      '/logout/success',
      '/nowhere',
      '/login/abc',
      '/authorize',
      '/authorize/abc',
      '/healthz',
      '/%zz',
    ])
      pages[path] = await browser.get(path);
    for (const path of ['/token', '/introspect', '/revoke', '/userinfo', '/logout/confirm', '/login/abc'])
      pages[`POST ${path}`] = await browser.post(path, { a: 'b' });
    for (const [what, one] of Object.entries(pages)) assertHeaders(one, what, name === 'https');
  });
}

test('a form with a password is answered by 303 alone, which drops the password (RFC 9700 §4.12)', async () => {
  const ours = await plain.seed.party({ firstParty: true });
  const person = await plain.seed.person();
  const { browser, page } = await begin(plain, ours);
  const wrong = await submitPassword(browser.clone(), page, { ...person, password: 'wrong' });
  assert.equal(wrong.location, undefined, 'a wrong password is answered by a page');
  const answers = [await submitPassword(browser, page, person)];
  // The steps behind the form redirect as well: to the provider, and from there to the app.
  for (let last = answers[0]; last?.location?.startsWith(plain.issuer); last = answers.at(-1)) {
    answers.push(await browser.get(last.location));
  }
  assert.ok(new URL(answers.at(-1)?.location ?? '').searchParams.get('code'));
  for (const { status, location } of answers) assert.equal(status, 303, location);
});

test('cacheable documents have the other security headers, also when unchanged and when refused', async () => {
  for (const [at, isSecure] of [
    [plain.issuer, false],
    [reach, true],
  ] as const) {
    for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration']) {
      const whole = await fetch(at + path);
      const unchanged = await fetch(at + path, { headers: { 'if-none-match': whole.headers.get('etag') ?? '' } });
      const refused = await fetch(at + path, { method: 'POST' });
      assert.deepEqual([whole.status, unchanged.status, refused.status], [200, 304, 405], path);
      assert.equal(await unchanged.text(), '');
      for (const { headers, status } of [whole, unchanged, refused]) {
        const what = `${path} ${status}`;
        assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/, what);
        assert.equal(headers.get('x-frame-options'), 'DENY', what);
        assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
        assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
        assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/, what);
        assert.equal(headers.has('strict-transport-security'), isSecure, what);
        assert.equal(headers.get('cache-control'), status === 405 ? 'no-store' : 'public, max-age=3600', what);
      }
    }
  }
});

test('token responses must not be stored (RFC 6749 §5.1)', async () => {
  const party = await plain.seed.party();
  const answer = await fetch(`${plain.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: party.id,
      client_secret: party.secret ?? '',
    }),
    headers: { authorization: `Basic ${Buffer.from(`${party.id}:${party.secret}`).toString('base64')}` },
  });
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
});

test('only the public documents may be cached, and read by other origins', async () => {
  for (const path of ['/.well-known/jwks.json', '/.well-known/openid-configuration']) {
    const answer = await fetch(plain.issuer + path, { headers: { origin: 'https://spa.example.com' } });
    assert.match(answer.headers.get('cache-control') ?? '', /^public, max-age=\d+$/);
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  }
  for (const path of ['/', '/authorize', '/login/abc']) {
    const answer = await fetch(plain.issuer + path, { headers: { origin: 'https://evil.test' }, redirect: 'manual' });
    assert.equal(answer.headers.get('access-control-allow-origin'), null, path);
    assert.equal(answer.headers.get('access-control-allow-credentials'), null, path);
  }
});

test('a page of another site cannot read a response that needs a token', async () => {
  const party = await plain.seed.party();
  const { tokens } = await tokensFor(plain, party, await plain.seed.person());
  const ask = (origin: string) =>
    fetch(`${plain.issuer}/userinfo`, { headers: { origin, authorization: `Bearer ${tokens.access_token}` } });
  const foreign = await ask('https://evil.test');
  assert.equal(foreign.headers.get('access-control-allow-origin'), null);
  assert.ok(!(await foreign.text()).includes('@'));
  const own = await ask(new URL(party.redirectUri).origin);
  assert.equal(own.headers.get('access-control-allow-origin'), new URL(party.redirectUri).origin);
  assert.equal(own.headers.get('access-control-allow-credentials'), null);
});
