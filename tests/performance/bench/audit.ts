/**
 * Measures an audit of a million entries (`make bench`): how fast they are appended, sealed and verified, and the memory that the
 * verification needs, which must not grow with their number: above 128 MiB the run fails.
 * node tests/performance/bench/audit.ts [--entries=1000000]
 */
import { parseArgs } from 'node:util';
import type { Scope } from '../../helpers/scope.ts';
import { measureAudit } from './audit_log.ts';

const { values } = parseArgs({ options: { entries: { type: 'string', default: '1000000' } } });
const ends: (() => void | Promise<void>)[] = [];
const scope: Scope = { after: (end) => void ends.push(end) };
try {
  await measureAudit(scope, {
    entries: Number(values.entries),
    print: (line) => console.log(line),
    progress: (line) => console.error(`… ${line}`),
    progressEvery: 100_000,
  });
} finally {
  for (const end of ends.reverse()) await end();
}
