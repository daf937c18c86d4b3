import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { send } from './wire.ts';

/** Links in mails lead to the issuer, with any Host header of the request (couch-auth CVE-2025-70948). */

const scope = { after };
const post = await mailbox(scope);
const EVIL = 'evil.test';
const env = { CARDEA_SMTP_URL: post.url, CARDEA_SIGN_UP: 'true' };
const plain = await deployment(scope, { env });
const proxied = await deployment(scope, { env: { ...env, CARDEA_TRUSTED_PROXIES: '127.0.0.1/32,::1' } });

const HOSTILE: readonly (readonly [string, string])[][] = [
  [['host', EVIL]],
  [
    ['x-forwarded-host', EVIL],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-port', '666'],
  ],
  [['forwarded', `for=192.0.2.1;host=${EVIL};proto=https`]],
  [
    ['x-original-url', `https://${EVIL}/account/forgot`],
    ['x-forwarded-prefix', `/${EVIL}`],
    ['x-forwarded-server', EVIL],
  ],
  [
    ['origin', `http://${EVIL}`],
    ['referer', `http://${EVIL}/account/forgot`],
  ],
  [['host', `localhost@${EVIL}`]],
];

for (const [name, app] of [
  ['no proxy is trusted', plain],
  ['the sender is a trusted proxy', proxied],
] as const) {
  for (const [path, field] of [
    ['/account/forgot', 'identifier'],
    ['/account/sign-up', 'email'],
  ] as const) {
    test(`${path}: the link in the mail points to the issuer (${name})`, async () => {
      const targets = [path, `http://${EVIL}${path}`];
      for (const [i, headers] of HOSTILE.entries()) {
        const person =
          path === '/account/forgot' ? await app.seed.person() : { email: `fresh${i}@${name.length}.example` };
        const browser = browserSession(app.issuer);
        const { fields } = formOf(await browser.get(path));
        const body = new URLSearchParams({ ...fields, [field]: person.email }).toString();
        const answer = await send(app.issuer, {
          method: 'POST',
          target: targets[i % targets.length] ?? path,
          headers: [
            ['content-type', 'application/x-www-form-urlencoded'],
            ['cookie', `cardea_visitor=${browser.cookie('cardea_visitor')}`],
            ...headers,
          ],
          body,
        });
        assert.equal(answer.status, 200, JSON.stringify(headers));
        const mail = await post.next(person.email);
        assert.equal(new URL(mail.link).origin, app.issuer, JSON.stringify(headers));
        assert.ok(!mail.source.includes(EVIL), mail.source);
      }
    });
  }

  test(`following a link stays at the issuer (${name})`, async () => {
    for (const headers of HOSTILE) {
      const target = `/account/link/unlock?token=${'t'.repeat(43)}`;
      const answer = await send(app.issuer, { target, headers: [...headers] });
      assert.deepEqual([answer.status, answer.headers.get('location')], [303, '/account/link/unlock']);
      for (const line of answer.headers.getSetCookie()) assert.doesNotMatch(line, /domain=|evil\.test/i);
    }
  });
}
