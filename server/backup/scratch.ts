import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { createDb, type Db } from '../platform/db.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { UNFINISHED_RESTORE } from '../platform/unfinished_restore.ts';
import { examineTarget, exclusivelyRestoring, removeAll, type Target } from './restore.ts';

/** `cardea_verify_1796000000_5c7e1f3a9b2d`: made at that time, in seconds since the epoch. */
const OWN = '^cardea_verify_([0-9]{10,12})_[0-9a-f]{12}$';
/** A trial connects at once to the database that it has made. */
const ABANDONED_SECONDS = 3_600;

/**
 * Removes databases of trials that were killed: of this role, without connections, and made more than an hour ago.
 * @returns their names
 */
export async function removeAbandoned(admin: Pick<Db, 'run'>): Promise<string[]> {
  const left = await admin.run<{ name: string }>(
    {
      text: `SELECT datname AS name FROM pg_database d
              WHERE datname ~ $1 AND pg_get_userbyid(datdba) = current_user
                AND substring(datname FROM $1)::bigint < extract(epoch FROM now()) - $2::int
                AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
              ORDER BY datname`,
    },
    [OWN, ABANDONED_SECONDS],
  );
  const removed: string[] = [];
  for (const { name } of left) {
    try {
      // Without FORCE, which would end a connection that was opened meanwhile.
      await admin.run({ text: `DROP DATABASE IF EXISTS ${name}` }, []);
      removed.push(name);
    } catch (error) {
      if (!['42501', '55006'].includes(String((error as { code?: unknown }).code))) throw error;
    }
  }
  return removed;
}

/**
 * A database for a trial, which is gone in the end, also when the trial fails. What a trial that was killed has left is removed first.
 */
export async function withScratch(
  beside: string,
  given: string | undefined,
  work: (db: Db, client: Client) => Promise<void>,
): Promise<void> {
  if (given !== undefined && !URL.canParse(given)) throw invalidInput('scratch', 'must be the URL of a database');
  const admin = createDb({ url: given ?? beside, poolSize: 1, name: 'cardea backup' });
  const name = `cardea_verify_${Math.floor(Date.now() / 1_000)}_${randomBytes(6).toString('hex')}`;
  const url = new URL(given ?? beside);
  try {
    if (given === undefined) {
      await removeAbandoned(admin);
      await admin.run({ text: `CREATE DATABASE ${name}` }, []).catch((error: unknown) => {
        if ((error as { code?: unknown }).code !== '42501') throw error;
        throw new AppError(
          'database_rights',
          'the role of CARDEA_DATABASE_URL may not make a database for the trial: name an empty one by --scratch',
        );
      });
      url.pathname = `/${name}`;
    }
    const db = createDb({ url: url.href, poolSize: 2, timeoutMs: 60_000, name: 'cardea backup' });
    try {
      await exclusivelyRestoring(db, async (client) => {
        const { rows } = await examineTarget(client);
        // A database that was refused is left as it is.
        if (rows.length > 0) throw notEmpty(rows, '--scratch names the URL of an empty database');
        try {
          await client.query('SET client_min_messages = error');
          await work(db, client);
        } finally {
          if (given !== undefined) await emptied(client);
        }
      });
    } finally {
      await db.close();
    }
  } finally {
    if (given === undefined) await admin.run({ text: `DROP DATABASE IF EXISTS ${name} WITH (FORCE)` }, []);
    await admin.close();
  }
}

async function emptied(client: Client): Promise<void> {
  await client.query('ROLLBACK');
  await client.query('BEGIN');
  await removeAll(client);
  await client.query(`DROP TABLE IF EXISTS ${UNFINISHED_RESTORE}`);
  await client.query('COMMIT');
}

/** @returns AppError 409 `database_not_empty` */
export function notEmpty(rows: Target['rows'], remedy: string): AppError {
  const all = rows.map(({ name, rows: count }) => `${name} ${count}`);
  const most = all.length > 12 ? [...all.slice(0, 12), `${all.length - 12} more tables`] : all;
  return new AppError('database_not_empty', `the database has rows that would be lost: ${most.join(', ')}; ${remedy}`);
}
