import { sql } from 'kysely';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db } from '../platform/db.ts';
import { uuidv7 } from '../platform/ids.ts';
import { createSealer, openJson, type Place, type Sealer, sealJson } from '../platform/sealing.ts';
import { findServerSecret, loadServerSecret } from '../platform/server_secrets.ts';
import { statement, tables } from '../platform/statement.ts';
import type { Action } from './actions.ts';
import { type AuditRow, canonical, canonicalEvent } from './canonical.ts';
import { type AuditKeyRing, openKeyRing } from './key_ring.ts';
import { type AuditLine, lineOf } from './lines.ts';
import { makeSuccessor, type Successor } from './rotation.ts';

/** Who acted: the command line, a client by itself, a person, or the server. */
export type ActorKind = 'cli' | 'client' | 'person' | 'system';

/**
 * `denied`: without the permission, or with a wrong credential; `refused`: the input or the state did not allow it.
 */
export type Outcome = 'done' | 'refused' | 'denied';

/** One entry of the audit: who did what to whom, and with which outcome. No personal data, except in `details`. */
export interface AuditEntry {
  readonly actor: { readonly kind: ActorKind; readonly id: string; readonly clientId?: string | undefined };
  readonly action: Action;
  readonly target: Target;
  readonly outcome: Outcome;
  /** The error code, when it was not done. */
  readonly reason?: string;
  /** Values that may be shown, by field; for personal data and secrets the name of the field alone. */
  readonly changes?: Changes;
  readonly requestId: string;
  readonly sessionId?: string | undefined;
  /** From where it was done. */
  readonly details?: AuditDetails | undefined;
  /** Whose key seals the details. Default: a key of the month, as for somebody without an account. */
  readonly detailsOf?: { readonly id: string; readonly sealer: Sealer } | undefined;
}

export interface Target {
  /** `user`, `client`, `group` … */
  readonly kind: string;
  /** Empty when there is none yet. */
  readonly id: string;
}

export type Changes = Readonly<Record<string, { readonly before?: unknown; readonly after?: unknown }>>;

export interface AuditDetails {
  readonly address?: string | undefined;
  /** The `User-Agent`. */
  readonly device?: string | undefined;
}

export type { AuditRow };

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
      session_id: $.session_id,
      details_account: $.details_account,
      details_month: $.details_month,
      sealed_details: $.sealed_details,
      mac: $.mac,
    }),
  ),
  find: statement('audit.find', ($: { id: string }) => sql<AuditRow>`SELECT * FROM audit WHERE id = ${$.id}::uuid`),
};

/** Appends entries to the audit. */
export interface Audit {
  /** The statement for the transaction of the change itself, so that neither happens without the other. */
  append(entry: AuditEntry): BoundStatement;
  /** The same for a statement that has `insertAuditLines`. */
  line(entry: AuditEntry): AuditLine;
  /** Loads the keys of details that the next weeks need. */
  prepare(): Promise<void>;
  readonly keys: AuditKeyRing;
  /** Makes a key that replaces the newest one. */
  successor(): Promise<Successor>;
  /** Opens the details that the key of a month seals; undefined when there are none, or their key is gone. */
  openByMonth(row: Pick<AuditRow, 'id' | 'details_month' | 'sealed_details'>): Promise<AuditDetails | undefined>;
}

const ID_MAX = 512;
const ADDRESS_MAX = 64;
const CHANGES_MAX = 64 * 1_024;

export interface AuditParts {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly now: Clock;
  /** For the head of the empty log, which is signed when its key is made. */
  readonly issuer: string;
}

/** @throws AppError 500 `sealed_value_unreadable` with another master key than that of the database */
export async function openAudit({ db, sealer, now, issuer }: AuditParts): Promise<Audit> {
  const keys = await openKeyRing({ db, sealer, now, issuer });
  /** By month, the newest last. */
  const months = new Map<string, Sealer>();

  async function prepare(): Promise<void> {
    for (const month of monthsFrom(now())) {
      if (!months.has(month)) {
        months.set(month, createSealer([await loadServerSecret(db, sealer, monthSecret(month), now)]));
      }
    }
  }

  async function openMonth(month: string): Promise<Sealer | undefined> {
    const secret = await findServerSecret(db, sealer, monthSecret(month));
    return secret && createSealer([secret]);
  }

  await prepare();
  return {
    prepare,
    keys,
    successor: () => makeSuccessor({ db, keys, sealer }, { issuer, at: new Date(now()) }),
    async openByMonth({ id, details_month: month, sealed_details: sealed }) {
      if (month === null || !sealed) return undefined;
      const monthSealer = months.get(month) ?? (await openMonth(month));
      return openDetails({ id, sealed_details: sealed }, monthSealer);
    },
    append: (entry) => AUDIT_STATEMENTS.append.bind(rowOf(entry)),
    line: (entry) => lineOf(rowOf(entry)),
  };

  function rowOf(entry: AuditEntry) {
    const { actor, action, target, outcome, reason, changes, requestId, sessionId } = entry;
    const at = now();
    const row = {
      id: uuidv7(at),
      at: new Date(at),
      actor_kind: actor.kind,
      actor_id: storable(actor.id),
      client_id: actor.clientId === undefined ? null : storable(actor.clientId),
      action,
      target_kind: target.kind,
      target_id: storable(target.id),
      outcome,
      reason: reason === undefined ? null : storable(reason),
      changes: storableChanges(changes ?? {}),
      request_id: storable(requestId),
      session_id: sessionId === undefined ? null : storable(sessionId),
    };
    const event = { ...row, ...sealedDetails(row.id, at, entry) };
    const mac = keys.newest.mac(canonical(canonicalEvent({ ...event, changes: JSON.parse(event.changes) })));
    return { ...event, mac };
  }

  function sealedDetails(id: string, at: number, { details = {}, detailsOf }: AuditEntry) {
    const { address, device } = details;
    if (address === undefined && device === undefined) {
      return { details_account: null, details_month: null, sealed_details: null };
    }
    const value: AuditDetails = {
      ...(address === undefined ? {} : { address: storable(address, ADDRESS_MAX) }),
      ...(device === undefined ? {} : { device: storable(device) }),
    };
    if (detailsOf) {
      const sealed_details = sealJson(detailsOf.sealer, detailsPlace(id), value);
      return { details_account: detailsOf.id, details_month: null, sealed_details };
    }
    // A clock that jumps over months finds no key of its own.
    const month = months.has(monthOf(at)) ? monthOf(at) : [...months.keys()].at(-1);
    const monthSealer = month === undefined ? undefined : months.get(month);
    if (month === undefined || !monthSealer) throw new Error('the keys of the audit were not loaded');
    return {
      details_account: null,
      details_month: month,
      sealed_details: sealJson(monthSealer, detailsPlace(id), value),
    };
  }
}

/** Details that a person's own key seals. @param sealer undefined when the person was erased */
export function openDetails(
  { id, sealed_details: sealed }: Pick<AuditRow, 'id' | 'sealed_details'>,
  sealer: Sealer | undefined,
): AuditDetails | undefined {
  return sealer && sealed ? (openJson(sealer, detailsPlace(id), sealed) as AuditDetails) : undefined;
}

export const detailsPlace = (id: string): Place => ({ table: 'audit', column: 'sealed_details', row: id });

/** The name of the secret that seals the details of a month's events without an account. @param month `2026-11` */
export const monthSecret = (month: string): string => `audit-details-${month}`;

/** @returns such as `2026-11`, in UTC */
export function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 'YYYY-MM'.length);
}

/** The month of a time, and the next one. */
function monthsFrom(at: number): string[] {
  const day = new Date(at);
  return [monthOf(at), monthOf(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1))];
}

/** Any text, so that Postgres can store it: a strange id must not make an entry impossible. */
function storable(text: string, max = ID_MAX): string {
  return text.slice(0, max).toWellFormed().replaceAll('\0', '\u{fffd}');
}

function storableChanges(changes: Changes): string {
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\u{fffd}');
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [clean(name), one]));
  };
  const text = JSON.stringify(changes, (_, value) => clean(value));
  if (text.length <= CHANGES_MAX) return text;
  // The names of the fields alone.
  const names = Object.keys(changes).map((name) => [storable(name, 100), {}]);
  const named = JSON.stringify(Object.fromEntries(names));
  return named.length <= CHANGES_MAX ? named : '{}';
}
