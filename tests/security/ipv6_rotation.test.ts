import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';

/** A holder of one IPv6 network has 2^64 addresses, so a /64 counts as one (better-auth CVE-2026-45364). */
const LIMIT = 5;
const app = await deployment(
  { after },
  {
    env: {
      CARDEA_RATE_LIMIT: String(LIMIT),
      CARDEA_TRUSTED_PROXIES: '127.0.0.1/32,::1/128,::ffff:127.0.0.1/128',
    },
  },
);
const party = await app.seed.party();
const { browser, page } = await begin(app, party);
const { action, fields } = formOf(page);
let guesses = 0;

/** A wrong guess at a fresh account. */
async function guessFrom(address: string): Promise<number> {
  guesses += 1;
  const answer = await browser.post(
    action,
    { ...fields, identifier: `nobody-${guesses}@example.com`, password: 'wrong', action: 'signin' },
    { 'x-forwarded-for': address },
  );
  return answer.status;
}

test('addresses of one /64 share their attempts; the next /64 has its own', async () => {
  for (let i = 0; i < LIMIT; i += 1) assert.equal(await guessFrom(`2001:db8:0:1:${i}::${i + 1}`), 400);
  for (const same of ['2001:db8:0:1:ffff:ffff:ffff:ffff', '2001:0DB8::1:0:0:0:9', '2001:db8:0:1::']) {
    assert.equal(await guessFrom(same), 429, same);
  }
  assert.equal(await guessFrom('2001:db8:0:2::1'), 400);
  assert.equal(await guessFrom('203.0.113.1'), 400);
});

test('an IPv4 address is the same in every spelling', async () => {
  for (let i = 0; i < LIMIT; i += 1) {
    assert.equal(await guessFrom(i % 2 === 0 ? '203.0.113.9' : '::ffff:203.0.113.9'), 400);
  }
  assert.equal(await guessFrom('::FFFF:203.0.113.9'), 429);
  assert.equal(await guessFrom('203.0.113.9'), 429);
});

test('addresses of one /64 share the number of forms that they may send', async () => {
  const url = new URL('/account/password', app.issuer);
  const sendForm = async (address: string) => {
    const headers = { 'x-forwarded-for': address };
    const answer = await fetch(url, { method: 'POST', redirect: 'manual', headers, body: new URLSearchParams() });
    await answer.body?.cancel();
    return answer.status;
  };
  const statuses: number[] = [];
  for (let i = 0; i <= 10 * LIMIT; i += 1) statuses.push(await sendForm(`2001:db8:1:1::${i}`));
  assert.deepEqual(statuses, [...Array(10 * LIMIT).fill(303), 429]);
  assert.equal(await sendForm('2001:db8:1:2::1'), 303);
});
