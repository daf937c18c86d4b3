import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, dateOf, SECONDS_MOST } from '../platform/clock.ts';
import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { hashToken, type Place, type Sealer } from '../platform/sealing.ts';
import { bindChanges, bindReplays, Changes, grantPlace, keyOf, recordPlace, sessionPlace } from './changes.ts';
import { type StatelessToken, statelessTokenKey, type TokenStatus, tokenStatus } from './ended.ts';
import { createWriteRecords, type RecordValues, type WriteRecords } from './group_commit.ts';
import { createReadRow, type ReadRow } from './group_read.ts';
import { type SessionLimit, sessionEnd } from './lifetimes.ts';
import { MODELS, type ModelName } from './models.ts';
import { type Payload, payloadOf, type StoredPayload } from './payload.ts';
import { refusalOf } from './refusals.ts';
import { createStatements, type Statements } from './statements.ts';
import {
  openResponse,
  type SealedResponse,
  type StoredResponse,
  type StoredResponseRow,
  sealedResponseIn,
} from './stored_responses.ts';
import type { UnfinishedModel } from './unfinished.ts';

export interface Units {
  /** Runs work with a unit of its own; parallel requests never share one. The work, or whoever it calls, commits. */
  run<T>(work: (unit: Unit) => Promise<T>): Promise<T>;
  /** The unit of the request that is being served. @throws Error outside of `run` */
  current(): Unit;
}

/**
 * @param accountColumns what an account's store wants to know of a row that came along (alias `a`)
 */
export function createUnits(options: {
  db: Db;
  sealer: Sealer;
  now: Clock;
  accountColumns: string;
  lifetimes: SessionLimit;
}): Units {
  const statements = createStatements(options.accountColumns);
  const writeRecords = createWriteRecords({ db: options.db, statements });
  const read = {
    records: createReadRow(options.db, statements.findRecord),
    grants: createReadRow(options.db, statements.findGrant),
    sessions: createReadRow(options.db, statements.findSession),
    sessionsByUid: createReadRow(options.db, statements.findSessionByUid),
    unstored: createReadRow(options.db, statements.findUnstored),
  };
  const context = { ...options, statements, read, writeRecords };
  const storage = new AsyncLocalStorage<Unit>();
  return {
    run(work) {
      const unit = new Unit(context);
      return storage.run(unit, () => work(unit));
    },
    current() {
      const unit = storage.getStore();
      if (!unit) throw new Error('no unit of work here: records are reached through units.run() alone');
      return unit;
    },
  };
}

interface UnitContext {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly lifetimes: SessionLimit;
  readonly statements: Statements;
  readonly read: Readonly<Record<'records' | 'grants' | 'sessions' | 'sessionsByUid' | 'unstored', ReadRow>>;
  readonly writeRecords: WriteRecords;
}

interface Loaded {
  readonly model: ModelName;
  readonly kept: StoredPayload;
  /** What a used record was used up for. */
  readonly answer?: SealedResponse | undefined;
}

/**
 * A unit of work: what one request reads and writes.
 *
 * Reads are made once, each together with what is asked about it next. Writes are gathered, seen by later reads of
 * the same unit, and made by `commit` as one transaction before the response leaves: a crash loses all of them or
 * none, and whether a code or a refresh token was still unused is decided there, by the database, for any number of
 * nodes.
 */
export class Unit {
  /** The first failure of a dependency: whatever is answered afterwards must not pass for a verdict. */
  failure: unknown;

  readonly #context: UnitContext;
  /** By store and id. Functions that work once: parallel reads share a statement, unasked joins are never opened. */
  readonly #reads = new Map<string, () => Promise<Loaded | undefined>>();
  readonly #accountRows = new Map<string, Row>();
  readonly #grantEpochs = new Map<string, number>();
  /** Made when something is read or written: many requests do neither. */
  #gathered: Changes | undefined;
  #before: BoundStatement[] = [];
  #after: BoundStatement[] = [];

  constructor(context: UnitContext) {
    this.#context = context;
  }

  get #changes(): Changes {
    this.#gathered ??= new Changes();
    return this.#gathered;
  }

  // ---- reads ----

  async find(model: ModelName, id: string): Promise<Payload | undefined> {
    const { store } = MODELS[model];
    // Insert-only: only the insertion itself can tell whether it was the first.
    if (store === 'replays') return undefined;
    const key = keyOf(model, id);
    if (this.#changes.destroyed.has(key)) return undefined;
    const found = this.#changes.writes.get(key) ?? (await this.#read(key, () => this.#load(store, model, id)));
    if (found?.model !== model) return undefined;
    const payload = payloadOf(found.kept);
    if (store === 'sessions' && this.#hasEnded(payload)) return undefined;
    if (this.#changes.consumed.has(id)) payload.consumed ??= Math.floor(this.#context.now() / 1000);
    return payload;
  }

  async findSessionByUid(uid: string): Promise<Payload | undefined> {
    const found =
      this.#changes.sessionWrite(uid) ??
      (await this.#read(uidKey(uid), async () => {
        const row = await this.#context.read.sessionsByUid(uid);
        return row && this.#openSession(row);
      }));
    const payload = found && payloadOf(found.kept);
    return payload && !this.#hasEnded(payload) ? payload : undefined;
  }

  /** A session that has reached its absolute end is not found, by its cookie or by its uid. */
  #hasEnded(session: Payload): boolean {
    return sessionEnd(session, this.#context.lifetimes) * 1_000 <= this.#context.now();
  }

  /** What a token hangs on that is not stored. @returns undefined when that has ended, and the token with it */
  async findTokenStatus(token: StatelessToken): Promise<TokenStatus | undefined> {
    const row = await this.trackRead(this.#context.read.unstored(statelessTokenKey(token)));
    const standing = row && tokenStatus(token, row);
    if (!row || !standing) return undefined;
    if (typeof row.account_id === 'string') this.#accountRows.set(row.account_id, row);
    this.#keepJoined(row);
    return standing;
  }

  /** In which epoch of a grant something is issued now: what was issued in an earlier one has ended. */
  async grantEpoch(grantId: string): Promise<number> {
    if (!this.#grantEpochs.has(grantId)) await this.find('Grant', grantId);
    return this.#grantEpochs.get(grantId) ?? 0;
  }

  /** The row of `accounts` that came along with a record or a session, if one did. */
  joinedAccount(accountId: string): Row | undefined {
    return this.#accountRows.get(accountId);
  }

  #read(key: string, load: () => Promise<Loaded | undefined>): Promise<Loaded | undefined> {
    let read = this.#reads.get(key);
    if (!read) {
      read = once(() => load().catch((error) => this.#fail(error)));
      this.#reads.set(key, read);
    }
    return read();
  }

  async #load(store: 'records' | 'grants' | 'sessions', model: ModelName, id: string): Promise<Loaded | undefined> {
    if (store === 'grants') {
      const grant = await this.#context.read.grants(id);
      return grant && this.#openGrant(grant);
    }
    const idHash = hashToken(id);
    const row = await this.#context.read[store](idHash);
    if (!row) return undefined;
    if (typeof row.account_id === 'string') this.#accountRows.set(row.account_id, row);
    if (store === 'sessions') {
      const { model: session, kept } = this.#openSession(row);
      this.#changes.sessionUids.set(id, row.session_uid as string);
      // What was presented is what it is called; what is sealed may be older, by a parallel change of the id.
      return { model: session, kept: { ...kept, jti: id } };
    }
    this.#keepJoined(row);
    this.#changes.stored.add(keyOf(model, id));
    return this.#openRecord(row, id, idHash);
  }

  /** Remembers what came along with a record, so that asking for it costs nothing. */
  #keepJoined(row: Row): void {
    const { grant_id: grantId, session_uid: uid } = row;
    if (typeof grantId === 'string' && row.grant_sealed) {
      this.#reads.set(
        keyOf('Grant', grantId),
        once(async () => this.#openGrant(row)),
      );
    }
    if (typeof uid === 'string' && row.session_sealed) {
      this.#reads.set(
        uidKey(uid),
        once(async () => this.#openSession(row)),
      );
    }
  }

  #openRecord(row: Row, id: string, idHash: Buffer): Loaded {
    const json = this.#open(recordPlace(idHash), row.sealed);
    const consumed = row.consumed_at instanceof Date ? { consumed: Math.floor(row.consumed_at.getTime() / 1000) } : {};
    const answer = sealedResponseIn(row);
    // Whoever asks in time gets the answer again, also when the record would have expired meanwhile.
    const lives = answer ? { expiresNotBefore: answer.expiresAt.getTime() / 1000 } : {};
    return { model: row.model as ModelName, kept: { json, jti: id, ...consumed, ...lives }, answer };
  }

  #openGrant(row: Row): Loaded {
    const id = row.grant_id as string;
    this.#changes.stored.add(keyOf('Grant', id));
    this.#grantEpochs.set(id, row.grant_epoch as number);
    return { model: 'Grant', kept: { json: this.#open(grantPlace(id), row.grant_sealed), jti: id } };
  }

  #openSession(row: Row): Loaded {
    const uid = row.session_uid as string;
    const authorizations = row.session_authorizations as string | null;
    this.#changes.authorizationsBefore.set(uid, authorizations ?? '{}');
    const json = this.#open(sessionPlace(uid), row.session_sealed);
    return { model: 'Session', kept: { json, ...(authorizations === null ? {} : { authorizations }) } };
  }

  #open(place: Place, sealed: unknown): string {
    return this.#context.sealer.open(place, sealed as Uint8Array).toString();
  }

  // ---- writes, gathered until commit ----

  /** @param lifetime seconds */
  save(model: ModelName, id: string, payload: Payload, lifetime: number): void {
    const until = dateOf(this.#context.now() + lifetime * 1000);
    // Whoever asked for it has been let through where they should not have been: nothing is kept for ever.
    if (!until || lifetime > SECONDS_MOST) this.#fail(new AppError('out_of_range', 'a time is too far ahead'));
    this.#changes.save(model, id, payload, until);
  }

  /** Marks a single-use record as used. Whether it still was unused shows at commit. */
  async consume(model: ModelName, id: string): Promise<void> {
    const payload = await this.find(model, id);
    if (payload) this.#changes.consumed.set(id, payload.grantId);
  }

  /** Keeps what a refresh token that this unit uses is used up for, for whoever presents it again: see `repeat`. */
  storeResponse(id: string, answer: StoredResponse): void {
    this.#changes.responses.set(id, answer);
  }

  /**
   * Keeps the answer to a form (repeated_forms.ts). Of requests that keep one under the same key, one commits.
   * @throws (commit) AppError 401 `replayed` when another was first
   */
  storeFormResponse(row: StoredResponseRow): void {
    this.#changes.forms.push(row);
  }

  /**
   * What a refresh token was used up for, when the same is asked again in time and nothing has come of the answer yet.
   * Whoever presents it then is no thief: what this unit has gathered to revoke its grant is taken back.
   * @param asked what `keepAnswer` was told
   */
  async findStoredResponse(id: string, asked: string): Promise<string | undefined> {
    const found = await this.#read(keyOf('RefreshToken', id), () => this.#load('records', 'RefreshToken', id));
    if (found?.model !== 'RefreshToken' || !found.answer) return undefined;
    const answer = openResponse(id, found.answer, asked, this.#context.now());
    if (answer !== undefined) this.#changes.unrevoke('RefreshToken', id, payloadOf(found.kept).grantId);
    return answer;
  }

  destroy(model: ModelName, id: string): void {
    this.#changes.destroy(model, id);
  }

  revokeTokensOf(grantId: string): void {
    this.#changes.revokedTokensOf.add(grantId);
  }

  /** Kinds of what this unit makes before anybody has signed in, or decided (unfinished.ts). */
  unfinished(): UnfinishedModel[] {
    return this.#gathered?.unfinished() ?? [];
  }

  /** Says whose that is: of each origin only so much is kept. */
  countForOrigin(model: UnfinishedModel, origin: Buffer): void {
    this.#changes.origins.set(model, origin);
  }

  /** Another room's statement for the same transaction, after everything of ours: it happens when that does. */
  addStatement(bound: BoundStatement): void {
    this.#after.push(bound);
  }

  /** The same, before everything of ours: a condition without which nothing happens. */
  addGuard(bound: BoundStatement): void {
    this.#before.push(bound);
  }

  /**
   * Makes all that was gathered happen, or nothing.
   * @returns when another request that asked the same used the same refresh token first, the answer that it kept: give
   *   that in place of your own, of which nothing has happened
   * @throws AppError 400 `already_used` when another request used the same code or refresh token first; the grant is
   *   then revoked with all that was issued for it (RFC 6749 §4.1.2, RFC 9700 §4.14.2)
   * @throws AppError 400 `grant_revoked` when the grant was revoked meanwhile
   * @throws AppError 401 `replayed` when an assertion's `jti` was seen before (RFC 7523 §3)
   * @throws AppError 400 `credentials_changed` when what a sign-in rests on was changed while it went on
   * @throws AppError 503 when the database is not there
   */
  async commit(): Promise<string | undefined> {
    const changes = this.#gathered ?? new Changes();
    const [before, after] = [this.#before, this.#after];
    this.discard();
    try {
      await this.#write([...before, ...(changes.isEmpty ? [] : bindChanges(changes, this.#context)), ...after]);
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'already_used') throw error;
      const answer = await this.#answerOfWinner(changes);
      if (answer !== undefined) {
        // Of ours nothing has happened, but an assertion that it came with was presented all the same (RFC 7523 §3).
        await this.#write([...before, ...bindReplays(changes, this.#context)]);
        return answer;
      }
      const { db, statements } = this.#context;
      // Nothing is saved for a grant that is gone.
      await db.run(statements.deleteGrants, [changes.grantsOfConsumed()]).catch((failure) => this.#fail(failure));
      throw error;
    }
  }

  /** The winner of a race has committed before the others learn of it, so what it kept is there to be read. */
  async #answerOfWinner({ responses: answers }: Changes): Promise<string | undefined> {
    for (const [id, { requestFingerprint }] of answers) {
      const answer = await this.findStoredResponse(id, requestFingerprint);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  async #write(bound: readonly BoundStatement[]): Promise<void> {
    const { db, statements, writeRecords } = this.#context;
    const [only] = bound;
    if (!only) return;
    try {
      // Most requests change records alone: those may share a transaction.
      if (bound.length === 1 && only.statement === statements.writeRecords) {
        await writeRecords(only.values as RecordValues);
      } else {
        await db.transact(bound);
      }
    } catch (error) {
      throw refusalOf(error) ?? this.#fail(error);
    }
  }

  /** Forgets all that was read and gathered. */
  discard(): void {
    this.#reads.clear();
    this.#accountRows.clear();
    this.#grantEpochs.clear();
    this.#gathered = undefined;
    this.#before = [];
    this.#after = [];
  }

  /** Lets another store's read count as this unit's: when it fails, what is answered afterwards is no verdict. */
  trackRead<T>(read: Promise<T>): Promise<T> {
    return read.catch((error) => this.#fail(error));
  }

  #fail(error: unknown): never {
    this.failure ??= error;
    throw error;
  }
}

const uidKey = (uid: string) => `session-uid ${uid}`;

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
