import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { AppError } from '../../server/platform/errors.ts';
import { createLimit } from '../../server/platform/limit.ts';
import { createMemoryCounter, subnet } from '../../server/platform/limits.ts';
import { createTally } from '../../server/platform/tally.ts';
import { browserSession, formOf, type Page } from '../helpers/browser_session.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { MINUTE_MS } from '../helpers/limits.ts';
import { authorizeUrl, introspect, token } from '../helpers/relying_party.ts';

// Starts with a window, so that no test crosses a window boundary.
let at = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
const nextWindow = () => {
  at += MINUTE_MS;
};
const scope = { after };
const app = await deployment(scope, { env: { CARDEA_RATE_LIMIT: '3' }, now: () => at });
const { issuer } = app;
const party = await app.seed.party();
const wrong: Party = { ...party, secret: 'wrong' };
const grant = { grant_type: 'client_credentials' };

describe('subnet: an IPv6 address counts by its /64', () => {
  const cases: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['1:2:3:4:5::', '1:2:3:4::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
  ];
  for (const [address, expected] of cases) {
    test(`${address} counts as ${expected}`, () => assert.equal(subnet(address), expected));
  }
  test('addresses of neighbouring networks count separately', () => {
    assert.notEqual(subnet('2001:db8:1:2::1'), subnet('2001:db8:1:3::1'));
  });
});

describe('limits', () => {
  const isLimited = (error: unknown) =>
    error instanceof AppError && error.code === 'rate_limited' && error.status === 429;

  const limitOf = (max: number, now: () => number, name = 'x.address') => {
    const counter = createMemoryCounter(now);
    const tally = createTally({ now, uptime: now });
    return createLimit(name, { max, seconds: 60, unit: 'requests' }, { counter, tally, now, onReached() {} });
  };

  test('refuse an address that has used up its attempts, and no other address', async () => {
    const limit = limitOf(2, () => 0);
    await limit.count('192.0.2.1');
    await limit.assertAllowed('192.0.2.1');
    await limit.count('192.0.2.1');
    await assert.rejects(limit.assertAllowed('192.0.2.1'), isLimited);
    await limit.assertAllowed('192.0.2.2');
  });

  test('start again with the next window, after the seconds that the refusal names', async () => {
    let now = MINUTE_MS * 100;
    const limit = limitOf(1, () => now);
    await limit.count('192.0.2.1');
    now += MINUTE_MS - 1_500;
    await assert.rejects(limit.assertAllowed('192.0.2.1'), (error: AppError) => error.limit?.resetSeconds === 2);
    now += 1_499;
    await assert.rejects(limit.assertAllowed('192.0.2.1'), /\b1 second$/);
    now += 1;
    await limit.assertAllowed('192.0.2.1');
  });

  test('parallel attempts get no more than sequential ones, and a refunded attempt can be used again', async () => {
    let now = MINUTE_MS - 1;
    const limit = limitOf(3, () => now, 'x.client');
    const taken = await Promise.allSettled(Array.from({ length: 9 }, () => limit.consume('client')));
    assert.equal(taken.filter(({ status }) => status === 'fulfilled').length, 3);
    await assert.rejects(limit.consume('client'), isLimited);
    now += 1;
    const late = await limit.consume('client');
    await limit.refund(late);
    for (let n = 0; n < 3; n += 1) await limit.consume('client');
    await assert.rejects(limit.consume('client'), isLimited);
    await limit.refund(`${late} of a window that is over`);
    await assert.rejects(limit.consume('client'), isLimited);
  });

  test('a counter restarts when its window is over, not when it is incremented again', async () => {
    let now = 0;
    const counter = createMemoryCounter(() => now);
    assert.equal(await counter.increment('k', 100), 1);
    now = 99;
    assert.equal(await counter.increment('k', 100), 2);
    assert.equal(await counter.get('k'), 2);
    now = 100;
    assert.equal(await counter.get('k'), 0);
    assert.equal(await counter.increment('k', 100), 1);
  });

  test('a counter holds a limited number of keys and removes the longest unused first', async () => {
    const counter = createMemoryCounter(() => 0);
    await counter.increment('quiet', 1_000);
    await counter.increment('busy', 1_000);
    for (let i = 0; i < 99_999; i += 1) {
      await counter.increment(`k${i}`, 1_000);
      if (i % 10_000 === 0) await counter.increment('busy', 1_000);
    }
    assert.equal(await counter.get('quiet'), 0);
    assert.ok((await counter.get('busy')) > 1);
  });
});

describe('over HTTP', () => {
  test('client authentication: failures count, successes do not, and the refusal is RFC 6749 JSON with Retry-After', async () => {
    nextWindow();
    for (let i = 0; i < 8; i += 1) assert.equal((await token(issuer, party, grant)).status, 200);
    for (let i = 0; i < 3; i += 1) assert.equal((await token(issuer, wrong, grant)).status, 401);
    const refused = await token(issuer, wrong, grant);
    assert.equal(refused.status, 429);
    assert.equal(refused.body.error, 'temporarily_unavailable');
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    // The right secret is not tried any more either, at any endpoint.
    assert.equal((await token(issuer, party, grant)).status, 429);
    assert.equal((await introspect(issuer, party, 'x')).error, 'temporarily_unavailable');
    nextWindow();
    assert.equal((await token(issuer, party, grant)).status, 200);
  });

  test('guesses are counted over all endpoints that authenticate clients', async () => {
    nextWindow();
    assert.equal((await token(issuer, wrong, grant)).status, 401);
    assert.equal((await introspect(issuer, wrong, 'x')).error, 'invalid_client');
    await fetch(`${issuer}/revoke`, { method: 'POST', body: new URLSearchParams({ token: 'x', client_id: 'nobody' }) });
    assert.equal((await token(issuer, party, grant)).status, 429);
  });

  test('sign-in: a page with Retry-After, after which the visit continues', async () => {
    nextWindow();
    const person = await app.seed.person();
    const first = await app.seed.party({ firstParty: true });
    const browser = browserSession(issuer);
    const page = await browser.follow(await browser.get(authorizeUrl({ issuer, party: first }, 'v'.repeat(43))));
    const { action, fields } = formOf(page);
    const attempt = (password: string): Promise<Page> =>
      browser.post(action, {
        ...fields,
        // Wrong guesses use another account, since those at one account are counted separately.
        identifier: password === 'wrong' ? 'nobody@example.com' : person.email,
        password,
        action: 'signin',
      });
    for (let i = 0; i < 3; i += 1) assert.equal((await attempt('wrong')).status, 400);
    const refused = await attempt(person.password);
    assert.equal(refused.status, 429);
    assert.match(refused.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
    assert.match(refused.headers.get('content-type') ?? '', /^text\/html/);
    assert.equal(refused.location, undefined);
    nextWindow();
    const done = await attempt(person.password);
    assert.ok(new URL(done.location ?? '').searchParams.get('code'));
  });
});
