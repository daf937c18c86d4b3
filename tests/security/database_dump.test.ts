import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { authorize, redeem, refresh } from '../helpers/relying_party.ts';
import { collected, dumpDatabase, formsOf, isCollecting } from '../helpers/secrets.ts';

/**
 * Promise 8: a database dump signs nobody in. Runs last in a whole run, over the dumps that every test's database left
 * and the logs of every server, with each secret that any test has used.
 */
const scope = { after };

test('neither a dump of any database nor any log of the run holds a secret that was used', (t) => {
  const { secrets, dumps, logs } = collected();
  // Somebody's short example ("secret", "x") would be found anywhere.
  const searched = secrets.filter(({ value }) => value.length >= 12);
  t.diagnostic(`${searched.length} secrets, ${dumps.length} dumps, ${logs.length} logs`);
  if (isCollecting()) {
    assert.ok(searched.length > 100, 'the run has hardly used any secrets');
    assert.ok(dumps.length > 10, 'the run has hardly left any dumps');
  }
  const needles = searched.flatMap(({ kind, value }) => formsOf(value).map((form) => ({ kind, form })));
  const found = new Set<string>();
  for (const file of [...dumps, ...logs]) {
    const text = readFileSync(file, 'latin1');
    for (const { kind, form } of needles) if (text.includes(form)) found.add(`${kind} in ${file}`);
  }
  assert.deepEqual([...found], []);
});

test('the search finds what is there, so finding nothing means something', async () => {
  const app = await deployment(scope);
  const person = await app.seed.person({ email: 'grace.hopper@example.com', name: 'Grace Brewster Hopper' });
  const party = await app.seed.party({ name: 'Dump me' });
  const granted = await authorize({ issuer: app.issuer, party, person });
  const first = await redeem(app.issuer, party, granted);
  const second = await refresh(app.issuer, party, first.body.refresh_token ?? '');
  const dump = await dumpDatabase(app.databaseUrl);
  const holds = (value: string) => formsOf(value).some((form) => dump.includes(form));

  // What may be read: names of apps, ids.
  assert.ok(holds('Dump me') && holds(party.id) && holds(person.id));
  // What may not: whatever proves or tells who somebody is.
  const session = granted.browser.cookies();
  const hidden = [
    granted.code,
    ...[first, second].flatMap(({ body }) => [body.access_token, body.refresh_token, body.id_token]),
    party.secret,
    person.password,
    person.email,
    'Grace Brewster Hopper',
    ...session,
  ];
  for (const value of hidden) assert.ok(value && !holds(value), `found ${value?.slice(0, 6)}…`);
});
