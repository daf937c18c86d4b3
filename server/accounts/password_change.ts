import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Db, Row } from '../platform/db.ts';
import { isDatabaseAway } from '../platform/db_errors.ts';
import { AppError, notFound } from '../platform/errors.ts';
import type { Shares } from '../platform/fair_queue.ts';
import type { Logger } from '../platform/log.ts';
import { type PlannedChange, refusedBy } from '../platform/planned.ts';
import type { RequestOrigin } from '../platform/request_origin.ts';
import type { Account } from './account.ts';
import type { Attempts } from './attempts.ts';
import type { Devices } from './devices.ts';
import type { Events } from './events.ts';
import { LINK_STATEMENTS } from './links.ts';
import type { Mails } from './mails.ts';
import { normalisePassword, type Passwords } from './passwords.ts';
import type { AboutEvent, PersonEvents, RecordedKind } from './person_events.ts';
import { MUST_CHANGE, type PasswordPolicy, PasswordRefused, personalWords } from './policy.ts';
import type { ProfileInput } from './profile.ts';
import { visitorDetails } from './session_details.ts';
import type { Accounts } from './store.ts';

/** Sets passwords, with all consequences of a change. No other code does, for people or for operators. */
export interface PasswordChange {
  /**
   * Checks and hashes the first password of an account that is about to be made.
   * @throws PasswordRefused
   */
  hashFirst(person: ProfileInput, candidate: string, shares?: Shares): Promise<string>;
  /**
   * Checks, hashes and stores. In the same transaction the old hash is moved into the history, `epoch` is raised, so that
   * sign-ins under way cannot be completed, sessions and tokens end, mailed links and known browsers are forgotten, failed
   * guesses at the old password no longer count, and the person is informed by an event and a mail.
   * @returns the account's new epoch
   * @throws PasswordRefused; AppError 404 `not_found`, 409 `credentials_changed` when another change was faster
   */
  set(account: Account, candidate: string, change: PasswordChangeRequest): Promise<number>;
  /** The same, for the caller's transaction: checks and hashes, and changes nothing. @throws PasswordRefused */
  planning(account: Account, candidate: string, change: PasswordChangeRequest): Promise<PlannedChange>;
}

/** Who sets a password. `origin`: of the person's request; the audit tells of operators by itself. */
type SetBy =
  | { readonly by: 'operator'; readonly origin?: undefined }
  | { readonly by: 'person' | 'reset_link' | 'invitation'; readonly origin: RequestOrigin };

export type PasswordChangeRequest = SetBy & {
  /** The sessions and browsers that a new password does not end: none unless named here. */
  readonly keep?: KeptAlive;
  /** The person has to choose another password at the next sign-in. */
  readonly temporary?: boolean;
  /** The epoch in which the old password was verified, when the account was read later. */
  readonly epoch?: number;
  /** Further statements for the same transaction. */
  readonly also?: readonly BoundStatement[];
  /** The shares of the hash queue that the work counts to. */
  readonly shares?: Shares;
};

/** Everything belongs to the browser in which the person changes the password. */
export interface KeptAlive {
  readonly sessionUid?: string | undefined;
  /** The sign-in that is under way, by the uid of its interaction. */
  readonly interactionUid?: string | undefined;
  readonly deviceCookie?: string | undefined;
}

/** The security event of a person's own change, and its action in the audit where that has another name. */
const EVENTS = {
  person: ['password_changed', {}],
  reset_link: ['password_reset', {}],
  invitation: ['password_changed', { action: 'users.accept_invitation' }],
} as const satisfies Record<Exclude<SetBy['by'], 'operator'>, readonly [RecordedKind, AboutEvent]>;

/** The stores that a new password changes. */
export interface PasswordChangeStores {
  readonly db: Db;
  readonly accounts: Accounts;
  readonly devices: Pick<Devices, 'forgetOthers'>;
  readonly attempts: Pick<Attempts, 'unlockPassword'>;
  readonly events: Pick<Events, 'append'>;
  /** Where people set passwords themselves. */
  readonly personEvents?: Pick<PersonEvents, 'record'>;
  readonly mails: Pick<Mails, 'enqueue'>;
  /** Ends sessions, grants and tokens, which are stored elsewhere (records/overview.ts). */
  endSessions(accountId: string, keep: Pick<KeptAlive, 'sessionUid' | 'interactionUid'>): readonly BoundStatement[];
  /** How many of them they have ended, in the transaction of these statements. */
  endedIn(
    statements: readonly BoundStatement[],
    rows: readonly Row[][],
    now: number,
  ): { readonly sessions: number; readonly grants: number };
  readonly now: Clock;
}

export function createPasswordChange(
  stores: PasswordChangeStores & { readonly passwords: Passwords; readonly policy: PasswordPolicy },
): PasswordChange {
  const { db, accounts, devices, attempts, events, personEvents, mails, passwords, policy, now } = stores;
  const remembers = policy.rules.some(({ name }) => name === 'reused');

  async function earlierOf({ id, passwordHash }: Account): Promise<readonly string[]> {
    if (remembers) return accounts.earlierPasswords(id);
    return passwordHash === null ? [] : [passwordHash];
  }

  async function check(person: Account | ProfileInput, candidate: string, shares?: Shares): Promise<void> {
    const stored = 'id' in person ? await earlierOf(person) : [];
    // A hash that cannot be verified any more must not prevent a new password.
    const earlier = stored.filter((hash) => passwords.faultOf(hash) === undefined);
    const broken = await policy.check(candidate, {
      personal: personalWords(person),
      earlier,
      ...(shares ? { shares } : {}),
    });
    const [first, ...others] = broken;
    if (first) throw new PasswordRefused(policy, [first, ...others]);
  }

  async function planning(account: Account, candidate: string, change: PasswordChangeRequest): Promise<PlannedChange> {
    const { origin, keep = {}, epoch = account.epoch, temporary = false, also = [], shares } = change;
    const { id } = account;
    await check(account, candidate, shares);
    const hash = await passwords.hash(candidate, shares);
    const details = origin ? visitorDetails(origin) : {};
    const changed = (cause: unknown) =>
      new AppError('credentials_changed', 'the password was changed meanwhile; try again', { cause, status: 409 });
    return {
      statements: [
        ...accounts.passwordStatements({ id, epoch }, hash, temporary ? MUST_CHANGE : undefined),
        // Before the links are deleted, because one of these statements may use a link up.
        ...also,
        ...stores.endSessions(id, keep),
        attempts.unlockPassword(id),
        ...(change.by === 'operator' ? [events.append(account, 'password_changed')] : []),
        mails.enqueue({ kind: 'password_changed', accountId: id, details }, account),
        LINK_STATEMENTS.endAll.bind({ accountId: id, purpose: null }),
        devices.forgetOthers(id, keep.deviceCookie),
      ],
      refuse: refusedBy({
        require_rows: () => notFound('account', id),
        require_epoch: changed,
        require_as_read: changed,
      }),
    };
  }

  /** The event and the entry of the audit, which says how many sessions and grants have ended. */
  function noted(
    account: Account,
    change: Exclude<PasswordChangeRequest, { by: 'operator' }>,
    { sessions, grants }: ReturnType<PasswordChangeStores['endedIn']>,
  ): BoundStatement[] {
    if (!personEvents) throw new Error('a person sets a password where the audit cannot tell of it');
    const [kind, about] = EVENTS[change.by];
    const changes = { sessions_ended: { after: sessions }, grants_ended: { after: grants } };
    return personEvents.record(account, kind, change.origin, { ...about, changes });
  }

  return {
    planning,

    async hashFirst(person, candidate, shares) {
      await check(person, candidate, shares);
      return passwords.hash(candidate, shares);
    },

    async set(account, candidate, change) {
      const { statements, refuse } = await planning(account, candidate, change);
      try {
        await db.transaction(async (send) => {
          const rows = (await send(statements)) as Row[][];
          if (change.by !== 'operator') await send(noted(account, change, stores.endedIn(statements, rows, now())));
        });
      } catch (error) {
        throw refuse(error);
      }
      return (change.epoch ?? account.epoch) + 1;
    },
  };
}

/**
 * Replaces a hash that differs from new ones after its password was verified: imported hashes, older parameters, another
 * pepper or none, and hashes of the password as typed instead of its NFKC form. A failure does not affect the sign-in.
 */
export function createPasswordUpgrade(parts: { accounts: Accounts; passwords: Passwords; log: Logger }) {
  const { accounts, passwords, log } = parts;
  const isAsTyped = async (hash: string, password: string, shares?: Shares) => {
    const normal = normalisePassword(password);
    return normal !== password && !(await passwords.verify(hash, normal, shares));
  };
  return async (
    { id, passwordHash }: Pick<Account, 'id' | 'passwordHash'>,
    password: string,
    shares?: Shares,
  ): Promise<void> => {
    if (passwordHash === null) return;
    try {
      if (!passwords.isOutdated(passwordHash) && !(await isAsTyped(passwordHash, password, shares))) return;
      await accounts.rehash(id, passwordHash, await passwords.hash(password, shares));
      log.info({ accountId: id }, 'a password hash was renewed');
    } catch (error) {
      // An outage is logged once elsewhere (platform/outages.ts).
      log[isDatabaseAway(error) ? 'debug' : 'warn'](
        { accountId: id, error },
        'a password hash could not be renewed yet',
      );
    }
  };
}
