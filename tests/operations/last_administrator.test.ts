import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { changingFactors } from '../../server/accounts/factor_change.ts';
import { removingPasskey } from '../../server/accounts/passkeys.ts';
import { ROUTES } from '../../server/admin/routes.ts';
import { groups } from '../../server/operations/groups.ts';
import type { Call, Operation } from '../../server/operations/operation.ts';
import { operators } from '../../server/operations/operators.ts';
import { roles } from '../../server/operations/roles.ts';
import { userCredentials } from '../../server/operations/user_credentials.ts';
import { userDataExport } from '../../server/operations/user_data_export.ts';
import { userDeletion } from '../../server/operations/user_deletion.ts';
import { userNames } from '../../server/operations/user_names.ts';
import { userRestriction } from '../../server/operations/user_restriction.ts';
import { userSessions } from '../../server/operations/user_sessions.ts';
import { userState } from '../../server/operations/user_state.ts';
import { users } from '../../server/operations/users.ts';
import type { Db } from '../../server/platform/db.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { PASSWORD } from '../helpers/deployment.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { createRecordSeeder } from '../helpers/records.ts';
import { remember } from '../helpers/secrets.ts';
import { until } from '../helpers/waiting.ts';

/**
 * Every operation on people, groups and roles, tried on the one administrator who can sign in: afterwards there is one still,
 * or it was refused. Each is undone.
 */
const scope = { after };
const ADMIN = 'cardea-admin';
const TARGETS = ['user', 'group', 'role'];
/** The ways to sign in that the administrator has. */
const CREDENTIALS = {
  passkey: { password: false, passkeys: 1 },
  'two passkeys': { password: false, passkeys: 2 },
  password: { password: true, passkeys: 0 },
  'password and passkey': { password: true, passkeys: 1 },
} as const;
type Credentials = keyof typeof CREDENTIALS;

const ALL = Object.keys(CREDENTIALS) as Credentials[];
const PASSKEYS_ALONE: readonly Credentials[] = ['passkey', 'two passkeys'];
const PASSKEYS: readonly Credentials[] = [...PASSKEYS_ALONE, 'password and passkey'];

type AnyChange = Extract<Operation, { readonly kind: 'change' }>;

interface Tried {
  readonly operation: AnyChange;
  /** Words that tell it from another row of the same operation. */
  readonly about?: string;
  readonly input: { readonly params?: object; readonly query?: object; readonly body?: object };
  /** The administrators for whom there is something to do. Default: all. */
  readonly of?: readonly Credentials[];
  /** Those for whom it is refused. Default: none. */
  readonly refused?: readonly Credentials[];
}

const NEW_PASSWORD = remember('password', 'Kestrel-Fjord-7-Anvil');
const tried = (operation: AnyChange, input: Tried['input'], rest: Omit<Tried, 'operation' | 'input'> = {}): Tried => ({
  operation,
  input,
  ...rest,
});

/** @param admin their id, a passkey, a session and a client that they use */
function rowsFor({ id, passkey, uid, client }: Record<'id' | 'passkey' | 'uid' | 'client', string>): Tried[] {
  const params = { id };
  return [
    tried(users.create, { body: { email: 'new@example.com' } }),
    tried(userState.invite, { body: { email: 'guest@example.com', roles: [ADMIN] } }),
    tried(users.update, { params, body: { email: 'moved@example.com', username: null, name: null } }),
    tried(users.update, { params, body: { roles: [] } }, { about: 'without roles', refused: ALL }),
    tried(users.update, { params, body: { groups: [] } }, { about: 'without groups' }),
    tried(userDeletion.remove, { params }, { refused: ALL }),
    tried(userDeletion.restore, { params }),
    tried(userRestriction.restrict, { params, body: { reason: 'objection' } }, { refused: ALL }),
    tried(userRestriction.lift, { params }),
    tried(userDeletion.erase, { params }, { refused: ALL }),
    tried(userState.disable, { params }, { refused: ALL }),
    tried(userState.enable, { params }),
    tried(userState.unlock, { params }),
    tried(userDataExport.export, { params }),
    tried(userCredentials.setPassword, { params, body: { password: NEW_PASSWORD } }, { of: ['passkey'] }),
    tried(userCredentials.resetFactors, { params }, { refused: PASSKEYS_ALONE }),
    tried(userCredentials.removeTotp, { params }),
    tried(
      userCredentials.removePasskey,
      { params: { id, passkey_id: passkey } },
      { of: PASSKEYS, refused: ['passkey'] },
    ),
    tried(userCredentials.removeRecoveryCodes, { params }),
    tried(userNames.setGroups, { params, body: { groups: [] } }),
    tried(userNames.setRoles, { params, body: { roles: ['support'] } }, { refused: ALL }),
    tried(userSessions.end, { params: { id, uid } }),
    tried(userSessions.endAll, { params }),
    tried(userSessions.revokeGrants, { params: { id, client_id: client } }),
    tried(groups.create, { body: { name: 'new' } }),
    tried(groups.update, { params: { name: 'staff' }, body: { description: 'all' } }),
    tried(groups.remove, { params: { name: 'staff' }, query: { remove_members: true } }),
    tried(roles.create, { body: { name: 'new' } }),
    tried(roles.update, { params: { name: 'support' }, body: { permissions: [] } }),
    tried(roles.remove, { params: { name: 'support' }, query: { remove_members: true } }),
  ];
}

const call = (): Call => ({ actor: actor({ kind: 'cli' }), requestId: 'a request' });

/** An installation with one administrator who can sign in, and two who cannot. */
async function installation(credentials: Credentials) {
  const { password, passkeys } = CREDENTIALS[credentials];
  const app = await operatedDatabase(scope);
  const { runner } = await operationsOf(scope, app);
  const factors = await createFactorSeeder(app);
  const party = await app.seed.party();
  const { accounts } = app.seed;
  const { passwordHash } = await accounts.resolve((await app.seed.person()).id);
  const [administrator] = await accounts.createAll([
    {
      email: 'ada@example.com',
      emailVerified: true,
      groups: ['staff'],
      roles: [ADMIN, 'support'],
      passwordHash: password ? passwordHash : null,
    },
    { email: 'invited@example.com', emailVerified: true, roles: [ADMIN] },
    { email: 'disabled@example.com', roles: [ADMIN], passwordHash, disabled: true },
  ]);
  assert.ok(administrator);
  const { id } = administrator;
  await factors.totp(id);
  for (let i = 0; i < passkeys; i += 1) await factors.passkey(id, softPasskey());
  await factors.recoveryCodes(id);
  const records = createRecordSeeder(app);
  const uid = await records.session(id);
  await records.grant(id, party.id);
  const [passkey] = await factors.passkeys.list(await factors.accounts.resolve(id));
  return { app, runner, rows: rowsFor({ id, passkey: passkey?.id ?? '', uid, client: party.id }) };
}

/** Read off the tables, without the guard's own statement. */
async function ableAdministrators(db: Pick<Db, 'run'>): Promise<number> {
  const text = `SELECT count(*) AS able FROM accounts WHERE roles @> ARRAY[$1] AND disabled_at IS NULL
    AND (password_hash IS NOT NULL OR id IN (SELECT account_id FROM passkeys))`;
  const [row] = await db.run<{ able: string }>({ name: '', text }, [ADMIN]);
  return Number(row?.able);
}

class Undone extends Error {}

const installations = await Promise.all(
  ALL.map(async (credentials) => [credentials, await installation(credentials)] as const),
);

for (const [credentials, { app, runner, rows }] of installations) {
  describe(`the last administrator, who has ${credentials}, stays after`, () => {
    for (const { operation, about = '', input, of = ALL, refused = [] } of rows) {
      if (!of.includes(credentials)) continue;
      test(`${operation.name} ${about}`, async () => {
        assert.equal(await ableAdministrators(app.db), 1);
        const ran = runner.batch(async (transaction) => {
          await transaction.run(operation, { params: undefined, query: {}, body: undefined, ...input }, call());
          assert.ok((await ableAdministrators(transaction.db)) > 0, 'nobody with the role can sign in');
          throw new Undone();
        });
        if (refused.includes(credentials)) await assert.rejects(ran, { code: 'last_administrator', status: 409 });
        else await assert.rejects(ran, Undone);
      });
    }
  });
}

test('each is allowed when another administrator can sign in', async () => {
  const { app, runner, rows } = await installation('passkey');
  await app.seed.person({ roles: [ADMIN], password: PASSWORD });
  for (const { operation, input, refused = [] } of rows) {
    if (refused.length === 0) continue;
    const ran = runner.batch(async (transaction) => {
      await transaction.run(operation, { params: undefined, query: {}, body: undefined, ...input }, call());
      throw new Undone();
    });
    await assert.rejects(ran, Undone, operation.name);
  }
});

test('of two who remove their only passkeys at the same time one keeps it', async () => {
  const { seed, ...app } = await operatedDatabase(scope);
  const { passkeys, ...factors } = await createFactorSeeder(app);
  const both = await seed.accounts.createAll(
    ['ada', 'grace'].map((name) => ({ email: `${name}@example.com`, roles: [ADMIN] })),
  );
  for (const { id } of both) await factors.passkey(id, softPasskey());
  const [first, second] = await Promise.all(
    both.map(async ({ id }) => {
      const account = await factors.accounts.resolve(id);
      const [passkey] = await passkeys.list(account);
      return { account, passkey: passkey?.id ?? '' };
    }),
  );
  assert.ok(first && second);
  let outcome: unknown;
  const other = await app.db.transaction(async (send) => {
    await send(changingFactors(first.account, [removingPasskey(first.account.id, first.passkey)]).statements);
    const removal = passkeys.remove(second.account, second.passkey).then(
      () => 'removed',
      (error) => error.code,
    );
    const ended = removal.then((code) => {
      outcome = code;
    });
    const text = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    const waits = async () => (await app.db.run({ name: '', text }, [])).length > 0;
    await until('the second waits for the first', async () => outcome !== undefined || (await waits()));
    return { ended };
  });
  await other.ended;
  assert.equal(outcome, 'last_administrator');
  assert.equal(await ableAdministrators(app.db), 1);
});

test('an account that is not active is not made an administrator', async () => {
  const [, { app, runner } = assert.fail()] = installations[0] ?? [];
  const { accounts } = app.seed;
  const make = ({ id }: { id: string }) => {
    const body = { user: id, another: true };
    return runner.run(operators.bootstrap, { params: undefined, query: undefined, body }, call());
  };
  const [active, disabled, restricted] = [await app.seed.person(), await app.seed.person(), await app.seed.person()];
  await app.db.transact([
    accounts.plans.disabling(disabled.id),
    accounts.plans.restricting(restricted.id, 'objection'),
  ]);
  for (const person of [disabled, restricted]) {
    await assert.rejects(make(person), { code: 'invalid_input', status: 400 });
    assert.deepEqual((await accounts.resolve(person.id)).roles, []);
  }
  assert.deepEqual((await make(active)).roles, [ADMIN]);
});

test('every change of people, groups and roles is in the table', () => {
  const changes = ROUTES.flatMap(({ operation }) => (operation.kind === 'change' ? [operation] : []));
  const names = changes.filter(({ target }) => TARGETS.includes(target)).map(({ name }) => name);
  const [, { rows } = { rows: [] }] = installations[0] ?? [];
  assert.deepEqual([...new Set(rows.map(({ operation }) => operation.name))].toSorted(), names.toSorted());
});
