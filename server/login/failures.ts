import type { Account } from '../accounts/account.ts';
import type { AuditedFailure, Factor } from '../accounts/attempts.ts';
import { type PersonEvents, userTarget } from '../accounts/person_events.ts';
import { AUDIT_LINE_STATEMENTS, type AuditLine } from '../audit/lines.ts';
import type { Counts } from '../platform/counts.ts';
import type { Db } from '../platform/db.ts';
import type { Limit } from '../platform/limit.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import { ROW_BYTES, type WriteBounds } from '../platform/write_bounds.ts';

/** Why a sign-in failed. The page says the same for most of them, to reveal no account. */
export type FailureReason =
  | 'unknown_account'
  | 'wrong_password'
  | 'account_disabled'
  | 'locked'
  | 'wrong_code'
  | 'wrong_recovery_code'
  | 'passkey_refused';

/** How a sign-in ended. */
export type SignInOutcome = 'done' | FailureReason;

export interface FailedSignIn {
  readonly reason: FailureReason;
  readonly factor: Factor | 'passkey';
  /** Undefined when it is not known who should have signed in. */
  readonly accountId?: string | undefined;
  /** Where it has been read: its own key then seals address and device. */
  readonly account?: Account | undefined;
}

/**
 * What the audit tells of failed sign-ins. Strangers cause them, so of many from one address some entries stand for several
 * (`standsFor`), and what each stores is charged to the address.
 */
export interface FailedSignIns {
  /** Before a guess is verified. @throws AppError 429, 503 when the address, or all, have stored too much */
  charge(address: string): void;
  /** The guess was right: nothing is stored. */
  refund(address: string): void;
  /** For the statement that counts the guess. */
  audited(failure: FailedSignIn, origin: RequestOrigin): Promise<AuditedFailure>;
  /** For a failure that changes nothing else. */
  note(failure: FailedSignIn, origin: RequestOrigin): Promise<void>;
}

/** About what an entry needs, with its leaf in the log. */
const ENTRY_BYTES = 2 * ROW_BYTES;

export function createFailedSignIns(parts: {
  readonly db: Pick<Db, 'query'>;
  readonly personEvents: PersonEvents;
  /** How many of an address have an entry each. */
  readonly limit: Pick<Limit, 'count' | 'state'>;
  readonly writes: Pick<WriteBounds, 'charge' | 'refund'>;
  readonly counts: Pick<Counts<SignInOutcome>, 'add'>;
}): FailedSignIns {
  const { db, personEvents, limit, writes, counts } = parts;

  async function linesOf(failure: FailedSignIn, origin: RequestOrigin): Promise<AuditLine[]> {
    const { reason, factor } = failure;
    const stands = standsFor(await limit.count(origin.address), limit.state(0).max);
    if (stands === 0) {
      writes.refund(origin.address, ENTRY_BYTES);
      return [];
    }
    const changes = { factor: { after: factor }, ...(stands > 1 ? { failures: { after: stands } } : {}) };
    return [lineOf('sessions.begin', failure, origin, { outcome: 'denied', reason, changes })];
  }

  function lineOf(
    action: 'sessions.begin' | 'lockouts.begin',
    { account, accountId = account?.id ?? '' }: FailedSignIn,
    origin: RequestOrigin,
    about: Parameters<PersonEvents['line']>[3],
  ): AuditLine {
    // Who it was is not known.
    const actor = { kind: 'person', id: '', clientId: origin.clientId } as const;
    const whole = { ...about, actor, target: userTarget(accountId) };
    return account
      ? personEvents.line(account, action, origin, whole)
      : personEvents.strangersLine(action, origin, whole);
  }

  return {
    charge: (address) => writes.charge(address, ENTRY_BYTES),
    refund: (address) => writes.refund(address, ENTRY_BYTES),

    async audited(failure, origin) {
      counts.add(failure.reason);
      const locked = lineOf('lockouts.begin', failure, origin, { changes: { factor: { after: failure.factor } } });
      return { failed: await linesOf(failure, origin), locked: [locked] };
    },

    async note(failure, origin) {
      counts.add(failure.reason);
      const lines = await linesOf(failure, origin);
      if (lines.length > 0) await db.query(AUDIT_LINE_STATEMENTS.append.bind({ lines }));
    },
  };
}

/**
 * How many failures an entry for this one stands for: each of the first has one; after them those that are twice as many as
 * at the last entry. So a flood of any size adds a few entries, which tell how large it was.
 * @param count of the failures so far, with this one
 * @returns 0: no entry
 */
export function standsFor(count: number, each: number): number {
  if (count <= each) return 1;
  return Number.isInteger(Math.log2(count / each)) ? count / 2 : 0;
}
