import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Client } from 'pg';
import type { Clock } from '../platform/clock.ts';
import { createDb, type Db } from '../platform/db.ts';
import { AppError, invalidInput } from '../platform/errors.ts';
import { migrateTo } from '../platform/migrate.ts';
import type { Sealer } from '../platform/sealing.ts';
import type { SealedColumn } from '../platform/tables.ts';
import { UNFINISHED_RESTORE } from '../platform/unfinished_restore.ts';
import { tablesIn } from './catalogue.ts';
import { copiedOut } from './copy.ts';
import { AGE, type CreateOptions, createBackup, LABEL, NAME } from './create.ts';
import { accountsToErase, writeErasureLists } from './erasure_lists.ts';
import { type Header, type Label, type Manifest, openSealed } from './manifest.ts';
import { openAll } from './open_all.ts';
import { openStorage } from './open_storage.ts';
import {
  checkBackup,
  examineTarget,
  type Progress,
  removeAll,
  replaceAll,
  type Source,
  type Target,
} from './restore.ts';
import { type LastRuns, lastRuns, noteRun } from './runs.ts';
import { type Storage, textOf } from './storage.ts';

export interface BackupSettings {
  readonly to: string | undefined;
  readonly recipients: readonly string[];
  readonly everySeconds: number;
  readonly keptSeconds: number;
  readonly s3Endpoint: string | undefined;
}

/** The faults of a database that was made of a backup. */
export interface Inspection {
  /** Findings of the audit. */
  readonly audit: number;
  readonly auditEvents: number;
}

export interface BackupParts {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly version: string;
  readonly sealed: readonly SealedColumn[];
  readonly settings: BackupSettings;
  /** Verifies the audit of a database. */
  inspect(db: Db): Promise<Inspection>;
}

/** Which backup, and what opens it. */
export interface Chosen {
  /** Default: that of the settings. */
  readonly from?: string | undefined;
  /** Default: the newest. */
  readonly name?: string | undefined;
  /** The file of an identity of age. */
  readonly identity: string;
}

export interface ListedBackup {
  readonly name: string;
  /** Undefined: its label cannot be read here. */
  readonly label: Label | undefined;
  readonly problem: string | undefined;
}

export interface Verified {
  readonly name: string;
  readonly manifest: Manifest;
  readonly findings: string[];
  readonly auditEvents: number;
  readonly opened: number;
}

/** A restore whose rows are there: what is left to do before servers may use the database. */
export interface Restored {
  readonly name: string;
  readonly manifest: Manifest;
  readonly target: Target;
  /** The newest head of the audit that is known here, if it is newer than that of the backup. */
  readonly headSeen: Header['audit_head'];
  /** Accounts that were erased since the backup, and are there again. */
  readonly toErase: readonly string[];
}

export interface Backups {
  readonly settings: BackupSettings;
  /** @throws AppError `backup_not_configured`, `backup_under_way`, `backup_storage` */
  create(progress: NonNullable<CreateOptions['progress']>): Promise<{ name: string; label: Label; removed: string[] }>;
  /** The newest first. @throws AppError `backup_not_configured`, `backup_storage` */
  list(): Promise<ListedBackup[]>;
  last(): Promise<LastRuns>;
  /** Milliseconds until the next is due by the settings: 0 or less when it is; undefined where none are made by themselves. */
  dueIn(): Promise<number | undefined>;
  /** Writes the ids of destroyed keys beside the backups. @returns how many */
  listErasures(): Promise<number>;
  /**
   * Restores into a database that is made for it and dropped in the end.
   * @param scratch the URL of an empty database instead, which is emptied in the end
   */
  verify(chosen: Chosen, scratch: string | undefined, progress: Progress): Promise<Verified>;
  /** Tells which rows a restore would read and replace; nothing is changed. */
  examine(chosen: Chosen, replace: boolean, progress: Progress): Promise<Omit<Restored, 'toErase'>>;
  /** @param erasures other places with lists of erased people */
  restore(
    chosen: Chosen,
    how: { readonly replace: boolean; readonly erasures: readonly string[] },
    progress: Progress,
  ): Promise<Restored>;
}

const NEWEST_KEPT = 3;
const AGAIN_AFTER_MS = 600_000;

export function createBackups(parts: BackupParts): Backups {
  const { db, sealer, now, settings } = parts;

  const storageAt = (place: string): Promise<Storage> => openStorage(place, { s3Endpoint: settings.s3Endpoint });

  async function ownStorage(from = settings.to): Promise<Storage> {
    if (from === undefined)
      throw new AppError('backup_not_configured', 'CARDEA_BACKUP_TO is not set: it says where backups are');
    return storageAt(from);
  }

  async function create(progress: NonNullable<CreateOptions['progress']>) {
    const storage = await ownStorage();
    if (settings.recipients.length === 0)
      throw new AppError(
        'backup_not_configured',
        'CARDEA_BACKUP_RECIPIENTS is not set: "cardea backup keygen" makes the public key and the identity',
      );
    return locked(db, async () => {
      const run = { id: randomUUID(), began_at: new Date(now()) };
      try {
        await writeErasureLists(parts, storage);
        const made = await createBackup(parts, storage, { recipients: settings.recipients, progress });
        const { bytes } = made.label.file;
        await noteRun(db, { ...run, name: made.name, ended_at: new Date(now()), bytes, failure: null });
        return { ...made, removed: await removeOld(storage, settings.keptSeconds, now()) };
      } catch (error) {
        const failure = error instanceof AppError ? error.code : 'server_error';
        await noteRun(db, { ...run, name: null, ended_at: new Date(now()), bytes: null, failure }).catch(() => {}); // the database may be what failed
        throw error;
      }
    });
  }

  async function list(): Promise<ListedBackup[]> {
    const storage = await ownStorage();
    return Promise.all((await namesIn(storage)).map((name) => listed(storage, name, sealer)));
  }

  async function sourceOf({ from, name, identity }: Chosen): Promise<Source> {
    const storage = await ownStorage(from);
    const [newest] = name === undefined ? await namesIn(storage) : [name.replace(/\.(age|json)$/, '')];
    if (newest === undefined) throw new AppError('not_found', `${storage.place} has no backup`);
    return { storage, name: newest, identities: await identitiesIn(identity), sealer };
  }

  async function connected<T>(to: Db, work: (client: Client) => Promise<T>): Promise<T> {
    const client = await to.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async function examined(source: Source, replace: boolean, progress: Progress): Promise<Omit<Restored, 'toErase'>> {
    const manifest = await checkBackup(source, progress);
    const target = await connected(db, examineTarget);
    if (target.rows.length > 0 && !replace) throw notEmpty(target);
    return { name: source.name, manifest, target, headSeen: await newestHead(source, manifest, target) };
  }

  return {
    settings,
    create,
    list,
    last: () => lastRuns(db),
    async dueIn() {
      if (settings.to === undefined || settings.recipients.length === 0 || settings.everySeconds === 0)
        return undefined;
      const { good, failed } = await lastRuns(db);
      const due = good ? good.began_at.getTime() + settings.everySeconds * 1_000 : now();
      return Math.max(due, failed ? failed.began_at.getTime() + AGAIN_AFTER_MS : 0) - now();
    },
    async listErasures() {
      return settings.to === undefined ? 0 : writeErasureLists(parts, await ownStorage());
    },
    async verify(chosen, scratch, progress) {
      const source = await sourceOf(chosen);
      const manifest = await checkBackup(source, progress);
      const findings: string[] = [];
      let [auditEvents, opened] = [0, 0];
      await withScratch(db.url, scratch, async (on, client) => {
        await replaceAll(on, client, source, manifest, progress);
        findings.push(...(await differences(client, manifest, progress)));
        await migrateTo(on, undefined);
        const audit = await parts.inspect(on);
        auditEvents = audit.auditEvents;
        if (audit.audit > 0) findings.push(`the audit has ${audit.audit} findings: "cardea audit verify" tells them`);
        const keys = await openAll(on, sealer, parts.sealed, (column, seen) =>
          progress({ doing: 'comparing', table: column, bytes: seen }),
        );
        opened = keys.seen;
        if (keys.unreadable > 0) findings.push(`${keys.unreadable} of ${keys.seen} sealed values cannot be opened`);
      });
      return { name: source.name, manifest, findings, auditEvents, opened };
    },
    examine: async (chosen, replace, progress) => examined(await sourceOf(chosen), replace, progress),
    async restore(chosen, { replace, erasures }, progress) {
      const source = await sourceOf(chosen);
      const found = await examined(source, replace, progress);
      const places = [source.storage, ...(await Promise.all(erasures.map(storageAt)))];
      const since = new Date(found.manifest.created_at);
      // Read once before anything is touched, so that a list that was changed is refused in time.
      for (const place of places) await accountsToErase({ query: async () => [] }, [place], since, sealer);
      await connected(db, async (client) => {
        await examineTarget(client);
        await replaceAll(db, client, source, found.manifest, progress);
      });
      await migrateTo(db, undefined);
      return { ...found, toErase: await accountsToErase(db, places, since, sealer) };
    },
  };
}

/** Ends the mark by which servers refuse the database; for the transaction of the last change of a restore. */
export const endOfRestore = { statement: { text: `DROP TABLE ${UNFINISHED_RESTORE}` }, values: [] } as const;

/** The names of complete backups, the newest first. */
async function namesIn(storage: Pick<Storage, 'list'>): Promise<string[]> {
  const names = (await storage.list('cardea-')).map(({ name }) => name);
  const complete = names.filter((name) => name.endsWith(LABEL)).map((name) => name.slice(0, -LABEL.length));
  return complete.filter((name) => NAME.test(name)).toReversed();
}

async function listed(storage: Storage, name: string, sealer: Sealer): Promise<ListedBackup> {
  try {
    const label = openSealed(sealer, 'label', await textOf(storage, `${name}${LABEL}`));
    const stored = (await storage.list(`${name}${AGE}`))[0];
    const isWhole = stored?.bytes === label.file.bytes && label.file.name === `${name}${AGE}`;
    return { name, label, problem: isWhole ? undefined : 'backup_damaged' };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { name, label: undefined, problem: error.code };
  }
}

/** Removes old backups and what is left of incomplete ones. @returns their names */
async function removeOld(storage: Storage, keptSeconds: number, now: number): Promise<string[]> {
  if (keptSeconds === 0) return [];
  const oldest = `cardea-${new Date(now - keptSeconds * 1_000).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const complete = await namesIn(storage);
  const old = complete.slice(NEWEST_KEPT).filter((name) => name < oldest);
  for (const name of old) {
    // The label first: without it a backup is not listed.
    await storage.remove(`${name}${LABEL}`);
    await storage.remove(`${name}${AGE}`);
  }
  const left = (await storage.list('cardea-'))
    .map(({ name }) => name)
    .filter((name) => name.endsWith(AGE) && name < oldest && !complete.includes(name.slice(0, -AGE.length)));
  for (const name of left) await storage.remove(name);
  return old;
}

/** One backup at a time, by whichever process. @throws AppError `backup_under_way` */
async function locked<T>(db: Db, work: () => Promise<T>): Promise<T> {
  const client = await db.connect();
  try {
    const { rows } = await client.query<{ got: boolean }>(
      "SELECT pg_try_advisory_lock(hashtextextended('cardea backup', 0)) AS got",
    );
    if (!rows[0]?.got) throw new AppError('backup_under_way', 'another process is making a backup at this moment');
    return await work();
  } finally {
    await client.end();
  }
}

/** @throws AppError 400 `invalid_input` */
async function identitiesIn(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalidInput('identity', `${file} cannot be read (${error.code})`);
  });
  const identities = text.split(/\s*\n\s*/).filter((line) => line !== '' && !line.startsWith('#'));
  if (identities.length === 0 || !identities.every((line) => /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/.test(line)))
    throw invalidInput('identity', `${file} has no identity of age, a line that begins with AGE-SECRET-KEY-1`);
  return identities;
}

function notEmpty({ rows }: Target): AppError {
  const all = rows.map(({ name, rows: count }) => `${name} ${count}`);
  const most = all.length > 12 ? [...all.slice(0, 12), `${all.length - 12} more tables`] : all;
  return new AppError(
    'database_not_empty',
    `the database has rows that would be lost: ${most.join(', ')}; name an empty database, or add --replace`,
  );
}

/** The newest head of the audit that the database or a later backup has: others may have been sent it. */
async function newestHead(
  { storage, name, sealer }: Source,
  manifest: Manifest,
  { auditHead }: Target,
): Promise<Header['audit_head']> {
  const heads = [auditHead];
  for (const later of await namesIn(storage)) {
    if (later <= name) break;
    heads.push((await listed(storage, later, sealer)).label?.audit_head ?? null);
  }
  const known = heads.filter((head) => head !== null).toSorted((a, b) => b.tree_size - a.tree_size);
  const [newest] = known;
  return newest && newest.tree_size > (manifest.audit_head?.tree_size ?? 0) ? newest : null;
}

/** Reads every table again, and compares it with what the manifest says. */
async function differences(client: Client, manifest: Manifest, progress: Progress): Promise<string[]> {
  const found: string[] = [];
  let bytes = 0;
  for (const table of await tablesIn(client)) {
    const expected = manifest.tables.find(({ name }) => name === table.name);
    const hash = createHash('sha256');
    const rows = copiedOut(client, { ...table, columns: expected?.columns ?? table.columns });
    let next = await rows.next();
    for (; !next.done; next = await rows.next()) {
      hash.update(next.value);
      bytes += next.value.length;
      progress({ doing: 'comparing', table: table.name, bytes });
    }
    if (next.value !== expected?.rows) found.push(`${table.name} has ${next.value} rows, not ${expected?.rows}`);
    else if (hash.digest('hex') !== expected.sha256)
      found.push(`the rows of ${table.name} are not those of the backup`);
  }
  return found;
}

/** A database for a trial, which is gone in the end, also when the trial fails. */
async function withScratch(
  beside: string,
  given: string | undefined,
  work: (db: Db, client: Client) => Promise<void>,
): Promise<void> {
  const admin = createDb({ url: given ?? beside, poolSize: 1, name: 'cardea backup' });
  const name = `cardea_verify_${randomBytes(6).toString('hex')}`;
  const url = new URL(given ?? beside);
  try {
    if (given === undefined) {
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
      const client = await db.connect();
      try {
        const { rows } = await examineTarget(client);
        if (rows.length > 0) throw notEmpty({ rows, auditHead: null, unfinished: false });
        await client.query('SET client_min_messages = error');
        await work(db, client);
      } finally {
        if (given !== undefined) await emptied(client);
        await client.end();
      }
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
  await removeAll(client);
  await client.query(`DROP TABLE IF EXISTS ${UNFINISHED_RESTORE}`);
}
