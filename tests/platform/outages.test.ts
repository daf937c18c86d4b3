import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unavailable } from '../../server/platform/errors.ts';
import { createLog } from '../../server/platform/log.ts';
import { createOutages, reasonOf } from '../../server/platform/outages.ts';

const refused = unavailable('the database', Object.assign(new Error('secret'), { code: 'ECONNREFUSED' }));

function watched() {
  const lines: Record<string, unknown>[] = [];
  let time = 0;
  const log = createLog({ level: 'debug', destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  const outages = createOutages({ name: 'the database', about: { database: 'db:5432/cardea' }, log, now: () => time });
  return {
    lines,
    outages,
    at(ms: number) {
      time = ms;
    },
  };
}

test('an outage is logged once when it begins and once when it ends, for any number of attempts', () => {
  const { lines, outages, at } = watched();
  outages.succeeded();
  for (let ms = 1_000; ms <= 61_000; ms += 500) {
    at(ms);
    outages.failed(refused);
  }
  at(63_000);
  outages.succeeded();
  outages.succeeded();
  assert.deepEqual(
    lines.map(({ level, msg, reason, database, seconds, failures }) => ({
      level,
      msg,
      reason,
      database,
      seconds,
      failures,
    })),
    [
      {
        level: 'warn',
        msg: 'the database is away; requests that need it are answered with 503',
        reason: 'ECONNREFUSED',
        database: 'db:5432/cardea',
        seconds: undefined,
        failures: undefined,
      },
      {
        level: 'warn',
        msg: 'the database is back',
        reason: undefined,
        database: 'db:5432/cardea',
        seconds: 60,
        failures: 121,
      },
    ],
  );
  assert.ok(!JSON.stringify(lines).includes('secret'));
});

test('a database that answers only sometimes does not count as back', () => {
  const { lines, outages, at } = watched();
  for (let ms = 0; ms < 60_000; ms += 1_000) {
    at(ms);
    outages.failed(refused);
    outages.succeeded();
    at(ms + 999);
    outages.succeeded();
  }
  assert.equal(lines.length, 1);
  assert.equal(outages.isAway(), true);
  at(70_000);
  outages.succeeded();
  assert.equal(outages.isAway(), false);
});

test('the logged reason is a SQLSTATE or an errno, also of a cause, and never a message', () => {
  assert.equal(reasonOf(refused), 'ECONNREFUSED');
  assert.equal(reasonOf(Object.assign(new Error('x'), { code: '57P01' })), '57P01');
  assert.equal(reasonOf(unavailable('the database', new Error('timeout exceeded when trying to connect'))), 'TIMEOUT');
  assert.equal(reasonOf(new TypeError('password "hunter2"')), 'TypeError');
  assert.equal(reasonOf('hunter2'), 'string');
});
