import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { tokens } from '../../server/operations/tokens.ts';
import { adminApi } from '../helpers/admin.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';

/** What the API says of a name that it does not know: the nearest one that there is. */

const scope = { after };
const api = await adminApi(scope, await operatedDatabase(scope));

for (const [what, method, path, body, near] of [
  ['a member', 'POST', '/clients', { client_name: 'Shop', redirect_uri: [] }, 'redirect_uris'],
  ['a member that is misspelled', 'POST', '/clients', { client_nme: 'Shop' }, 'client_name'],
  ['a member of OpenID Connect', 'POST', '/users', { email: 'a@example.com', preferred_username: 'a' }, 'username'],
  ['a member within another', 'POST', '/users', { email: 'a@example.com', address: { localty: 'a' } }, 'locality'],
  ['a parameter', 'GET', '/users?filtr=a', undefined, 'filter'],
  ['a parameter of changes', 'POST', '/groups?dry_run=true', { name: 'a' }, 'dryRun'],
  ['a field to filter by', 'GET', '/users?filter=disable%20eq%20true', undefined, 'disabled'],
  ['an order', 'GET', '/users?sort=-create_at', undefined, '-created_at'],
  ['a member to answer with', 'GET', '/users?fields=id,e-mail', undefined, 'email'],
  ['a member of an export', 'GET', '/users/export?fields=e-mail', undefined, 'email'],
] as const) {
  test(`${what} that is not known: the nearest one is named`, async () => {
    const { status, body: answer } = await api.request(method, path, { body });
    assert.equal(status, 400);
    const details = answer.errors.map(({ detail }: { detail: string }) => detail);
    assert.ok(
      details.some((one: string) => one.endsWith(`; did you mean ${near}?`)),
      String(details),
    );
  });
}

test('a body that needs one member of several is told which there are', async () => {
  const kinds = Object.keys(tokens.revoke.schemas.body.properties);
  for (const body of [{}, { grant: 'a', jti: 'b' }]) {
    const answer = await api.request('POST', '/tokens/revoke', { body });
    assert.equal(answer.status, 400);
    const [{ detail }] = answer.body.errors;
    for (const name of kinds) assert.ok(detail.includes(name), detail);
  }
});
