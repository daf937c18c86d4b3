import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { decodeJwt } from 'jose';
import { createNamed } from '../../server/accounts/named.ts';
import { ROUTES } from '../../server/admin/routes.ts';
import { changesSomething } from '../../server/operations/operation.ts';
import { isPermission, PERMISSION_SCOPES, PERMISSIONS, scopeOf } from '../../server/operations/permissions.ts';
import { makeKey } from '../flows/dpop_deployment.ts';
import { bearer, console, machine, machineToken, operator, personToken, signAsServer } from '../helpers/admin_api.ts';
import { callRoute, nameOf, PERMITTED } from '../helpers/admin_routes.ts';
import { deployment } from '../helpers/deployment.ts';

/** Every route of the admin API with every kind of token: a new route is tested here without a change. */
const app = await deployment({ after });
const ALL = PERMISSION_SCOPES.join(' ');
const robot = await machine(app, ALL);
const valid = await machineToken(app, robot, ALL);
const claims = decodeJwt(valid);
const web = await console(app, `openid ${ALL}`);
const person = await operator(app, 'cardea-admin');
const access = await personToken(app, web, person, ALL);
const { thumbprint } = await makeKey();
const roles = createNamed('roles', { db: app.db, now: Date.now });
const needed = [...new Set(PERMITTED.flatMap(({ all }) => all))];
const roleWithout = (permission: string) => `all-but-${permission.replaceAll(':', '-')}`;
for (const permission of needed) {
  const permissions = PERMISSIONS.filter((one) => one !== permission);
  await app.db.transact(roles.creating(roleWithout(permission), { permissions }).statements);
}
const refusedTokens: Readonly<Record<string, string>> = {
  'another audience': await signAsServer(app, { ...claims, aud: 'https://api.example.com' }),
  'an expired token': await signAsServer(app, { ...claims, exp: Math.floor(Date.now() / 1_000) - 1 }),
  'a copy of a DPoP token without the key': await signAsServer(app, { ...claims, cnf: { jkt: thumbprint } }),
  'a copy of a token of a certificate': await signAsServer(app, { ...claims, cnf: { 'x5t#S256': thumbprint } }),
};

test('every operation of a route names a permission, or says that every caller may run it', () => {
  for (const route of PERMITTED) assert.ok(isPermission(route.permission), nameOf(route));
  const open = ROUTES.filter((route) => !PERMITTED.some((one) => nameOf(one) === nameOf(route)));
  assert.deepEqual(open.map(nameOf), ['GET /me'], 'routes that need no permission are few, and listed here');
});

test('what reads needs a permission to read, and what changes one to write', () => {
  for (const route of PERMITTED) {
    const action = changesSomething(route.operation) ? 'write' : 'read';
    assert.ok(route.permission.endsWith(`:${action}`), nameOf(route));
    // What is searched for may be personal, so it is in a body and not in a URL; so are the heads that the audit is compared with.
    if (['POST /users/search', 'POST /audit/verify'].includes(nameOf(route))) continue;
    assert.equal(route.method === 'GET', !changesSomething(route.operation), nameOf(route));
  }
});

test('every route refuses a request without a token', async () => {
  for (const route of ROUTES) {
    const { status, challenge } = await callRoute(app, route, {});
    assert.equal(status, 401, nameOf(route));
    assert.match(challenge, /^Bearer resource_metadata=/, nameOf(route));
  }
});

test('every route refuses a token of another audience, an expired one, and copies of bound ones', async () => {
  for (const route of ROUTES) {
    for (const [what, jwt] of Object.entries(refusedTokens)) {
      const { status, challenge } = await callRoute(app, route, bearer(jwt));
      assert.equal(status, 401, `${nameOf(route)} with ${what}`);
      assert.match(challenge, /error="invalid_token"/, `${nameOf(route)} with ${what}`);
    }
  }
});

test('every route refuses a token with all scopes but its own', async () => {
  for (const permission of needed) {
    const own = scopeOf(permission);
    const others = PERMISSION_SCOPES.filter((scope) => scope !== own).join(' ');
    const jwt = await signAsServer(app, { ...claims, scope: others });
    for (const route of PERMITTED.filter(({ all }) => all.includes(permission))) {
      const { status, challenge } = await callRoute(app, route, bearer(jwt));
      assert.equal(status, 403, nameOf(route));
      assert.ok(challenge.includes(`error="insufficient_scope"`), nameOf(route));
      assert.ok(challenge.includes(`scope="${own}"`), nameOf(route));
    }
  }
});

test('every route accepts a token with its scopes alone', async () => {
  for (const route of PERMITTED) {
    const jwt = await signAsServer(app, { ...claims, scope: route.all.map(scopeOf).join(' ') });
    const { status } = await callRoute(app, route, bearer(jwt));
    assert.ok(status !== 401 && status !== 403 && status < 500, `${nameOf(route)}: ${status}`);
  }
});

test('every route refuses a person with all scopes and a role with all permissions but its own', async () => {
  for (const permission of needed) {
    await app.seed.accounts.setRoles(person.id, [roleWithout(permission)]);
    for (const route of PERMITTED.filter(({ all }) => all.includes(permission))) {
      const { status, challenge } = await callRoute(app, route, bearer(access));
      assert.deepEqual([status, challenge], [403, ''], nameOf(route));
    }
  }
  await app.seed.accounts.setRoles(person.id, ['cardea-admin']);
  for (const route of PERMITTED) {
    const { status } = await callRoute(app, route, bearer(access));
    assert.ok(status !== 401 && status !== 403, `${nameOf(route)}: ${status}`);
  }
});
