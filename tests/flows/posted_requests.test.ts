import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { documentOf } from '../helpers/html.ts';
import { assertOrderly, assertRefusal, send } from '../security/wire.ts';

/** Requests by POST to endpoints that browsers are sent to; tests/browser/posted_request.test.ts sends them in Chromium. */
const { issuer } = await deployment({ after });
const HTML = { accept: 'text/html,application/xhtml+xml' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

test('a POST to /authorize and /logout of another site is answered by a page that sends it again, with cookies', async () => {
  for (const target of ['/authorize', '/logout']) {
    const body = 'client_id=a&client_id=b&state=%0d%0aset-cookie:x=y&nonce=%22%3E%3Cscript%3E';
    for (const from of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example.com' }]) {
      const answer = await send(issuer, { method: 'POST', target, headers: { ...FORM, ...from }, body });
      assertOrderly(answer, target);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('set-cookie'), null);
      const form = documentOf(answer).querySelector('form[method="post"]');
      assert.equal(form?.getAttribute('action'), target);
      const fields = form.querySelectorAll('input').map((one) => [one.getAttribute('name'), one.getAttribute('value')]);
      assert.deepEqual(
        fields,
        [...new URLSearchParams(body)].map(([name, value]) => [name, value]),
      );
      assert.doesNotMatch(answer.body, /<script>/);
    }
    const many = Array.from({ length: 101 }, () => 'a=').join('&');
    const headers = { ...FORM, ...HTML, 'sec-fetch-site': 'cross-site' };
    const refused = await send(issuer, { method: 'POST', target, headers, body: many });
    assertRefusal(refused, { status: 400, error: 'invalid_request', shape: 'page' }, target);
  }
});

test('another POST to /authorize and /logout is handled at once: repeated parameters are refused, none is in a URL', async () => {
  for (const target of ['/authorize', '/logout']) {
    for (const from of [
      {},
      { 'sec-fetch-site': 'same-origin' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'null' },
    ]) {
      const body = 'client_id=a&client_id=b';
      const headers = { ...FORM, ...HTML, ...from };
      const answer = await send(issuer, { method: 'POST', target: `${target}?client_id=c`, headers, body });
      assertRefusal(answer, { status: 400, error: 'invalid_request', shape: 'page' }, target);
    }
  }
});
