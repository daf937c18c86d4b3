import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { LOG_STATEMENTS } from '../../server/audit/log_store.ts';
import { createAuditSealing } from '../../server/jobs/audit.ts';
import { createLog } from '../../server/platform/log.ts';
import { ROOT } from '../helpers/artifacts.ts';
import { auditLog, event } from '../helpers/audit.ts';
import { track } from '../helpers/children.ts';
import { LONG } from '../helpers/long.ts';
import { database } from '../helpers/postgres.ts';
import { remember } from '../helpers/secrets.ts';

const scope = { after };
const masterKey = remember('master_key', Buffer.alloc(32, 11).toString('base64'));

test('nodes that append and seal at the same time keep one log without gaps', async () => {
  const { db } = await database(scope);
  const log = await auditLog({ db, masterKey });
  const nodes = [log.node(), log.node(), log.node()];
  const rounds = 20;
  await Promise.all(
    nodes.map(async (sealing, which) => {
      for (let i = 0; i < rounds; i += 1) {
        await db.transact([event(log.audit, which), event(log.audit, i)]);
        await sealing.run();
      }
    }),
  );
  await log.seal();
  const { findings, events, waiting } = await log.verify();
  assert.deepEqual([findings, events, waiting], [[], nodes.length * rounds * 2, 0]);
});

test('an entry whose transaction commits late gets the next place, and none is left out', async () => {
  const { db } = await database(scope);
  const log = await auditLog({ db, masterKey });
  await db.transaction(async (send) => {
    await send([event(log.audit, 1)]);
    await log.fill(5);
  });
  assert.equal((await log.verify()).waiting, 1);
  await log.seal();
  const { findings, events } = await log.verify();
  assert.deepEqual([findings, events], [[], 6]);
});

test('a node that is killed while it seals leaves no gap, and the next one goes on', async () => {
  const { db, url } = await database(scope);
  const rounds = LONG ? 40 : 4;
  for (let round = 0; round < rounds; round += 1) {
    const child = spawn(process.execPath, ['tests/audit/sealer.ts', url, masterKey], { cwd: ROOT, detached: true });
    track(child);
    let turns = 0;
    const least = randomInt(1, 60);
    for await (const some of child.stdout) {
      turns += String(some).length;
      if (turns >= least) break;
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const log = await auditLog({ db, masterKey });
  await log.seal();
  const [{ count } = { count: 0 }] = await db.run<{ count: number }>(
    { text: 'SELECT count(*)::int AS count FROM audit' },
    [],
  );
  const { findings, events, waiting } = await log.verify();
  assert.deepEqual([findings, events, waiting], [[], count, 0]);
  assert.ok(count > rounds * 7);
});

test('a transaction that does not commit leaves nothing behind in the node', async () => {
  const { db } = await database(scope);
  const log = await auditLog({ db, masterKey });
  await db.query(event(log.audit, 1));
  const run = (text: string) => db.run({ text }, []);
  await run(`CREATE FUNCTION no_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`);
  await run(`CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT ON audit_leaves DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION no_commit()`);
  await assert.rejects(log.seal());
  await run('DROP TRIGGER no_commit ON audit_leaves');
  await log.seal();
  const { findings, events } = await log.verify();
  assert.deepEqual([findings, events], [[], 1]);
});

test('rows of the queue without an entry keep no entry from its place', async () => {
  const { db } = await database(scope);
  const log = await auditLog({ db, masterKey });
  await db.run(
    {
      text: `INSERT INTO audit_unsealed (event_id)
             SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid FROM generate_series(1, 1500) i`,
    },
    [],
  );
  await log.fill(2);
  const { events, findings } = await log.verify();
  assert.deepEqual([events, new Set(findings.map(({ kind }) => kind))], [2, new Set(['removed'])]);
});

test('the log of the server tells when entries wait too long for their place', async () => {
  const { db } = await database(scope);
  let time = Date.now();
  const { audit } = await auditLog({ db, masterKey }, () => time);
  const lines: string[] = [];
  const log = createLog({ level: 'error', destination: { write: (line: string) => void lines.push(line) } });
  const about = { issuer: 'https://id.example.com', now: () => time, log, headSeconds: 60, retentionMonths: 0 };
  const { run } = createAuditSealing({ db, audit, ...about });
  await db.query(event(audit, 1));
  await db.transaction(async (send) => {
    await send([LOG_STATEMENTS.lock.bind()]);
    time += 30_000;
    await run();
    assert.deepEqual(lines, []);
    time += 40_000;
    await run();
    await run();
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).seconds),
      [70],
      'once a minute',
    );
  });
  time += 60_000;
  await run();
  assert.equal(lines.length, 1);
});

test('the log of the server names entries that Cardea has not written', async () => {
  const { db } = await database(scope);
  const { audit } = await auditLog({ db, masterKey }, Date.now);
  const lines: string[] = [];
  const log = createLog({ level: 'error', destination: { write: (line: string) => void lines.push(line) } });
  const about = { issuer: 'https://id.example.com', now: Date.now, log, headSeconds: 60, retentionMonths: 0 };
  const { statement, values } = event(audit, 1);
  // The MAC is the last of its values.
  const mac = values.findLastIndex((value) => Buffer.isBuffer(value));
  await db.query({ statement, values: values.with(mac, Buffer.alloc(32)) });
  await createAuditSealing({ db, audit, ...about }).run();
  const [row] = await db.run<{ id: string }>({ text: 'SELECT id FROM audit' }, []);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)).map(({ events, count }) => [events, count]),
    [[[row?.id], 1]],
  );
});
