import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import { type FieldValue, matches, readFilter, readTime } from '../../server/platform/filter.ts';
import { createListing, LIST_LIMIT_MAX, type ListRequest } from '../../server/platform/listing.ts';
import { database } from '../helpers/postgres.ts';

interface Thing {
  readonly id: string;
  readonly name: string | null;
  readonly tags: readonly string[];
  readonly made: Date;
  readonly on: boolean;
  readonly size: number | null;
  readonly place: number;
}

const listing = createListing({
  name: 'things',
  select: 't.id, t.name, t.tags, t.made, t."on", t.size, t.place',
  from: 'things t',
  id: { sql: 't.id', type: 'uuid' },
  fields: {
    name: { type: 'text', operators: ['eq', 'ne', 'sw', 'ew', 'co', 'pr'], nullable: true, sql: 't.name' },
    tags: { type: 'texts', operators: ['eq', 'ne', 'co', 'pr'], sql: 't.tags' },
    made: { type: 'time', operators: ['eq', 'gt', 'ge', 'lt', 'le'], sql: 't.made' },
    on: { type: 'boolean', operators: ['eq', 'ne'], sql: 't."on"' },
    size: { type: 'number', operators: ['eq', 'gt', 'ge', 'lt', 'le', 'pr'], nullable: true, sql: 't.size' },
    id: { type: 'id', operators: ['eq'], sql: 't.id' },
  },
  sorts: { made: { sql: 't.made', type: 'time' }, place: { sql: 't.place', type: 'bigint' } },
  defaultSort: 'id',
  item: (row: Thing) => row,
});

/** What can be filtered by. */
const FIELDS = listing.fields;

const { db } = await database({ after });
const run = (text: string, values: readonly unknown[] = []) => db.run({ text }, values);
await run(`CREATE TABLE things (id uuid PRIMARY KEY, name text, tags text[] NOT NULL, made timestamptz NOT NULL,
                                "on" boolean NOT NULL, size integer, place integer NOT NULL)`);

/** Among them all that text forms of SQL and JSON treat in a way of their own. */
const WORDS = ['ada', 'adam', 'a"b', 'b\\n', '\\', 'ä', '', "o'k", '%', '_', '🙂', '$1', '(', 'and'];
const START = Date.parse('2026-01-01T00:00:00Z');

const things: Thing[] = Array.from({ length: 60 }, (_, i) => ({
  id: randomUUID(),
  name: i % 7 === 0 ? null : (WORDS[i % WORDS.length] ?? null),
  tags: WORDS.slice(i % 5, (i % 5) + (i % 3)),
  made: new Date(START + (i % 11) * 1_000),
  on: i % 2 === 0,
  size: i % 4 === 0 ? null : i % 6,
  place: i % 3,
}));
for (const { id, name, tags, made, on, size, place } of things) {
  await run('INSERT INTO things VALUES ($1, $2, $3, $4, $5, $6, $7)', [id, name, tags, made, on, size, place]);
}

async function idsOf(request: ListRequest): Promise<string[]> {
  return (await listing.read(db, { limit: LIST_LIMIT_MAX, ...request })).items.map(({ id }) => id).sort();
}

const text = fc.constantFrom(...WORDS);
const quoted = text.map((word) => JSON.stringify(word));
const time = fc.integer({ min: -1, max: 12 }).map((s) => `"${new Date(START + s * 1_000).toISOString()}"`);
const comparison = fc.oneof(
  fc.tuple(fc.constantFrom('name', 'NAME'), fc.constantFrom('eq', 'ne', 'sw', 'ew', 'co', 'EQ'), quoted),
  fc.tuple(fc.constantFrom('tags'), fc.constantFrom('eq', 'ne', 'co'), quoted),
  fc.tuple(fc.constantFrom('made'), fc.constantFrom('eq', 'gt', 'ge', 'lt', 'le'), time),
  fc.tuple(fc.constantFrom('on'), fc.constantFrom('eq', 'ne'), fc.constantFrom('true', 'false')),
  fc.tuple(fc.constantFrom('size'), fc.constantFrom('eq', 'gt', 'ge', 'lt', 'le'), fc.constantFrom('0', '3', '6')),
  fc.tuple(fc.constantFrom('id'), fc.constantFrom('eq'), fc.constantFrom(...things.map(({ id }) => `"${id}"`))),
  fc.tuple(fc.constantFrom('name', 'tags', 'size'), fc.constantFrom('pr'), fc.constant('')),
  fc.tuple(fc.constantFrom('name', 'size'), fc.constantFrom('eq'), fc.constant('null')),
);
const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    comparison.map((parts) => parts.join(' ').trim()),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a}) and (${b})`),
    fc.tuple(tie('filter'), tie('filter')).map(([a, b]) => `(${a}) or (${b})`),
    tie('filter').map((a) => `not (${a})`),
  ),
}));

describe('a filter', () => {
  test('finds in the database what it matches', async () => {
    await fc.assert(
      fc.asyncProperty(filter, async (given) => {
        const condition = readFilter(given, FIELDS);
        const expected = things.filter((thing) =>
          matches(condition, (field) => thing[field as keyof Thing] as FieldValue),
        );
        assert.deepEqual(await idsOf({ filter: given }), expected.map(({ id }) => id).sort());
      }),
      { numRuns: 300 },
    );
  });

  test('means what RFC 7644 §3.4.2.2 says of precedence, negation and missing values', () => {
    const thing: Record<string, FieldValue> = { name: null, tags: ['a', 'b'], on: true, size: 3 };
    const cases: [string, boolean][] = [
      ['on eq false and on eq false or size eq 3', true],
      ['on eq false and (on eq false or size eq 3)', false],
      ['size eq 3 or on eq true and on eq false', true],
      ['not (size eq 3) or on eq true', true],
      ['not (size eq 3 or on eq true)', false],
      ['name eq "ada"', false],
      ['name ne "ada"', true],
      ['not (name eq "ada")', true],
      ['name eq null', true],
      ['name pr', false],
      ['tags eq "b"', true],
      ['tags ne "b"', false],
      ['size GE 3', true],
    ];
    for (const [given, expected] of cases) {
      assert.equal(
        matches(readFilter(given, FIELDS), (field) => thing[field]),
        expected,
        given,
      );
    }
  });

  test('is refused, with the name of what is wrong', async () => {
    const nested = (levels: number) => `${'('.repeat(levels)}on eq true${')'.repeat(levels)}`;
    const cases: [string, string][] = [
      ['colour eq "red"', '"colour"'],
      ['name.first eq "ada"', '"name.first"'],
      ['constructor eq "ada"', '"constructor"'],
      ['tags[value eq "a"]', '"tags"'],
      ['name gt "ada"', 'name'],
      ['on co true', 'on'],
      ['made pr', 'made'],
      ['name eq true', 'name'],
      ['name eq 1', 'name'],
      ['name eq "\\u0000"', 'name'],
      ['name eq "\\ud800"', 'name'],
      ['on eq "true"', 'on'],
      ['on eq null', 'on'],
      ['size eq 1.5', 'size'],
      ['size eq 1e99', 'size'],
      ['size eq "3"', 'size'],
      ['made gt "yesterday"', 'made'],
      ['made gt "2026-02-30T00:00:00Z"', 'made'],
      ['made gt "0000-01-01T00:00:00Z"', 'made'],
      ['id eq "1"', 'id'],
      ['name eq "ada', 'string'],
      ['name eq "\\x"', 'string'],
      [`name eq "${'\n'.repeat(40)}`, 'string'],
      ['name eq', 'name eq "ada"'],
      ['name', 'name eq "ada"'],
      ['and', 'name eq "ada"'],
      ['on eq true on eq true', 'name eq "ada"'],
      ['(on eq true', 'name eq "ada"'],
      ['on eq true; DROP TABLE things', 'name eq "ada"'],
      [nested(6), 'parentheses'],
      [Array(11).fill('on eq true').join(' and '), 'comparisons'],
      [`name eq "${'a'.repeat(1_024)}"`, '1024'],
    ];
    for (const [given, named] of cases) {
      await assert.rejects(
        async () => listing.read(db, { filter: given }),
        (error: Error & { code?: string; field?: string }) =>
          error.code === 'invalid_input' && error.field === 'filter' && error.message.includes(named),
        given,
      );
    }
    await idsOf({ filter: nested(5) });
    await idsOf({ filter: Array(10).fill('on eq true').join(' and ') });
  });

  test('that is empty is none', async () => {
    assert.equal((await idsOf({ filter: '  ' })).length, things.length);
  });
});

describe('a time', () => {
  test('is read as RFC 3339 writes it, to the millisecond', () => {
    assert.equal(readTime('2026-01-31T12:00:00+02:00')?.toISOString(), '2026-01-31T10:00:00.000Z');
    assert.equal(readTime('2026-01-31t12:00:00.123456z')?.toISOString(), '2026-01-31T12:00:00.123Z');
    for (const wrong of [
      '2026-01-31',
      '2026-01-31T12:00:00',
      '2026-13-01T00:00:00Z',
      '2026-01-01T24:00:00Z',
      'now',
      '',
    ]) {
      assert.equal(readTime(wrong), undefined, wrong);
    }
  });
});

describe('pages', () => {
  test('have every row once, whatever their size, order and filter', async () => {
    const sort = fc.constantFrom('id', '-id', 'made', '-made', 'place', '-place');
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 70 }),
        sort,
        fc.constantFrom(undefined, 'on eq true'),
        async (limit, order, some) => {
          const all = await listing.read(db, { limit: LIST_LIMIT_MAX, sort: order, filter: some });
          const walked: string[] = [];
          for (let cursor: string | undefined; ; ) {
            const page = await listing.read(db, { limit, sort: order, filter: some, cursor });
            walked.push(...page.items.map(({ id }) => id));
            cursor = page.next;
            if (cursor === undefined) break;
            assert.equal(page.items.length, limit);
          }
          assert.deepEqual(
            walked,
            all.items.map(({ id }) => id),
          );
          assert.equal(new Set(walked).size, some ? 30 : 60);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('are ordered by the field, then by id', async () => {
    const { items } = await listing.read(db, { limit: LIST_LIMIT_MAX, sort: '-place' });
    const expected = things.toSorted((a, b) => b.place - a.place || (a.id < b.id ? 1 : -1));
    assert.deepEqual(
      items.map(({ id }) => id),
      expected.map(({ id }) => id),
    );
  });

  test('go on between rows that differ by microseconds', async (t) => {
    const ids = [randomUUID(), randomUUID()];
    await run(
      `INSERT INTO things SELECT unnest($1::uuid[]), 'micro', '{}', unnest(ARRAY['2025-01-01T00:00:00.000002Z', '2025-01-01T00:00:00.000001Z'])::timestamptz, true, 1, 1`,
      [ids],
    );
    t.after(() => run('DELETE FROM things WHERE id = ANY($1)', [ids]));
    const first = await listing.read(db, { limit: 1, sort: 'made' });
    const second = await listing.read(db, { limit: 1, sort: 'made', cursor: first.next });
    assert.deepEqual(
      [...first.items, ...second.items].map(({ id }) => id),
      ids.toReversed(),
    );
  });

  test('have a total when it is asked for, of all pages', async () => {
    assert.equal((await listing.read(db, { limit: 1, filter: 'on eq true', total: true })).total, 30);
    const last = await listing.read(db, { limit: 1, filter: 'name eq "nobody"', total: true });
    assert.deepEqual(last, { items: [], total: 0 });
    assert.equal('total' in (await listing.read(db, { limit: 1 })), false);
    assert.equal(listing.plan({ limit: 1 }).statements.length, 1, 'nothing is counted in vain');
  });

  test('are of the rows of the scope alone', async () => {
    const scope = {
      where: (add: (value: unknown, type: string) => string) => `t.place = ${add(1, 'int')}`,
      key: 'place 1',
    };
    const page = await listing.read(db, { limit: 5, filter: 'on eq true or on eq false', total: true }, scope);
    assert.equal(page.total, 20);
    assert.ok(page.items.every(({ place }) => place === 1));
    await assert.rejects(async () => listing.read(db, { limit: 5, cursor: page.next }, { ...scope, key: 'place 2' }), {
      code: 'invalid_input',
      field: 'cursor',
    });
  });

  test('are refused for a cursor of another list, filter or order, and for one that was made up', async () => {
    const { next = '' } = await listing.read(db, { limit: 1, sort: 'made', filter: 'on eq true' });
    const parts = JSON.parse(Buffer.from(next, 'base64url').toString()) as [string, string, string];
    const made = (...values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
    const wrong: ListRequest[] = [
      { cursor: next },
      { cursor: next, sort: 'made' },
      { cursor: next, sort: '-made', filter: 'on eq true' },
      { cursor: next, sort: 'made', filter: 'on eq false' },
      ...[
        '',
        'x',
        '{}',
        next.slice(1),
        next.slice(0, -4),
        'a'.repeat(5_000),
        made(),
        made(parts[0], null, parts[2]),
      ].map((cursor) => ({ cursor, sort: 'made', filter: 'on eq true' })),
      ...[
        made(parts[0], parts[1], 'x'),
        made(parts[0], '2026-02-31T00:00:00Z', parts[2]),
        made(parts[0], 1, parts[2]),
      ].map((cursor) => ({ cursor, sort: 'made', filter: 'on eq true' })),
    ];
    for (const request of wrong) {
      await assert.rejects(async () => listing.read(db, request), { code: 'invalid_input', field: 'cursor' });
    }
    await listing.read(db, { cursor: next, sort: 'made', filter: 'on eq true', limit: 7 });
  });

  test('are refused for another limit or order than there is', async () => {
    for (const limit of [0, -1, 201, 1.5, Number.NaN]) {
      await assert.rejects(async () => listing.read(db, { limit }), { code: 'invalid_input', field: 'limit' });
    }
    for (const sort of ['size', '--made', 'made desc', 'constructor', '']) {
      await assert.rejects(async () => listing.read(db, { sort }), { code: 'invalid_input', field: 'sort' });
    }
  });

  test('leave no prepared statement behind', async () => {
    const { statements } = listing.plan({ filter: 'name sw "a"' });
    assert.ok(statements.every(({ statement }) => statement.name === undefined));
    assert.deepEqual(statements[0]?.values, ['a']);
  });
});
