import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TSchema } from 'typebox';
import { ROUTES, type Route } from '../../server/admin/routes.ts';
import { PERMISSION_SCOPES } from '../../server/operations/permissions.ts';
import { bearer, machine, machineToken } from '../helpers/admin_api.ts';
import { callRoute, nameOf } from '../helpers/admin_routes.ts';
import { deployment } from '../helpers/deployment.ts';

/** A request changes the members that its schema names, and no other (Zitadel CVE-2026-27946). */
const app = await deployment({ after });
const ALL = PERMISSION_SCOPES.join(' ');
const token = await machineToken(app, await machine(app, ALL), ALL);

/** What an attacker would set, besides what the route shows and does not take. */
const WANTED = [
  ...['id', 'sub', 'user_id', 'client_id', 'name_id', 'version', 'epoch', 'created_at', 'updated_at', 'managed_by'],
  ...[
    'role',
    'roles',
    'permissions',
    'scope',
    'scopes',
    'groups',
    'first_party',
    'builtin',
    'kind',
    'open',
    'disabled',
  ],
  ...['password', 'password_hash', 'secret', 'secret_hash', 'client_secret', 'email_verified', 'second_factors'],
  ...['dry_run', 'force', 'actor', 'is_admin', 'admin'],
];

const membersOf = (schema: TSchema | undefined): string[] =>
  Object.keys((schema as { readonly properties?: object } | undefined)?.properties ?? {});

const everyBody = ROUTES.filter(({ operation }) => membersOf(operation.schemas.body).length > 0);
const withBody = everyBody.filter(({ operation }) => operation.kind !== 'stream');
const withLines = everyBody.filter(({ operation }) => operation.kind === 'stream' && operation.changes);

/** The example of the route, with more members. */
function bodyWith({ operation }: Route, members: readonly string[]): object {
  const more = Object.fromEntries(members.map((member) => [member, 'x']));
  return { ...(operation.example.input?.body as object | undefined), ...more };
}

/** The most members that an error names. */
const NAMED_MAX = 7;

test('an unknown member of the body is refused by its name, and nothing is changed (Zitadel CVE-2026-27946)', async () => {
  for (const route of withBody) {
    const { body, output } = route.operation.schemas;
    const known = membersOf(body);
    const foreign = [...new Set([...WANTED, ...membersOf(output)])].filter((member) => !known.includes(member));
    for (let from = 0; from < foreign.length; from += NAMED_MAX) {
      const members = foreign.slice(from, from + NAMED_MAX);
      const answer = await callRoute(app, route, bearer(token), bodyWith(route, members), '');
      assert.equal(answer.status, 400, nameOf(route));
      // A body that must have one member alone has one too many as well.
      const pointers = answer.body.errors
        .map(({ pointer }: { pointer: string }) => pointer)
        .filter((pointer: string) => pointer !== '');
      assert.deepEqual(
        pointers,
        members.map((member) => `/${member}`),
        nameOf(route),
      );
    }
  }
  const [first] = withBody;
  if (first) {
    const { status, body } = await callRoute(app, first, bearer(token), bodyWith(first, WANTED), '');
    assert.equal(status, 400);
    assert.ok(body.errors.length > 0 && body.errors.every(({ pointer }: { pointer: string }) => pointer !== '/body'));
  }
  const done = await app.db.run(
    { name: '', text: `SELECT action FROM audit WHERE outcome = 'done' AND actor_kind <> 'system'` },
    [],
  );
  assert.deepEqual(done, []);
});

test('a line with an unknown member is rejected by its name', async () => {
  assert.ok(withLines.length > 0);
  for (const route of withLines) {
    const { body, output } = route.operation.schemas;
    const known = membersOf(body);
    for (const member of [...WANTED, ...membersOf(output), '__proto__', 'constructor']) {
      if (known.includes(member)) continue;
      const line = JSON.stringify(bodyWith(route, [])).replace('{', `{"${member}":"x",`);
      const { body: lines } = await callRoute(app, route, bearer(token), JSON.parse(line));
      const [, rejected] = lines;
      assert.equal(rejected.result, 'rejected', nameOf(route));
      assert.ok(rejected.reason.startsWith(`${member}: is not known here`), rejected.reason);
    }
  }
});

test('a member that changes objects themselves is refused', async () => {
  for (const route of withBody) {
    for (const member of ['__proto__', 'constructor']) {
      const { operation } = route;
      const body = JSON.parse(`{"${member}":{"admin":true}}`) as object;
      const example = operation.example.input?.body as object | undefined;
      const { status } = await callRoute(
        app,
        route,
        bearer(token),
        Object.assign(Object.create(null), example, body),
        '',
      );
      assert.equal(status, 400, `${nameOf(route)}: ${member}`);
    }
  }
});

test('an unknown parameter of the query is refused by its name', async () => {
  for (const route of ROUTES) {
    const answer = await callRoute(app, route, bearer(token), {}, '?user_id=x');
    assert.equal(answer.status, 400, nameOf(route));
    assert.ok(JSON.stringify(answer.body.errors ?? answer.body.detail).includes('user_id'), nameOf(route));
  }
});
