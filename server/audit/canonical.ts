import serialize from 'canonicalize';
import type { Selectable } from 'kysely';
import type { Audit } from '../platform/database.ts';

export type AuditRow = Selectable<Audit>;

/** JSON of which there is one form alone, as bytes: what is hashed or signed (RFC 8785). */
export function canonical(value: unknown): Buffer {
  const text = serialize(value);
  if (text === undefined) throw new Error('this value has no JSON');
  return Buffer.from(text);
}

/** The members of an event, as they are hashed and as a proof shows them. */
export interface CanonicalEvent {
  readonly id: string;
  /** RFC 3339, with milliseconds. */
  readonly at: string;
  readonly actor_kind: string;
  readonly actor_id: string;
  readonly client_id: string | null;
  readonly action: string;
  readonly target_kind: string;
  readonly target_id: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly changes: unknown;
  readonly request_id: string;
  readonly session_id: string | null;
  readonly details_account: string | null;
  readonly details_month: string | null;
  /** base64url: it can be hashed after its key was destroyed. */
  readonly sealed_details: string | null;
}

type Stored = Omit<CanonicalEvent, 'at' | 'sealed_details'> & {
  readonly at: Date;
  readonly sealed_details: Buffer | null;
};

/** @param row of `audit`; columns that are not part of the event are left out */
export function canonicalEvent(row: Stored): CanonicalEvent {
  return {
    id: row.id,
    at: row.at.toISOString(),
    actor_kind: row.actor_kind,
    actor_id: row.actor_id,
    client_id: row.client_id,
    action: row.action,
    target_kind: row.target_kind,
    target_id: row.target_id,
    outcome: row.outcome,
    reason: row.reason,
    changes: row.changes,
    request_id: row.request_id,
    session_id: row.session_id,
    details_account: row.details_account,
    details_month: row.details_month,
    sealed_details: row.sealed_details?.toString('base64url') ?? null,
  };
}

/** The bytes of an event that are hashed; undefined for a row that Cardea cannot have written, such as one with an infinite time. */
export function eventBytes(row: Stored): Buffer | undefined {
  try {
    return canonical(canonicalEvent(row));
  } catch {
    return undefined;
  }
}
