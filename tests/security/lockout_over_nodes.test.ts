import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { begin } from '../flows/support.ts';
import { browserSession, formOf } from '../helpers/browser_session.ts';
import { deployment, neighbour } from '../helpers/deployment.ts';

/** Parallel guesses on two nodes count as three guesses. */
const scope = { after };
const app = await deployment(scope);
const { db, issuer, seed } = app;
const nodes = [app, await neighbour(scope, app)];
const party = await seed.party();

test('of 30 parallel guesses on two nodes three are verified, and the right one among the others is refused', async () => {
  const person = await seed.person();
  const visits = await Promise.all(
    nodes.map(async (node) => {
      const { browser, page } = await begin({ issuer }, party, {}, browserSession(issuer, node.issuer));
      const { action, fields } = formOf(page);
      return (password: string) =>
        browser.post(action, { ...fields, identifier: person.email, password, action: 'signin' });
    }),
  );
  const answers = await Promise.all(
    Array.from({ length: 30 }, async (_, i) => (await visits[i % visits.length]?.(`wrong ${i}`))?.status),
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
  const late = await Promise.all(Array.from({ length: 10 }, (_, i) => visits[i % visits.length]?.(person.password)));
  assert.deepEqual(new Set(late.map((page) => page?.status)), new Set([400]));
});
