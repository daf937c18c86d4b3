import type { Action } from './actions.ts';
import type { AuditDetails, AuditRow, Changes } from './entries.ts';
import { type SignedHead, shownHead } from './heads.ts';
import type { HeadRow } from './log_store.ts';

/** A message to a destination. */
export interface Message {
  /** The same for each attempt: receivers know a repetition by it. */
  readonly id: string;
  /** Such as `users.update`; for an app `user.updated`; for a signed head `audit.head`. */
  readonly type: string;
  readonly at: Date;
  /** For syslog. */
  readonly severity: Severity;
  /** Such as `user/019a3f5e-…`. */
  readonly subject: string | undefined;
  readonly data: object;
}

/** RFC 5424 §6.2.1 */
export const SEVERITIES = { warning: 4, notice: 5, informational: 6 } as const;
export type Severity = keyof typeof SEVERITIES;

const SEVERITY_OF: Readonly<Record<string, Severity>> = { denied: 'warning', refused: 'notice' };

/** An event of the audit with its place in the log. */
export interface Event {
  readonly index: number;
  /** The hash of its leaf. */
  readonly hash: Buffer;
  readonly row: AuditRow;
}

/**
 * An event as the API shows it; `index` and `hash` are those of its leaf in the log.
 * @param details address and device, for a destination that gets them. Default: it has no such members
 */
export function messageOfEvent({ index, hash, row }: Event, details?: AuditDetails): Message {
  const { mac: _, sealed_details: __, details_account: ___, details_month: ____, at, ...shown } = row;
  return {
    id: row.id,
    type: row.action,
    at,
    severity: SEVERITY_OF[row.outcome] ?? 'informational',
    subject: `${row.target_kind}/${row.target_id}`,
    data: {
      index,
      hash: hash.toString('base64url'),
      at: at.toISOString(),
      ...shown,
      ...(details ? { address: details.address ?? null, device: details.device ?? null } : {}),
    },
  };
}

export const HEAD_TYPE = 'audit.head';

export function messageOfHead(row: HeadRow): Message {
  const data: SignedHead = shownHead(row);
  return {
    id: `head-${row.tree_size}`,
    type: HEAD_TYPE,
    at: row.created_at,
    severity: 'informational',
    subject: undefined,
    data,
  };
}

/** The types of events that apps get about their people, each with its actions. Only those with the outcome `done` are sent. */
export const APP_EVENTS = {
  'user.created': ['users.create', 'users.sign_up'],
  'user.updated': [
    'users.update',
    'users.set_groups',
    'users.set_roles',
    'profile.update',
    'username.change',
    'email.change',
    'email.verify',
  ],
  'user.disabled': ['users.disable', 'users.disable_inactive'],
  'user.enabled': ['users.enable'],
  'user.restricted': ['users.restrict'],
  'user.unrestricted': ['users.lift_restriction'],
  'user.deleted': ['users.delete', 'users.delete_own', 'users.delete_inactive'],
  'user.restored': ['users.restore', 'users.restore_own'],
  'user.erased': ['users.erase', 'users.erase_due'],
  'user.credentials_changed': ['users.set_password', 'users.reset_factors', 'passwords.change', 'passwords.reset'],
  'user.signed_in': ['sessions.begin'],
  'user.signed_out': ['sessions.end', 'users.end_session', 'users.end_sessions'],
  'user.access_revoked': ['users.revoke_grants', 'grants.revoke', 'apps.revoke'],
} as const satisfies Readonly<Record<string, readonly Action[]>>;

const TYPE_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(APP_EVENTS).flatMap(([type, actions]) => actions.map((action) => [action, type] as const)),
);

/** @returns undefined for an event that is not for apps */
export function appEventOf({ row }: Event): { readonly type: string; readonly accountId: string } | undefined {
  const type = row.outcome === 'done' ? (TYPE_OF.get(row.action) ?? typeOfRevocation(row)) : undefined;
  const accountId = personOf(row);
  return type === undefined || accountId === undefined ? undefined : { type, accountId };
}

/** Revocations by operators. An app gets no event of its own revocations. */
const REVOKED: Readonly<Record<string, keyof typeof APP_EVENTS>> = {
  user: 'user.signed_out',
  session: 'user.signed_out',
  grant: 'user.access_revoked',
};

function typeOfRevocation({ action, changes }: AuditRow): string | undefined {
  return action === ('tokens.revoke' satisfies Action)
    ? REVOKED[String((changes as Changes).revoked?.after)]
    : undefined;
}

/** The member of the changes that names the person, where the target is something of theirs, such as a session. */
const PERSON = 'user_id';

/** The changes of an event about something of a person, so that it says of whom. */
export const ofPerson = (accountId: string | undefined): Changes =>
  accountId === undefined ? {} : { [PERSON]: { before: accountId } };

/** The account that an event is about. A person who ends the own session is its actor. */
function personOf({ target_kind: kind, target_id: id, actor_kind: by, actor_id: actor, changes }: AuditRow) {
  if (kind === 'user') return id === '' ? undefined : id;
  const named = (changes as Changes)[PERSON]?.before;
  if (typeof named === 'string') return named;
  return kind === 'session' && by === 'person' && actor !== '' ? actor : undefined;
}

/** Members that count what has ended with the change, and are no fields of the person. */
const COUNTED = /_(ended|forgotten)$/;

/** @param sub the person, as the app knows them */
export function messageForApp(event: Event, type: string, sub: string): Message {
  const { id, at, changes } = event.row;
  return {
    id,
    type,
    at,
    severity: 'informational',
    subject: sub,
    data: { sub, changed: Object.keys(changes as object).filter((name) => name !== PERSON && !COUNTED.test(name)) },
  };
}

/** @param names exact, or with `*` at the end; empty: all */
export function isAmong(names: readonly string[], name: string): boolean {
  return (
    names.length === 0 || names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name))
  );
}

/** The body of a webhook (Standard Webhooks, "Payload structure"). */
export function webhookBody({ type, at, data }: Message): string {
  return JSON.stringify({ type, timestamp: at.toISOString(), data });
}

/** A CloudEvent 1.0 in structured mode (its JSON format, §3). @param source the issuer */
export function cloudEvent({ id, type, at, data, subject }: Message, source: string): string {
  return JSON.stringify({
    specversion: '1.0',
    id,
    source,
    type: `cardea.${type}`,
    ...(subject === undefined ? {} : { subject }),
    time: at.toISOString(),
    datacontenttype: 'application/json',
    data,
  });
}

/** A line of JSON Lines, without its end. */
export function jsonLine({ id, type, at, data }: Message): string {
  return JSON.stringify({ id, type, timestamp: at.toISOString(), data });
}
