import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ROUTES } from '../../server/admin/routes.ts';
import { adminApi } from '../helpers/admin.ts';
import { nameOf } from '../helpers/admin_routes.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { createFactorSeeder } from '../helpers/factors.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { createRecordSeeder } from '../helpers/records.ts';

/**
 * A path names a person and something of theirs: by the path of one person nothing of another is reached (OWASP API1:2023, broken
 * object level authorization). The rights of an operator depend on the person, so they would be those over the wrong one.
 */
const scope = { after };
const app = await operatedDatabase(scope);
const api = await adminApi(scope, app);
const records = createRecordSeeder(app);
const factors = await createFactorSeeder(app);
const party = await app.seed.party();

/** Makes what somebody has, by the name of the parameter of its route. @returns the value of the parameter */
const THINGS: Readonly<Record<string, (id: string) => Promise<string>>> = {
  uid: (id) => records.session(id),
  async client_id(id) {
    await records.grant(id, party.id);
    return party.id;
  },
  async passkey_id(id) {
    await factors.passkey(id, softPasskey());
    const [passkey] = await factors.passkeys.list(await factors.accounts.resolve(id));
    return passkey?.id ?? '';
  },
};
const WITHIN = /^\/users\/:id\/.*:([a-z_]+)$/;

const routes = ROUTES.flatMap((route) => {
  const parameter = WITHIN.exec(route.path)?.[1];
  return parameter === undefined ? [] : [{ ...route, parameter }];
});

test('each route below a person is tried', () => {
  assert.deepEqual([...new Set(routes.map(({ parameter }) => parameter))].toSorted(), Object.keys(THINGS).toSorted());
});

for (const { parameter, ...route } of routes) {
  test(`${nameOf(route)} reaches nothing of another person`, async () => {
    const [person, other] = [await app.seed.person(), await app.seed.person()];
    const thing = (await THINGS[parameter]?.(other.id)) ?? '';
    const of = (id: string) => route.path.replace(':id', id).replace(`:${parameter}`, thing);
    const send = (id: string) => api.request(route.method, of(id), { headers: { 'if-match': '*' } });
    assert.equal((await send(person.id)).status, 404);
    assert.equal((await send(other.id)).status, 200, 'it is there still');
  });
}
