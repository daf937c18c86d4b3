import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDb, type SlowStatement } from '../../server/platform/db.ts';
import { createRequestContext } from '../../server/platform/request_context.ts';
import { deployment } from '../helpers/deployment.ts';
import { mailbox } from '../helpers/mailbox.ts';
import { authorize } from '../helpers/relying_party.ts';
import { defer } from '../helpers/scope.ts';
import { until } from '../helpers/waiting.ts';

const scope = { after };
const post = await mailbox(scope);
const app = await deployment(scope, { env: { CARDEA_SMTP_URL: post.url } });
const party = await app.seed.party({ firstParty: true });
const person = await app.seed.person();
const { issuer } = app;

test('one id names a sign-in in the audit, the log, the comments of SQL and the header of its mail', async () => {
  // Of the second browser the person is told by mail.
  await authorize({ issuer, party, person });
  await authorize({ issuer, party, person });
  const entries = await app.db.run<{ request_id: string }>(
    { text: `SELECT request_id FROM audit WHERE action = 'sessions.begin' AND actor_id = $1 ORDER BY id` },
    [person.id],
  );
  const id = entries.at(-1)?.request_id ?? '';
  assert.match(id, /^[0-9a-f-]{36}$/);
  const mail = await post.next(person.email);
  assert.equal(mail.headers.get('x-request-id'), id);
  const comment = `/*request_id='${id}'*/`;
  assert.ok(app.commented.includes(`BEGIN ${comment}`), 'BEGIN names the request');
  assert.ok(app.commented.includes(`COMMIT ${comment}`), 'COMMIT names the request');
  const lines = () => app.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
  await until('the mail is logged', () =>
    lines().some((line) => line.msg === 'a mail was sent' && line.requestId === id),
  );
  const [request] = lines().filter((line) => line.msg === 'request' && line.requestId === id);
  assert.match(String(request?.route), /^\/(login|authorize)\/:uid$/);
});

test('an id that a client sends is not taken: it could pass for another request', async () => {
  const response = await fetch(issuer, { headers: { 'x-request-id': 'mine' } });
  assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
});

test('statements that take long are told of by their names, with the request', async (t) => {
  const told: SlowStatement[] = [];
  const requestContext = createRequestContext();
  const db = createDb({ url: app.databaseUrl, requestContext, slowMs: 0, onSlow: (slow) => void told.push(slow) });
  defer(t, () => db.close());
  await requestContext.run('one', () => db.run({ name: 'test.slow', text: 'SELECT 1' }, []));
  assert.deepEqual(
    told.map(({ statements, requestId }) => [statements, requestId]),
    [[['test.slow'], 'one']],
  );
});
