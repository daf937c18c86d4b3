import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { AppError } from '../../server/platform/errors.ts';
import { createLog, describeError, logWarnings } from '../../server/platform/log.ts';
import { database } from '../helpers/postgres.ts';

const SECRET = 'sesame-7f3a';

/** A log that records its lines. */
function recorder(level = 'trace') {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { log: createLog({ level, destination }), lines, text: () => lines.join('') };
}

describe('log lines', () => {
  test('are JSON with a level by name and a time in ISO 8601, without data of the machine', () => {
    const { log, lines } = recorder();
    const before = Date.now();
    log.info({ route: '/token', status: 200 }, 'request');
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    assert.deepEqual(Object.keys(line).sort(), ['level', 'msg', 'route', 'status', 'time']);
    assert.equal(line.level, 'info');
    assert.equal(new Date(String(line.time)).toISOString(), line.time);
    const at = Date.parse(String(line.time));
    assert.ok(before <= at && at <= Date.now(), String(line.time));
  });

  test('below the level are not written', () => {
    const { log, lines } = recorder('warn');
    log.info('quiet');
    log.warn('loud');
    assert.equal(lines.length, 1);
  });
});

describe('redaction', () => {
  const names = [
    ...['password', 'secret', 'token', 'code', 'cookie', 'authorization', 'access_token', 'refresh_token'],
    ...['id_token', 'client_secret', 'client_assertion', 'code_verifier', 'login_hint', 'id_token_hint', 'nonce'],
  ];

  for (const name of names) {
    test(`${name} is censored at the top and two levels down`, () => {
      const { log, text } = recorder();
      log.info({ [name]: SECRET });
      log.info({ a: { [name]: SECRET } });
      log.info({ a: { b: { [name]: SECRET } } });
      assert.ok(!text().includes(SECRET), text());
      assert.equal(text().split('[redacted]').length, 4);
    });
  }

  const personal = [
    ['email', 'jane.roe@example.com', 'j•••@e•••.com'],
    ['phone_number', '+44 20 7946 0958', '•••58'],
    ['name', 'Jane Roe', 'J••• R•••'],
    ['username', 'jane.roe', 'j•••'],
    ['ip', '192.0.2.77', '192.0.•••'],
    ['remoteAddress', '2001:db8:1:2::3', '2001:db8:•••'],
    ['sub', 'jane.roe@example.com', 'j•••@e•••.com'],
    ['user_agent', 'Mozilla/5.0', '•••'],
    ['birthdate', '1990-01-31', '•••'],
    ['address', { street_address: '1 Main Street' }, { street_address: '•••' }],
    ['address', '192.0.2.77', '•••'],
  ] as const;
  for (const [name, value, shown] of personal) {
    test(`${name} is masked at the top and in an object: ${JSON.stringify(shown)}`, () => {
      const { log, lines } = recorder();
      log.info({ [name]: value, accountId: 'an-id' });
      log.child({ [name]: value }).info({ a: { [name]: value } });
      const [first, second] = lines.map((line) => JSON.parse(line));
      assert.deepEqual([first[name], second[name], second.a[name]], [shown, shown, shown]);
      assert.equal(first.accountId, 'an-id');
    });
  }

  test('applies to what Node and libraries write', () => {
    const { log, text } = recorder();
    const console_ = { ...console };
    const listeners = process.listeners('warning');
    try {
      logWarnings(log);
      console.warn('no mail to %s from 192.0.2.77 by %s', 'jane.roe@example.com', `eyJ${SECRET.repeat(4)}.${SECRET}`);
    } finally {
      Object.assign(console, console_);
      process.removeAllListeners('warning');
      for (const listener of listeners) process.on('warning', listener);
    }
    assert.match(text(), /no mail to j•••@e•••\.com from 192\.0\.••• by \[redacted\]/);
  });

  test('applies to child loggers', () => {
    const { log, text } = recorder();
    log.child({ request: 'r1' }).info({ body: { password: SECRET } });
    assert.ok(!text().includes(SECRET));
  });
});

describe('errors', () => {
  test('are logged by type, code and stack frames, never by message', () => {
    const error = Object.assign(new Error(`cannot parse ${SECRET}`), { code: 'E_PARSE' });
    const { log, lines, text } = recorder();
    log.error({ error }, 'failed');
    log.error({ err: error }, 'failed');
    log.error(error, 'failed');
    assert.ok(!text().includes(SECRET), text());
    assert.equal(lines.length, 3);
    for (const line of lines) {
      assert.match(line, /"type":"Error"/);
      assert.match(line, /"E_PARSE"/);
      assert.match(line, /log\.test\.ts/);
    }
  });

  test('that are logged alone do not show their message either', () => {
    const { log, text } = recorder();
    const error = new Error(`cannot parse ${SECRET}`);
    log.error(error);
    log.error({ err: error });
    log.error({ error });
    assert.ok(!text().includes(SECRET), text());
  });

  test('with messages of several lines do not show them in the stack', () => {
    const { log, text } = recorder();
    log.error({ error: new Error(`first\n  ${SECRET}\n${SECRET}`) }, 'failed');
    assert.ok(!text().includes(SECRET), text());
  });

  test('have their causes logged in the same way, and a cycle ends', () => {
    const cause = new TypeError(SECRET);
    const error = new AppError('temporarily_unavailable', `no ${SECRET}`, { cause });
    const { log, text } = recorder();
    log.error({ error }, 'failed');
    assert.ok(!text().includes(SECRET));
    assert.match(text(), /temporarily_unavailable/);
    assert.match(text(), /TypeError/);

    const circle: { cause?: unknown } = cause;
    circle.cause = error;
    assert.ok(JSON.stringify(describeError(error)).length < 20_000);
  });

  test('that are not Error objects are logged by their type', () => {
    const { log, text } = recorder();
    log.error({ error: SECRET }, 'failed');
    log.error({ error: { password: SECRET, detail: SECRET } }, 'failed');
    assert.ok(!text().includes(SECRET), text());
  });

  test('of Postgres are logged without message, detail and parameters', async (t) => {
    const { db } = await database(t);
    const create = `CREATE TABLE people (email text UNIQUE, age int CHECK (age > 0))`;
    await db.run({ name: 'create', text: create }, []);
    const insert = { name: 'insert', text: 'INSERT INTO people VALUES ($1, $2)' };
    await db.run(insert, [SECRET, 1]);
    const { log, text } = recorder();
    for (const values of [
      [SECRET, 1],
      [SECRET, -1],
      ['x', SECRET],
    ]) {
      const error: unknown = await db.run(insert, values).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error);
      log.error({ error }, 'failed');
    }
    assert.ok(!text().includes(SECRET), text());
    for (const state of ['23505', '23514', '22P02']) assert.ok(text().includes(state), state);
  });
});
