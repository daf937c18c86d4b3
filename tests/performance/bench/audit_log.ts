import { type VerifyProgress, verifyAudit } from '../../../server/audit/verify.ts';
import { auditLog, event } from '../../helpers/audit.ts';
import { database } from '../../helpers/postgres.ts';
import type { Scope } from '../../helpers/scope.ts';

const BATCH = 500;
const MIB = 2 ** 20;
/** More than a verification of a million entries needs, and far less than it would need with all entries in memory. */
const MEMORY_MOST = 128 * MIB;

export interface AuditBench {
  readonly entries: number;
  readonly print: (line: string) => void;
  readonly progress: (line: string) => void;
  /** How many verified entries apart the lines of progress are. */
  readonly progressEvery: number;
}

/**
 * Appends, seals and verifies entries of the audit on a database of its own, and prints how fast that was.
 * @throws Error when not every entry verifies, or the verification needs too much memory
 */
export async function measureAudit(
  scope: Scope,
  { entries, print, progress, progressEvery }: AuditBench,
): Promise<void> {
  const { db } = await database(scope, { timeoutMs: 60_000 });
  const log = await auditLog({ db, masterKey: Buffer.alloc(32, 1).toString('base64') });
  const timed = async (what: string, work: () => Promise<void>) => print(await rate(what, entries, work));
  await timed('appended', async () => {
    for (let done = 0; done < entries; done += BATCH) {
      const size = Math.min(BATCH, entries - done);
      await db.transact(Array.from({ length: size }, (_, i) => event(log.audit, done + i)));
    }
  });
  await timed('sealed', log.seal);
  await db.run({ text: 'VACUUM ANALYZE audit, audit_leaves' }, []);
  const before = process.memoryUsage().rss;
  let most = before;
  await timed('verified', async () => {
    const running = verifyAudit(db, log.keys);
    let told = 0;
    const tell = ({ events }: VerifyProgress) => {
      if (events - told < progressEvery) return;
      told = events;
      progress(`${events} of ${entries} entries verified`);
    };
    for (let step = await running.next(); ; step = await running.next()) {
      most = Math.max(most, process.memoryUsage().rss);
      if (step.done) {
        if (step.value.events !== entries) throw new Error(`${step.value.events} of ${entries} entries were verified`);
        break;
      }
      if (step.value.findings.length > 0) throw new Error(JSON.stringify(step.value.findings[0]));
      tell(step.value.progress);
    }
  });
  print(memoryLine(before, most));
}

/**
 * @param before bytes in use before the verification
 * @param most bytes in use at most during it
 * @throws Error when it needs more than a million entries may need
 */
export function memoryLine(before: number, most: number): string {
  const line = `memory of the verification: ${Math.round((most - before) / MIB)} MiB more, ${Math.round(most / MIB)} in all`;
  if (most - before > MEMORY_MOST) throw new Error(`${line}; at most ${MEMORY_MOST / MIB} MiB more are allowed`);
  return line;
}

async function rate(what: string, entries: number, work: () => Promise<void>): Promise<string> {
  const began = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const each = (user + system) / entries;
  return `${entries} entries ${what}: ${Math.round(entries / seconds)} a second, ${each.toFixed(1)} µs of CPU each`;
}
