import { type Audit, openAudit } from '../../server/audit/entries.ts';
import { createSealing, type Sealing } from '../../server/audit/seal.ts';
import { type Finding, type Verified, type VerifyOptions, verifyAudit } from '../../server/audit/verify.ts';
import type { Clock } from '../../server/platform/clock.ts';
import type { Db } from '../../server/platform/db.ts';
import { createSealer } from '../../server/platform/sealing.ts';

interface Made {
  readonly db: Db;
  /** base64 */
  readonly masterKey: string;
}

/** Appends to the audit of a deployment, as its server does. */
export function auditOf({ db, masterKey }: Made, now: Clock = Date.now): Promise<Audit> {
  return openAudit({ db, sealer: createSealer([Buffer.from(masterKey, 'base64')]), now, issuer: ISSUER });
}

/** Reads the entries that came since the last call, in the order of their ids. @param columns of `audit` */
export function entryReader<Entry>({ db }: Pick<Made, 'db'>, columns: string): () => Promise<Entry[]> {
  const seen = new Set<string>();
  return async () => {
    const rows = await db.run<Entry & { entry_id: string }>(
      { text: `SELECT id AS entry_id, ${columns} FROM audit ORDER BY id` },
      [],
    );
    const fresh = rows.filter(({ entry_id: id }) => !seen.has(id));
    for (const { entry_id: id } of fresh) seen.add(id);
    return fresh.map(({ entry_id: _, ...entry }) => entry as Entry);
  };
}

const ISSUER = 'https://id.example.com';

/** A log of the audit on a database of its own, without a server. */
export async function auditLog({ db, masterKey }: Made, now: Clock = Date.now) {
  const audit = await auditOf({ db, masterKey }, now);
  /** As another node has it. @param headEveryMs 0: each run signs a head */
  const node = (headEveryMs = 0): Sealing => createSealing({ db, keys: audit.keys, issuer: ISSUER, now, headEveryMs });
  const sealing = node();

  async function seal(): Promise<void> {
    for (let more = true; more; ) more = (await sealing.run())?.more ?? false;
  }

  return {
    audit,
    keys: audit.keys,
    node,
    /** Replaces the key. */
    async rotate(): Promise<void> {
      await db.transact((await audit.successor()).statements);
    },
    /** Appends events about people, in batches, and gives them their places in the log. @returns their ids in its order */
    async fill(count: number, batch = 500): Promise<string[]> {
      const ids: string[] = [];
      for (let start = 0; start < count; start += batch) {
        const some = Array.from({ length: Math.min(batch, count - start) }, (_, i) => event(audit, start + i));
        await db.transact(some);
        ids.push(...some.map(({ values }) => String(values[0])));
        await seal();
      }
      return ids;
    },
    seal,
    async verify(options: VerifyOptions = {}): Promise<Verified & { readonly findings: readonly Finding[] }> {
      const findings: Finding[] = [];
      const running = verifyAudit(db, audit.keys, options);
      for (let step = await running.next(); ; step = await running.next()) {
        if (step.done) return { ...step.value, findings };
        findings.push(...step.value.findings);
      }
    },
    /** As somebody who has all rights in the database, with its triggers switched off. */
    async tamper(...statements: readonly string[]): Promise<void> {
      await db.transact([
        ...["SET LOCAL session_replication_role = 'replica'", ...statements].map((text) => ({
          statement: { text },
          values: [],
        })),
      ]);
    },
  };
}

export type TestAuditLog = Awaited<ReturnType<typeof auditLog>>;

/** An event about one of ten people, with an address. */
export function event(audit: Audit, i: number) {
  return audit.append({
    actor: { kind: 'person', id: `person-${i % 10}`, clientId: 'app' },
    action: 'sessions.begin',
    target: { kind: 'user', id: `person-${i % 10}` },
    outcome: 'done',
    changes: { amr: { after: ['pwd'] } },
    requestId: `request-${i}`,
    sessionId: `session-${i}`,
    details: { address: '192.0.2.1', device: 'Mozilla/5.0' },
  });
}
