/**
 * Measures an audit of a million entries (`make bench`): how fast they are appended, sealed and verified, and the memory that the
 * verification needs, which must not grow with their number.
 * node tests/performance/bench/audit.ts [--entries=1000000]
 */
import { parseArgs } from 'node:util';
import { verifyAudit } from '../../../server/audit/verify.ts';
import { auditLog, event } from '../../helpers/audit.ts';
import { database } from '../../helpers/postgres.ts';
import type { Scope } from '../../helpers/scope.ts';

const BATCH = 500;
const MIB = 2 ** 20;

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } });
const entries = Number(values.entries);
const ends: (() => void | Promise<void>)[] = [];
const scope: Scope = { after: (end) => void ends.push(end) };
try {
  const { db } = await database(scope, { timeoutMs: 60_000 });
  const log = await auditLog({ db, masterKey: Buffer.alloc(32, 1).toString('base64') });
  await timed('appended', async () => {
    for (let done = 0; done < entries; done += BATCH) {
      await db.transact(Array.from({ length: BATCH }, (_, i) => event(log.audit, done + i)));
    }
  });
  await timed('sealed', log.seal);
  await db.run({ text: 'VACUUM ANALYZE audit, audit_leaves' }, []);
  let most = 0;
  const before = process.memoryUsage().rss;
  await timed('verified', async () => {
    const running = verifyAudit(db, log.keys);
    for (let step = await running.next(); ; step = await running.next()) {
      most = Math.max(most, process.memoryUsage().rss);
      if (step.done) {
        if (step.value.events !== entries) throw new Error(`${step.value.events} entries were verified`);
        break;
      }
      if (step.value.findings.length > 0) throw new Error(JSON.stringify(step.value.findings[0]));
    }
  });
  console.log(
    `memory of the verification: ${Math.round((most - before) / MIB)} MiB more, ${Math.round(most / MIB)} in all`,
  );
} finally {
  for (const end of ends.reverse()) await end();
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const each = (user + system) / entries;
  console.log(
    `${entries} entries ${what}: ${Math.round(entries / seconds)} a second, ${each.toFixed(1)} µs of CPU each`,
  );
}
