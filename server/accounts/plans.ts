import type { BoundStatement, Row } from '../platform/db.ts';
import type { Account } from './account.ts';
import { type AccountInput, checkNames, type ImportedAccount, type ProfileInput } from './profile.ts';
import type { Deletion, RestrictionReason } from './standing.ts';
import { ACCOUNT_STATEMENTS } from './statements.ts';

/** Statements for the caller's transaction, and what their failure means. */
export interface AccountChange {
  readonly statements: readonly BoundStatement[];
  /** @returns the error for the caller: 409 `identifier_taken` with the field, or 409 `changed_meanwhile` */
  refuse(error: unknown): unknown;
}

/** Changes of accounts as statements, for a transaction that has more of them. */
export interface AccountPlans {
  /** @throws AppError 400 `invalid_input`, with the field */
  creating(input: AccountInput): AccountChange & { readonly account: Account };
  /**
   * Many people of another system at once: none of them when an identifier is taken. Groups and roles that do not exist are made
   * with them; such a role has no permissions.
   * @throws AppError 400 `invalid_input`, with the field
   */
  creatingAll(inputs: readonly ImportedAccount[]): Promise<AccountChange & { readonly accounts: Account[] }>;
  /** @param account as it was read @throws AppError 400 `invalid_input`, with the field */
  changing(account: Account, changes: Partial<ProfileInput>): AccountChange;
  /** Fails by `require_as_read` unless the account is as it was read. The row is locked until the transaction ends. */
  requireVersion(account: Pick<Account, 'id' | 'version' | 'createdAt'>): BoundStatement;
  /** Sessions and tokens end by `endSessions` and `forgetOthers`, which go into the same transaction. */
  disabling(id: string): BoundStatement;
  enabling(id: string): BoundStatement;
  /** It cannot be used from then on. As for `disabling`, sessions and tokens end by `endSessions`. */
  schedulingDeletion(id: string, deletion: Deletion): BoundStatement;
  /** Undoes `schedulingDeletion`. */
  keeping(id: string): BoundStatement;
  /** GDPR Art. 18. As for `disabling`, sessions and tokens end by `endSessions`. */
  restricting(id: string, reason: RestrictionReason): BoundStatement;
  /** Undoes `restricting`. */
  lifting(id: string): BoundStatement;
  /** @throws AppError 400 `invalid_input` */
  settingGroups(id: string, groups: readonly string[]): BoundStatement;
  /** @throws AppError 400 `invalid_input` */
  settingRoles(id: string, roles: readonly string[]): BoundStatement;
  /**
   * Deletes the account with everything that foreign keys hang on it. `endSessions` must come before it in the transaction: it
   * ends records that have no grant, and queues the logouts at apps, neither of which has a foreign key.
   */
  deleting(id: string): BoundStatement;
  /** Reads the account, for the result of a transaction; `fromRow` reads its row. */
  reading(id: string): BoundStatement<Row>;
}

/** The plans that need no key. */
export function statementPlans(now: () => number): Omit<AccountPlans, 'creating' | 'creatingAll' | 'changing'> {
  return {
    requireVersion: ({ id, version, createdAt }) => ACCOUNT_STATEMENTS.requireVersion.bind({ id, version, createdAt }),
    disabling: (id) => ACCOUNT_STATEMENTS.disable.bind({ id, now: new Date(now()) }),
    enabling: (id) => ACCOUNT_STATEMENTS.enable.bind({ id, now: new Date(now()) }),
    schedulingDeletion: (id, { dueAt, by }) => ACCOUNT_STATEMENTS.scheduleDeletion.bind({ id, dueAt, by }),
    keeping: (id) => ACCOUNT_STATEMENTS.keep.bind({ id, now: new Date(now()) }),
    restricting: (id, reason) => ACCOUNT_STATEMENTS.restrict.bind({ id, reason, now: new Date(now()) }),
    lifting: (id) => ACCOUNT_STATEMENTS.lift.bind({ id }),
    settingGroups: (id, groups) => ACCOUNT_STATEMENTS.setGroups.bind({ id, groups: checkNames('groups', groups) }),
    settingRoles: (id, roles) => ACCOUNT_STATEMENTS.setRoles.bind({ id, roles: checkNames('roles', roles) }),
    deleting: (id) => ACCOUNT_STATEMENTS.delete.bind({ id }),
    reading: (id) => ACCOUNT_STATEMENTS.findById.bind({ id }),
  };
}
