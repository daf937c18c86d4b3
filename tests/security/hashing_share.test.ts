import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';

/** An address that tries many passwords at once does not slow down the sign-ins of others. */
const LIMIT = 80;
// The clock stands: limits begin anew with each minute, also in the middle of a test.
const at = Date.now();
const app = await deployment(
  { after },
  {
    now: () => at,
    passwordCost: 'configured',
    env: {
      CARDEA_RATE_LIMIT: String(LIMIT),
      CARDEA_PASSWORD_QUEUE: '8',
      CARDEA_TRUSTED_PROXIES: '127.0.0.1/32,::1/128,::ffff:127.0.0.1/128',
    },
  },
);
const party = await app.seed.party();
const guesser = await begin(app, party);

/** A wrong guess at a new account, so that no guess waits for another one at the same account. */
function guess(number: number) {
  const { action, fields } = formOf(guesser.page);
  return guesser.browser.post(
    action,
    { ...fields, identifier: `nobody-${number}@example.com`, password: 'wrong', action: 'signin' },
    { 'x-forwarded-for': '203.0.113.66' },
  );
}

async function person(number: number) {
  const { email, password } = await app.seed.person();
  const { browser, page } = await begin(app, party);
  const { action, fields } = formOf(page);
  return () =>
    browser.post(
      action,
      { ...fields, identifier: email, password, action: 'signin' },
      { 'x-forwarded-for': `198.51.100.${number}` },
    );
}

test('80 parallel wrong passwords from one address do not delay others, and refused ones count as failures', async () => {
  const people = await Promise.all([1, 2, 3, 4].map(person));
  const guesses = Array.from({ length: LIMIT }, (_, number) => guess(number));
  // The queue is full once a guess is refused.
  await Promise.any(guesses.map(async (one) => assert.equal((await one).status, 503)));
  const signedIn = await Promise.all(people.map((signIn) => signIn()));
  assert.deepEqual(
    signedIn.map(({ status }) => status),
    [303, 303, 303, 303],
  );

  const answers = await Promise.all(guesses);
  const refused = answers.filter(({ status }) => status === 503);
  assert.equal(refused.length + answers.filter(({ status }) => status === 400).length, LIMIT);
  assert.ok(refused.length > 0);
  for (const { headers } of refused) assert.ok(Number(headers.get('retry-after')) > 0);
  // Each of the 80 guesses counted, even if it was not verified, so none is left.
  assert.equal((await guess(LIMIT)).status, 429);
  assert.deepEqual(
    app.logLines.filter((line) => /"level":"?(error|50)/.test(line)),
    [],
  );
});

test('a right password does not count as a failure of its address', async () => {
  const strict = await deployment({ after }, { env: { CARDEA_RATE_LIMIT: '1' } });
  const other = await strict.seed.party();
  const { email, password } = await strict.seed.person();
  for (const expected of [303, 303]) {
    const { browser, page } = await begin(strict, other);
    const { action, fields } = formOf(page);
    const answer = await browser.post(action, { ...fields, identifier: email, password, action: 'signin' });
    assert.equal(answer.status, expected);
  }
});
