import { type BoundStatement, type Db, failedGuard } from '../platform/db.ts';
import { AppError, notFound } from '../platform/errors.ts';
import type { Shares } from '../platform/fair_queue.ts';
import type { Logger } from '../platform/log.ts';
import type { Account } from './account.ts';
import type { Devices } from './devices.ts';
import { normalisePassword, type Passwords } from './passwords.ts';
import { type PasswordPolicy, PasswordRefused, personalWords } from './policy.ts';
import type { ProfileInput } from './profile.ts';
import type { Accounts } from './store.ts';

/** The one way to set a password, whoever asks: the person, a mailed link, the sign-in step for an old one, an operator. */
export interface PasswordChange {
  /**
   * @param person whose password it would be: an account, or the profile of one that does not exist yet
   * @throws PasswordRefused with all rules that it breaks
   */
  check(person: Account | ProfileInput, candidate: string, shares?: Shares): Promise<void>;
  /**
   * Checks and hashes the first password of an account that is about to be made.
   * @throws PasswordRefused
   */
  hashFirst(person: ProfileInput, candidate: string, shares?: Shares): Promise<string>;
  /**
   * Checks, hashes and stores. In the same transaction the old hash goes into the history, `epoch` is raised, so that
   * sign-ins under way do not end, and links that were mailed and browsers that were known are forgotten.
   * @returns the account's new epoch
   * @throws PasswordRefused; AppError 404 `not_found`, 409 `credentials_changed` when somebody else was faster
   */
  set(account: Account, candidate: string, options?: PasswordChangeOptions): Promise<number>;
}

export interface PasswordChangeOptions {
  /** Statements for the same transaction: what must end with the old password, and who is told of it. */
  readonly also?: readonly BoundStatement[];
  /** The device cookie of the browser in which the person changes it, which stays known. */
  readonly deviceCookie?: string | undefined;
  /** Whom the hashing is for. */
  readonly shares?: Shares;
}

export const PASSWORD_CHANGE_STATEMENTS = {
  forgetLinks: { name: 'password_change.forget_links', text: 'DELETE FROM links WHERE account_id = $1' },
};

interface Parts {
  readonly db: Db;
  readonly accounts: Accounts;
  readonly devices: Pick<Devices, 'forgetOthers'>;
  readonly passwords: Passwords;
  readonly policy: PasswordPolicy;
}

export function createPasswordChange({ db, accounts, devices, passwords, policy }: Parts): PasswordChange {
  const remembers = policy.rules.some(({ name }) => name === 'reused');

  async function check(person: Account | ProfileInput, candidate: string, shares?: Shares): Promise<void> {
    const stored = remembers && 'id' in person ? await accounts.earlierPasswords(person.id) : [];
    // One that nobody can verify any more must not keep its owner from getting a new one.
    const earlier = stored.filter((hash) => passwords.faultOf(hash) === undefined);
    const broken = await policy.check(candidate, {
      personal: personalWords(person),
      earlier,
      ...(shares ? { shares } : {}),
    });
    const [first, ...others] = broken;
    if (first) throw new PasswordRefused(policy, [first, ...others]);
  }

  async function run(account: Account, bound: readonly BoundStatement[]): Promise<void> {
    try {
      await db.transact(bound);
    } catch (error) {
      const guard = failedGuard(error);
      if (guard === 'require_rows') throw notFound('account', account.id);
      if (guard !== 'require_epoch' && guard !== 'require_as_read') throw error;
      throw new AppError('credentials_changed', 'the password was changed meanwhile; try again', {
        cause: error,
        status: 409,
      });
    }
  }

  return {
    check,

    async hashFirst(person, candidate, shares) {
      await check(person, candidate, shares);
      return passwords.hash(candidate, shares);
    },

    async set(account, candidate, { also = [], deviceCookie, shares } = {}) {
      await check(account, candidate, shares);
      const hash = await passwords.hash(candidate, shares);
      await run(account, [
        ...accounts.passwordStatements(account, hash),
        // Before the links go: one of these may be what uses a link up.
        ...also,
        { statement: PASSWORD_CHANGE_STATEMENTS.forgetLinks, values: [account.id] },
        devices.forgetOthers(account.id, deviceCookie),
      ]);
      return account.epoch + 1;
    },
  };
}

/**
 * Renews a hash that was made in another way than new ones are, now that its password is known to be right: hashes from
 * other systems, older parameters, an older pepper or none, and those of a password as it was typed instead of its NFKC
 * form. Never fails a sign-in.
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
      log.warn({ accountId: id, error }, 'a password hash could not be renewed yet');
    }
  };
}
