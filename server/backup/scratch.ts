import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { databaseProblem } from '../platform/database_problems.ts';
import { createDb, type Db, ping } from '../platform/db.ts';
import { translate } from '../platform/db_errors.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { UNFINISHED_RESTORE } from '../platform/unfinished_restore.ts';
import { examineTarget, exclusivelyRestoring, removeAll, type Target } from './restore.ts';

/** `cardea_verify_1796000000_5c7e1f3a9b2d`: made at that time, in seconds since the epoch. */
const OWN = '^cardea_verify_([0-9]{10,12})_[0-9a-f]{12}$';
/** A trial connects at once to the database that it has made. */
const ABANDONED_SECONDS = 3_600;

/** Removing one takes a checkpoint of Postgres; what takes longer is left to the next trial or backup. */
const REMOVE_WITHIN_MS = 30_000;
const TOO_LONG = '57014'; // query_canceled

/**
 * Removes databases of trials that were killed: of this role, without connections, and made more than an hour ago. One that cannot be
 * removed is no error, as a backup must not fail by it.
 * @param admin a connection that is used for nothing else meanwhile
 */
export async function removeAbandoned(admin: Pick<Client, 'query'>): Promise<void> {
  try {
    const { rows } = await admin.query<{ name: string }>(
      `SELECT datname AS name FROM pg_database d
        WHERE datname ~ $1 AND pg_get_userbyid(datdba) = current_user
          AND substring(datname FROM $1)::bigint < extract(epoch FROM now()) - $2::int
          AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)
        ORDER BY datname`,
      [OWN, ABANDONED_SECONDS],
    );
    await admin.query(`SET statement_timeout = ${REMOVE_WITHIN_MS}`);
    for (const { name } of rows) {
      // Without FORCE, which would end a connection that was opened meanwhile.
      await admin.query(`DROP DATABASE IF EXISTS ${name}`).catch(({ code }: { code?: unknown }) => {
        // The others would take as long.
        if (code === TOO_LONG) throw code;
      });
    }
  } catch {
  } finally {
    await admin.query('SET statement_timeout = 0').catch(() => {}); // the connection may be what failed
  }
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
  const admin = createDb({ url: beside, poolSize: 1, name: 'cardea backup' });
  // Statements of such a connection may take as long as a checkpoint of a busy Postgres needs.
  const administered = async (work: (client: Client) => Promise<unknown>) => {
    const client = await admin.connect();
    await work(client).finally(() => client.end());
  };
  const name = `cardea_verify_${Math.floor(Date.now() / 1_000)}_${randomBytes(6).toString('hex')}`;
  const url = new URL(given ?? beside);
  try {
    if (given === undefined) {
      await administered(async (client) => {
        await removeAbandoned(client);
        await client.query(`CREATE DATABASE ${name}`).catch((error: unknown) => {
          throw isDenied(error) ? new AppError('database_rights', MAY_NOT_MAKE) : translate(error);
        });
      });
      url.pathname = `/${name}`;
    }
    const db = createDb({ url: url.href, poolSize: 2, timeoutMs: 60_000, name: 'cardea backup' });
    try {
      await ping(db).catch((error: unknown) => {
        throw given === undefined ? error : databaseProblem(error, given, '--scratch');
      });
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
    if (given === undefined)
      await administered((client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    await admin.close();
  }
}

const MAY_NOT_MAKE =
  'the role of CARDEA_DATABASE_URL may not make a database for the trial: name an empty one by --scratch';
const isDenied = (error: unknown): boolean => (error as { code?: unknown }).code === '42501';

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
