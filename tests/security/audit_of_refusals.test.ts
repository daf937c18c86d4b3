import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ROUTES } from '../../server/admin/routes.ts';
import { bearer, callApi, console, machine, machineToken, operator, personToken } from '../helpers/admin_api.ts';
import { deployment } from '../helpers/deployment.ts';

/** What is denied or refused has an entry in the audit: one without personal data, and not as many as somebody likes to cause. */
const scope = { after };
const MOST = 5;
const app = await deployment(scope, {
  env: { CARDEA_LIMITS: `refusals.client=${3 * ROUTES.length},refusals.account=${MOST}` },
});
const SCOPE = 'cardea:users:write cardea:groups:write cardea:sessions:write';
const robot = await machineToken(app, await machine(app, SCOPE), SCOPE);
const web = await console(app, `openid ${SCOPE}`);
const [nobody, another] = await Promise.all([0, 1].map(async () => personToken(app, web, await operator(app), SCOPE)));
const entriesOf = (clientId: string | null) =>
  app.db.run<{ target_id: string; outcome: string }>(
    {
      text: `SELECT target_id, outcome FROM audit WHERE client_id IS NOT DISTINCT FROM $1 AND outcome <> 'done' ORDER BY id`,
    },
    [clientId],
  );
const creation = (token: string) =>
  callApi(app, '/groups', {
    method: 'POST',
    headers: { ...bearer(token), 'content-type': 'application/json' },
    body: '{"name":"a"}',
  });

test('an e-mail address or a username that is sent in place of an id is not in the audit', async () => {
  const changes = ROUTES.filter(({ path, operation }) => path.includes(':') && operation.kind === 'change');
  for (const { method, path } of changes) {
    for (const typed of path.startsWith('/users/') ? ['ada@example.com', 'ada'] : ['ada@example.com']) {
      const isSent = method !== 'DELETE';
      const { status } = await callApi(app, path.replaceAll(/:[a-z_]+/g, encodeURIComponent(typed)), {
        method,
        headers: { ...bearer(robot), 'if-match': '*', ...(isSent ? { 'content-type': 'application/json' } : {}) },
        ...(isSent ? { body: '{}' } : {}),
      });
      assert.ok(status >= 400 && status < 500, `${method} ${path}: ${status}`);
    }
  }
  const entries = await entriesOf(null);
  assert.ok(entries.length > changes.length);
  assert.deepEqual([...new Set(entries.map((one) => one.target_id))], ['']);
});

test('the id of what exists is', async () => {
  const unknown = '00000000-0000-7000-8000-000000000000';
  const headers = { ...bearer(robot), 'if-match': '*' };
  await callApi(app, `/users/${unknown}`, { method: 'DELETE', headers });
  await callApi(app, '/groups/team', { method: 'DELETE', headers });
  assert.deepEqual(
    (await entriesOf(null)).slice(-2).map((one) => one.target_id),
    [unknown, 'team'],
  );
});

test('somebody who may do nothing causes a bounded number of entries, and takes none from others', async () => {
  for (let i = 0; i < MOST + 3; i += 1) assert.equal((await creation(nobody ?? '')).status, 403);
  assert.equal((await entriesOf(web.id)).length, MOST);
  await creation(another ?? '');
  assert.deepEqual(
    (await entriesOf(web.id)).map(({ outcome }) => outcome),
    Array.from({ length: MOST + 1 }, () => 'denied'),
  );
});
