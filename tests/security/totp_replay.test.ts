import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { begin, shown, submitPassword } from '../flows/support.ts';
import { totpCode } from '../helpers/authenticator.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { startCluster } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';

/** A code is accepted once, even when it is sent many times in parallel (Liferay CVE-2025-43798, RFC 6238 §5.2). */

const scope = { after };
const cluster = await startCluster(scope);
const db = createDb({ url: cluster.databaseUrl });
defer(scope, () => db.close());
const seed = await createSeeder(db, cluster.masterKey);
const factors = await createFactorSeeder({ db, masterKey: cluster.masterKey, issuer: cluster.issuer });
const party = await seed.party({ firstParty: true });
const app = { issuer: cluster.issuer };

const TIMES = 50;

/** That many browsers of one person, each after the password and before the second factor. */
async function browsersAtSecondFactor(person: Awaited<ReturnType<typeof seed.person>>) {
  const browsers = [];
  for (let n = 0; n < TIMES; n += 1) {
    // browsers alternate between the processes, and each stays with one
    const node = cluster.nodes[n % cluster.nodes.length];
    const begun = await begin(app, party, {}, browserSession(cluster.issuer, node?.url));
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
  return (await db.run({ name: '', text: 'SELECT 1 FROM sessions WHERE account_id = $1' }, [accountId])).length;
}

test('one code of an authenticator app, used fifty times at once on two processes, signs in once', async () => {
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
