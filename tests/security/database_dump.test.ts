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

interface Needle {
  readonly kind: string;
  readonly form: string;
}

/** Tens of thousands of secrets in megabytes of dumps: one pass that looks at what each place begins with. */
const BEGINNING = 8;

function byBeginning(needles: readonly Needle[]): Map<string, Needle[]> {
  return Map.groupBy(needles, ({ form }) => form.slice(0, BEGINNING));
}

function* kindsIn(text: string, needles: ReadonlyMap<string, readonly Needle[]>): Generator<string> {
  for (let at = 0; at + BEGINNING <= text.length; at += 1) {
    for (const { kind, form } of needles.get(text.slice(at, at + BEGINNING)) ?? []) {
      if (text.startsWith(form, at)) yield kind;
    }
  }
}

test('no database dump and no log of this run contains a secret that was used', (t) => {
  const { secrets, dumps, logs } = collected();
  // Somebody's short example ("secret", "x") would be found anywhere.
  const searched = secrets.filter(({ value }) => value.length >= 12);
  t.diagnostic(`${searched.length} secrets, ${dumps.length} dumps, ${logs.length} logs`);
  if (isCollecting()) {
    assert.ok(searched.length > 100, 'the run has hardly used any secrets');
    assert.ok(dumps.length > 10, 'the run has hardly left any dumps');
  }
  const needles = byBeginning(searched.flatMap(({ kind, value }) => formsOf(value).map((form) => ({ kind, form }))));
  const found = new Set<string>();
  for (const file of [...dumps, ...logs]) {
    for (const kind of kindsIn(readFileSync(file, 'latin1'), needles)) found.add(`${kind} in ${file}`);
  }
  assert.deepEqual([...found], []);
});

test('the search finds a value that is in a dump', async () => {
  const app = await deployment(scope);
  const person = await app.seed.person({ email: 'grace.hopper@example.com', name: 'Grace Brewster Hopper' });
  const party = await app.seed.party({ name: 'Dump me too' });
  const granted = await authorize({ issuer: app.issuer, party, person });
  const first = await redeem(app.issuer, party, granted);
  const second = await refresh(app.issuer, party, first.body.refresh_token ?? '');
  const dump = await dumpDatabase(app.databaseUrl);
  const holds = (value: string) => formsOf(value).some((form) => dump.includes(form));

  const fast = byBeginning([
    { kind: 'name', form: 'Dump me too' },
    { kind: 'id', form: party.id },
    { kind: 'absent', form: 'Dump her as well' },
  ]);
  assert.deepEqual([...new Set(kindsIn(dump, fast))].sort(), ['id', 'name']);
  // What may be read: names of apps, ids.
  assert.ok(holds('Dump me too') && holds(party.id) && holds(person.id));
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
