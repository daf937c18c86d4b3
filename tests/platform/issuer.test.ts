import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cookieAt, issuerCookie } from '../../server/platform/cookies.ts';
import { isBelow, readIssuer } from '../../server/platform/issuer.ts';
import { ROOT } from '../helpers/artifacts.ts';

const COMMON = { httpOnly: true, sameSite: 'lax' };

test('a cookie of all pages has the prefix __Host- at the root of a host, and below it the path (RFC 6265bis §4.1.3)', () => {
  const expected = {
    'https://id.example.com': ['__Host-one', '/', true],
    'https://example.com/auth': ['__Secure-one', '/auth', true],
    'http://localhost:3000': ['one', '/', false],
    'http://localhost:3000/auth': ['one', '/auth', false],
  };
  for (const [issuer, [name, path, secure]] of Object.entries(expected))
    assert.deepEqual(issuerCookie(readIssuer(issuer), 'one'), { name, options: { ...COMMON, path, secure } });
});

test('a cookie of one page has the path of that page', () => {
  const expected = {
    'https://id.example.com': ['__Secure-one', '/account', true],
    'https://example.com/auth': ['__Secure-one', '/auth/account', true],
    'http://localhost:3000/auth': ['one', '/auth/account', false],
  };
  for (const [issuer, [name, path, secure]] of Object.entries(expected))
    assert.deepEqual(cookieAt(readIssuer(issuer), 'one', '/account'), { name, options: { ...COMMON, path, secure } });
});

test('a path is compared by whole segments', () => {
  for (const url of ['/auth', '/auth/', '/auth/token', '/auth?a=b']) assert.equal(isBelow('/auth', url), true, url);
  for (const url of ['/', '/authx', '/authx/token', '/token', '/x/auth'])
    assert.equal(isBelow('/auth', url), false, url);
});

/** What makes a URL, a redirect or a cookie without the issuer's path, and the files that may. */
const WITHOUT_PATH: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\breply\.redirect\(/, ['platform/forms.ts', 'selfservice/well_known.ts']],
  [
    /\bpath: '\//,
    ['platform/cookies.ts', 'oidc/routes.ts', 'views/paths.ts', 'admin/routes.ts', 'admin/user_routes.ts'],
  ],
  [
    /\bissuer\.origin\b/,
    [
      'accounts/passkeys.ts',
      'demo/demo.ts',
      'oidc/posted_requests.ts',
      'oidc/api_access.ts',
      'oidc/api_resource_metadata.ts',
    ],
  ],
  [/new URL\([^()]*, \w*\.?issuer(?:\.\w+)?\)/, ['demo/demo.ts', 'oidc/pages.ts']],
];

test('only the files that add the path make URLs, redirects and cookies of paths', () => {
  const folder = join(ROOT, 'server');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  for (const [pattern, allowed] of WITHOUT_PATH) {
    const found = files.filter((file) => pattern.test(readFileSync(join(folder, file), 'utf8')));
    assert.deepEqual(found.filter((file) => !allowed.includes(file)).sort(), [], String(pattern));
  }
});
