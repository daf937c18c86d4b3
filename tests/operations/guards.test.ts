import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ADMINISTRATOR, hasAdministrator, requireNoAdministrator } from '../../server/accounts/administrators.ts';
import { refusedOutcome } from '../../server/operations/checks.ts';
import {
  administratorGuard,
  assertMayChange,
  assertMayGive,
  assertNotOwnClient,
  assertNotOwnRole,
  assertNotSelf,
  permissionsOfScopes,
} from '../../server/operations/guards.ts';
import { BUILTIN_ROLES, PERMISSIONS, permissionsOfBuiltinRoles } from '../../server/operations/permissions.ts';
import { assertAsRead, assertVersion, entityTag } from '../../server/operations/preconditions.ts';
import { failedGuard } from '../../server/platform/db_errors.ts';
import { AppError } from '../../server/platform/errors.ts';
import { deployment } from '../helpers/deployment.ts';
import { actor } from '../helpers/operations.ts';
import { until } from '../helpers/waiting.ts';

const app = await deployment({ after });
const { accounts } = app.seed;
const holder = (...roles: string[]) =>
  actor({ kind: 'person', id: 'p', permissions: permissionsOfBuiltinRoles(roles) });

test('nobody gives a permission that they do not have', () => {
  const beyond = { code: 'beyond_own_permissions', status: 403 };
  assert.throws(() => assertMayGive(holder('cardea-operator'), ['roles:write']), beyond);
  assert.throws(() => assertMayGive(holder('cardea-helpdesk'), BUILTIN_ROLES['cardea-auditor'].permissions), beyond);
  assert.throws(() => assertMayGive(holder(), ['users:read']), beyond);
  assertMayGive(holder('cardea-admin'), PERMISSIONS);
  assertMayGive(holder('cardea-helpdesk'), []);
});

test('an operator does not act on an administrator, and acts on all others', () => {
  for (const [role, { permissions }] of Object.entries(BUILTIN_ROLES)) {
    const act = () => assertMayChange(holder('cardea-operator'), permissions);
    if (role === ADMINISTRATOR) assert.throws(act, { code: 'beyond_own_permissions' });
    else act();
  }
});

test('people do not shut themselves out, and clients neither', () => {
  const own = { code: 'own_account', status: 409 };
  assert.throws(() => assertNotSelf(actor({ kind: 'person', id: 'p' }), 'p'), own);
  assertNotSelf(actor({ kind: 'person', id: 'p' }), 'q');
  assertNotSelf(actor({ kind: 'cli', id: 'p' }), 'p');
  assert.throws(() => assertNotOwnClient(actor({ kind: 'client', id: 'c' }), 'c'), own);
  assert.throws(() => assertNotOwnClient(actor({ kind: 'person', id: 'p', clientId: 'c' }), 'c'), own);
  assertNotOwnClient(actor({ kind: 'client', id: 'c' }), 'd');
  assert.throws(() => assertNotOwnRole(['a', 'b'], 'b'), own);
  assertNotOwnRole(['a', 'b'], 'c');
});

test('an error names five permissions that are missing, and says when there are more', () => {
  const missing = (count: number) => () => assertMayGive(holder(), [...PERMISSIONS.slice(0, count), 'users:read']);
  const named = PERMISSIONS.slice(0, 5).join(', ');
  assert.throws(missing(5), { message: `this would give ${named}, which you do not have yourself` });
  assert.throws(missing(6), { message: `this would give ${named} and more, which you do not have yourself` });
});

test('a change needs the version that its caller has read, or that was read for it', () => {
  const at = new Date(1_000);
  const [first, second] = [1, 2].map((version) => ({ version, createdAt: at }));
  const madeAgain = { version: 1, createdAt: new Date(1_001) };
  assert.ok(first && second);
  const call = (ifMatch?: string) => ({ actor: actor(), requestId: 'r', ifMatch });
  const failed = { code: 'precondition_failed', status: 412 };
  assertVersion('group', first, call());
  assertVersion('group', first, call(entityTag(first)));
  for (const other of [second, madeAgain])
    assert.throws(() => assertVersion('group', other, call(entityTag(first))), failed);
  assertAsRead('group', first, { ...first }, call());
  for (const again of [second, madeAgain, undefined]) {
    const code = 'changed_meanwhile';
    assert.throws(() => assertAsRead('group', first, again, call()), { code, status: 409 });
    assert.throws(() => assertAsRead('group', first, again, call(entityTag(first))), failed);
  }
});

test('a refusal by a rule is told to the audit, a fault of the server is not', () => {
  const outcome = (error: unknown, dryRun = false) => refusedOutcome(error, { dryRun });
  const denied = { outcome: 'denied', reason: 'insufficient_scope' };
  const refused = { outcome: 'refused', reason: 'conflict' };
  assert.deepEqual(outcome(new AppError('insufficient_scope', '')), denied);
  assert.deepEqual(outcome(new AppError('insufficient_scope', ''), true), denied, 'it may be an attempt');
  assert.deepEqual(outcome(new AppError('conflict', '')), refused);
  assert.equal(outcome(new AppError('conflict', ''), true), undefined);
  for (const fault of [new AppError('database_rights', ''), new AppError('temporarily_unavailable', ''), new Error()])
    assert.equal(outcome(fault), undefined);
});

test('the scopes of a client give the permissions that they name', () => {
  assert.deepEqual(permissionsOfScopes(['openid', 'cardea:users:write', 'users:read', 'cardea:x']), ['users:write']);
});

test('only what takes an administrator away is checked', () => {
  const admin = { roles: [ADMINISTRATOR], standing: 'active' as const, passwordHash: null, secondFactors: [] };
  assert.equal(administratorGuard(admin, { ...admin, standing: 'disabled' as const }).length, 2);
  assert.equal(administratorGuard(admin, { ...admin, roles: [] }).length, 2);
  assert.equal(administratorGuard(admin, undefined).length, 2);
  assert.equal(administratorGuard(admin, admin).length, 0);
  assert.equal(administratorGuard({ ...admin, roles: ['x'] }, undefined).length, 0);
  assert.equal(administratorGuard({ ...admin, standing: 'disabled' as const }, undefined).length, 0);
});

test('of two administrators who remove each other at the same time one stays', async () => {
  const ids = await Promise.all([1, 2].map(async () => (await app.seed.person()).id));
  for (const id of ids) await accounts.setRoles(id, [ADMINISTRATOR]);
  const [first = '', second = ''] = ids;
  const { plans } = accounts;
  const removing = async (id: string) => [
    plans.settingRoles(id, []),
    ...administratorGuard(await accounts.resolve(id), { roles: [], standing: 'active' as const }),
  ];
  const disabling = async (id: string) => {
    const before = await accounts.resolve(id);
    return [plans.disabling(id), ...administratorGuard(before, { ...before, standing: 'disabled' as const })];
  };
  const statements = await disabling(second);
  let outcome: unknown;
  const { ended } = await app.db.transaction(async (send) => {
    await send(await removing(first));
    const disabled = app.db.transact(statements).then(
      () => 'disabled',
      (error) => failedGuard(error),
    );
    const waits = async () => {
      const text = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
      return (await app.db.run({ name: '', text }, [])).length > 0;
    };
    const settled = disabled.then((code) => {
      outcome = code;
    });
    await until('the second waits for the first', async () => outcome !== undefined || (await waits()));
    return { ended: settled };
  });
  await ended;
  assert.equal(outcome, 'require_administrator');
  assert.ok(await hasAdministrator(app.db));
});

test('what is for an installation without an administrator is refused once there is one', async () => {
  const { id } = await app.seed.person();
  await accounts.setRoles(id, [ADMINISTRATOR]);
  await assert.rejects(app.db.transact(requireNoAdministrator()), (error) => failedGuard(error) === 'require_rows');
});

test('administrators are found by an index, among any number of people', async () => {
  const rows = await app.db.run<{ 'QUERY PLAN': string }>(
    {
      name: '',
      text: `EXPLAIN SELECT count(*) FROM accounts WHERE 'cardea-admin' = ANY (roles) AND disabled_at IS NULL`,
    },
    [],
  );
  assert.match(rows.map((row) => row['QUERY PLAN']).join('\n'), /accounts_administrators/);
});
