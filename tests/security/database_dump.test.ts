import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { deployment } from '../helpers/deployment.ts';
import { personalFinder } from '../helpers/personal_logs.ts';
import { authorize, redeem, refresh } from '../helpers/relying_party.ts';
import { collected, dumpDatabase, formsOf, isCollecting } from '../helpers/secrets.ts';

/**
 * Promise 8: a stolen database dump is useless for signing in. This file runs last, and searches the database dumps of all tests and the
 * logs of all servers for each secret that a test has used.
 */
const scope = { after };

interface Needle {
  readonly kind: string;
  readonly form: string;
}

interface Needles {
  /** Needles by their first characters. */
  readonly byBeginning: ReadonlyMap<string, readonly Needle[]>;
  /** A bit for each hash of eight bytes: 1 where a needle may begin. */
  readonly mayBegin: Int32Array;
}

/** There are tens of thousands of secrets and megabytes of dumps, so one pass selects the few places to compare. */
const BEGINNING = 8;
const HASH_BITS = 24;

function hashOf(first: number, second: number): number {
  return (Math.imul(first, 0x9e_37_79_b1) ^ Math.imul(second, 0x85_eb_ca_6b)) >>> (32 - HASH_BITS);
}

function prepare(needles: readonly Needle[]): Needles {
  const mayBegin = new Int32Array(2 ** HASH_BITS / 32);
  for (const { form } of needles) {
    const bytes = Buffer.from(form, 'latin1');
    const hash = hashOf(bytes.readInt32BE(0), bytes.readInt32BE(4));
    mayBegin[hash >>> 5] = (mayBegin[hash >>> 5] ?? 0) | (1 << (hash & 31));
  }
  return { byBeginning: Map.groupBy(needles, ({ form }) => form.slice(0, BEGINNING)), mayBegin };
}

/** The last eight bytes are kept as two numbers, since reading them anew at each place takes three times as long. */
function kindsIn(bytes: Buffer, { byBeginning, mayBegin }: Needles): Set<string> {
  const found = new Set<string>();
  let [first, second] = [0, 0];
  for (let end = 1; end <= bytes.length; end += 1) {
    first = (first << 8) | (second >>> 24);
    second = (second << 8) | (bytes[end - 1] ?? 0);
    const hash = hashOf(first, second);
    if (((mayBegin[hash >>> 5] ?? 0) & (1 << (hash & 31))) === 0 || end < BEGINNING) continue;
    const at = end - BEGINNING;
    for (const { kind, form } of byBeginning.get(bytes.toString('latin1', at, end)) ?? []) {
      if (bytes.toString('latin1', at, at + form.length) === form) found.add(kind);
    }
  }
  return found;
}

test('no database dump and no log of this run contains a secret that was used', (t) => {
  const { secrets, dumps, logs } = collected();
  // Short examples ("secret", "x") and those of few characters ("qqqq…", whose hex is "a" repeated) would be found everywhere.
  const searched = secrets.filter(({ value }) => value.length >= 12 && new Set(value).size >= 4);
  t.diagnostic(`${searched.length} secrets, ${dumps.length} dumps, ${logs.length} logs`);
  if (isCollecting()) {
    assert.ok(searched.length > 100, 'the run has recorded too few secrets');
    assert.ok(dumps.length > 10, 'the run has saved too few dumps');
  }
  const needles = prepare(searched.flatMap(({ kind, value }) => formsOf(value).map((form) => ({ kind, form }))));
  const found = new Set<string>();
  for (const file of [...dumps, ...logs]) {
    for (const kind of kindsIn(readFileSync(file), needles)) found.add(`${kind} in ${file}`);
  }
  assert.deepEqual([...found], []);
});

test('no log of this run names a person: no e-mail address, phone number, IP address of a visitor, name or username', (t) => {
  const { personal, logs } = collected();
  const began = performance.now();
  const find = personalFinder(personal);
  const found = new Map<string, string>();
  let lines = 0;
  for (const file of logs) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      lines += 1;
      for (const value of find(line)) found.set(value, line.slice(0, 500));
    }
  }
  t.diagnostic(`${lines} lines, ${personal.length} names, ${Math.round(performance.now() - began)} ms`);
  if (isCollecting()) assert.ok(lines > 100, 'the run has collected too few lines');
  assert.deepEqual(Object.fromEntries(found), {});
});

test('the search finds personal data in a line of a log, and nothing in what is masked', () => {
  const find = personalFinder(['Wilhelmina Quist', 'w.quist.7', 'ada']);
  const line = (fields: object) => find(JSON.stringify({ level: 'info', time: '2026-11-01T08:00:00.000Z', ...fields }));
  for (const [value, text] of [
    ['wilhelmina@example.com', 'sent to <wilhelmina@example.com>.'],
    ['+44 20 7946 0958', 'called +44 20 7946 0958'],
    ['203.0.113.7', 'from 203.0.113.7'],
    ['2001:db8:1:2::3', 'from 2001:db8:1:2::3'],
    ['Wilhelmina Quist', 'of "Wilhelmina Quist"'],
    ['w.quist.7', '/users/w.quist.7/sessions'],
  ])
    assert.deepEqual(line({ a: { text } }), [value], text);
  const masked = {
    email: 'w•••@e•••.com',
    ip: '203.0.•••',
    peer: '203.0.113.0/24',
    path: '/@fastify/a',
    name: 'W••• Q•••',
    year: '+275760-09-13T00:00:00.001Z',
  };
  assert.deepEqual(
    line({ ...masked, stack: 'at file:///a/node_modules/@node-rs/argon2/index.js:1:2', user: 'ada' }),
    [],
  );
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

  const fast = prepare([
    { kind: 'name', form: 'Dump me too' },
    { kind: 'id', form: party.id },
    { kind: 'absent', form: 'Dump her as well' },
  ]);
  assert.deepEqual([...kindsIn(Buffer.from(dump, 'latin1'), fast)].sort(), ['id', 'name']);
  assert.deepEqual([...kindsIn(Buffer.from('at both ends: Dump me too'), fast)], ['name']);
  assert.deepEqual([...kindsIn(Buffer.from('Dump me too'), fast)], ['name']);
  // Names of apps and ids may be readable.
  assert.ok(holds('Dump me too') && holds(party.id) && holds(person.id));
  // Values that authenticate or identify a person may not be readable.
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
