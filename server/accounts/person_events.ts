import type { Action } from '../audit/actions.ts';
import type { Audit, AuditEntry, Changes, Target } from '../audit/entries.ts';
import type { AuditLine } from '../audit/lines.ts';
import type { BoundStatement } from '../platform/db.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import type { Account } from './account.ts';
import type { EventDetails, EventKind, Events } from './events.ts';
import { visitorDetails } from './session_details.ts';
import type { Accounts } from './store.ts';

/**
 * The action in the audit for each security event. Undefined: the audit has an entry of another moment (`sessions.first_factor`,
 * which is not taken back), one in the statement of the change, or that of an operation.
 */
export const ACTION_OF_EVENT = {
  signed_in: undefined,
  new_device: undefined,
  second_factor_missing: undefined,
  locked: undefined,
  recovery_code_used: undefined,
  deletion_asked: undefined,
  deletion_undone: undefined,
  unlocked: 'lockouts.end',
  password_changed: 'passwords.change',
  password_reset: 'passwords.reset',
  totp_added: 'totp.add',
  totp_removed: 'totp.remove',
  passkey_added: 'passkeys.add',
  passkey_removed: 'passkeys.remove',
  passkey_refused: 'passkeys.refuse',
  recovery_codes_renewed: 'recovery_codes.renew',
  recovery_codes_removed: undefined,
  email_changed: 'email.change',
  email_verified: 'email.verify',
  username_changed: 'username.change',
  session_ended: 'sessions.end',
  device_forgotten: 'devices.forget',
  app_revoked: 'apps.revoke',
  request_approved: 'requests.approve',
  request_denied: 'requests.deny',
  data_exported: 'users.export_data',
} as const satisfies Record<EventKind, Action | undefined>;

export type RecordedKind = {
  [Kind in EventKind]: (typeof ACTION_OF_EVENT)[Kind] extends Action ? Kind : never;
}[EventKind];

/** The parts of an entry besides the person and the action. */
export interface AboutAction {
  /** Default: the account. */
  readonly target?: Target | undefined;
  /** Values that may be shown. */
  readonly changes?: Changes | undefined;
  readonly outcome?: AuditEntry['outcome'] | undefined;
  readonly reason?: string | undefined;
  /** Default: the person. */
  readonly actor?: AuditEntry['actor'] | undefined;
}

export interface AboutEvent extends AboutAction {
  /** The name of the app or passkey that it is about, for the person alone. */
  readonly subject?: string | undefined;
  /** Another action than that of the event. */
  readonly action?: Action | undefined;
}

/** Events of a person in a request: what they see of them themselves, and the entry of the audit. */
export interface PersonEvents {
  /** The security event and the entry of the audit, for the transaction of the change. */
  record(account: Account, kind: RecordedKind, origin: RequestOrigin, about?: AboutEvent): BoundStatement[];
  /** The entry alone, of what is no security event. */
  entry(account: Account, action: Action, origin: RequestOrigin, about?: AboutAction): BoundStatement;
  /** The same for a statement that takes lines. */
  line(account: Account, action: Action, origin: RequestOrigin, about?: AboutAction): AuditLine;
  /** A line about somebody who has not proved who they are, or is no account at all. */
  strangersLine(action: Action, origin: RequestOrigin, about: AboutAction & { readonly target: Target }): AuditLine;
  strangersEntry(
    action: Action,
    origin: RequestOrigin,
    about: AboutAction & { readonly target: Target },
  ): BoundStatement;
}

export const userTarget = (id: string): Target => ({ kind: 'user', id });

export function createPersonEvents(parts: {
  readonly events: Pick<Events, 'append'>;
  readonly audit: Pick<Audit, 'append' | 'line'>;
  readonly accounts: Pick<Accounts, 'sealerOf'>;
}): PersonEvents {
  const { events, audit, accounts } = parts;
  const entryOf = (account: Account, action: Action, origin: RequestOrigin, about: AboutAction = {}): AuditEntry => ({
    actor: { kind: 'person', id: account.id, clientId: origin.clientId },
    target: userTarget(account.id),
    ...entryFrom(action, origin, about),
    detailsOf: { id: account.id, sealer: accounts.sealerOf(account) },
  });
  const strangers = (action: Action, origin: RequestOrigin, about: AboutAction & { readonly target: Target }) => ({
    actor: { kind: 'person', id: '', clientId: origin.clientId } as const,
    ...entryFrom(action, origin, about),
    target: about.target,
  });
  return {
    record(account, kind, origin, { subject, action = ACTION_OF_EVENT[kind], ...about } = {}) {
      const details: EventDetails = { ...visitorDetails(origin), ...(subject === undefined ? {} : { subject }) };
      return [events.append(account, kind, details), audit.append(entryOf(account, action, origin, about))];
    },
    entry: (account, action, origin, about) => audit.append(entryOf(account, action, origin, about)),
    line: (account, action, origin, about) => audit.line(entryOf(account, action, origin, about)),
    strangersLine: (action, origin, about) => audit.line(strangers(action, origin, about)),
    strangersEntry: (action, origin, about) => audit.append(strangers(action, origin, about)),
  };
}

/** The members of an entry that come of the request. */
function entryFrom(
  action: Action,
  { requestId, sessionId, address, userAgent }: RequestOrigin,
  { target, changes, outcome = 'done', reason, actor }: AboutAction,
) {
  return {
    action,
    outcome,
    requestId,
    sessionId,
    details: { address, device: userAgent },
    ...(target ? { target } : {}),
    ...(changes ? { changes } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(actor ? { actor } : {}),
  };
}
