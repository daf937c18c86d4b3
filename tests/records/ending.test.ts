import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { createAccounts } from '../../server/accounts/store.ts';
import { createClients } from '../../server/clients/store.ts';
import { notFound } from '../../server/platform/errors.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { endRecordsOfClient, tokenStatus } from '../../server/records/ended.ts';
import { createEndings, type PlannedEnd } from '../../server/records/ending.ts';
import { createOverview } from '../../server/records/overview.ts';
import type { FoundTokenStatus } from '../../server/records/rows.ts';
import { database } from '../helpers/postgres.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';

const { db } = await database({ after });
const now = Date.now;
const masterKey = remember('master_key', randomBytes(32).toString('base64'));
const sealer = createSealer([Buffer.from(masterKey, 'base64')]);
const accounts = createAccounts({ db, sealer, indexKey: randomBytes(32), searchKey: randomBytes(32), now });
const clients = createClients({ db, now, endRecordsOf: endRecordsOfClient });
const seed = createRecordSeeder({ db, masterKey });
const UNTIL = new Date(now() + 600_000);
/** Accounts whose sessions were ended. */
const followed: string[] = [];
const endings = createEndings({
  db,
  overview: createOverview({ db, sealer, now, lifetimes: { sessionAbsolute: 86_400 } }),
  issuer: 'https://op.example',
  now,
  signedUntil: async () => UNTIL,
  async onSessionsEnded(accountId) {
    followed.push(accountId);
    return [{ statement: { text: 'SELECT 1' }, values: [] }];
  },
  accountIdOf: async (ref) => (await accounts.resolve(ref)).id,
  async assertClient(id) {
    if (!(await clients.find(id))) throw notFound('client', id);
  },
});
const metadata = { redirect_uris: ['https://app.example/cb'], token_endpoint_auth_method: 'none' };
await clients.create({ id: 'shop', name: 'Shop', metadata });

const count = async (table: 'grants' | 'sessions' | 'records' | 'ended_tokens') =>
  (await db.run({ text: `SELECT 1 FROM ${table}` }, [])).length;
const counts = async () => [await count('grants'), await count('sessions'), await count('records')];

/** A person with a session, and in it a grant with one token of each kind. */
async function signedIn() {
  const { id: accountId } = await accounts.create({ email: `${randomBytes(6).toString('hex')}@example.com` });
  const grantId = await seed.grant(accountId, 'shop');
  const sessionUid = await seed.session(accountId, { payload: { authorizations: { shop: { sid: 'sid', grantId } } } });
  const [access, refresh] = [0, 1].map(() => remember('access_token', randomBytes(32).toString('base64url')));
  const common = { clientId: 'shop', accountId, grantId, sessionUid };
  await seed.records('AccessToken', [{ ...common, jti: access ?? '' }]);
  await seed.records('RefreshToken', [{ ...common, jti: refresh ?? '' }]);
  return { accountId, grantId, sessionUid, access: access ?? '', refresh: refresh ?? '' };
}

type SignedIn = Awaited<ReturnType<typeof signedIn>>;

const end = async (planned: PlannedEnd) => planned.ended(await carryOut(db, planned));

test('a plan ends nothing until its statements run, and then what it names and no more', async () => {
  const stays = await signedIn();
  const before = await counts();
  /** The rows of one more sign-in, as far as they are left. */
  const more = (left: readonly number[]) => before.map((one, i) => one + (left[i] ?? 0));
  for (const [left, plan] of [
    [[1, 1, 1], ({ access }) => endings.token(access)],
    [[0, 1, 0], ({ refresh }) => endings.token(refresh)],
    [[0, 1, 0], ({ grantId }) => endings.grant(grantId)],
    [[0, 0, 0], ({ sessionUid }) => endings.session(sessionUid)],
    [[0, 0, 0], ({ accountId }) => endings.user(accountId)],
  ] as const satisfies readonly (readonly [readonly number[], (made: SignedIn) => Promise<PlannedEnd>])[]) {
    const made = await signedIn();
    const planned = await plan(made);
    assert.deepEqual(await counts(), more([1, 1, 2]), 'nothing has ended yet');
    await end(planned);
    assert.deepEqual(await counts(), more(left), `${planned.target.kind}`);
    await end(await endings.user(made.accountId));
  }
  assert.deepEqual(await counts(), before);
  assert.equal((await endings.grant(stays.grantId)).target.id, stays.grantId);
});

test('a stored token says what it was, and which grant ends with it', async () => {
  const { access, refresh, grantId, accountId } = await signedIn();
  assert.deepEqual(await end(await endings.token(access)), { revoked: 'token', kind: 'AccessToken', grant: null });
  assert.deepEqual(await end(await endings.token(refresh)), { revoked: 'token', kind: 'RefreshToken', grant: grantId });
  await end(await endings.user(accountId));
});

test('a JWT is in force until its client, its grant or itself has ended', () => {
  const token = { jti: 'one', clientId: 'shop', issuedAt: 100, grant: { id: 'grant', epoch: 2 } };
  const changed = new Date(5);
  const row = { client_updated_at: changed, ended_until: null, grant_epoch: 2, owner: 'ada', session_uid: 'uid' };
  const statusOf = (given: object, of = token) => tokenStatus(of, { ...row, ...given } as FoundTokenStatus);
  assert.deepEqual(statusOf({}), { accountId: 'ada', sessionUid: 'uid', clientUpdatedAt: changed });
  assert.equal(statusOf({ client_updated_at: null }), undefined);
  assert.equal(statusOf({ grant_epoch: 1 }), undefined);
  assert.equal(statusOf({ grant_epoch: null }), undefined);
  assert.equal(statusOf({ ended_until: new Date(100_000) }), undefined, 'one of the same second has ended');
  assert.ok(statusOf({ ended_until: new Date(99_999) }));
});

test('what has ended meanwhile is not found, and nothing of the transaction happens', async () => {
  const made = await signedIn();
  const audit = {
    statement: { text: "INSERT INTO replays (id_hash, expires_at) VALUES ('trace', now())" },
    values: [],
  };
  const planned = [
    await endings.token(made.access),
    await endings.token(made.refresh),
    await endings.grant(made.grantId),
    await endings.session(made.sessionUid),
  ];
  await end(await endings.user(made.accountId));
  for (const one of planned) {
    await assert.rejects(carryOut(db, { ...one, statements: [audit, ...one.statements] }), { code: 'not_found' });
  }
  assert.deepEqual(await db.run({ text: 'SELECT 1 FROM replays' }, []), []);
  for (const plan of [
    () => endings.token(made.access),
    () => endings.grant(made.grantId),
    () => endings.grant('\u0000'),
    () => endings.session(made.sessionUid),
    () => endings.session('\ud800'),
    () => endings.user('nobody@example.com'),
    () => endings.client('nobody'),
  ]) {
    await assert.rejects(plan(), { code: 'not_found', status: 404 });
  }
});

test('what follows the end of sessions is part of the plan, where there are some', async () => {
  const made = await signedIn();
  followed.length = 0;
  await endings.grant(made.grantId);
  assert.deepEqual(followed, []);
  await endings.session(made.sessionUid);
  await end(await endings.user(made.accountId));
  assert.deepEqual(followed, [made.accountId, made.accountId]);
  await endings.user(made.accountId);
  assert.equal(followed.length, 2, 'it has no session any more');
});

test('the tokens of a client end with it, and JWTs are remembered until the last has expired', async () => {
  const made = await signedIn();
  const planned = await endings.client('shop');
  assert.deepEqual(planned.target, { kind: 'client', id: 'shop' });
  const ended = await end(planned);
  assert.ok((ended.grants_ended ?? 0) > 0);
  assert.deepEqual(ended.remembered_until, UNTIL);
  await assert.rejects(endings.token(made.refresh), { code: 'not_found' });
  const jti = await endings.jti('a-jti');
  const before = await count('ended_tokens');
  assert.deepEqual(await end(jti), { revoked: 'jti', jti: 'a-jti', remembered_until: UNTIL });
  assert.equal(await count('ended_tokens'), before + 1);
  for (const wrong of ['', 'a b', 'x'.repeat(257), '\u0000']) {
    await assert.rejects(endings.jti(wrong), { code: 'invalid_input', field: 'jti' });
  }
  for (const wrong of ['a.b.c', `${Buffer.from('{}').toString('base64url')}.e30.`]) {
    await assert.rejects(endings.token(wrong), { code: 'invalid_input', field: 'token' });
  }
});
