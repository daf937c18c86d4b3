import { createHash, randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import type { Clock } from '../platform/clock.ts';
import { type BoundStatement, createDb, type Db } from '../platform/db.ts';
import { failedGuard } from '../platform/db_errors.ts';
import { AppError, invalidInput, unavailable } from '../platform/errors.ts';
import { exclusively } from '../platform/exclusive.ts';
import { migrateTo } from '../platform/migrate.ts';
import type { Sealer } from '../platform/sealing.ts';
import type { SealedColumn } from '../platform/tables.ts';
import { tablesIn } from './catalogue.ts';
import { copiedOut } from './copy.ts';
import { type CreateOptions, createBackup } from './create.ts';
import {
  accountsToErase,
  type ErasuresSince,
  erasuresSince,
  goOnBehind,
  LISTS,
  writeErasureLists,
} from './erasure_lists.ts';
import { identitiesIn } from './identities.ts';
import type { Header, Label, Manifest } from './manifest.ts';
import { openAll } from './open_all.ts';
import { openStorage } from './open_storage.ts';
import {
  checkBackup,
  ended,
  examineTarget,
  exclusivelyRestoring,
  knownLists,
  newestHead,
  notingRestored,
  type Progress,
  replaceAll,
  restoreUnderWay,
  type Source,
  stillOwn,
  type Target,
} from './restore.ts';
import { databaseTime, type LastRuns, lastRuns, noteRun, type Run } from './runs.ts';
import { notEmpty, removeAbandoned, withScratch } from './scratch.ts';
import type { Storage } from './storage.ts';
import { type ListedBackup, listedIn, newestIn, type Removal, removeOld } from './stored.ts';

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
  /** Gives up what is being made, as when the server stops. */
  readonly stopping?: AbortSignal | undefined;
  /** Default: those of the settings as they are. */
  readonly storages?: typeof openStorage;
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
  /** Other places with lists of erased people. */
  readonly erasures?: readonly string[] | undefined;
  /** Numbers of lists of erased people that may be missing, such as `11-12,15`. */
  readonly withoutErasures?: string | undefined;
}

export interface Verified {
  readonly name: string;
  readonly manifest: Manifest;
  readonly findings: string[];
  readonly auditEvents: number;
  readonly opened: number;
  /** False where the database has a part of a backup alone, in which nothing can be noted. */
  readonly isNoted: boolean;
}

/** A restore whose rows are there: what is left to do before servers may use the database. */
export interface Restored {
  readonly name: string;
  readonly manifest: Manifest;
  readonly target: Target;
  /** The newest head of the audit that is known here, if it is newer than that of the backup. */
  readonly headSeen: Header['audit_head'];
  readonly erasures: ErasuresSince;
  /** Accounts that were erased since the backup, and are there again. */
  readonly toErase: readonly string[];
}

/** The end of a restore, after which servers may use the database: for the transaction of its last change. */
export interface RestoreEnd {
  readonly statements: readonly BoundStatement[];
  /** @returns the error for that of a transaction that failed */
  refuse(error: unknown): AppError | undefined;
}

type CreateProgress = NonNullable<CreateOptions['progress']>;

/** A backup that was made, and the older ones that were removed then. */
export interface Made extends Removal {
  readonly name: string;
  readonly label: Label;
}

export interface Backups {
  readonly settings: BackupSettings;
  /** @throws AppError `backup_not_configured`, `backup_under_way`, `backup_storage` */
  create(progress: CreateProgress): Promise<Made>;
  /** The same for the schedule: undefined when another node has made the one that was due. */
  createDue(progress: CreateProgress): Promise<Made | undefined>;
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
  /** @throws AppError `restore_under_way`, and those of `restore.ts` */
  restore(
    chosen: Chosen,
    how: {
      readonly replace: boolean;
      /** Run as one transaction when all rows are there: what must not go on from the backup, such as sessions. */
      readonly endings: readonly BoundStatement[];
      /** Erases again, and commits the statements of the end: while no other restore can begin. */
      finish(restored: Restored, end: RestoreEnd): Promise<void>;
    },
    progress: Progress,
  ): Promise<Restored>;
}

/** A day. */
const PATIENT_MS = 86_400_000;
const AGAIN_AFTER_MS = 600_000;

export function createBackups(parts: BackupParts): Backups {
  const { db, sealer, settings, stopping, storages = openStorage } = parts;

  const storageAt = (place: string, setting?: string): Promise<Storage> =>
    storages(place, { s3Endpoint: settings.s3Endpoint, setting, signal: stopping });

  async function ownStorage(from?: string): Promise<Storage> {
    if (from !== undefined) return storageAt(from, '--from');
    if (settings.to === undefined)
      throw new AppError('backup_not_configured', 'CARDEA_BACKUP_TO is not set: it says where backups are');
    return storageAt(settings.to);
  }

  async function create(progress: CreateProgress): Promise<Made> {
    const made = await createUnless(progress, async () => false);
    if (!made) throw new Error('a backup that nothing prevents is made');
    return made;
  }

  /** @param isDone asked while no other process can make one */
  async function createUnless(progress: CreateProgress, isDone: () => Promise<boolean>): Promise<Made | undefined> {
    const storage = await ownStorage();
    if (settings.recipients.length === 0)
      throw new AppError(
        'backup_not_configured',
        'CARDEA_BACKUP_RECIPIENTS is not set: "cardea backup keygen" makes the public key and the identity',
      );
    return exclusively(db, 'backup', underWay, async (client) => {
      if (await isDone()) return undefined;
      const run = { id: randomUUID(), began_at: await databaseTime(db) };
      const write = async () => {
        await writeErasureLists(parts, storage);
        return createBackup(parts, client, storage, { recipients: settings.recipients, progress });
      };
      try {
        // A stop ends the wait at once, also for a storage that does not answer. The backup that goes on cannot commit: its connection is closed.
        const made = await unlessAborted(write(), stopping);
        const { bytes } = made.label.file;
        const ended_at = await databaseTime(db);
        await noteRun(db, { ...run, name: made.name, ended_at, bytes, failure: null });
        await removeAbandoned(client);
        const removal = await removeOld(storage, await list(), made.label, settings.keptSeconds, ended_at.getTime());
        return { ...made, ...removal };
      } catch (error) {
        if (!stopping?.aborted) await noteFailure(run, error).catch(() => {}); // the database may be what failed
        throw error;
      }
    });
  }

  /** Of another id, as a good one may be noted already when only what comes behind it failed. */
  async function noteFailure(run: Pick<Run, 'began_at'>, error: unknown): Promise<void> {
    const failure = error instanceof AppError ? error.code : 'server_error';
    const ended_at = await databaseTime(db);
    await noteRun(db, { ...run, id: randomUUID(), name: null, ended_at, bytes: null, failure });
  }

  /** Milliseconds; undefined where none are made by themselves. */
  async function dueIn(): Promise<number | undefined> {
    if (settings.to === undefined || settings.recipients.length === 0 || settings.everySeconds === 0) return undefined;
    const { good, failed } = await lastRuns(db);
    const now = (await databaseTime(db)).getTime();
    const due = good ? good.began_at.getTime() + settings.everySeconds * 1_000 : now;
    // After its end: one that takes an hour to fail must not be tried all the time.
    return Math.max(due, failed ? failed.ended_at.getTime() + AGAIN_AFTER_MS : 0) - now;
  }

  const isNoLongerDue = async () => ((await dueIn()) ?? 0) > 0;

  const list = async (): Promise<ListedBackup[]> => listedIn(await ownStorage(), sealer);

  async function sourceOf({ from, name, identity }: Chosen): Promise<Source> {
    const storage = await ownStorage(from);
    const newest = name === undefined ? await newestIn(storage, sealer) : name.replace(/\.(age|json)$/, '');
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

  /** @param known the newest lists that a database knows of; read before the lists are, as servers may write more */
  async function needed(
    { erasures = [], withoutErasures }: Chosen,
    { storage }: Source,
    manifest: Manifest,
    others: readonly ListedBackup[],
    known: Target['erasures'],
  ): Promise<ErasuresSince> {
    const apart = await Promise.all(erasures.map((place) => storageAt(place, '--erasures')));
    const places = [storage, ...apart];
    // Of all backups, as clocks of nodes may differ: an older one says nothing here.
    const heads = [...known, ...others.map(({ label }) => label?.erasures ?? null)].filter((head) => head !== null);
    const since = await erasuresSince(places, manifest.erasures, heads, sealer, withoutErasures);
    // After the refusal of lists that are missing, which says more.
    for (const { place, list } of apart)
      if ((await list(LISTS)).length === 0)
        throw invalidInput('erasures', `${place} has no list of erased people: correct the place, or leave it out`);
    return since;
  }

  async function examined(
    client: Client,
    chosen: Chosen,
    source: Source,
    replace: boolean,
    progress: Progress,
  ): Promise<Omit<Restored, 'toErase'>> {
    const manifest = await checkBackup(source, progress);
    const target = await examineTarget(client);
    if (target.rows.length > 0 && !target.unfinished && !replace)
      throw notEmpty(target.rows, 'name an empty database, or add --replace');
    const others = await othersThan(source);
    const erasures = await needed(chosen, source, manifest, others, target.erasures);
    return { name: source.name, manifest, target, erasures, headSeen: headSeen(manifest, target, others) };
  }

  return {
    settings,
    create,
    list,
    last: () => lastRuns(db),
    dueIn,
    createDue: (progress) => createUnless(progress, isNoLongerDue),
    async listErasures() {
      return settings.to === undefined ? 0 : writeErasureLists(parts, await ownStorage());
    },
    async verify(chosen, scratch, progress) {
      const source = await sourceOf(chosen);
      const manifest = await checkBackup(source, progress);
      const { isPart, lists } = await connected(db, knownLists);
      await needed(chosen, source, manifest, await othersThan(source), lists);
      const findings: string[] = [];
      let [auditEvents, opened] = [0, 0];
      await withScratch(db.url, scratch, async (on, client) => {
        await replaceAll(on, client, source, manifest, { auditHead: null, erasures: [] }, progress);
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
      return { name: source.name, manifest, findings, auditEvents, opened, isNoted: !isPart };
    },
    examine: (chosen, replace, progress) =>
      exclusivelyRestoring(db, async (client) => examined(client, chosen, await sourceOf(chosen), replace, progress)),
    restore: (chosen, { replace, endings, finish }, progress) =>
      // The connection that has the lock writes the rows, so that a restore that has lost it cannot go on.
      exclusivelyRestoring(db, async (client) => {
        const source = await sourceOf(chosen);
        const found = await examined(client, chosen, source, replace, progress);
        const { manifest, headSeen: auditHead, target } = found;
        const { newest } = found.erasures;
        const noting = await notingRestored(source, manifest);
        const seen = { auditHead, erasures: [...target.erasures, ...(newest ? [newest] : [])] };
        // Its statements may take as long as a large database needs.
        const patient = createDb({ url: db.url, poolSize: 2, timeoutMs: PATIENT_MS, name: 'cardea backup' });
        let id: string;
        try {
          id = await replaceAll(patient, client, source, manifest, seen, progress);
          await migrateTo(patient, undefined);
          const last = [stillOwn(id), ...endings, ...(newest ? [goOnBehind(newest)] : []), noting];
          await patient.transact(last).catch((error: unknown) => {
            throw anotherBegan(error) ?? error;
          });
        } finally {
          await patient.close();
        }
        const restored = { ...found, toErase: await accountsToErase(db, found.erasures, sealer) };
        await finish(restored, { statements: ended(id), refuse: anotherBegan });
        return restored;
      }),
  };
}

const anotherBegan = (error: unknown): AppError | undefined =>
  failedGuard(error) === 'require_rows' ? restoreUnderWay() : undefined;

/** @throws AppError 503 when the signal comes first */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(unavailable('the server', new Error('it is stopping')));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

const underWay = () => new AppError('backup_under_way', 'another process is making a backup at this moment');

const othersThan = async ({ storage, name, sealer }: Source): Promise<ListedBackup[]> =>
  (await listedIn(storage, sealer)).filter((one) => one.name !== name);

/** The newest head of the audit that the database or a later backup has: others may have been sent it. */
function headSeen(manifest: Manifest, { auditHead }: Target, others: readonly ListedBackup[]): Header['audit_head'] {
  const later = others.flatMap(({ label }) => (label && label.created_at >= manifest.created_at ? [label] : []));
  const newest = newestHead([auditHead, ...later.map((label) => label.audit_head)]);
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
