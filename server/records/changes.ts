import type { Clock } from '../platform/clock.ts';
import type { Bound } from '../platform/db.ts';
import { hashToken, type Place, type Sealer, sealJson } from '../platform/sealing.ts';
import { MODELS, type ModelName, type Store } from './models.ts';
import { copy, type Payload, type SessionAuthorization } from './payload.ts';
import type { Statements } from './statements.ts';

export interface Write {
  readonly model: ModelName;
  readonly id: string;
  readonly payload: Payload;
  readonly expiresAt: Date;
}

/** What a unit of work has gathered, and what it must know of the database to write it. */
export class Changes {
  readonly writes = new Map<string, Write>();
  readonly destroyed = new Map<string, { model: ModelName; id: string }>();
  /** Single-use records that this unit uses, by id. */
  readonly consumed = new Map<string, Payload>();
  readonly revokedTokensOf = new Set<string>();
  /** Keys that were found in the database. Those are changed and never inserted: what is gone stays gone. */
  readonly stored = new Set<string>();
  /** By session id. */
  readonly sessionUids = new Map<string, string>();
  /** By session uid: what differs on save is what is written. */
  readonly authorizationsBefore = new Map<string, Record<string, SessionAuthorization>>();

  save(model: ModelName, id: string, payload: Payload, expiresAt: Date): void {
    const key = keyOf(model, id);
    this.destroyed.delete(key);
    this.writes.set(key, { model, id, payload: copy(payload), expiresAt });
    if (model === 'Session' && payload.uid) this.sessionUids.set(id, payload.uid);
  }

  destroy(model: ModelName, id: string): void {
    const key = keyOf(model, id);
    this.writes.delete(key);
    this.destroyed.set(key, { model, id });
  }

  sessionWrite(uid: string): Write | undefined {
    return this.writesTo('sessions').find(({ payload }) => payload.uid === uid);
  }

  grantsOfConsumed(): string[] {
    return [...this.consumed.values()].flatMap(({ grantId }) => (grantId === undefined ? [] : [grantId]));
  }

  /** What is to be written to a store; nothing is saved for a grant that the same unit revokes. */
  writesTo(store: Store): Write[] {
    return [...this.writes.values()].filter(
      (write) => MODELS[write.model].store === store && !this.isRevoked(grantOf(write)),
    );
  }

  destroyedOf(store: Store): string[] {
    return [...this.destroyed.values()].filter(({ model }) => MODELS[model].store === store).map(({ id }) => id);
  }

  isRevoked(grantId: string | undefined): boolean {
    return grantId !== undefined && (this.destroyed.has(keyOf('Grant', grantId)) || this.revokedTokensOf.has(grantId));
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
export function bindChanges(changes: Changes, context: BindContext): Bound[] {
  return [
    ...bindReplays(changes, context),
    ...bindGrants(changes, context),
    ...bindRevocations(changes, context),
    ...bindRecords(changes, context),
    ...bindSessions(changes, context),
  ];
}

function bindReplays(changes: Changes, { statements }: BindContext): Bound[] {
  const replays = changes.writesTo('replays');
  if (replays.length === 0) return [];
  return [{ statement: statements.insertReplays, values: [replays.map(hashOf), replays.map(expiryOf)] }];
}

function bindGrants(changes: Changes, { statements, sealer }: BindContext): Bound[] {
  const { changed, created } = changes.split(changes.writesTo('grants'));
  const sealed = ({ id, payload }: Write) => sealJson(sealer, grantPlace(id), without(payload, 'jti'));
  const bound: Bound[] = [];
  if (changed.length > 0) {
    const values = [changed.map(idOf), changed.map(sealed), changed.map(expiryOf)];
    bound.push({ statement: statements.changeGrants, values });
  }
  if (created.length > 0) {
    const accounts = created.map(({ payload }) => payload.accountId);
    const clients = created.map(({ payload }) => payload.clientId);
    const values = [created.map(idOf), accounts, clients, created.map(sealed), created.map(expiryOf)];
    bound.push({ statement: statements.insertGrants, values });
  }
  return bound;
}

function bindSessions(changes: Changes, context: BindContext): Bound[] {
  const writes = changes.writesTo('sessions');
  const saved = new Set(writes.map(({ payload }) => payload.uid));
  const bound = writes.map((write) => bindSession(changes, write, context));
  // A session that gets a new id is destroyed under the old one and saved under the new: a change, not a deletion.
  const ended = changes.destroyedOf('sessions').filter((id) => !saved.has(changes.sessionUids.get(id)));
  if (ended.length > 0) bound.push({ statement: context.statements.deleteSessions, values: [ended.map(hashToken)] });
  return bound;
}

function bindSession(changes: Changes, write: Write, { statements, sealer }: BindContext): Bound {
  const { id, payload, expiresAt } = write;
  const uid = payload.uid ?? '';
  const before = changes.authorizationsBefore.get(uid);
  const now = payload.authorizations ?? {};
  const touched = Object.entries(now).filter(([client, one]) => !isSame(one, before?.[client]));
  const authorizations = [
    touched.map(([client]) => client),
    touched.map(([, one]) => one.sid ?? null),
    touched.map(([, one]) => one.grantId ?? null),
    touched.map(([, one]) => one.persistsLogout ?? false),
  ];
  const sealed = sealJson(sealer, sessionPlace(uid), without(payload, 'authorizations'));
  const account = payload.accountId ?? null;
  if (before === undefined) {
    return {
      statement: statements.insertSession,
      values: [uid, hashToken(id), account, sealed, expiresAt, ...authorizations],
    };
  }
  const hasNewId = changes.destroyedOf('sessions').some((old) => old !== id && changes.sessionUids.get(old) === uid);
  const removed = Object.keys(before).filter((client) => !(client in now));
  return {
    statement: statements.changeSession,
    values: [uid, hasNewId ? hashToken(id) : null, account, sealed, expiresAt, ...authorizations, removed],
  };
}

function bindRecords(changes: Changes, { statements, sealer, now }: BindContext): Bound[] {
  // What goes with its grant need not be marked as used, and is not there any more to be marked.
  const consumed = [...changes.consumed].flatMap(([id, { grantId }]) =>
    changes.isRevoked(grantId) ? [] : [hashToken(id)],
  );
  const destroyed = changes.destroyedOf('records').map(hashToken);
  const { changed, created } = changes.split(changes.writesTo('records'));
  if (consumed.length + destroyed.length + changed.length + created.length === 0) return [];
  const sealed = (write: Write) =>
    sealJson(sealer, recordPlace(hashOf(write)), without(write.payload, 'jti', 'consumed'));
  const values = [
    new Date(now()),
    consumed,
    destroyed,
    changed.map(hashOf),
    changed.map(sealed),
    changed.map(expiryOf),
    changed.map(accountOf),
    created.map(hashOf),
    created.map(({ model }) => model),
    created.map((write) => grantOf(write) ?? null),
    created.map(accountOf),
    created.map(({ payload }) => payload.clientId ?? null),
    created.map(({ payload }) => payload.sessionUid ?? null),
    created.map(sealed),
    created.map(expiryOf),
  ];
  return [{ statement: statements.writeRecords, values }];
}

function bindRevocations(changes: Changes, { statements }: BindContext): Bound[] {
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

/**
 * What a record was issued under and goes with. An interaction only looks at a grant: it outlives one that ends
 * meanwhile, as when somebody else signs in in the same browser.
 */
function grantOf({ model, payload }: Write): string | undefined {
  return model === 'Interaction' ? undefined : payload.grantId;
}

/** Whose record it is. An interaction belongs to whoever has proved an identity in it so far. */
function accountOf({ model, payload }: Write): string | null {
  if (model !== 'Interaction') return payload.accountId ?? null;
  const { lastSubmission, session } = payload as {
    lastSubmission?: { login?: { accountId?: string } };
    session?: { accountId?: string };
  };
  return lastSubmission?.login?.accountId ?? session?.accountId ?? null;
}

function without(payload: Payload, ...members: string[]): Payload {
  const rest = { ...payload };
  for (const member of members) delete rest[member];
  return rest;
}

function isSame(a: SessionAuthorization, b: SessionAuthorization | undefined): boolean {
  return (
    b !== undefined &&
    a.sid === b.sid &&
    a.grantId === b.grantId &&
    (a.persistsLogout ?? false) === (b.persistsLogout ?? false)
  );
}
