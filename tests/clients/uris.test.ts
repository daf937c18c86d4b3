import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkMetadata } from '../../server/clients/metadata.ts';
import { checkRedirectUri, checkResourceIdentifier } from '../../server/clients/uris.ts';

const CALLBACK = 'https://app.example/cb';
const refused = (field: string) => ({ code: 'invalid_input', status: 400, field });

describe('redirect URIs', () => {
  for (const uri of [
    CALLBACK,
    'https://app.example',
    'https://app.example:8443/cb?keep=this&and=%2Fthat',
    'https://app.example/a%2Ab',
    'http://localhost/cb',
    'http://localhost:3000/cb',
    'http://127.0.0.1:49152/cb',
    'http://[::1]:49152/cb',
    'com.example.app:/oauth2redirect',
    'com.example.app://callback',
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
    'myapp://cb',
    'x+y-1:/cb',
  ]) {
    test(`may be ${uri}, unchanged`, () => assert.equal(checkRedirectUri('redirect_uris', uri), uri));
  }

  for (const [why, uri] of [
    ['empty', ''],
    ['relative', '/cb'],
    ['without a scheme', 'app.example/cb'],
    ['with a fragment (RFC 6749 §3.1.2)', `${CALLBACK}#`],
    ['with user information (Pocket ID CVE-2026-28512)', 'https://app.example@evil.example/cb'],
    ['with a password', 'https://a:b@app.example/cb'],
    ['with empty user information', 'https://@evil.example/cb'],
    ['http on another host', 'http://app.example/cb'],
    ['http on a host that only looks like loopback', 'http://localhost.evil.example/cb'],
    ['http on an address that only looks like loopback', 'http://127.0.0.1.evil.example/cb'],
    ['javascript (authentik CVE-2024-21637)', 'javascript:alert(1)'],
    ['javascript with an authority', 'javascript://app.example/%0aalert(1)'],
    ['javascript in disguise', 'JaVaScRiPt:alert(1)'],
    ['javascript behind a control character', 'java\tscript:alert(1)'],
    ['data', 'data:text/html,x'],
    ['file', 'file:///etc/passwd'],
    ['vbscript', 'vbscript:x'],
    ['blob', 'blob:https://app.example/1'],
    ['a host and a port', 'app.example:8080/cb'],
    ['localhost and a port', 'localhost:8080/cb'],
    ['with a space', 'https://app.example/c b'],
    ['with white space around it', ` ${CALLBACK}`],
    ['with a line break', `${CALLBACK}\n`],
    ['with a backslash', 'https://app.example\\@evil.example/cb'],
    ['with a broken escape', 'https://app.example/%zz'],
    ['without slashes', 'https:app.example/cb'],
    ['with too many slashes', 'https:///app.example/cb'],
    ['with an unencoded letter', 'https://exämple.com/cb'],
    ['too long', `${CALLBACK}/${'a'.repeat(2_000)}`],
  ] as const) {
    test(`may not be ${why}`, () => {
      assert.throws(() => checkRedirectUri('redirect_uris', uri), refused('redirect_uris'));
    });
  }

  // Schemes that browsers, Windows, macOS, iOS and Android handle themselves, and those that pages may ask to handle.
  for (const scheme of [
    ...[
      'javascript',
      'vbscript',
      'data',
      'about',
      'blob',
      'filesystem',
      'view-source',
      'jar',
      'file',
      'content',
      'smb',
    ],
    ...['chrome', 'chrome-extension', 'moz-extension', 'safari-web-extension', 'edge', 'devtools'],
    ...[
      'intent',
      'android-app',
      'shell',
      'search-ms',
      'ms-msdt',
      'ms-officecmd',
      'ms-word',
      'x-apple.systempreferences',
    ],
    ...['x-apple-helpbasic', 'x-man-page', 'app-prefs', 'ldap', 'ssh', 'market', 'itms', 'itms-apps', 'itms-services'],
    ...['jnlp', 'read', 'shortcuts', 'x-web-search', 'googlechromes', 'ext+app', 'http+unix', 'httpx'],
    ...['mailto', 'tel', 'sms', 'facetime', 'ftp', 'magnet', 'urn', 'web+app', 'ws', 'wss', 'c'],
  ]) {
    test(`may not have the scheme ${scheme} of browsers or systems (RFC 8252 §7.1)`, () => {
      for (const uri of [`${scheme}://app/cb`, `${scheme.toUpperCase()}:app/cb`]) {
        assert.throws(() => checkRedirectUri('redirect_uris', uri), refused('redirect_uris'), uri);
        const native = { redirect_uris: [uri], application_type: 'native', token_endpoint_auth_method: 'none' };
        assert.throws(() => checkMetadata(native), refused('redirect_uris'), uri);
      }
    });
  }

  test('are refused by name, in their own field', () => {
    assert.throws(() => checkMetadata({ redirect_uris: [CALLBACK, 'data:,x'] }), refused('redirect_uris'));
    assert.throws(
      () => checkMetadata({ redirect_uris: [CALLBACK], post_logout_redirect_uris: ['http://app.example'] }),
      refused('post_logout_redirect_uris'),
    );
  });

  test('never allow what a browser would execute or read as another host (property)', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((rest) => `https://${rest}`),
        ),
        (text) => {
          let accepted: string;
          try {
            accepted = checkRedirectUri('redirect_uris', text);
          } catch {
            return;
          }
          const url = new URL(accepted);
          assert.equal(accepted, text);
          assert.equal(url.username + url.password + url.hash, '');
          assert.match(accepted, /^[\x21-\x7e]+$/);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('resource identifiers (RFC 8707 §2)', () => {
  test('are absolute URIs without a fragment', () => {
    for (const uri of ['https://api.example', 'urn:example:api', 'http://internal/api', 'api.example:v1']) {
      assert.equal(checkResourceIdentifier('identifier', uri), uri);
    }
    for (const uri of ['', 'api', '/api', 'https://api.example#x', 'https://a b.example']) {
      assert.throws(() => checkResourceIdentifier('identifier', uri), refused('identifier'));
    }
  });
});
