import type { Account } from '../accounts/account.ts';
import type { Visitor } from '../accounts/session_details.ts';

/** What people do about the end of their own account; an operation each, with its entry in the audit. */
export interface OwnDeletion {
  /** Between a deletion and the erasure; 0: none. */
  readonly graceSeconds: number;
  /**
   * Plans that the account is erased, and ends all its sessions.
   * @returns when it is erased; undefined when it was
   * @throws AppError 409 `last_administrator`
   */
  ask(accountId: string, visitor: Visitor, requestId?: string): Promise<Date | undefined>;
  /** Undoes that. @throws AppError 409 `own_account` when an operator has planned it */
  keep(accountId: string, visitor: Visitor, requestId?: string): Promise<Account>;
}
