import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ACTOR_MS } from '../../server/operations/run_stream.ts';
import { userExport } from '../../server/operations/user_export.ts';
import { AppError } from '../../server/platform/errors.ts';
import { post } from '../flows/support.ts';
import { apiOf, bearer, console, machine, machineToken, operator, personToken } from '../helpers/admin_api.ts';
import { deployment, type Party } from '../helpers/deployment.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { authorization } from '../helpers/relying_party.ts';
import { jsonLines, openStream } from '../helpers/streams.ts';

/* An import or export may take hours. A token that is revoked, and a permission that is taken away, ends it soon. */

const scope = { after };
let ahead = 0;
const now = () => Date.now() + ahead;
const app = await deployment(scope, { now });
const { seed } = app;
const { runner } = await operationsOf(scope, app, now);
const WRITE = 'cardea:users:write';

/** An import that has stored one person already. */
async function begun(access: string, email: string) {
  const stream = openStream(`${apiOf(app)}/users/import?results=all`, { headers: bearer(access) });
  await stream.send(jsonLines({ email }));
  assert.equal((await stream.next()).type, 'progress');
  assert.equal((await stream.next()).result, 'imported');
  return stream;
}

/** The status and the next line in the end of an import that goes on a while later; undefined when it is complete. */
async function endOf(stream: ReturnType<typeof openStream>, email: string) {
  ahead += ACTOR_MS;
  await stream.send(jsonLines({ email }));
  stream.end();
  const { complete, next_line: line, error } = (await stream.rest()).at(-1);
  return complete ? undefined : [error.status, line];
}

const ended: readonly (readonly [
  what: string,
  status: number | undefined,
  end: (party: Party, access: string) => unknown,
])[] = [
  ['nothing', undefined, () => {}],
  ['its token is revoked', 401, (party, access) => post(app, '/revoke', { token: access }, authorization(party))],
  [
    'its client loses the scope',
    403,
    ({ id }) => seed.clients.update(id, { metadata: { scope: 'cardea:users:read' } }),
  ],
  ['its client is deleted', 401, ({ id }) => seed.clients.remove(id)],
];
for (const [what, status, end] of ended) {
  test(`an import of a machine, when ${what} meanwhile`, async () => {
    const party = await machine(app, `${WRITE} cardea:users:read`);
    const access = await machineToken(app, party, WRITE);
    const [first, second] = [`${party.id}@one.example`, `${party.id}@two.example`];
    const stream = await begun(access, first);
    await end(party, access);
    assert.deepEqual(await endOf(stream, second), status === undefined ? undefined : [status, 2]);
    await seed.accounts.resolve(first);
    if (status === undefined) await seed.accounts.resolve(second);
    else await assert.rejects(seed.accounts.resolve(second), { code: 'not_found' });
  });
}

test('an import of a person who loses the role meanwhile', async () => {
  const person = await operator(app, 'cardea-operator');
  const party = await console(app, `openid ${WRITE}`);
  const stream = await begun(await personToken(app, party, person, WRITE), 'role@one.example');
  await seed.accounts.setRoles(person.id, []);
  assert.deepEqual(await endOf(stream, 'role@two.example'), [403, 2]);
});

test('an export, of which no line tells the end', async () => {
  for (let i = 0; i < 201; i += 1) await seed.accounts.create({ email: `p${i}@example.com` });
  const refusal = new AppError('invalid_token', 'the token was revoked');
  const call = {
    actor: actor(),
    requestId: 'r',
    actorNow: async () => {
      throw refusal;
    },
  };
  const running = await runner.stream(userExport.export, { query: {}, lines: (async function* () {})() }, call);
  assert.equal((await running.next())?.length, 200);
  ahead += ACTOR_MS;
  await assert.rejects(running.next(), refusal);
  await running.stop();
});

// The last one: tokens have the time of the machine.
test('an import goes on when its token expires meanwhile', async () => {
  const party = await machine(app, WRITE);
  const stream = await begun(await machineToken(app, party, WRITE), 'expires@one.example');
  ahead += 3 * 3_600_000;
  assert.equal(await endOf(stream, 'expires@two.example'), undefined);
});
