import type { Clock } from '../platform/clock.ts';
import type { BoundStatement } from '../platform/db.ts';
import { hashToken, type Place, type Sealer } from '../platform/sealing.ts';
import { MODELS, type ModelName, type Store } from './models.ts';
import { authorizationsOf, type Payload, type SessionAuthorization, type StoredPayload } from './payload.ts';
import type { Statements } from './statements.ts';
import { type StoredResponse, type StoredResponseRow, sealResponse } from './stored_responses.ts';
import { isUnfinished, type UnfinishedModel } from './unfinished.ts';

/** A save, with all that a column of its own is to hold. */
export interface Write {
  readonly model: ModelName;
  readonly id: string;
  readonly kept: StoredPayload;
  readonly expiresAt: Date;
  readonly uid: string | undefined;
  readonly grantId: string | undefined;
  readonly accountId: string | undefined;
  readonly clientId: string | undefined;
  readonly sessionUid: string | undefined;
}

/** What a unit of work has gathered, and what it must know of the database to write it. */
export class Changes {
  readonly writes = new Map<string, Write>();
  readonly destroyed = new Map<string, { model: ModelName; id: string }>();
  /** Single-use records that this unit uses, each with its grant. */
  readonly consumed = new Map<string, string | undefined>();
  /** What records of `consumed` are used up for. */
  readonly responses = new Map<string, StoredResponse>();
  /** Answers to forms. */
  readonly forms: StoredResponseRow[] = [];
  /** Whose it counts as, of what is kept before anybody has signed in (unfinished.ts). */
  readonly origins = new Map<ModelName, Buffer>();
  readonly revokedTokensOf = new Set<string>();
  /** Keys that were found in the database. Those are changed and never inserted: what is gone stays gone. */
  readonly stored = new Set<string>();
  /** By session id. */
  readonly sessionUids = new Map<string, string>();
  /** By session uid, as JSON: what differs on save is what is written. */
  readonly authorizationsBefore = new Map<string, string>();

  get isEmpty(): boolean {
    const { writes, destroyed, consumed, revokedTokensOf, forms } = this;
    return writes.size + destroyed.size + consumed.size + revokedTokensOf.size + forms.length === 0;
  }

  save(model: ModelName, id: string, payload: Payload, expiresAt: Date): void {
    const key = keyOf(model, id);
    this.destroyed.delete(key);
    this.writes.set(key, {
      model,
      id,
      kept: serialize(model, payload),
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

  sessionWrite(uid: string): Write | undefined {
    return this.writesTo('sessions').find((write) => write.uid === uid);
  }

  grantsOfConsumed(): string[] {
    return [...this.consumed.values()].filter((grantId) => grantId !== undefined);
  }

  /** What is to be written to a store; nothing is saved for a grant that the same unit revokes. */
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

  /** Kinds of what is made here before anybody has signed in, or decided. */
  unfinished(): UnfinishedModel[] {
    const made = [...this.writes.values()].flatMap(({ model, id, uid = '', accountId }) => {
      if (!isUnfinished(model)) return [];
      if (model === 'Session') return accountId === undefined && !this.authorizationsBefore.has(uid) ? [model] : [];
      return this.stored.has(keyOf(model, id)) ? [] : [model];
    });
    return [...new Set(made)];
  }

  /** Splits writes by whether there is something in the database to change. */
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
 * The statements that make the changes. Pure, but for the sealing.
 *
 * Their order is one that foreign keys accept, and the same in every transaction: grants, their records, sessions.
 * Parallel requests wait for one another, but never in a circle.
 */
export function bindChanges(changes: Changes, context: BindContext): BoundStatement[] {
  return [
    ...bindReplays(changes, context),
    ...bindGrants(changes, context),
    ...bindRevocations(changes, context),
    ...bindRecords(changes, context),
    ...bindSessions(changes, context),
  ];
}

export function bindReplays(changes: Changes, { statements }: BindContext): BoundStatement[] {
  const replays = changes.writesTo('replays');
  if (replays.length === 0) return [];
  return [{ statement: statements.insertReplays, values: [replays.map(hashOf), replays.map(expiryOf)] }];
}

function bindGrants(changes: Changes, { statements, sealer }: BindContext): BoundStatement[] {
  const { changed, created } = changes.split(changes.writesTo('grants'));
  const sealed = (write: Write) => seal(sealer, grantPlace(write.id), write);
  const bound: BoundStatement[] = [];
  if (changed.length > 0) {
    const values = [changed.map(idOf), changed.map(sealed), changed.map(expiryOf)];
    bound.push({ statement: statements.changeGrants, values });
  }
  if (created.length > 0) {
    const values = [
      created.map(idOf),
      created.map(({ accountId }) => accountId),
      created.map(({ clientId }) => clientId),
      created.map(sealed),
      created.map(expiryOf),
    ];
    bound.push({ statement: statements.insertGrants, values });
  }
  return bound;
}

function bindSessions(changes: Changes, context: BindContext): BoundStatement[] {
  const writes = changes.writesTo('sessions');
  const saved = new Set(writes.map(({ uid }) => uid));
  const bound = writes.map((write) => bindSession(changes, write, context));
  // A session that gets a new id is destroyed under the old one and saved under the new: a change, not a deletion.
  const ended = changes.destroyedOf('sessions').filter((id) => !saved.has(changes.sessionUids.get(id)));
  if (ended.length === 0) return bound;
  const values = [ended.map(hashToken)];
  const { lockSessions, deleteSessions } = context.statements;
  bound.push({ statement: lockSessions, values }, { statement: deleteSessions, values });
  return bound;
}

function bindSession(changes: Changes, write: Write, { statements, sealer }: BindContext): BoundStatement {
  const { id, uid = '', kept, expiresAt } = write;
  const known = changes.authorizationsBefore.get(uid);
  const before = known === undefined ? undefined : authorizationsOf(known);
  const now = authorizationsOf(kept.authorizations ?? '{}');
  const touched = Object.entries(now).filter(([client, one]) => !isSame(one, before?.[client]));
  const authorizations = [
    touched.map(([client]) => client),
    touched.map(([, one]) => one.sid ?? null),
    touched.map(([, one]) => one.grantId ?? null),
    touched.map(([, one]) => one.persistsLogout ?? false),
  ];
  const sealed = seal(sealer, sessionPlace(uid), write);
  const account = write.accountId ?? null;
  if (before === undefined) {
    return {
      statement: statements.insertSession,
      values: [
        uid,
        hashToken(id),
        account,
        sealed,
        expiresAt,
        ...authorizations,
        account === null ? (changes.origins.get('Session') ?? null) : null,
      ],
    };
  }
  const hasNewId = changes.destroyedOf('sessions').some((old) => old !== id && changes.sessionUids.get(old) === uid);
  const removed = Object.keys(before).filter((client) => !(client in now));
  return {
    statement: statements.changeSession,
    values: [uid, hasNewId ? hashToken(id) : null, account, sealed, expiresAt, ...authorizations, removed],
  };
}

function bindRecords(changes: Changes, { statements, sealer, now }: BindContext): BoundStatement[] {
  // What goes with its grant need not be marked as used, and is not there any more to be marked.
  const consumed = [...changes.consumed].flatMap(([id, grantId]) =>
    changes.isRevoked(grantId) ? [] : [hashToken(id)],
  );
  const destroyed = changes.destroyedOf('records').map(hashToken);
  const { changed, created } = changes.split(changes.writesTo('records'));
  if (consumed.length + destroyed.length + changed.length + created.length + changes.forms.length === 0) return [];
  const rowOf = (write: Write) => {
    const idHash = hashOf(write);
    return { ...write, idHash, sealed: seal(sealer, recordPlace(idHash), write) };
  };
  const kept = [...[...changes.responses].map(([id, answer]) => sealResponse(id, answer)), ...changes.forms];
  const [changedRows, createdRows] = [changed.map(rowOf), created.map(rowOf)];
  const values = [
    new Date(now()),
    consumed,
    destroyed,
    changedRows.map(({ idHash }) => idHash),
    changedRows.map(({ sealed }) => sealed),
    changedRows.map(expiryOf),
    changedRows.map(({ accountId }) => accountId ?? null),
    createdRows.map(({ idHash }) => idHash),
    createdRows.map(({ model }) => model),
    createdRows.map(({ grantId }) => grantId ?? null),
    createdRows.map(({ accountId }) => accountId ?? null),
    createdRows.map(({ clientId }) => clientId ?? null),
    createdRows.map(({ sessionUid }) => sessionUid ?? null),
    createdRows.map(({ sealed }) => sealed),
    createdRows.map(expiryOf),
    kept.map(({ idHash }) => idHash),
    kept.map(({ successorHash }) => successorHash),
    kept.map(({ sealed }) => sealed),
    kept.map(({ expiresAt }) => expiresAt),
    createdRows.map(({ model }) => changes.origins.get(model) ?? null),
  ];
  return [{ statement: statements.writeRecords, values }];
}

function bindRevocations(changes: Changes, { statements }: BindContext): BoundStatement[] {
  const grants = changes.destroyedOf('grants');
  const tokensOf = [...changes.revokedTokensOf].filter((id) => !grants.includes(id));
  return [
    ...(grants.length > 0 ? [{ statement: statements.deleteGrants, values: [grants] }] : []),
    ...(tokensOf.length > 0 ? [{ statement: statements.deleteRecordsOfGrants, values: [tokensOf] }] : []),
  ];
}

// ---- small things ----

/** Ids are unique in a store; models that share one share its ids. */
export const keyOf = (model: ModelName, id: string) => `${MODELS[model].store} ${id}`;

export const recordPlace = (idHash: Buffer): Place => ({
  table: 'records',
  column: 'sealed',
  row: idHash.toString('hex'),
});
export const grantPlace = (id: string): Place => ({ table: 'grants', column: 'sealed', row: id });
export const sessionPlace = (uid: string): Place => ({ table: 'sessions', column: 'sealed', row: uid });

const idOf = ({ id }: Write) => id;
const hashOf = ({ id }: Write) => hashToken(id);
const expiryOf = ({ expiresAt }: Write) => expiresAt;

function seal(sealer: Sealer, place: Place, { kept }: Write): Buffer {
  return sealer.seal(place, Buffer.from(kept.json));
}

/** A record is found by the hash of its id and marked as used in a column; a session's relying parties are rows. */
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
 * What a record was issued under and goes with. An interaction only looks at a grant: it outlives one that ends
 * meanwhile, as when somebody else signs in in the same browser.
 */
function grantOf(model: ModelName, payload: Payload): string | undefined {
  return model === 'Interaction' ? undefined : payload.grantId;
}

/** Whose record it is. An interaction belongs to whoever has proved an identity in it so far. */
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
