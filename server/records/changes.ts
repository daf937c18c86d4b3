import type { AuditLine } from '../audit/lines.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement } from '../platform/db.ts';
import { hashToken, type Place, type Sealer } from '../platform/sealing.ts';
import { MODELS, type ModelName, type Store } from './models.ts';
import { authorizationsOf, type Payload, type SessionAuthorization, type StoredPayload } from './payload.ts';
import type { ChangedRecord, NewGrant, NewRecord, NewResponse, RecordChanges, Statements } from './statements.ts';
import { type StoredResponse, sealResponse } from './stored_responses.ts';
import { isUnfinished, type UnfinishedRecord } from './unfinished.ts';

/** A saved payload, and the members of it that have a column. */
export interface Write {
  readonly model: ModelName;
  readonly id: string;
  readonly payload: StoredPayload;
  readonly expiresAt: Date;
  readonly uid: string | undefined;
  readonly grantId: string | undefined;
  readonly accountId: string | undefined;
  readonly clientId: string | undefined;
  readonly sessionUid: string | undefined;
}

/** Makes a line of the audit when all changes are known. @param sessionOf the uid of the session that the person then has */
export type MakeAuditLine = (sessionOf: (accountId: string) => string | undefined) => AuditLine;

/** The changes that a unit of work has gathered, and what it has read that they depend on. */
export class Changes {
  readonly writes = new Map<string, Write>();
  readonly destroyed = new Map<string, { model: ModelName; id: string }>();
  /** Single-use records that this unit uses, each with its grant. */
  readonly consumed = new Map<string, string | undefined>();
  /** The responses that records of `consumed` are used for. */
  readonly responses = new Map<string, StoredResponse>();
  /** Responses to forms. */
  readonly forms: NewResponse[] = [];
  /** The origin that an unfinished record is counted for (unfinished.ts). */
  readonly origins = new Map<ModelName, Buffer>();
  readonly revokedTokensOf = new Set<string>();
  readonly auditLines: MakeAuditLine[] = [];
  /** Keys that were found in the database. Their rows are changed and never inserted: a deleted row stays deleted. */
  readonly stored = new Set<string>();
  /** By session id. */
  readonly sessionUids = new Map<string, string>();
  /** By session uid, as JSON: only what differs from it is written. */
  readonly authorizationsBefore = new Map<string, string>();

  get isEmpty(): boolean {
    const { writes, destroyed, consumed, revokedTokensOf, forms, auditLines } = this;
    const sizes = [writes.size, destroyed.size, consumed.size, revokedTokensOf.size, forms.length, auditLines.length];
    return sizes.every((size) => size === 0);
  }

  save(model: ModelName, id: string, payload: Payload, expiresAt: Date): void {
    const key = keyOf(model, id);
    this.destroyed.delete(key);
    this.writes.set(key, {
      model,
      id,
      payload: serialize(model, payload),
      expiresAt,
      uid: payload.uid,
      grantId: grantOf(model, payload),
      accountId: accountOf(model, payload),
      clientId: payload.clientId,
      sessionUid: payload.sessionUid,
    });
    if (model === 'Session' && payload.uid) this.sessionUids.set(id, payload.uid);
  }

  destroy(model: ModelName, id: string): void {
    const key = keyOf(model, id);
    this.writes.delete(key);
    this.destroyed.set(key, { model, id });
  }

  /** Takes back that a record is destroyed and its grant revoked. */
  unrevoke(model: ModelName, id: string, grantId: string | undefined): void {
    this.destroyed.delete(keyOf(model, id));
    if (grantId === undefined) return;
    this.destroyed.delete(keyOf('Grant', grantId));
    this.revokedTokensOf.delete(grantId);
  }

  useNothingUp(): void {
    this.consumed.clear();
    for (const [key, { model }] of this.writes) if (MODELS[model].store === 'records') this.writes.delete(key);
  }

  sessionWrite(uid: string): Write | undefined {
    return this.writesTo('sessions').find((write) => write.uid === uid);
  }

  /** The uid of the session that a person has by these changes. */
  sessionOf(accountId: string): string | undefined {
    return this.writesTo('sessions').find((write) => write.accountId === accountId)?.uid;
  }

  grantsOfConsumed(): string[] {
    return [...this.consumed.values()].filter((grantId) => grantId !== undefined);
  }

  /** The writes to a store; nothing is saved for a grant that the same unit revokes. */
  writesTo(store: Store): Write[] {
    return [...this.writes.values()].filter(
      (write) => MODELS[write.model].store === store && !this.isRevoked(write.grantId),
    );
  }

  destroyedOf(store: Store): string[] {
    return [...this.destroyed.values()].filter(({ model }) => MODELS[model].store === store).map(({ id }) => id);
  }

  isRevoked(grantId: string | undefined): boolean {
    return grantId !== undefined && (this.destroyed.has(keyOf('Grant', grantId)) || this.revokedTokensOf.has(grantId));
  }

  /** The unfinished records that are created here (unfinished.ts). */
  unfinished(): UnfinishedRecord[] {
    return [...this.writes.values()].flatMap(({ model, id, uid = '', accountId, payload }) => {
      if (!isUnfinished(model)) return [];
      const isNew =
        model === 'Session'
          ? accountId === undefined && !this.authorizationsBefore.has(uid)
          : !this.stored.has(keyOf(model, id));
      return isNew ? [{ model, bytes: payload.json.length }] : [];
    });
  }

  /** Splits writes by whether their row is in the database already. */
  split(writes: Write[]): { changed: Write[]; created: Write[] } {
    const isStored = ({ model, id }: Write) => this.stored.has(keyOf(model, id));
    return { changed: writes.filter(isStored), created: writes.filter((write) => !isStored(write)) };
  }
}

interface BindContext {
  readonly sealer: Sealer;
  readonly statements: Statements;
  readonly now: Clock;
}

/**
 * The statements that make the changes. A pure function, except for the random bytes of sealing.
 *
 * Their order is one that foreign keys accept, and the same in every transaction: grants, their records, sessions.
 * So parallel requests wait for one another, but never in a circle.
 * @returns also what changes in `records`, when nothing else changes: that may share a transaction (group_commit.ts)
 */
export function bindChanges(
  changes: Changes,
  context: BindContext,
): { bound: BoundStatement[]; recordsAlone?: RecordChanges } {
  const before = [
    ...bindReplays(changes, context),
    ...bindGrants(changes, context),
    ...bindRevocations(changes, context),
  ];
  const records = recordChanges(changes, context);
  const sessions = bindSessions(changes, context);
  const bound = [...before, ...(records ? [context.statements.writeRecords.bind(records)] : []), ...sessions];
  return records && bound.length === 1 ? { bound, recordsAlone: records } : { bound };
}

export function bindReplays(changes: Changes, { statements }: BindContext): BoundStatement[] {
  const rows = changes.writesTo('replays').map((write) => ({ id_hash: hashOf(write), expires_at: write.expiresAt }));
  return rows.length === 0 ? [] : [statements.insertReplays.bind({ rows })];
}

function bindGrants(changes: Changes, { statements, sealer, now }: BindContext): BoundStatement[] {
  const { changed, created } = changes.split(changes.writesTo('grants'));
  const changedRowOf = (write: Write) => ({
    id: write.id,
    sealed: seal(sealer, grantPlace(write.id), write),
    expires_at: write.expiresAt,
  });
  const newRowOf = (write: Write): NewGrant => ({
    ...changedRowOf(write),
    account_id: write.accountId ?? null,
    client_id: write.clientId ?? null,
    created_at: new Date(now()),
  });
  return [
    ...(changed.length > 0 ? [statements.changeGrants.bind({ rows: changed.map(changedRowOf) })] : []),
    ...(created.length > 0 ? [statements.insertGrants.bind({ rows: created.map(newRowOf) })] : []),
  ];
}

function bindSessions(changes: Changes, context: BindContext): BoundStatement[] {
  const writes = changes.writesTo('sessions');
  const saved = new Set(writes.map(({ uid }) => uid));
  const bound = writes.map((write) => bindSession(changes, write, context));
  // A session that gets a new id is destroyed under the old one and saved under the new: a change, not a deletion.
  const ended = changes.destroyedOf('sessions').filter((id) => !saved.has(changes.sessionUids.get(id)));
  if (ended.length === 0) return bound;
  const idHashes = ended.map(hashToken);
  const { lockSessions, deleteSessions } = context.statements;
  return [...bound, lockSessions.bind({ idHashes }), deleteSessions.bind({ idHashes })];
}

function bindSession(changes: Changes, write: Write, { statements, sealer, now: clock }: BindContext): BoundStatement {
  const { id, uid = '', payload, expiresAt } = write;
  const stored = changes.authorizationsBefore.get(uid);
  const before = stored === undefined ? undefined : authorizationsOf(stored);
  const now = authorizationsOf(payload.authorizations ?? '{}');
  const authorizations = Object.entries(now)
    .filter(([clientId, one]) => !isSame(one, before?.[clientId]))
    .map(([clientId, { sid = null, grantId = null, persistsLogout = false }]) => ({
      client_id: clientId,
      sid,
      grant_id: grantId,
      persists_logout: persistsLogout,
    }));
  const session = {
    uid,
    account_id: write.accountId ?? null,
    sealed: seal(sealer, sessionPlace(uid), write),
    expires_at: expiresAt,
    authorizations,
  };
  if (before === undefined) {
    const origin = session.account_id === null ? (changes.origins.get('Session') ?? null) : null;
    return statements.insertSession.bind({
      ...session,
      id_hash: hashToken(id),
      origin,
      created_at: new Date(clock()),
    });
  }
  const hasNewId = changes.destroyedOf('sessions').some((old) => old !== id && changes.sessionUids.get(old) === uid);
  const removed = Object.keys(before).filter((clientId) => !(clientId in now));
  return statements.changeSession.bind({ ...session, id_hash: hasNewId ? hashToken(id) : null, removed });
}

/** @returns undefined when nothing in `records` changes, and the audit tells nothing */
function recordChanges(changes: Changes, { sealer, now }: BindContext): RecordChanges | undefined {
  // A record that is deleted with its grant cannot be marked as used, and need not be.
  const consumed = [...changes.consumed].flatMap(([id, grantId]) =>
    changes.isRevoked(grantId) ? [] : [hashToken(id)],
  );
  const destroyed = changes.destroyedOf('records').map(hashToken);
  const { changed, created } = changes.split(changes.writesTo('records'));
  const sizes = [consumed, destroyed, changed, created, changes.forms, changes.auditLines].map(({ length }) => length);
  if (sizes.every((size) => size === 0)) return undefined;
  const changedRowOf = (write: Write): ChangedRecord => {
    const idHash = hashOf(write);
    return {
      id_hash: idHash,
      sealed: seal(sealer, recordPlace(idHash), write),
      expires_at: write.expiresAt,
      account_id: write.accountId ?? null,
    };
  };
  const newRowOf = (write: Write): NewRecord => ({
    ...changedRowOf(write),
    model: write.model,
    grant_id: write.grantId ?? null,
    client_id: write.clientId ?? null,
    session_uid: write.sessionUid ?? null,
    origin: changes.origins.get(write.model) ?? null,
  });
  return {
    now: new Date(now()),
    consumed,
    destroyed,
    changed: changed.map(changedRowOf),
    created: created.map(newRowOf),
    responses: [...[...changes.responses].map(([id, response]) => sealResponse(id, response)), ...changes.forms],
    auditLines: changes.auditLines.map((make) => make((accountId) => changes.sessionOf(accountId))),
  };
}

function bindRevocations(changes: Changes, { statements }: BindContext): BoundStatement[] {
  const grants = changes.destroyedOf('grants');
  const tokensOf = [...changes.revokedTokensOf].filter((id) => !grants.includes(id));
  return [
    ...(grants.length > 0 ? [statements.deleteGrants.bind({ ids: grants })] : []),
    ...(tokensOf.length > 0 ? [statements.deleteRecordsOfGrants.bind({ ids: tokensOf })] : []),
  ];
}

/** Ids are unique in a store; models that share one share its ids. */
export const keyOf = (model: ModelName, id: string) => `${MODELS[model].store} ${id}`;

export const recordPlace = (idHash: Buffer): Place => ({
  table: 'records',
  column: 'sealed',
  row: idHash.toString('hex'),
});
export const grantPlace = (id: string): Place => ({ table: 'grants', column: 'sealed', row: id });
export const sessionPlace = (uid: string): Place => ({ table: 'sessions', column: 'sealed', row: uid });

const hashOf = ({ id }: Write) => hashToken(id);

function seal(sealer: Sealer, place: Place, { payload }: Write): Buffer {
  return sealer.seal(place, Buffer.from(payload.json));
}

/** Without what is stored in columns: the id, its use, and the authorizations of a session, which are rows. */
function serialize(model: ModelName, payload: Payload): StoredPayload {
  const { store } = MODELS[model];
  if (store === 'sessions') {
    const { authorizations, ...sealed } = payload;
    const json = JSON.stringify(sealed);
    return authorizations ? { json, authorizations: JSON.stringify(authorizations) } : { json };
  }
  const { jti, consumed, ...sealed } = payload;
  return {
    json: JSON.stringify(sealed),
    ...(jti === undefined ? {} : { jti }),
    ...(consumed === undefined ? {} : { consumed }),
  };
}

/**
 * The grant that a record was issued under and ends with. An interaction only refers to a grant: it outlives a grant that
 * ends meanwhile, as when another person signs in in the same browser.
 */
function grantOf(model: ModelName, payload: Payload): string | undefined {
  return model === 'Interaction' ? undefined : payload.grantId;
}

/** The account of a record. That of an interaction is the account that has signed in in it so far. */
function accountOf(model: ModelName, payload: Payload): string | undefined {
  if (model !== 'Interaction') return payload.accountId;
  const { lastSubmission, session } = payload as {
    lastSubmission?: { login?: { accountId?: string } };
    session?: { accountId?: string };
  };
  return lastSubmission?.login?.accountId ?? session?.accountId;
}

function isSame(a: SessionAuthorization, b: SessionAuthorization | undefined): boolean {
  return (
    b !== undefined &&
    a.sid === b.sid &&
    a.grantId === b.grantId &&
    (a.persistsLogout ?? false) === (b.persistsLogout ?? false)
  );
}
