import { type Selectable, sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { Audit as AuditTable } from '../platform/database.ts';
import type { BoundStatement } from '../platform/db.ts';
import { uuidv7 } from '../platform/ids.ts';
import { statement, tables } from '../platform/statement.ts';

/** Who acted: the command line, a client by itself, a person by an app, or the server. */
export type ActorKind = 'cli' | 'client' | 'person' | 'system';

/** `denied`: without the permission; `refused`: the input or the state did not allow it. */
export type Outcome = 'done' | 'refused' | 'denied';

/** One entry of the audit: who did what to whom, and with which outcome. No personal data. */
export interface AuditEntry {
  readonly actor: { readonly kind: ActorKind; readonly id: string; readonly clientId?: string | undefined };
  /** The name of the operation, such as `users.disable`. */
  readonly action: string;
  readonly target: Target;
  readonly outcome: Outcome;
  /** The error code, when it was not done. */
  readonly reason?: string;
  /** Values that may be shown, by field; for personal data and secrets the name of the field alone. */
  readonly changes?: Changes;
  readonly requestId: string;
}

export interface Target {
  /** `user`, `client`, `group` … */
  readonly kind: string;
  /** Empty when there is none yet. */
  readonly id: string;
}

export type Changes = Readonly<Record<string, { readonly before?: unknown; readonly after?: unknown }>>;

export type AuditRow = Selectable<AuditTable>;

export const AUDIT_STATEMENTS = {
  append: statement('audit.append', ($: Omit<AuditRow, 'changes'> & { changes: string }) =>
    tables.insertInto('audit').values({
      id: $.id,
      at: $.at,
      actor_kind: $.actor_kind,
      actor_id: $.actor_id,
      client_id: $.client_id,
      action: $.action,
      target_kind: $.target_kind,
      target_id: $.target_id,
      outcome: $.outcome,
      reason: $.reason,
      changes: $.changes,
      request_id: $.request_id,
    }),
  ),
  find: statement('audit.find', ($: { id: string }) => sql<AuditRow>`SELECT * FROM audit WHERE id = ${$.id}::uuid`),
};

/** Appends entries to the audit. */
export interface Audit {
  /** The statement for the transaction of the change itself, so that neither happens without the other. */
  append(entry: AuditEntry): BoundStatement;
}

const ID_MAX = 512;

export function createAudit({ now }: { readonly now: Clock }): Audit {
  return {
    append({ actor, action, target, outcome, reason, changes, requestId }) {
      return AUDIT_STATEMENTS.append.bind({
        id: uuidv7(now()),
        at: new Date(now()),
        actor_kind: actor.kind,
        actor_id: storable(actor.id),
        client_id: actor.clientId === undefined ? null : storable(actor.clientId),
        action,
        target_kind: target.kind,
        target_id: storable(target.id),
        outcome,
        reason: reason ?? null,
        changes: JSON.stringify(changes ?? {}, (_, value) =>
          typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\u{fffd}') : value,
        ),
        request_id: storable(requestId),
      });
    },
  };
}

/** Any text, so that Postgres can store it: a strange id must not make an entry impossible. */
function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{fffd}').slice(0, ID_MAX).toWellFormed();
}
