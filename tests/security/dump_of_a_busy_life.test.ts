import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { base32, fromBase32 } from '../../server/accounts/one_time_password.ts';
import { SEALED, SEALED_OWN } from '../../server/operations/sealed_columns.ts';
import { users } from '../../server/operations/users.ts';
import { keyText } from '../../server/platform/reseal.ts';
import { createSealer, type Place, type Sealer } from '../../server/platform/sealing.ts';
import { tokensFor } from '../flows/support.ts';
import { openAccount } from '../helpers/account.ts';
import { accountChanges } from '../helpers/account_changes.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { deployment } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { dumpDatabase } from '../helpers/secrets.ts';
import { told } from '../helpers/told.ts';

/** A full dump tells nothing of people who have used everything, and no sealed value opens anywhere but in its place. */

const scope = { after };
const app = await deployment(scope);
const { db, seed } = app;
const { runner, services } = await operationsOf(scope, app);
const { accounts, mails, links, deliveries } = await services.accountStores();
const factors = await createFactorSeeder(app);
const party = await seed.party({
  firstParty: true,
  metadata: { grant_types: ['authorization_code', 'refresh_token'] },
});
const later = () => ({ id: crypto.randomUUID(), afterMs: 3_600_000 });
const expiresAt = new Date(Date.now() + 3_600_000);
const call = (idempotencyKey: string) => ({ actor: actor({ kind: 'cli' }), requestId: 'a request', idempotencyKey });

const profileOf = (name: string) => ({
  email: `${name}.Brontesaurus@parsonage-moor.example`,
  username: `${name}-brontesaurus`,
  name: `${name} Brontesaurus`,
  given_name: `${name}issima`,
  middle_name: 'Wuthermoor',
  nickname: `${name}-of-the-moor`,
  phone_number: '+44 1535 694 7733',
  address: { street_address: '21 Ravenscar Parsonage', locality: 'Haworthenay' },
});
const textsOf = (of: object): string[] =>
  Object.values(of).flatMap((value) => (typeof value === 'object' ? textsOf(value) : [String(value)]));

/** @returns all that nobody may find of the person */
async function livedIn(name: string): Promise<string[]> {
  const seeded = await seed.person();
  const { id } = seeded;
  const body = { ...profileOf(name), email_verified: true };
  await runner.run(users.update, { params: { id }, query: undefined, body }, call(`update ${id}`));
  const person = { ...seeded, email: body.email };
  const { tokens } = await tokensFor(app, party, person, {
    params: { scope: 'openid offline_access', prompt: 'consent' },
  });
  await openAccount(app, person);
  const account = await accounts.resolve(id);
  const email = `next.${body.email}`;
  const link = links.create('change_email', { account, payload: { email } });
  await db.transact([
    mails.enqueue({ kind: 'unlocked', accountId: id, details: { app: email } }, account, later()),
    mails.enqueue({ kind: 'reset', email: body.email, locale: 'en' }, undefined, later()),
    link.bound,
    deliveries.enqueue({
      kind: 'waits',
      clientId: party.id,
      content: { id_token: tokens.id_token, email: body.email },
      owner: accounts.ownerOf(account),
      expiresAt,
    }),
  ]);
  const secret = await factors.totp(id);
  await factors.passkey(id, softPasskey());
  const codes = await factors.recoveryCodes(id);
  const { email_verified: _, ...texts } = body;
  return [
    ...textsOf(texts),
    email,
    secret,
    fromBase32(secret)?.toString('latin1') ?? '',
    seeded.password,
    link.token,
    ...codes,
    ...[tokens.access_token, tokens.refresh_token, tokens.id_token].filter((one) => one !== undefined),
  ];
}

/** People of another system, each with a subject and a second factor. */
async function imported(): Promise<string[]> {
  const people = ['Anne', 'Emily'].map((name) => ({
    sub: `old-system|${name}-subject`,
    email: `${name}.imported@parsonage-moor.example`,
    totpSecret: randomBytes(20),
  }));
  await accountChanges(db, accounts).createAll(people);
  return people.flatMap(({ sub, email, totpSecret }) => [
    sub,
    email,
    base32(totpSecret),
    totpSecret.toString('latin1'),
  ]);
}

const values = [...(await livedIn('Charlotte')), ...(await livedIn('Branwell')), ...(await imported())];

test('a full dump tells no name, address, secret or token, in any encoding and case', async () => {
  assert.ok(values.length > 40 && values.every((one) => one.length > 5), `${values.length}`);
  const dump = await dumpDatabase(app.databaseUrl);
  for (const { table } of SEALED_OWN) assert.ok(dump.includes(`public.${table}.`), `${table} has rows`);
  assert.deepEqual(told(dump, values), []);
  assert.deepEqual(told(`${dump}${Buffer.from('x Branwell Brontesaurus').toString('base64url')}`, values), [
    'Branwell Brontesaurus',
  ]);
});

interface Stored {
  readonly place: Place;
  readonly value: Buffer;
  readonly sealer: Sealer;
}

const AT_MOST = 3;
const master = createSealer([Buffer.from(app.masterKey, 'base64')]);
const sql = <R extends object>(text: string) => db.run<R>({ text }, []);

/** Values of every sealed column; of one that has none, a value that is sealed for it here. */
async function stored(): Promise<Stored[]> {
  const all: Stored[] = [];
  for (const one of [...SEALED, ...SEALED_OWN]) {
    const { table, column } = one;
    const isOwn = 'accountId' in one;
    const account = isOwn ? one.accountId : 'NULL';
    const rows = await sql<{ row: string; value: Buffer; account: string; key: Buffer }>(
      `SELECT s.*, (SELECT sealed_key FROM data_keys WHERE account_id = s.account::uuid) AS key
         FROM (SELECT ${keyText(one)} AS row, ${column} AS value, ${account} AS account
                 FROM ${table} WHERE ${column} IS NOT NULL ORDER BY 1 LIMIT ${AT_MOST}) s`,
    );
    assert.ok(!isOwn || rows.length > 1, `${table}.${column} has values of several people`);
    for (const { row, value, account: id, key } of rows) {
      all.push({ place: { table, column, row }, value, sealer: isOwn ? accounts.sealerFrom(id, key) : master });
    }
    const made = { table, column, row: 'made here' };
    if (rows.length === 0) all.push({ place: made, value: master.seal(made, randomBytes(8)), sealer: master });
  }
  const events = await sql<{ row: string; value: Buffer; account: string; key: Buffer }>(
    `SELECT id::text AS row, sealed_details AS value, details_account AS account, sealed_key AS key
       FROM audit JOIN data_keys ON account_id = details_account ORDER BY id LIMIT ${AT_MOST}`,
  );
  assert.equal(events.length, AT_MOST);
  for (const { row, value, account, key } of events) {
    const place = { table: 'audit', column: 'sealed_details', row };
    all.push({ place, value, sealer: accounts.sealerFrom(account, key) });
  }
  return all;
}

test('a sealed value opens in its place alone: in no other row, column, table or person', async () => {
  const all = await stored();
  for (const { place, value, sealer } of all) {
    sealer.open(place, value);
    for (const other of all.filter((one) => one.place !== place)) {
      for (const key of [sealer, other.sealer]) {
        assert.throws(
          () => key.open(other.place, value),
          { code: 'sealed_value_unreadable' },
          JSON.stringify([place, other.place]),
        );
      }
    }
  }
});
