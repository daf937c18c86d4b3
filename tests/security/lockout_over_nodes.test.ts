import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDb } from '../../server/platform/db.ts';
import { begin } from '../flows/support.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { createSeeder } from '../helpers/deployment.ts';
import { startCluster } from '../helpers/processes.ts';
import { defer } from '../helpers/scope.ts';

/** 100 parallel guesses on two processes count as three guesses. */
const scope = { after };
const { nodes, issuer, databaseUrl, masterKey } = await startCluster(scope, { nodes: 2 });
const db = createDb({ url: databaseUrl });
defer(scope, () => db.close());
const seed = await createSeeder(db, masterKey);
const party = await seed.party();

test('of 100 parallel guesses on two processes three are verified, and the right one among the others is refused', async () => {
  const person = await seed.person();
  const visits = await Promise.all(
    nodes.map(async (node) => {
      const { browser, page } = await begin({ issuer }, party, {}, browserSession(issuer, node.url));
      const { action, fields } = formOf(page);
      return (password: string) =>
        browser.post(action, { ...fields, identifier: person.email, password, action: 'signin' });
    }),
  );
  const answers = await Promise.all(
    Array.from({ length: 100 }, async (_, i) => (await visits[i % visits.length]?.(`wrong ${i}`))?.status),
  );
  assert.ok(
    answers.every((status) => status === 400 || status === 503),
    'wrong, or waiting for the guesses before it',
  );
  const [counted] = await db.run<{ failures: number }>(
    { name: '', text: 'SELECT sum(failures)::int AS failures FROM attempts WHERE account_id = $1' },
    [person.id],
  );
  assert.equal(counted?.failures, 3);
  const late = await Promise.all(Array.from({ length: 20 }, (_, i) => visits[i % visits.length]?.(person.password)));
  assert.deepEqual(new Set(late.map((page) => page?.status)), new Set([400]));
});
