import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PERMISSION_SCOPES } from '../../server/operations/permissions.ts';
import { lineOf } from '../../server/operations/user_lines.ts';
import { apiOf, bearer, callApi, machine, machineToken } from '../helpers/admin_api.ts';
import { deployment } from '../helpers/deployment.ts';
import { jsonLines, openStream } from '../helpers/streams.ts';
import { person } from './people.ts';

/** `make bench` does the same with a million. */
const PEOPLE = 3_000;
const STEP = 500;
const SAMPLE_EVERY = 250;
const MEBIBYTE = 1_024 * 1_024;

const app = await deployment({ after });
const ALL = PERMISSION_SCOPES.join(' ');
const robot = await machine(app, ALL);
const headers = bearer(await machineToken(app, robot, ALL));
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is in memory and in use, in MiB. */
async function used(): Promise<number> {
  // What a collection finds is freed beside the program, and some of it a turn later.
  for (let round = 0; round < 3; round += 1) {
    collect();
    await setImmediate();
  }
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MEBIBYTE;
}

const url = `https://example.com/${'x'.repeat(1_900)}`;
const long = { picture: url, profile: url, website: url };
const linesOf = (from: number, to: number) =>
  jsonLines(...Array.from({ length: to - from }, (_, i) => ({ ...lineOf(person(from + i)), ...long })));

async function importPeople(from: number, to: number, sample: () => unknown = () => {}): Promise<void> {
  const stream = openStream(`${apiOf(app)}/users/import?results=all`, { headers });
  await stream.next();
  let read = 0;
  for (let at = from; at < to; at += STEP) {
    await stream.send(linesOf(at, at + STEP));
    while (read < at + STEP - from) {
      const { type, result } = await stream.next();
      if (type !== 'line') continue;
      assert.equal(result, 'imported');
      read += 1;
    }
    await sample(); // all that was sent is answered, so that nothing is under way
  }
  stream.end();
  const end = (await stream.rest()).at(-1);
  assert.deepEqual([end.complete, end.imported], [true, to - from]);
}

/**
 * What is under way takes some memory, which comes and goes, and caches are filled at first; so the least of the last third is
 * compared with that of the second.
 * @param samples one for each `every` people
 */
function assertBounded(samples: readonly number[], every: number): void {
  const third = samples.length / 3;
  const growth = Math.min(...samples.slice(2 * third)) - Math.min(...samples.slice(third, 2 * third));
  const meanwhile = (linesOf(0, every).length / MEBIBYTE) * third;
  assert.ok(growth < meanwhile / 2, `${growth} MiB more after ${meanwhile} MiB: ${samples.map(Math.round)}`);
}

describe('many people', () => {
  test('are imported in memory that does not grow with their number', async () => {
    const samples: number[] = [];
    await importPeople(0, PEOPLE, async () => samples.push(await used()));
    assertBounded(samples, STEP);
  });

  test('are exported in memory that does not grow with their number', async () => {
    const stream = openStream(`${apiOf(app)}/users/export`, { method: 'GET', headers });
    stream.end();
    const samples: number[] = [];
    let count = 0;
    for (let line = await stream.next(); line; line = await stream.next()) {
      count += 1;
      if (count % SAMPLE_EVERY === 0) samples.push(await used());
    }
    assert.equal(count, PEOPLE);
    assertBounded(samples, SAMPLE_EVERY);
  });

  test('are once each on the pages of the list, while others are imported and deleted', async () => {
    const pageOf = async (cursor?: string) => {
      const query = new URLSearchParams({ limit: '200', fields: 'id,email', ...(cursor ? { cursor } : {}) });
      const { status, body } = await callApi(app, `/users?${query}`, { headers });
      assert.equal(status, 200);
      return body as { items: { id: string; email: string }[]; next?: string };
    };
    const goes = new Set(Array.from({ length: PEOPLE / 100 }, (_, i) => person(i * 100 + 3).email));
    const stays = Array.from({ length: PEOPLE }, (_, i) => person(i).email).filter((email) => !goes.has(email));
    const others = importPeople(PEOPLE, PEOPLE + STEP);
    const seen = new Map<string, number>();
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await pageOf(cursor);
      for (const { email } of page.items) seen.set(email, (seen.get(email) ?? 0) + 1);
      const leaving = page.items.find(({ email }) => goes.has(email));
      if (leaving) {
        const { status } = await callApi(app, `/users/${leaving.id}`, {
          method: 'DELETE',
          headers: { ...headers, 'if-match': '*' },
        });
        assert.equal(status, 200);
      }
      cursor = page.next;
    }
    await others;
    assert.ok(stays.every((email) => seen.get(email) === 1));
    assert.ok([...seen.values()].every((times) => times === 1));
  });
});
