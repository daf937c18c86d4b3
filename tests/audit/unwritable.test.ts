import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin, signedIn, submitPassword } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { deployment } from '../helpers/deployment.ts';
import { register } from '../helpers/registration.ts';
import { authorize, redeem } from '../helpers/relying_party.ts';

/** A change without its entry does not happen: both are one transaction. */
const app = await deployment({ after }, { env: { CARDEA_REGISTRATION: 'open' } });
const { db } = app;
const party = await app.seed.party({ firstParty: true });
const person = await app.seed.person();
const count = async (table: string): Promise<unknown> =>
  (await db.run({ text: `SELECT count(*)::int AS count FROM ${table}` }, []))[0]?.count;

/** While the work runs, Postgres refuses each new entry, as a full disk would. */
async function whileUnwritable<T>(work: () => Promise<T>): Promise<T> {
  await db.run({ text: 'ALTER TABLE audit_first ADD CONSTRAINT unwritable CHECK (false) NOT VALID' }, []);
  try {
    return await work();
  } finally {
    await db.run({ text: 'ALTER TABLE audit_first DROP CONSTRAINT unwritable' }, []);
  }
}

test('a sign-in', async () => {
  const begun = await begin(app, party);
  const before = await count('sessions WHERE account_id IS NOT NULL');
  const page = await whileUnwritable(() => submitPassword(begun.browser, begun.page, person));
  assert.ok(page.status >= 500, `${page.status}`);
  assert.equal(await count('sessions WHERE account_id IS NOT NULL'), before);
  assert.equal((await submitPassword(begun.browser, begun.page, person)).status, 303, 'it can be sent again');
});

test('a wrong guess is not answered', async () => {
  const begun = await begin(app, party);
  const wrong = { ...person, password: 'wrong' };
  const page = await whileUnwritable(() => submitPassword(begun.browser, begun.page, wrong));
  assert.ok(page.status >= 500, `${page.status}`);
});

test('the redemption of a code', async () => {
  const granted = await authorize({ issuer: app.issuer, party, person });
  const refused = await whileUnwritable(() => redeem(app.issuer, party, granted));
  assert.ok(refused.status >= 500, `${refused.status}`);
  assert.equal((await redeem(app.issuer, party, granted)).status, 200, 'the code was not used up');
});

test('a change at /account', async () => {
  const browser = await signedIn(app, party, person);
  const { page } = await openAccount(app, person, '/account/profile', browser);
  const refused = await whileUnwritable(() => press(browser, page, 'save', { nickname: 'Portia' }));
  assert.ok(refused.status >= 500, `${refused.status}`);
  assert.equal((await app.seed.accounts.findById(person.id))?.nickname, undefined);
});

test('a registration of a client', async () => {
  const before = await count('clients');
  const body = { redirect_uris: ['https://agent.example.com/callback'] };
  const refused = await whileUnwritable(() => register(app, body));
  assert.ok(refused.status >= 500, `${refused.status}`);
  assert.equal(await count('clients'), before);
});
