import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Type } from 'typebox';
import { mountAdmin } from '../../server/admin/mount.ts';
import type { Route } from '../../server/admin/route.ts';
import { change, read, type Schemas, stream } from '../../server/operations/operation.ts';
import { strict } from '../../server/operations/schema.ts';
import { createHttp } from '../../server/platform/http.ts';
import { createLog } from '../../server/platform/log.ts';
import { linesIn } from '../helpers/admin_api.ts';
import { limitsOf } from '../helpers/limits.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { caller, operationsOf } from '../helpers/operations.ts';
import { defer } from '../helpers/scope.ts';

/** What an operation returns beyond its schema stays within the server. */
const scope = { after };
const Part = strict({ name: Type.String() });
const schemas = {
  output: strict({ name: Type.String(), part: Part, list: Type.Array(Part) }),
} satisfies Schemas;
const PERSON = { name: 'Ada' };
const SHOWN = { ...PERSON, part: PERSON, list: [PERSON] };
const LEAK = { passwordHash: 'phc' };
const leaking = { ...PERSON, ...LEAK, part: { ...PERSON, ...LEAK }, list: [{ ...PERSON, ...LEAK }] };
const common = { summary: 'Leak', schemas, example: { output: SHOWN } } as const;
const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/leaks',
    operation: read({ ...common, name: 'leaks.show', permission: 'users:read', run: async () => leaking }),
  },
  {
    method: 'POST',
    path: '/leaks',
    operation: change({
      ...common,
      name: 'groups.create',
      permission: 'users:write',
      target: 'leak',
      plan: async () => ({ statements: [], target: { kind: 'leak', id: 'one' }, result: () => leaking }),
    }),
  },
  {
    method: 'GET',
    path: '/leaks/export',
    operation: stream({
      ...common,
      name: 'users.export',
      permission: 'users:read',
      target: 'leak',
      changes: false,
      async *run() {
        yield [leaking];
      },
    }),
  },
];

const { runner, services } = await operationsOf(scope, await operatedDatabase(scope));
const log = createLog({ level: 'silent' });
const http = createHttp({ log, secure: false, trustedProxies: [], renderError: () => '' });
await http.register(mountAdmin, {
  issuer: services.config.issuer,
  runner,
  log,
  limits: limitsOf({}).admin,
  routes: ROUTES,
  authenticate: async () => caller(),
});
defer(scope, () => http.close());

for (const { method, path, operation } of ROUTES) {
  test(`the answer of a ${operation.kind} has the members of its schema alone`, async () => {
    const { statusCode, body } = await http.inject({ method, url: `/api/v1${path}` });
    assert.equal(statusCode, 200, body);
    assert.deepEqual(linesIn(body), [SHOWN]);
  });
}
