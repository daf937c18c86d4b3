import { type Clock, dateOf, SECONDS_MOST } from '../platform/clock.ts';
import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { hashToken, type Place, type Sealer } from '../platform/sealing.ts';
import {
  bindChanges,
  bindReplays,
  Changes,
  grantPlace,
  keyOf,
  type MakeAuditLine,
  recordPlace,
  sessionPlace,
} from './changes.ts';
import { type StatelessToken, statelessTokenKey, type TokenStatus, tokenStatus } from './ended.ts';
import type { WriteRecords } from './group_commit.ts';
import type { Reads } from './group_read.ts';
import { type SessionLimit, sessionEnd } from './lifetimes.ts';
import { MODELS, type Model, type ModelName } from './models.ts';
import { type Payload, payloadOf, type StoredPayload } from './payload.ts';
import { refusalOf } from './refusals.ts';
import {
  type FoundGrant,
  type FoundRecord,
  type FoundSession,
  hasGrant,
  hasSession,
  type JoinedAccount,
  type JoinedGrant,
  type JoinedSession,
} from './rows.ts';
import type { NewResponse, RecordChanges, Statements } from './statements.ts';
import { openResponse, type SealedResponse, type StoredResponse, sealedResponseIn } from './stored_responses.ts';
import type { UnfinishedModel, UnfinishedRecord } from './unfinished.ts';

export interface Units {
  /** Runs work with a unit of its own; parallel requests never share one. The work, or a function that it calls, commits. */
  run<T>(work: (unit: Unit) => Promise<T>): Promise<T>;
  /** The unit of the request that is being served. @throws Error outside of `run` */
  current(): Unit;
}

/** The parts of a unit; `createUnits` has them (units.ts). */
export interface UnitContext {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  readonly lifetimes: SessionLimit;
  readonly statements: Statements;
  readonly read: Reads;
  readonly writeRecords: WriteRecords;
}

interface Loaded {
  readonly model: ModelName;
  readonly payload: StoredPayload;
  /** The response that a used record was used for. */
  readonly response?: SealedResponse | undefined;
}

/**
 * A unit of work: the reads and writes of one request.
 *
 * Each row is read once, together with the rows that are read next. Writes are gathered, seen by later reads of the same
 * unit, and made by `commit` as one transaction before the response leaves: a crash loses all of them or none, and the
 * database decides there, for any number of nodes, whether a code or a refresh token was still unused.
 */
export class Unit {
  /** The first failure of a dependency: a response that is made afterwards decides nothing about the request. */
  failure: unknown;

  readonly #context: UnitContext;
  /** By store and id. Functions that run once: parallel reads share a statement, joined rows are opened only when read. */
  readonly #reads = new Map<string, () => Promise<Loaded | undefined>>();
  readonly #accountRows = new Map<string, Row>();
  readonly #grantEpochs = new Map<string, number>();
  /** Created by the first read or write: many requests do neither. */
  #gathered: Changes | undefined;
  #before: BoundStatement[] = [];
  #after: BoundStatement[] = [];
  #whenReplayed: (() => BoundStatement)[] = [];

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
    // Insert-only: the insertion itself decides whether it was the first.
    if (store === 'replays') return undefined;
    const key = keyOf(model, id);
    if (this.#changes.destroyed.has(key)) return undefined;
    const record = this.#changes.writes.get(key) ?? (await this.#read(key, () => this.#load(store, model, id)));
    if (record?.model !== model) return undefined;
    const payload = payloadOf(record.payload);
    if (store === 'sessions' && this.#hasEnded(payload)) return undefined;
    if (this.#changes.consumed.has(id)) payload.consumed ??= Math.floor(this.#context.now() / 1000);
    return payload;
  }

  async findSessionByUid(uid: string): Promise<Payload | undefined> {
    const session =
      this.#changes.sessionWrite(uid) ??
      (await this.#read(uidKey(uid), async () => {
        const row = await this.#context.read.sessionsByUid(uid);
        return row && this.#openSession(row);
      }));
    const payload = session && payloadOf(session.payload);
    return payload && !this.#hasEnded(payload) ? payload : undefined;
  }

  /** A session that has reached its absolute end is not found, by its cookie or by its uid. */
  #hasEnded(session: Payload): boolean {
    return sessionEnd(session, this.#context.lifetimes) * 1_000 <= this.#context.now();
  }

  /** The state that an unstored (JWT) token depends on. @returns undefined when the token has ended */
  async findTokenStatus(token: StatelessToken): Promise<TokenStatus | undefined> {
    const row = await this.trackRead(this.#context.read.tokenStatus(statelessTokenKey(token)));
    const status = row && tokenStatus(token, row);
    if (!row || !status) return undefined;
    this.#rememberAccount(row);
    this.#rememberJoined(row);
    return status;
  }

  /** The current epoch of a grant: tokens that were issued in an earlier one have ended. */
  async grantEpoch(grantId: string): Promise<number> {
    if (!this.#grantEpochs.has(grantId)) await this.find('Grant', grantId);
    return this.#grantEpochs.get(grantId) ?? 0;
  }

  /** The row of `accounts` that was joined to a record or a session, if one was. */
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
    const { read } = this.#context;
    if (store === 'grants') {
      const grant = await read.grants(id);
      return grant && this.#openGrant(grant);
    }
    const idHash = hashToken(id);
    if (store === 'sessions') {
      const session = await read.sessions(idHash);
      if (!session) return undefined;
      this.#rememberAccount(session);
      const opened = this.#openSession(session);
      this.#changes.sessionUids.set(id, session.session_uid);
      // The presented id counts; the sealed one may be older, when a parallel request changed the id.
      return { ...opened, payload: { ...opened.payload, jti: id } };
    }
    const row = await read.records(idHash);
    if (!row) return undefined;
    this.#rememberAccount(row);
    this.#rememberJoined(row);
    this.#changes.stored.add(keyOf(model, id));
    return this.#openRecord(row, id, idHash);
  }

  #rememberAccount(row: JoinedAccount): void {
    if (row.account_id !== null) this.#accountRows.set(row.account_id, row);
  }

  /** Remembers the rows that were joined to a record, so that reading them needs no statement. */
  #rememberJoined(row: JoinedGrant & JoinedSession): void {
    if (hasGrant(row)) {
      this.#reads.set(
        keyOf('Grant', row.grant_id),
        once(async () => this.#openGrant(row)),
      );
    }
    if (hasSession(row)) {
      this.#reads.set(
        uidKey(row.session_uid),
        once(async () => this.#openSession(row)),
      );
    }
  }

  #openRecord(row: FoundRecord, id: string, idHash: Buffer): Loaded {
    const json = this.#open(recordPlace(idHash), row.sealed);
    const consumed = row.consumed_at ? { consumed: Math.floor(row.consumed_at.getTime() / 1000) } : {};
    const response = sealedResponseIn(row);
    // A retry in time gets the stored response, also when the record would have expired meanwhile.
    const expiry = response ? { expiresNotBefore: response.expiresAt.getTime() / 1000 } : {};
    return { model: row.model, payload: { json, jti: id, ...consumed, ...expiry }, response };
  }

  #openGrant({ grant_id: id, grant_sealed: sealed, grant_epoch: epoch }: FoundGrant): Loaded {
    this.#changes.stored.add(keyOf('Grant', id));
    this.#grantEpochs.set(id, epoch);
    return { model: 'Grant', payload: { json: this.#open(grantPlace(id), sealed), jti: id } };
  }

  #openSession(row: FoundSession): Loaded {
    const { session_uid: uid, session_authorizations: authorizations } = row;
    this.#changes.authorizationsBefore.set(uid, authorizations ?? '{}');
    const json = this.#open(sessionPlace(uid), row.session_sealed);
    return { model: 'Session', payload: { json, ...(authorizations === null ? {} : { authorizations }) } };
  }

  #open(place: Place, sealed: Buffer): string {
    return this.#context.sealer.open(place, sealed).toString();
  }

  /** The grants that end by this unit, as they were read. */
  async endedGrants(): Promise<Payload[]> {
    const read = this.#changes.destroyedOf('grants').map((id) => this.#reads.get(keyOf('Grant', id))?.());
    return (await Promise.all(read)).flatMap((one) => (one ? [payloadOf(one.payload)] : []));
  }

  // ---- writes, gathered until commit ----

  /** @param lifetime seconds */
  save(model: ModelName, id: string, payload: Payload, lifetime: number): void {
    const { keptExpired = 0 }: Model = MODELS[model];
    const until = dateOf(this.#context.now() + (lifetime + keptExpired) * 1000);
    // A lifetime that should have been refused earlier: no record is stored for ever.
    if (!until || lifetime > SECONDS_MOST) this.#fail(new AppError('out_of_range', 'a time is too far ahead'));
    this.#changes.save(model, id, payload, until);
  }

  /** Marks a single-use record as used. The commit decides whether it was still unused. */
  async consume(model: ModelName, id: string): Promise<void> {
    const payload = await this.find(model, id);
    if (payload) this.#changes.consumed.set(id, payload.grantId);
  }

  /** Stores the response that a refresh token of this unit is used for, for a client that retries. */
  storeResponse(id: string, response: StoredResponse): void {
    this.#changes.responses.set(id, response);
  }

  /** Stores the response to a form (repeated_forms.ts). @throws (commit) AppError 401 `replayed` when another one was first */
  storeFormResponse(row: NewResponse): void {
    this.#changes.forms.push(row);
  }

  /**
   * The response that a refresh token was used for, when the same request is repeated in time and the tokens of the
   * response were not used yet. Such a request is no replay: this unit does not revoke the grant after all.
   * @param requestFingerprint as `storeResponse` was given it
   */
  async findStoredResponse(id: string, requestFingerprint: string): Promise<string | undefined> {
    const record = await this.#read(keyOf('RefreshToken', id), () => this.#load('records', 'RefreshToken', id));
    if (record?.model !== 'RefreshToken' || !record.response) return undefined;
    const response = openResponse(id, record.response, requestFingerprint, this.#context.now());
    if (response !== undefined) this.#changes.unrevoke('RefreshToken', id, payloadOf(record.payload).grantId);
    return response;
  }

  /** Takes back that records are used, and what was issued for them. What a client has authenticated with stays used. */
  useNothingUp(): void {
    this.#gathered?.useNothingUp();
  }

  destroy(model: ModelName, id: string): void {
    this.#changes.destroy(model, id);
  }

  revokeTokensOf(grantId: string): void {
    this.#changes.revokedTokensOf.add(grantId);
  }

  /** The unfinished records that this unit creates (unfinished.ts). */
  unfinished(): UnfinishedRecord[] {
    return this.#gathered?.unfinished() ?? [];
  }

  /** Counts an unfinished record for its origin, since each origin has a maximum of them. */
  countForOrigin(model: UnfinishedModel, origin: Buffer): void {
    this.#changes.origins.set(model, origin);
  }

  /** A statement of another store for the same transaction, after those of this unit. */
  addStatement(bound: BoundStatement): void {
    this.#after.push(bound);
  }

  /** Lets the audit tell of this request, in the statement of its changes. */
  addAuditLine(make: MakeAuditLine): void {
    this.#changes.auditLines.push(make);
  }

  /** For the transaction that revokes a grant because another request had used the code or refresh token of this one. */
  addWhenReplayed(make: () => BoundStatement): void {
    this.#whenReplayed.push(make);
  }

  /** A statement before those of this unit: a condition that the whole transaction depends on. */
  addGuard(bound: BoundStatement): void {
    this.#before.push(bound);
  }

  /**
   * Commits all that was gathered, or nothing.
   * @returns the response that another request stored, when that was the same request and used the same refresh token
   *   first: it replaces the caller's own response, of which nothing was committed
   * @throws AppError 400 `already_used` when another request used the same code or refresh token first; the grant is
   *   then revoked with all that was issued for it (RFC 6749 §4.1.2, RFC 9700 §4.14.2)
   * @throws AppError 400 `grant_revoked` when the grant was revoked meanwhile
   * @throws AppError 401 `replayed` when an assertion's `jti` was seen before (RFC 7523 §3)
   * @throws AppError 400 `credentials_changed` when the credentials of a sign-in were changed meanwhile
   * @throws AppError 503 when the database is unavailable
   */
  async commit(): Promise<string | undefined> {
    const changes = this.#gathered ?? new Changes();
    const [before, after, whenReplayed] = [this.#before, this.#after, this.#whenReplayed];
    this.discard();
    try {
      const { bound, recordsAlone } = changes.isEmpty ? { bound: [] } : bindChanges(changes, this.#context);
      const isAlone = before.length + after.length === 0;
      await this.#write([...before, ...bound, ...after], isAlone ? recordsAlone : undefined);
      return undefined;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'already_used') throw error;
      const response = await this.#responseOfWinner(changes);
      if (response !== undefined) {
        // Nothing else was committed, but the assertion of this request was presented all the same (RFC 7523 §3).
        await this.#write([...before, ...bindReplays(changes, this.#context)]);
        return response;
      }
      const { db, statements } = this.#context;
      // Nothing is saved for a grant that is gone.
      const revoke = statements.deleteGrants.bind({ ids: changes.grantsOfConsumed() });
      await db.transact([revoke, ...whenReplayed.map((make) => make())]).catch((failure) => this.#fail(failure));
      throw error;
    }
  }

  /** The winner of a race has committed before the others learn of it, so its stored response can be read. */
  async #responseOfWinner({ responses }: Changes): Promise<string | undefined> {
    for (const [id, { requestFingerprint }] of responses) {
      const response = await this.findStoredResponse(id, requestFingerprint);
      if (response !== undefined) return response;
    }
    return undefined;
  }

  async #write(bound: readonly BoundStatement[], recordsAlone?: RecordChanges): Promise<void> {
    const { db, writeRecords } = this.#context;
    if (bound.length === 0) return;
    try {
      // Most requests change records alone: those may share a transaction.
      if (recordsAlone) await writeRecords(recordsAlone);
      else await db.transact(bound);
    } catch (error) {
      throw refusalOf(error) ?? this.#fail(error);
    }
  }

  /** Drops all reads and gathered writes. */
  discard(): void {
    this.#reads.clear();
    this.#accountRows.clear();
    this.#grantEpochs.clear();
    this.#gathered = undefined;
    [this.#before, this.#after, this.#whenReplayed] = [[], [], []];
  }

  /** Treats another store's read as one of this unit: when it fails, the unit has failed (`failure`). */
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
