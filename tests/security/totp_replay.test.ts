import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, shown, submitPassword } from '../flows/support.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, neighbour, type Person } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { LONG } from '../helpers/long.ts';

/** A code is accepted once, even when it is sent many times in parallel (Liferay CVE-2025-43798, RFC 6238 §5.2). */

const scope = { after };
const app = await deployment(scope);
const { issuer, seed } = app;
const nodes = [app, await neighbour(scope, app)];
const factors = await createFactorSeeder(app);
const party = await seed.party({ firstParty: true });

const TIMES = LONG ? 50 : 12;

/** That many browsers of one person, each after the password and before the second factor. */
async function browsersAtSecondFactor(person: Person) {
  const browsers = [];
  for (let n = 0; n < TIMES; n += 1) {
    // Browsers alternate between the nodes, and each stays with one.
    const begun = await begin(app, party, {}, browserSession(issuer, nodes[n % nodes.length]?.issuer));
    const page = await submitPassword(begun.browser, begun.page, person);
    assert.equal(shown(page), 'second-factor');
    browsers.push({ browser: begun.browser, ...formOf(page) });
  }
  return browsers;
}

/** Submits a form from all of them in parallel. */
async function sendAtOnce(
  browsers: Awaited<ReturnType<typeof browsersAtSecondFactor>>,
  fields: Record<string, string>,
) {
  const answers = await Promise.all(
    browsers.map(({ browser, action, fields: hidden }) => browser.post(action, { ...hidden, ...fields })),
  );
  const accepted = answers.filter(({ location }) => location?.includes('code='));
  const statuses = new Set(answers.filter((one) => !accepted.includes(one)).map(({ status }) => status));
  for (const status of statuses) assert.ok(status === 400 || status === 503, String(status));
  return accepted.length;
}

async function sessionsOf(accountId: string): Promise<number> {
  return (await app.db.run({ name: '', text: 'SELECT 1 FROM sessions WHERE account_id = $1' }, [accountId])).length;
}

test(`one code of an authenticator app, used by ${TIMES} browsers at once on two nodes, signs in once`, async () => {
  const person = await seed.person();
  const secret = await factors.totp(person.id);
  const browsers = await browsersAtSecondFactor(person);
  assert.equal(await sendAtOnce(browsers, { action: 'code', code: totpCode(secret, Date.now()) }), 1);
  assert.equal(await sessionsOf(person.id), 1);
});

test('one recovery code, used in the same way, signs in once', async () => {
  const person = await seed.person();
  await factors.totp(person.id);
  const [code = ''] = await factors.recoveryCodes(person.id);
  const browsers = await browsersAtSecondFactor(person);
  assert.equal(await sendAtOnce(browsers, { action: 'recovery', recovery_code: code }), 1);
  assert.equal(await sessionsOf(person.id), 1);
});
