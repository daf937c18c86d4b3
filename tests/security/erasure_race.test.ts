import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { userDataExport } from '../../server/operations/user_data_export.ts';
import { userDeletion } from '../../server/operations/user_deletion.ts';
import { users } from '../../server/operations/users.ts';
import { AppError } from '../../server/platform/errors.ts';
import { endRecordsOfAccounts } from '../../server/records/ended.ts';
import { tokensFor } from '../flows/support.ts';
import { openAccount, press } from '../helpers/account.ts';
import { askPerson, cibaMetadata, openRequests } from '../helpers/ciba.ts';
import { deployment, type Person } from '../helpers/deployment.ts';
import { askForCode, DEVICE_GRANT, decide, poll, typeCode } from '../helpers/device.ts';
import { LONG } from '../helpers/long.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { authorize, redeem, refresh, userinfo } from '../helpers/relying_party.ts';

/** Erasing somebody while their requests are under way leaves all of the person or nothing, and answers none of them with a 5xx. */
const scope = { after };
const ROUNDS = LONG ? 200 : 3;
const app = await deployment(scope, {
  // Codes of devices are typed in each round.
  env: { CARDEA_RATE_LIMIT: '100000', CARDEA_LIMITS: 'user-codes.address=100000' },
});
const { runner, services } = await operationsOf(scope, app);
const { departed } = await services.accountStores();
const party = await app.seed.party({
  firstParty: true,
  metadata: { grant_types: ['authorization_code', 'refresh_token'] },
});
const tv = await app.seed.party({
  name: 'TV',
  firstParty: true,
  public: true,
  metadata: { redirect_uris: [], grant_types: [DEVICE_GRANT, 'refresh_token'] },
});
const callCentre = await app.seed.party({ name: 'Call Centre', metadata: cibaMetadata() });
const call = { actor: actor({ kind: 'cli' }), requestId: 'a request' };
const inputOf = ({ id }: Person) => ({ params: { id }, query: undefined, body: undefined });
const OFFLINE = { params: { scope: 'openid offline_access', prompt: 'consent' } };

/** Tables with rows that name accounts, by the column that does. */
const named = await app.db.run<{ table: string; column: string }>(
  {
    text: `SELECT c.relname AS "table", a.attname AS "column" FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.atttypid = 'uuid'::regtype
              AND (a.attname = 'account_id' OR (c.relname = 'accounts' AND a.attname = 'id'))
              AND c.relname NOT IN ('deliveries', 'departed_subjects', 'erased_accounts') AND c.relname NOT LIKE 'audit%'`,
  },
  [],
);

async function leftOf({ id }: Person): Promise<string[]> {
  await app.db.query(endRecordsOfAccounts(await departed.erasedLately()));
  const left = await Promise.all(
    named.map(async ({ table, column }) => {
      const rows = await app.db.run({ text: `SELECT 1 FROM ${table} WHERE ${column} = $1 LIMIT 1` }, [id]);
      return rows.length > 0 ? table : undefined;
    }),
  );
  return left.filter((table) => table !== undefined);
}

/** Prepares what a person or an operator does. @returns a function that does it, and succeeds when it is refused or done */
type Prepare = (person: Person) => Promise<() => Promise<unknown>>;

const signIn: Prepare = async (person) => () =>
  authorize({ issuer: app.issuer, party, person }).catch((error: Error) => {
    // The sign-in was refused, and its page is shown again.
    assert.match(error.message, /^sign-in stopped at (200|400|403)/);
  });

const exportAll: Prepare = async (person) => () =>
  runner.run(userDataExport.export, inputOf(person), call).then(
    ({ zip }) => assert.ok(zip.length > 1_000, 'a whole one'),
    (error: unknown) => assert.ok(error instanceof AppError && error.status < 500, String(error)),
  );

/** Actions of a person and of operators at the same time. */
const UNDER_WAY: Readonly<Record<string, Prepare>> = {
  'a sign-in': signIn,
  'an export of all data': exportAll,
  'a sign-in, an export of all data': async (person) => {
    const [enter, take] = [await signIn(person), await exportAll(person)];
    return () => Promise.all([enter(), take()]);
  },
  'a code': async (person) => {
    const granted = await authorize({ issuer: app.issuer, party, person });
    return async () => assert.ok((await redeem(app.issuer, party, granted)).status < 500);
  },
  'a refresh': async (person) => {
    const { tokens } = await tokensFor(app, party, person, OFFLINE);
    return async () => assert.ok((await refresh(app.issuer, party, tokens.refresh_token ?? '')).status < 500);
  },
  userinfo: async (person) => {
    const { tokens } = await tokensFor(app, party, person);
    return async () => assert.ok((await userinfo(app.issuer, tokens.access_token)).status < 500);
  },
  'a change at the account page': async (person) => {
    const { browser, page } = await openAccount(app, person, '/account/profile');
    return async () => assert.ok((await press(browser, page, 'save', { name: 'Ada', locale: 'en' })).status < 500);
  },
  'the deletion by the person': async (person) => {
    const { browser, page } = await openAccount(app, person, '/account/delete');
    return async () => assert.ok((await press(browser, page, 'delete')).status < 500);
  },
  'an approval of a device': async (person) => {
    const { browser } = await authorize({ issuer: app.issuer, party, person });
    const page = await typeCode(browser, (await askForCode(app.issuer, tv)).body.user_code);
    return async () => assert.ok((await decide(browser, page, 'confirm')).status < 500);
  },
  'a device that fetches its tokens': async (person) => {
    const { browser } = await authorize({ issuer: app.issuer, party, person });
    const { body } = await askForCode(app.issuer, tv);
    await decide(browser, await typeCode(browser, body.user_code), 'confirm');
    return async () => assert.ok((await poll(app.issuer, tv, body.device_code)).status < 500);
  },
  'a request by CIBA': async (person) => async () =>
    assert.ok((await askPerson(app.issuer, callCentre, { login_hint: person.email })).status < 500),
  'an approval by CIBA': async (person) => {
    await askPerson(app.issuer, callCentre, { login_hint: person.email });
    const { browser, page } = await openRequests(app, person);
    return async () => assert.ok((await press(browser, page, 'approve-0')).status < 500);
  },
  'a change by an operator': async (person) => () =>
    runner
      .run(users.update, { ...inputOf(person), body: { name: 'Ada' } }, call)
      .catch((error: unknown) => assert.ok(error instanceof AppError && error.status < 500)),
};

for (const [what, prepare] of Object.entries(UNDER_WAY)) {
  test(`${what} and an erasure at the same time`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const person = await app.seed.person();
      const act = await prepare(person);
      const erase = () =>
        runner.run(userDeletion.erase, inputOf(person), call).catch((error: unknown) => {
          // The other one was first, and has changed the account.
          assert.ok(error instanceof AppError && error.code === 'changed_meanwhile', String(error));
          return runner.run(userDeletion.erase, inputOf(person), call);
        });
      await Promise.all(round % 2 === 0 ? [act(), erase()] : [erase(), act()]);
      assert.deepEqual(await leftOf(person), []);
    }
  });
}
